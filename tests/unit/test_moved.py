"""Class paths from before things moved, as users have them in config.yml, endpoints.yml and credentials.yml."""
from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from rasa.core.tracker_store import TrackerStore
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.shared.core.domain import Domain
from rasa.shared.utils.common import class_from_module_path
from rasa.utils.endpoints import EndpointConfig

from tandem.handoff.routing import ChannelConfig, LiveAgentConfigError
from tandem.live_agents.factory import build_channels
from tandem.rasa_ext.tracker_store import CachedTrackerStore

ROOT = Path(__file__).resolve().parents[2]
CONFIG = {  # as the versions until 2026-11 had them in config.yml
    "tandem.dialogue.topic_importer.TopicImporter": "tandem.rasa_ext.topic_importer.TopicImporter",
    "tandem.nlu.bounded_text.BoundedText": "tandem.nlu.text_truncator.TextTruncator",
    "tandem.nlu.mood.MoodReader": "tandem.nlu.sentiment_classifier.SentimentClassifier",
    "tandem.nlu.order_entities.OrderEntities": "tandem.nlu.order_entity_normalizer.OrderEntityNormalizer",
}
STORE = "tandem.channels.tracker_store.KeptTrackerStore"
TODAYS_STORE = "tandem.rasa_ext.tracker_store.CachedTrackerStore"
STAYED = ("tandem.nlu.spacy_reader.SpacyReader", "tandem.nlu.sentence_encoder.SentenceEncoderFeaturizer",
          "tandem.nlu.intent_classifier.KernelIntentClassifier", "tandem.dialogue.escalation_policy.EscalationPolicy",
          "tandem.channels.rest.Rest", "tandem.channels.webchat.server.WebChat", "tandem.channels.messaging.Telegram",
          "tandem.channels.messaging.Slack", "tandem.channels.messaging.Twilio", "tandem.channels.messaging.Facebook",
          "tandem.nlu.other_language_reader.OtherLanguageReader", "tandem.dialogue.language_policy.LanguagePolicy",
          "tandem.rasa_ext.fresh_responses.FreshResponses")


def test_every_class_of_the_projects_own_files_is_held_here() -> None:
    """Who moves one later finds it in this test, and gives its old path a shim."""
    texts = [(ROOT / name).read_text(encoding="utf-8") for name in ("config.yml", "endpoints.yml", "credentials.yml")]
    named = {path for text in texts for path in re.findall(r"\btandem\.[\w.]+\.[A-Z]\w+", text)}
    assert len(named) > 10 and named - {*STAYED, *CONFIG.values(), TODAYS_STORE} == set()


@pytest.mark.parametrize(("old", "new"), CONFIG.items())
def test_an_old_path_gives_todays_class_and_names_it(old: str, new: str) -> None:
    with pytest.warns(FutureWarning, match=re.escape(new)):
        found = class_from_module_path(old)
    assert found is class_from_module_path(new)


@pytest.mark.parametrize("old", [path for path in CONFIG if ".nlu." in path])
def test_rasa_trains_a_pipeline_with_old_paths(old: str) -> None:
    with pytest.warns(FutureWarning):
        component = DefaultV1Recipe._from_registry(old)
    assert component.clazz is class_from_module_path(CONFIG[old])


def test_rasa_opens_the_tracker_store_by_its_old_path(tmp_path: Path) -> None:
    with pytest.warns(FutureWarning, match="CachedTrackerStore"):
        store = TrackerStore.create(EndpointConfig(f"sqlite:///{tmp_path / 'rasa.db'}", type=STORE), Domain.empty())
    assert isinstance(store, CachedTrackerStore)


@pytest.mark.parametrize("path", STAYED)
def test_what_did_not_move_is_found_without_a_word(path: str, recwarn: pytest.WarningsRecorder) -> None:
    assert class_from_module_path(path).__module__.startswith("tandem.")
    assert [one for one in recwarn if one.category is FutureWarning] == []


LIVE_AGENTS = {  # types of channels in endpoints.yml, until 2026-11 and today
    "tandem.handoff.adapters.chatwoot:ChatwootChannel": "tandem.live_agents.adapters.chatwoot:ChatwootChannel",
    "tandem.handoff.adapters.slack:SlackChannel": "tandem.live_agents.adapters.slack:SlackChannel",
    "tandem.handoff.adapters.webhook:WebhookChannel": "tandem.live_agents.adapters.webhook:WebhookChannel",
    "tandem.handoff.adapters.zendesk:ZendeskChannel": "tandem.live_agents.adapters.zendesk:ZendeskChannel",
}


@pytest.mark.parametrize(("old", "new"), LIVE_AGENTS.items())
def test_a_live_agent_channel_is_found_by_its_old_path_and_by_todays(old: str, new: str) -> None:
    """Both find the class, which then asks for its keys."""
    with pytest.raises(LiveAgentConfigError, match=r"support: .* is missing"), \
            pytest.warns(FutureWarning, match=re.escape(new)):
        build_channels([ChannelConfig("support", old, {})])
    with pytest.raises(LiveAgentConfigError, match=r"support: .* is missing"):
        build_channels([ChannelConfig("support", new, {})])


def test_the_project_itself_uses_no_old_path() -> None:
    files = subprocess.run(["git", "ls-files", "*.yml", "*.yaml", "*.py"], cwd=ROOT, text=True, capture_output=True,
                           check=True).stdout.split()
    here = Path(__file__).relative_to(ROOT).as_posix()
    old = [f"{file}: {path}" for file in files if file != here and (ROOT / file).is_file()
           for path in (*CONFIG, STORE, *LIVE_AGENTS) if path in (ROOT / file).read_text(encoding="utf-8")]
    assert old == []

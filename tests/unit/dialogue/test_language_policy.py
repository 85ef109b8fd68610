"""The policy that keeps the customer's language, and says once that answers come in English."""
from __future__ import annotations

from typing import Any

import pytest
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.resource import Resource
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, SessionStarted, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.exceptions import InvalidConfigException

from tandem.dialogue.language_policy import LanguagePolicy

DOMAIN = Domain.from_yaml("""
version: "3.1"
intents: [order_status, thanks]
slots: {language: {type: any, influence_conversation: false, mappings: [{type: custom}]}}
actions: [action_facts_in_english, action_order_status]
""")
LISTEN, FIRST = ActionExecuted("action_listen"), ActionExecuted("action_facts_in_english")


def make(**config: Any) -> LanguagePolicy:
    context = ExecutionContext(GraphSchema({}), "model")
    return LanguagePolicy({"intents": ["order_status"], **config}, None, Resource("policy"), context)  # type: ignore


def user(text: str, intent: str = "order_status", language: str = "") -> UserUttered:
    told = {"language": language} if language else {}
    return UserUttered(text, {"name": intent}, [], {"intent": {"name": intent}, "text": text, **told})


def predicted(*events: Any) -> tuple[str, list[Any]]:
    tracker = DialogueStateTracker.from_events("c", [LISTEN, *events], DOMAIN.slots)
    prediction = make().predict_action_probabilities(tracker, DOMAIN)
    best = max(range(len(prediction.probabilities)), key=lambda at: prediction.probabilities[at])
    name = DOMAIN.action_names_or_texts[best] if prediction.probabilities[best] else ""
    return name, [(event.key, event.value) for event in prediction.events]


GERMAN = user("wo ist mein Paket", language="de")


@pytest.mark.parametrize(("events", "action", "slots"), [
    ((GERMAN,), "action_facts_in_english", [("language", "de")]),
    ((GERMAN, SlotSet("language", "de"), FIRST), "", []),
    ((GERMAN, SlotSet("language", "de"), FIRST, LISTEN, GERMAN), "", []),
    ((GERMAN, SlotSet("language", "de"), FIRST, LISTEN, SessionStarted(), LISTEN, GERMAN), "action_facts_in_english",
     [("language", "de")]),
    ((user("danke", "thanks", "de"),), "", [("language", "de")]),
    ((user("where is it"),), "", []),
    ((SlotSet("language", "de"), user("where is it")), "", [("language", None)]),
    ((SlotSet("language", "de"), user("/order_status")), "action_facts_in_english", []),
])
def test_it_is_said_once_in_a_session(events: tuple[Any, ...], action: str, slots: list[Any]) -> None:
    assert predicted(*events) == (action, slots)


def test_a_wrong_key_is_named() -> None:
    with pytest.raises(InvalidConfigException, match="LanguagePolicy"):
        make(langauges=[])

"""The keys of the pipeline's components in config.yml."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from rasa.engine.graph import GraphComponent
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.utils.common import class_from_module_path

from tandem.nlu.intent_classifier import KernelIntentClassifier
from tandem.nlu.order_entity_normalizer import OrderEntityNormalizer
from tandem.nlu.sentiment_classifier import SentimentClassifier
from tandem.nlu.spacy_reader import SpacyReader
from tandem.nlu.text_truncator import TextTruncator

ROOT = Path(__file__).parents[3]
COMPONENTS = (TextTruncator, SpacyReader, OrderEntityNormalizer, KernelIntentClassifier, SentimentClassifier)


@pytest.mark.parametrize(("component", "config", "told"), [
    (TextTruncator, {"limit": 199}, "limit must be a whole number from 200 on, not 199"),
    (TextTruncator, {"limit": True}, "limit must be a whole number from 200 on, not true"),
    (TextTruncator, {"limt": 2000}, "limt is not known, did you mean limit?"),
    (KernelIntentClassifier, {"ranking_length": -1}, "ranking_length must be a whole number from 0 on, not -1"),
    (KernelIntentClassifier, {"ranking_length": "ten"}, "ranking_length must be a whole number from 0 on, not 'ten'"),
    (OrderEntityNormalizer, {"order_prefix": 5}, "order_prefix must be a text, not 5"),
    (SentimentClassifier, {"data": ["data/mood"]}, "data must be a folder of labelled messages, not ['data/mood']"),
    (SpacyReader, {"model": None}, "model must be the name of a spaCy model, and is empty"),
    (SpacyReader, {"dimensions": "PERSON"}, "dimensions must be a list of the model's entity labels, not 'PERSON'"),
])
def test_a_wrong_key_is_named(component: type[GraphComponent], config: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidConfigException) as raised:
        component.validate_config(config)
    assert str(raised.value).startswith(f"config.yml: {component.__name__}: {told}")
    assert str(raised.value).endswith("; see docs/nlu.md")


@pytest.mark.parametrize("component", COMPONENTS)
def test_nothing_is_made_with_a_key_that_is_not_known(component: type[GraphComponent]) -> None:
    """Rasa calls `create` in every training, and `validate_config` never."""
    with pytest.raises(InvalidConfigException, match="speling is not known"):
        component.create({"speling": 1}, None, None, None)  # type: ignore[arg-type]


@pytest.mark.parametrize("component", COMPONENTS)
def test_the_defaults_pass_their_own_checks_and_are_documented(component: type[GraphComponent]) -> None:
    defaults = component.get_default_config()
    component.validate_config(defaults)
    component.validate_config({})
    page = (ROOT / "docs/nlu.md").read_text(encoding="utf-8")
    rasas_own = {"intent_tokenization_flag", "intent_split_symbol", "token_pattern", "prefix_separator_symbol"}
    assert [key for key in set(defaults) - rasas_own if f"`{key}" not in page] == []


def test_the_projects_own_pipeline_is_right() -> None:
    config = yaml.safe_load((ROOT / "config.yml").read_text(encoding="utf-8"))
    ours = [one for one in config["pipeline"] if one["name"].startswith("tandem.")]
    assert len(ours) >= len(COMPONENTS)
    for one in ours:
        class_from_module_path(one["name"]).validate_config({key: one[key] for key in one if key != "name"})

"""The keys of the policy in config.yml."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tandem.dialogue.escalation_policy import EscalationPolicy
from tandem.sentiment import signals
from tandem.sentiment.settings import INTENT_PREFIX, POLICY_KEYS, SIGNALS, EscalationSettings, EscalationSettingsError

ROOT = Path(__file__).parents[3]


def test_the_defaults_pass_their_own_checks() -> None:
    assert EscalationSettings.from_config(EscalationSettings.defaults()) == EscalationSettings()


@pytest.mark.parametrize(("key", "value", "told"), [
    ("trend_treshold", 0.5, "trend_treshold is not known, did you mean trend_threshold?"),
    ("trend_threshold", 1.5, "trend_threshold must be a number from 0 to 1, not 1.5"),
    ("trend_threshold", "high", "trend_threshold must be a number from 0 to 1, not 'high'"),
    ("trend_threshold", float("nan"), "trend_threshold must be a number from 0 to 1, not nan"),
    ("trend_threshold", True, "trend_threshold must be a number from 0 to 1, not true"),
    ("window", 0, "window must be a whole number from 1 to 200, not 0"),
    ("window", 30.5, "window must be a whole number from 1 to 200, not 30.5"),
    ("repeats", -1, "repeats must be a whole number from 0 to 20, not -1"),
    ("fallbacks", None, "fallbacks must be a whole number from 0 to 20, and is empty"),
    ("facts_intents", "order_status", "facts_intents must be a list of names, not 'order_status'"),
    ("facts_intents", [""], "facts_intents must be a list of names, not ''"),
    ("ignore_intents", [3], "ignore_intents must be a list of names, not 3"),
    ("repeat_groups", ["order_status"], "repeat_groups must be a list of lists of intents, not 'order_status'"),
    ("repeat_groups", [[3]], "repeat_groups must be a list of lists of intents, not 3"),
    ("repeat_groups", [["order_status"], ["order_status"]], "repeat_groups has order_status more than once"),
    ("person_intents", ["ask_for_human"], "person_intents must be names with a number from 0 to 1 each, not ['ask"),
    ("person_intents", {"ask_for_human": 2}, "person_intents: ask_for_human must be a number from 0 to 1, not 2"),
    ("facts_first", ["despair"], "facts_first must be signals out of anger, "),
    ("disabled_signals", ["Anger"], "disabled_signals must be signals out of anger, "),
    ("urgency", {"angre": 0.5}, "urgency takes signals: angre is not known, did you mean anger? There are anger, "),
    ("urgency", {"anger": "much"}, "urgency: anger must be a number from 0 to 1, not 'much'"),
])
def test_a_wrong_key_or_value_is_named(key: str, value: Any, told: str) -> None:
    with pytest.raises(EscalationSettingsError) as raised:
        EscalationSettings.from_config({key: value})
    assert str(raised.value).startswith(f"config.yml: EscalationPolicy: {told}")
    assert str(raised.value).endswith("; see docs/escalation.md")


@pytest.mark.parametrize(("trigger", "intent", "reason"), [
    ("intent:bereavement", "bereavement", "grief"), ("rule:fraud_report", "fraud_report", "fraud"),
    ("intent:ask_for_human", "ask_for_human", "wish"), ("anger", "safety_hazard", "danger"),
    ("anger", "complaint", "anger"), ("anger", "double_charge", "money"), ("distress", "refund_status", "money"),
    ("repeated_question", "refund_status", "same_again"), ("fallbacks", "nlu_fallback", "not_understood"),
    ("failed_lookups", "inform", "not_found"), ("trend", "order_status", "built_up"), ("rule:affirm", "affirm", ""),
])
def test_a_handoff_has_the_reason_that_names_its_signal_or_the_intent(trigger: str, intent: str, reason: str) -> None:
    settings = EscalationSettings.from_file(ROOT / "config.yml")
    assert settings.reason_of(trigger, intent) == reason == EscalationSettings().reason_of(trigger, intent)


@pytest.mark.parametrize("text", ["", "policies:\n", "- 1\n", "policies: [1, {name: RulePolicy}]\n"])
def test_a_file_without_the_policy_means_the_defaults(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.yml").write_text(text, encoding="utf-8")
    assert EscalationSettings.from_file(tmp_path / "config.yml") == EscalationSettings()
    assert EscalationSettings.from_file(tmp_path / "none.yml") == EscalationSettings()


@pytest.mark.parametrize(("text", "told"), [
    ("policies: [\n", "cannot be read"), ("policies: [{name: x.EscalationPolicy, windw: 3}]\n", "did you mean window"),
])
def test_a_file_that_is_wrong_is_named(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "config.yml").write_text(text, encoding="utf-8")
    with pytest.raises(EscalationSettingsError, match=rf"config\.yml.*{told}"):
        EscalationSettings.from_file(tmp_path / "config.yml")


def test_one_urgency_is_laid_over_the_others() -> None:
    settings = EscalationSettings.from_config({"urgency": {"anger": 0.9}})
    assert settings.urgency["anger"] == 0.9
    assert settings.urgency["intent:safety_hazard"] == EscalationSettings().urgency["intent:safety_hazard"]


def test_the_policys_own_keys_are_no_settings() -> None:
    entry = {key: "anything" for key in POLICY_KEYS}
    assert EscalationSettings.from_config(entry) == EscalationSettings()


def test_all_keys_and_signals_are_explained_to_the_designer() -> None:
    page = (ROOT / "docs" / "escalation.md").read_text(encoding="utf-8")
    missing = [name for name in (*EscalationPolicy.get_default_config(), *SIGNALS) if f"`{name}`" not in page]
    assert missing == []


def test_the_defaults_in_the_docs_are_those_in_the_code() -> None:
    page = (ROOT / "docs" / "escalation.md").read_text(encoding="utf-8")
    for key, value in EscalationPolicy.get_default_config().items():
        if isinstance(value, (int, float)):
            assert f"| `{key}` | {value} |" in page, key


def test_the_projects_own_config_is_right_and_names_intents_that_exist() -> None:
    config = yaml.safe_load((ROOT / "config.yml").read_text(encoding="utf-8"))
    entry = next(policy for policy in config["policies"] if policy["name"].endswith("EscalationPolicy"))
    settings = EscalationSettings.from_config(entry)
    domain = yaml.safe_load((ROOT / "domain.yml").read_text(encoding="utf-8"))
    known = {*domain["intents"], "nlu_fallback", "restart", "session_start", "back"}
    used = {
        *settings.person_intents, *settings.facts_intents, *settings.not_questions, *settings.answer_intents,
        *settings.ignore_intents, *settings.fallback_intents,
        *(name for group in settings.repeat_groups for name in group),
        *(name.removeprefix(INTENT_PREFIX) for name in settings.urgency if name.startswith(INTENT_PREFIX)),
    }
    assert {name.partition("/")[0] for name in used} <= known, used - known


def test_the_projects_config_shows_every_key_and_every_signals_urgency() -> None:
    config = yaml.safe_load((ROOT / "config.yml").read_text(encoding="utf-8"))
    policy = next(one for one in config["policies"] if one["name"].endswith("EscalationPolicy"))
    assert set(EscalationSettings.defaults()) <= set(policy), "a designer must not have to look into the code"
    assert set(policy["urgency"]) == set(SIGNALS) | {f"{INTENT_PREFIX}{name}" for name in policy["person_intents"]}


def test_every_signal_has_its_function_and_no_other() -> None:
    assert {name for name in signals.SIGNALS if name != INTENT_PREFIX} == set(SIGNALS)
    assert tuple(signals.SIGNALS) == (INTENT_PREFIX, *SIGNALS), "in the order of their weight"

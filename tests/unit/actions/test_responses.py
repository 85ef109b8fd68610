"""The words, the rules and the actions fit together: what is said exists, and what exists is said."""
from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from rasa.shared.core.domain import Domain

import actions
from actions.base.order_form import form_names
from tandem.orders.errors import ReturnRefusal
from tandem.orders.model import RefundState
from tandem.sentiment.model import MOODS
from tests.unit.actions.conftest import DOMAIN, RESPONSES

ACTIONS = {name for one in DOMAIN["actions"] for name in ([one] if isinstance(one, str) else one)}
# Replies that carry bad or awaited news, and so have words for an upset customer.
NEWS = (
    "utter_order_status_", "utter_refund_", "utter_not_matched", "utter_refused_for_now", "utter_not_identified",
    "utter_order_not_found", "utter_order_system_unavailable", "utter_cancel_order_too_late",
    "utter_cancel_order_already", "utter_cancel_order_by_people", "utter_change_address_by_people",
    "utter_change_order_by_people", "utter_return_item_by_people",
    "utter_cancel_order_delivered", "utter_cancel_order_returned",
    "utter_change_address_too_late", "utter_change_address_closed", "utter_change_order_too_late",
    "utter_return_item_not_delivered", "utter_return_item_window_closed", "utter_return_item_already",
    "utter_get_refund_", "utter_damaged_item", "utter_wrong_item", "utter_missing_item",
    "utter_delivered_not_received",
    "utter_invoice_not_ready", "utter_payment_problem", "utter_double_charge", "utter_complaint",
    "utter_handoff_off_duty", "utter_handoff_failed", "utter_please_rephrase",
)
CALM_IS_ENOUGH = {"utter_refund_policy"}
# Made up in code from a value: the values are listed here, so that a new one is missed by a test and not by a customer.
COMPOSED = {
    "utter_refund_": [state.value for state in RefundState],
    "utter_return_item_": [refusal.value for refusal in ReturnRefusal],
    "utter_address_without_": ["street", "city", "postcode"],
    "utter_track_parcel_link": ["_scanned"], "utter_track_parcel_number": ["_scanned"],
    "utter_damaged_item": ["_person", "_beside_return", "_or_returned"],
    "utter_wrong_item": ["_person", "_beside_return", "_or_returned"],
    "utter_ask_cancel_order_form_confirmed": ["_again", "_several", "_several_again"],
    "utter_cancel_order_kept": ["_several"], "utter_cancel_order_way_back": ["_several"],
    "utter_ask_change_address_form_confirmed": ["_again"],
    "utter_ask_return_item_form_confirmed": ["_again"], "utter_ask_get_refund_form_confirmed": ["_again"],
    "utter_fact_membership": ["_standard", "_silver", "_gold"],
    "utter_fact_not_yet_": ["cancel_order", "change_address", "return_item"],
    "utter_fact_done": ["_cancel_order", "_cancel_order_unpaid", "_change_address"],
    "utter_greet": ["_handed_back", "_resolved"], "utter_thanks": ["_handed_back", "_resolved"],
}


def _named_in_code() -> set[str]:
    found = {name for path in Path("actions").rglob("*.py")
             for name in re.findall(r'"(utter_[a-z_]+)', path.read_text(encoding="utf-8"))}
    found |= {prefix + value for prefix, values in COMPOSED.items() for value in values}
    return {name for name in found if not name.endswith("_")}


def _steps(folder: str) -> Iterator[dict[str, Any]]:
    for path in Path("data", folder).glob("*.yml"):
        for block in yaml.safe_load(path.read_text(encoding="utf-8"))[folder]:
            yield from block["steps"]


def _asked_by_forms() -> set[str]:
    found = set()
    for form, body in DOMAIN["forms"].items():
        for slot in body["required_slots"]:
            names = (f"action_ask_{form}_{slot}", f"utter_ask_{form}_{slot}", f"action_ask_{slot}", f"utter_ask_{slot}")
            known = [name for name in names if name in RESPONSES or name in ACTIONS]
            assert known, f"{form} has no words to ask for {slot}"
            found.add(known[0])
    return found


def test_every_response_that_is_used_exists() -> None:
    topics = {name.partition("/")[0] for name in RESPONSES if "/" in name}
    used = _named_in_code() | {s["action"] for s in _steps("rules") if str(s.get("action", "")).startswith("utter_")}
    key_of_events = {"utter_action"}
    assert used - set(RESPONSES) - topics - key_of_events == set()


def test_every_small_answer_has_examples_and_every_one_that_is_asked_for_is_answered() -> None:
    asked = {block["intent"] for path in Path("data/nlu").glob("*.yml")
             for block in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"] if "/" in block.get("intent", "")}
    told = {name.removeprefix("utter_") for name in RESPONSES if "/" in name}
    assert {name for name in asked if not name.startswith("order_fact/")} == told


def test_every_response_is_used() -> None:
    used = _named_in_code() | {str(step.get("action")) for step in _steps("rules")} | _asked_by_forms()
    used |= {"utter_handoff_failed", "utter_default", "utter_restart", "utter_talk"}  # policy, Rasa, action_talk
    # action_small_answer
    used |= {f"utter_{topic}" for topic in ("returns", "refunds", "delivery", "payment", "products")}
    used |= {name for name in RESPONSES if name.startswith("utter_again")}  # endpoints.yml
    unused = {name for name in RESPONSES if name.partition("/")[0] not in used and not name.startswith("utter_notice_")}
    assert unused == set()


def test_no_action_is_sent_the_domain() -> None:
    rasas = Domain.load("domain.yml")
    assert set(rasas.action_names_or_texts) >= ACTIONS
    assert [name for name in sorted(ACTIONS) if rasas.does_custom_action_explicitly_need_domain(name)] == []


def test_every_form_is_known_to_the_actions() -> None:
    for module in pkgutil.iter_modules(actions.__path__, "actions."):
        importlib.import_module(module.name)
    assert form_names() == set(DOMAIN["forms"])
    for form in DOMAIN["forms"]:
        assert {f"validate_{form}", f"action_{form.removesuffix('_form')}"} <= ACTIONS


def test_every_intent_is_answered_by_a_rule() -> None:
    assert set(DOMAIN["intents"]) - {step.get("intent") for step in _steps("rules")} == set()


@pytest.mark.parametrize("name", sorted(
    name for name in RESPONSES if name.startswith(NEWS) and name not in CALM_IS_ENOUGH))
def test_news_has_words_for_upset_customers(name: str) -> None:
    moods = {condition["value"] for variation in RESPONSES[name] for condition in variation.get("condition", ())}
    assert "upset" in moods


@pytest.mark.parametrize("name", sorted(RESPONSES))
def test_every_response_is_well_formed(name: str) -> None:
    variations = RESPONSES[name]
    assert any("condition" not in variation and "channel" not in variation for variation in variations)
    for variation in variations:
        assert variation["text"].strip() == variation["text"]
        assert "\n\n" not in variation["text"]
        for condition in variation.get("condition", ()):
            assert condition["name"] in ("mood", "requested_slot", "handoff_reason")
            if condition["name"] == "mood":
                assert condition["value"] in MOODS


@pytest.mark.parametrize("name", sorted(RESPONSES))
def test_a_variation_for_a_channel_has_its_mood_twins(name: str) -> None:
    moods = {c["value"] for v in RESPONSES[name] for c in v.get("condition", ()) if c["name"] == "mood"}
    for channel in {v["channel"] for v in RESPONSES[name] if "channel" in v}:
        twins = {c["value"] for v in RESPONSES[name] if v.get("channel") == channel for c in v.get("condition", ())}
        assert moods <= twins, f"{name} on {channel} would win over the mood"


@pytest.mark.parametrize("name", [
    "greet", "thanks", "goodbye", "praise", "how_are_you", "affirm", "deny", "never_mind",
])
def test_where_nothing_went_wrong_nobody_apologises(name: str) -> None:
    texts = [one["text"] for one in RESPONSES[f"utter_{name}"]]
    assert [text for text in texts if re.search(r"\b(sorry|apolog|regret)", text, re.IGNORECASE)] == []


@pytest.mark.parametrize(("name", "moods"), [
    ("thanks", {"glad", "upset"}), ("goodbye", {"glad", "upset"}), ("praise", {"upset"}), ("never_mind", {"upset"}),
])
def test_praise_thanks_and_farewell_have_words_for_the_mood_they_come_in(name: str, moods: set[str]) -> None:
    found = {one["value"] for variation in RESPONSES[f"utter_{name}"] for one in variation.get("condition", ())}
    assert moods <= found


def test_buttons_lead_somewhere() -> None:
    for name, variations in RESPONSES.items():
        for variation in variations:
            for button in variation.get("buttons", ()):
                if button["payload"] == "/{intent}":
                    continue  # filled in by the action
                intent = button["payload"].lstrip("/").partition("{")[0]
                if button["payload"].startswith("/{"):
                    continue  # the action names the intent
                assert intent in DOMAIN["intents"], f"{name}: {button['payload']}"


def test_buttons_of_a_response_are_the_same_in_every_mood_that_has_any() -> None:
    for name, variations in RESPONSES.items():
        if name.startswith("utter_notice_"):
            continue  # what is said again while a customer waits offers the way back only the first time
        plain = next(v for v in variations if "condition" not in v).get("buttons", [])
        for variation in variations:
            if plain and all(c["name"] == "mood" for c in variation.get("condition", ())):
                assert variation.get("buttons"), f"{name} loses its buttons in one mood"

"""What the policy sets, and what comes before an answer after a person."""
from __future__ import annotations

from typing import Any

import pytest
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActionReverted,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker

from tests.unit.dialogue.policies import (
    HANDED_BACK,
    LISTEN,
    angry,
    chosen,
    make,
    predict,
    slots,
    user,
)


def test_the_mood_is_set_whichever_policy_wins_and_only_when_it_changes() -> None:
    assert slots(predict(make(), user(frustration=0.3, emotion="disappointed")).events) == {"mood": "upset"}
    assert slots(predict(make(), SlotSet("mood", "calm"), user()).events) == {}
    assert slots(predict(make(), SlotSet("mood", "upset"), user(emotion="satisfied")).events) == {"mood": "glad"}


def test_a_button_keeps_the_mood() -> None:
    assert slots(predict(make(), SlotSet("mood", "upset"), user("/greet", "greet")).events) == {}


def test_the_first_message_after_a_hand_back_tells_what_happened() -> None:
    events = predict(make(), SlotSet("escalation", {"reason": "old"}), user(handed_back=True)).events
    assert slots(events)["last_handoff"] == HANDED_BACK
    assert slots(events)["escalation"] is None


AFTER = "action_after_handback"


def test_a_persons_word_comes_first_and_once() -> None:
    assert chosen(predict(make(), user(handed_back=True))) == AFTER
    said = (user(handed_back=True), ActionExecuted(AFTER), ActionReverted())
    assert chosen(predict(make(), *said)) is None
    assert "last_handoff" not in slots(predict(make(), *said).events), "what the action wrote into the slot stays"
    assert chosen(predict(make(), *said, ActionExecuted("utter_greet"), LISTEN, user())) is None


def test_a_customer_who_needs_a_person_again_gets_one_at_once() -> None:
    assert chosen(predict(make(), angry(handed_back=True))) == "action_handoff"


@pytest.mark.parametrize(("told", "expected"), [
    ({"note_for_bot": ""}, None), ({"note_for_bot": "", "resume": True}, AFTER), ({"resume": False}, AFTER),
])
def test_only_a_line_or_a_wish_comes_before_the_answer(told: dict[str, Any], expected: str | None) -> None:
    message = user(handed_back=True)
    message.metadata["tandem"]["handed_back"] = {**HANDED_BACK, **told}
    assert chosen(predict(make(), message)) == expected


def test_going_back_to_the_bot_tells_it_too() -> None:
    prediction = predict(make(), user("/back_to_bot", "back_to_bot", handed_back=True))
    assert slots(prediction.events)["last_handoff"] == HANDED_BACK and chosen(prediction) is None


def test_a_domain_without_the_slots_is_served() -> None:
    bare = Domain.from_yaml("version: '3.1'\nintents: [order_status]\nactions: [action_handoff]\n")
    tracker = DialogueStateTracker.from_events("ana", [LISTEN, user(frustration=0.4)], bare.slots)
    assert make().predict_action_probabilities(tracker, bare).events == []


@pytest.mark.parametrize("metadata", [None, {"tandem": "x"}, {"tandem": {"handed_back": None, "seq": "7"}}])
def test_metadata_of_another_shape_does_no_harm(metadata: Any) -> None:
    message = angry()
    message.metadata = metadata
    prediction = predict(make(), message)
    assert slots(prediction.optional_events)["escalation"]["turning_point"] is None


def test_a_message_without_a_reading_is_neutral() -> None:
    assert chosen(predict(make(), UserUttered("where is it", {"name": "order_status", "confidence": 0.9}))) is None
    assert chosen(predict(make(), UserUttered(None, {}))) is None

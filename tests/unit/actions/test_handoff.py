"""The way to a person leaves the dialogue clean and says what is true."""
from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from actions.handoff import ActionHandoff
from tandem.conversations.model import ConversationNotFound
from tests.unit.actions.conftest import RESPONSES, Scene, Shop, act


async def test_the_handoff_is_announced_under_its_id(shop: Shop) -> None:
    outcome = await act(ActionHandoff(shop.open), Scene(intent="complaint"))
    assert outcome.said == ["utter_handoff"]
    assert outcome.messages[0]["announces"] == "h1"
    assert outcome.slots["handoff"] == {"id": "h1", "state": "waiting"}


async def test_a_customer_who_asked_is_answered_so(shop: Shop) -> None:
    assert (await act(ActionHandoff(shop.open), Scene(intent="ask_for_human"))).said == ["utter_handoff_asked"]


async def test_the_form_ends_and_forgets_what_the_angry_sentence_filled(shop: Shop) -> None:
    outcome = await act(ActionHandoff(shop.open), Scene(
        intent="change_address", form="change_address_form", requested="new_address",
        slots={"order_number": "TD-10433", "mood": "calm"},
        filled={"new_address": "this is ridiculous", "contact": "10001", "mood": "angry"}))
    assert {"event": "active_loop", "timestamp": None, "name": None} in outcome.events
    assert outcome.slots["requested_slot"] is None
    assert outcome.slots["new_address"] is None
    assert outcome.slots["contact"] is None
    assert "order_number" not in outcome.slots
    assert "mood" not in outcome.slots


async def test_run_again_it_is_the_same_handoff(shop: Shop) -> None:
    action = ActionHandoff(shop.open)
    first, second = await act(action, Scene()), await act(action, Scene())
    assert first.slots["handoff"] == second.slots["handoff"]


async def test_those_who_wait_are_told_how_many_are_before_them(shop: Shop) -> None:
    shop.handoff.position = 3
    outcome = await act(ActionHandoff(shop.open), Scene(intent="ask_for_human"))
    assert outcome.said == ["utter_handoff_asked_queued"]
    assert outcome.messages[0]["ahead"] == "2"


@pytest.mark.parametrize(("intent", "position", "response"), [
    ("complaint", 1, "utter_handoff"), ("ask_for_human", 2, "utter_handoff_asked_queued"),
])
async def test_the_wait_is_shown_when_enough_claims_are_known(
    shop: Shop, intent: str, position: int, response: str,
) -> None:
    shop.handoff.position, shop.handoff.expected = position, timedelta(minutes=7)
    outcome = await act(ActionHandoff(shop.open), Scene(intent=intent))
    assert outcome.said == [response]
    assert outcome.messages[0]["expected"] == " Somebody should be with you in about 10 minutes."
    shop.handoff.expected = None
    outcome = await act(ActionHandoff(shop.open), Scene(intent=intent))
    assert outcome.messages[0]["expected"] == ""


async def test_in_danger_what_to_do_comes_first_whoever_is_on_duty(shop: Shop) -> None:
    outcome = await act(ActionHandoff(shop.open), Scene(intent="safety_hazard"))
    assert outcome.said == ["utter_handoff_danger"]
    shop.handoff.on_duty = False
    outcome = await act(ActionHandoff(shop.open), Scene(intent="safety_hazard"))
    assert outcome.said == ["utter_handoff_danger_off_duty_no_time"]
    shop.handoff.opens_at = datetime(2025, 6, 25, 8, 0, tzinfo=timezone.utc)
    outcome = await act(ActionHandoff(shop.open), Scene(intent="safety_hazard"))
    assert outcome.said == ["utter_handoff_danger_off_duty"]


def test_every_variation_of_an_announcement_has_room_for_the_wait() -> None:
    for name in ("utter_handoff", "utter_handoff_asked", "utter_handoff_queued", "utter_handoff_asked_queued"):
        assert all(variation["text"].endswith("{expected}") for variation in RESPONSES[name]), name


async def test_off_duty_the_next_opening_is_named(shop: Shop) -> None:
    shop.handoff.on_duty = False
    shop.handoff.opens_at = datetime(2025, 6, 25, 8, 0, tzinfo=timezone.utc)
    outcome = await act(ActionHandoff(shop.open), Scene())
    assert outcome.said == ["utter_handoff_off_duty"]
    assert outcome.messages[0]["opens_at"] == "tomorrow at 8 AM"


async def test_the_service_gets_the_whole_tracker(shop: Shop) -> None:
    await act(ActionHandoff(shop.open), Scene(slots={"escalation": {"trigger": "anger", "reason": "Angry"}}))
    [tracker] = shop.handoff.seen
    assert tracker["sender_id"] == "c1"
    assert tracker["slots"]["escalation"]["trigger"] == "anger"
    assert tracker["events"]


async def test_without_the_ledger_nothing_is_claimed_to_be_open(shop: Shop) -> None:
    def unknown(tracker: object) -> None:
        raise ConversationNotFound("c1")

    shop.handoff.open = unknown
    outcome = await act(ActionHandoff(shop.open), Scene())
    assert (outcome.said, outcome.events) == ([], [])

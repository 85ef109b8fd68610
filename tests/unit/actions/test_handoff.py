"""The way to a person leaves the dialogue clean and says what is true."""
from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from actions.handoff import ActionHandoff
from tandem.conversations.model import ConversationNotFound
from tandem.services import escalation_settings
from tests.unit.actions.conftest import RESPONSES, Scene, Shop, act


async def test_the_handoff_is_announced_under_its_id(shop: Shop) -> None:
    outcome = await act(ActionHandoff(shop.open), Scene(intent="complaint"))
    assert outcome.said == ["utter_handoff"]
    assert outcome.messages[0]["announces"] == "h1"
    assert outcome.slots["handoff"] == {"id": "h1", "state": "waiting"}


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


async def test_the_words_are_those_of_the_reason(shop: Shop) -> None:
    shop.handoff.reason = "grief"
    outcome = await act(ActionHandoff(shop.open), Scene(intent="bereavement"))
    assert outcome.messages[0]["handoff_reason"] == outcome.slots["handoff_reason"] == "grief"
    shop.handoff.reason = ""
    outcome = await act(ActionHandoff(shop.open), Scene(slots={"handoff_reason": "grief"}))
    assert outcome.messages[0]["handoff_reason"] == "", "an earlier handoff's reason is not this one's"


@pytest.mark.parametrize(("position", "expected", "standing"), [
    (1, None, ""),
    (3, None, " Everybody is busy just now, with 2 before you; you keep your place, and the answer comes here."),
    (1, timedelta(minutes=7), " Somebody should be with you in about 10 minutes."),
    (2, timedelta(minutes=7), " Everybody is busy just now, with 1 before you; you keep your place, and the answer "
                              "comes here. Somebody should be with you in about 10 minutes."),
])
async def test_on_duty_the_queue_is_told_as_far_as_it_is_known(
    shop: Shop, position: int, expected: timedelta | None, standing: str,
) -> None:
    shop.handoff.position, shop.handoff.expected = position, expected
    outcome = await act(ActionHandoff(shop.open), Scene())
    assert (outcome.said, outcome.messages[0]["standing"]) == (["utter_handoff"], standing)


async def test_off_duty_the_place_and_the_next_opening_are_told_if_there_is_one(shop: Shop) -> None:
    shop.handoff.on_duty, shop.handoff.position = False, 4
    outcome = await act(ActionHandoff(shop.open), Scene())
    assert outcome.said == ["utter_handoff_off_duty"]
    assert "number 4 in the queue" in outcome.messages[0]["standing"]
    shop.handoff.opens_at = datetime(2025, 6, 25, 8, 0, tzinfo=timezone.utc)
    outcome = await act(ActionHandoff(shop.open), Scene())
    assert "back tomorrow at 8 AM" in outcome.messages[0]["standing"]


ANNOUNCEMENTS = ("utter_handoff", "utter_handoff_off_duty")


def test_every_variation_of_an_announcement_has_room_for_how_things_stand() -> None:
    for name in ANNOUNCEMENTS:
        assert all(variation["text"].endswith("{standing}") for variation in RESPONSES[name]), name


@pytest.mark.parametrize("name", ANNOUNCEMENTS)
def test_every_reason_for_a_person_has_words_of_its_own(name: str) -> None:
    sentences: dict[str, set[str]] = {}
    for variation in RESPONSES[name]:
        reason = _conditions(variation).get("handoff_reason", "")
        text = variation["text"].removesuffix("{standing}")
        sentences.setdefault(reason, set()).update(re.split(r"(?<=[.:;!?]) ", text))
    assert set(sentences) - {""} == set(escalation_settings(Path("config.yml")).reasons)
    for one, other in combinations(sentences, 2):
        assert not sentences[one] & sentences[other], f"{one} and {other} share words"


def test_in_danger_what_to_do_comes_first_whoever_is_on_duty() -> None:
    for name in ANNOUNCEMENTS:
        for variation in RESPONSES[name]:
            if _conditions(variation).get("handoff_reason") == "danger":
                assert variation["text"].startswith("{safety} ")


async def test_the_advice_fits_what_happened(shop: Shop) -> None:
    scene = Scene(intent="safety_hazard", text="the vase fell apart and my thumb is bleeding")
    [values] = (await act(ActionHandoff(shop.open), scene)).messages
    assert "cloth" in values["safety"]


def _conditions(variation: Mapping[str, Any]) -> dict[str, str]:
    return {one["name"]: one["value"] for one in variation.get("condition", ())}


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

"""Opening a handoff: the card holds what a person needs, one handoff however often it is asked for."""
from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tandem.conversations.model import ConversationNotFound, Identity, Mood, Owner
from tandem.handoff.business_hours import BusinessHours
from tandem.handoff.routing import Rule
from tests.fakes.core import ANNA
from tests.integration.handoff.conftest import Desk, service_over, tracker

SAID = (
    ("hi, where is TD-10388?", Mood("neutral", 0.9, 0.0, "neutral", 0.1, 0.1), "order_status"),
    ("it was due four days ago", Mood("negative", 0.8, -0.4, "disappointed", 0.5, 0.3), "complaint"),
    ("this is ridiculous, I am furious", Mood("negative", 0.97, -0.9, "angry", 0.95, 0.6, ("fury",)), "complaint"),
)
ESCALATION = {
    "reason": "The customer is angry", "trigger": "anger", "urgency": 0.9,
    "signals": [{"name": "anger", "value": 0.95, "detail": "this is ridiculous", "reason": "Anger"}],
}


def angry_customer(desk: Desk) -> dict[str, Any]:
    """Three messages that get angrier, an order looked up, something tried and promised; the tracker afterwards."""
    core = desk.core
    for number, (text, mood, intent) in enumerate(SAID):
        receipt = core.says(text, f"m{number}", identity=Identity("u1", "late@example.com", "Lee"))
        core.ledger.record_reading("c", receipt.message.seq, mood, intent)
        core.bot_says(f"answer {number}", reply_to=receipt.message.seq)
        core.clock.advance(minutes=1)
    core.case_file.record_order("c", "TD-10388", "shipped", {"Status": "shipped", "Expected": "in 5 days"})
    core.case_file.record_order("c", "TD-10300", "delivered", {"Status": "delivered"})
    core.case_file.record_order("c", "TD-10388", "delayed", {"Status": "delayed", "Expected": "in 3 days"})
    core.case_file.record_attempt("c", "action_order_status", "shown")
    core.case_file.record_promise("c", "a call back by Friday")
    desk.verified["c"] = ["TD-10388"]
    user = {
        "event": "user", "text": SAID[0][0], "timestamp": 1.0, "metadata": {"tandem": {"seq": 1}},
        "parse_data": {"intent": {"name": "order_status"}, "entities": [{"entity": "order_id", "value": "TD-10388"}]},
    }
    slots = {"order_id": "TD-10388", "tries": 2, "newsletter": False, "reason": None, "mood": "upset",
             "requested_slot": "email", "escalation": ESCALATION, "session_started_metadata": {"x": 1}}
    return tracker(slots=slots, events=[{"event": "action", "name": "action_listen"}, user],
                   active_loop={"name": "return_form"})


def card(desk: Desk) -> dict[str, Any]:
    form: dict[str, Any] = json.loads(json.dumps(desk.core.ledger.handoffs("c")[-1].card.to_dict(), allow_nan=False))
    return form


def test_the_card_holds_what_a_person_needs(desk: Desk) -> None:
    opened = desk.service.open(angry_customer(desk))
    assert (opened.created, opened.on_duty, opened.queue_position, opened.opens_at) == (True, True, 1, None)
    [handoff] = desk.core.ledger.handoffs("c")
    assert (handoff.id, handoff.reason, handoff.trigger, handoff.urgency) == (
        opened.handoff_id, "The customer is angry", "anger", 0.9)
    found = card(desk)
    assert (found["schema_version"], found["conversation_id"], found["channel"]) == (1, "c", "telegram")
    assert found["signals"] == [{"name": "anger", "value": 0.95, "detail": "this is ridiculous"}]
    assert found["customer"] == {"subject": "u1", "email": "late@example.com", "name": "Lee",
                                 "verified_by": "channel token", "verified_orders": ["TD-10388"]}
    assert [(one["seq"], one["text"], one["emotion"]) for one in found["mood"]] == [
        (1, SAID[0][0], "neutral"), (3, SAID[1][0], "disappointed"), (5, SAID[2][0], "angry")]
    scores = [one["score"] for one in found["mood"]]
    assert scores == sorted(scores) and scores[0] >= 0 and scores[-1] <= 1
    assert found["turning_point"] in (3, 5)
    assert [(one["number"], one["status"]) for one in found["orders"]] == [
        ("TD-10388", "delayed"), ("TD-10300", "delivered")], "the order looked up last comes first, as it was then"
    assert found["orders"][0]["facts"] == [["Status", "delayed"], ["Expected", "in 3 days"]]
    assert [(one["action"], one["outcome"]) for one in found["attempts"]] == [("action_order_status", "shown")]
    assert found["promises"] == ["a call back by Friday"]
    assert found["slots"] == {"order_id": "TD-10388", "tries": 2, "newsletter": False}
    assert found["entities"] == [{"entity": "order_id", "value": "TD-10388", "seq": 1}]
    assert (found["interrupted_flow"], found["earlier_handoffs"]) == ("return_form", [])
    for words in ("angry", SAID[2][0], "TD-10388", "tried last: order status; outcome: shown"):
        assert words in found["summary"]


def test_opened_again_it_is_the_same_handoff_with_its_first_card(desk: Desk) -> None:
    state = angry_customer(desk)
    first = desk.service.open(state)
    before = card(desk)
    desk.core.case_file.record_attempt("c", "action_handoff", "run again")
    again = desk.service.open(tracker())
    assert (again.handoff_id, again.created, again.queue_position) == (first.handoff_id, False, 1)
    assert card(desk) == before
    desk.core.ownership.claim("c", ANNA)
    assert desk.service.open(state).queue_position == 0, "who has an agent waits no more"
    assert desk.core.ledger.conversation("c").epoch == 2


def test_opened_in_many_threads_it_is_one_handoff(desk: Desk) -> None:
    state = angry_customer(desk)
    with ThreadPoolExecutor(6) as pool:
        opened = list(pool.map(desk.service.open, [state] * 6))
    assert len({one.handoff_id for one in opened}) == 1
    assert sum(one.created for one in opened) == 1


def test_a_later_card_tells_of_the_handoffs_before(desk: Desk) -> None:
    desk.service.open(angry_customer(desk))
    desk.core.ownership.claim("c", ANNA)
    desk.core.ownership.hand_back("c", ANNA, "refund promised")
    desk.core.says("and now?")
    assert desk.service.open(tracker()).created
    [earlier] = card(desk)["earlier_handoffs"]
    assert (earlier["reason"], earlier["outcome"]) == ("The customer is angry", "handed_back")
    assert "refund promised" not in json.dumps(card(desk)["slots"])


def test_without_an_escalation_the_intent_is_the_reason(desk: Desk) -> None:
    desk.core.says()
    desk.service.open(tracker())
    [handoff] = desk.core.ledger.handoffs("c")
    assert (handoff.trigger, "ask_for_human" in handoff.reason) == ("rule:ask_for_human", True)
    assert card(desk)["customer"] == {
        "name": "", "email": "", "subject": "", "verified_by": None, "verified_orders": []}


@pytest.mark.parametrize("state", [
    {"slots": None, "events": None, "active_loop": None, "latest_message": None},
    {"slots": {"escalation": "angry"}}, {"slots": {"escalation": {}}},
    {"slots": {"escalation": {"trigger": "anger", "urgency": "high", "signals": "loud"}}},
    {"slots": {"escalation": {"trigger": "anger", "urgency": float("nan"), "signals": [None, "x", {"value": "?"}]}}},
    {"slots": {"escalation": {"trigger": "x" * 500, "reason": "y" * 20_000, "urgency": 99}}},
    {"slots": {"list": [1, {"a": 2}], "huge": "x" * 100_000, "number": float("inf")}},
    {"events": [{"event": "user"}, {"event": "user", "parse_data": {"entities": [{}]}, "metadata": None}, {}]},
    {"active_loop": {"name": None}}, {"latest_message": {"intent": {}}},
])
def test_an_odd_tracker_keeps_no_person_away(desk: Desk, state: dict[str, Any]) -> None:
    desk.core.says()
    assert desk.service.open(tracker(**state)).created
    assert desk.core.ledger.conversation("c").owner is Owner.WAITING
    [handoff] = desk.core.ledger.handoffs("c")
    assert 0 <= handoff.urgency <= 1
    json.dumps(handoff.card.to_dict(), allow_nan=False)


@pytest.mark.parametrize("text", [
    "<script>alert(1)</script>", "a\x00b\ud800", "{agent} %s ${x}", "\u202ertl مرحبا", "😀" * 500,
], ids=["script", "unstorable", "braces", "rtl", "emoji"])
def test_hostile_text_on_the_card_stays_text(desk: Desk, text: str) -> None:
    desk.core.says(text, identity=Identity("u1", "a@example.com", text))
    desk.core.case_file.record_order("c", text, text, {text: text})
    desk.core.case_file.record_attempt("c", text, text)
    desk.core.case_file.record_promise("c", text)
    escalation = {"trigger": "anger", "reason": text, "signals": [{"name": text, "value": 1, "detail": text}]}
    user = {"event": "user", "parse_data": {"entities": [{"entity": text, "value": text}]}, "metadata": {}}
    desk.service.open(tracker(slots={"escalation": escalation, "note": text}, events=[user]))
    stored = json.dumps(card(desk), ensure_ascii=False).encode("utf-8")
    kept = text.replace("\x00", "\ufffd").replace("\ud800", "?")
    assert card(desk)["promises"] == [kept]
    assert card(desk)["slots"]["note"] == kept[:200]
    assert b"\x00" not in stored


def test_a_conversation_that_is_not_known_is_said_so(desk: Desk) -> None:
    for unknown in ("nobody", "a\x00b"):
        with pytest.raises(ConversationNotFound):
            desk.service.open(tracker(unknown))


def test_places_in_the_queue_follow_the_order_of_opening(desk: Desk) -> None:
    for number in range(4):
        desk.core.says(conversation=f"c{number}")
        assert desk.service.open(tracker(f"c{number}")).queue_position == number + 1
        desk.core.clock.advance(seconds=1)
    desk.core.ownership.claim("c1", ANNA)
    desk.core.says("/back_to_bot", conversation="c2")
    assert [desk.service.queue_position(f"c{number}") for number in range(4)] == [1, 0, 0, 2]
    desk.core.ownership.release("c1", ANNA)
    assert desk.service.queue_position("c1") == 2, "the place is kept"
    assert desk.service.queue_position("nobody") == 0


def test_a_queue_of_hundreds_has_a_last_place(desk: Desk) -> None:
    for number in range(205):
        desk.core.says(conversation=f"c{number}")
        desk.core.hands_off(f"c{number}")
        desk.core.clock.advance(seconds=1)
    assert desk.service.queue_position("c204") == 205


def test_the_wait_is_expected_where_enough_people_were_claimed(desk: Desk) -> None:
    core = desk.core
    for number in range(6):
        name = f"c{number}"
        core.says(conversation=name)
        opened = desk.service.open(tracker(name))
        assert (opened.expected is None) is (number < 5), "too few claims are no ground"
        core.clock.advance(minutes=4)
        core.ownership.claim(name, ANNA)
    assert opened.expected == timedelta(minutes=4)
    core.clock.advance(days=2)
    core.says(conversation="later")
    assert desk.service.open(tracker("later")).expected is None, "what was two days ago tells nothing"


def test_the_language_is_on_the_card_and_chooses_the_channel(desk: Desk) -> None:
    core = desk.core
    desk.service._routing = replace(desk.service._routing, rules=(Rule(channel="berlin", languages=("de",)),))
    core.says("Wo ist meine Bestellung?", conversation="de")
    core.says("Where is my order?", conversation="en", data={"language": "de"})
    core.says("TD-10388", conversation="told", data={"language": "de-at"})
    core.says("TD-10388", conversation="unknown")
    found = {}
    for name in ("de", "en", "told", "unknown"):
        desk.service.open(tracker(name))
        [handoff] = core.ledger.handoffs(name)
        found[name] = (handoff.card.language, handoff.channel)
    assert found == {"de": ("de", "berlin"), "en": ("en", "desk"), "told": ("de-at", "berlin"), "unknown": ("", "desk")}


def test_nobody_on_duty_is_said_with_the_next_opening(desk: Desk) -> None:
    class Closed(BusinessHours):
        def on_duty(self, at: Any) -> bool:
            return False

        def opens_at(self, at: Any) -> Any:
            return at

    service = service_over(desk.core, Closed(desk.service._duty.zone), lambda _: [])
    desk.core.says()
    opened = service.open(tracker())
    assert (opened.created, opened.on_duty, opened.opens_at) == (True, False, desk.core.clock())

"""Those who wait are told how things stand, and nobody is left with an agent who is gone."""
from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import time, timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event

from tandem.agents import presence
from tandem.agents.accounts import change
from tandem.conversations.model import Agent, HandoffRequest, InboundMessage, Kind, Message, Owner
from tandem.conversations.queue import expected_wait, unanswered
from tandem.handoff.business_hours import BusinessHours
from tandem.handoff.queue_watchdog import QueueWatchdog
from tandem.handoff.safety import advice
from tandem.services import Services, open_watchdog
from tandem.wording.phrases import NoticeError
from tests.fakes.clock import Clock

ANNA = Agent("anna", "Anna Berg")


@pytest.fixture
def clock(services: Services) -> Clock:
    """The ledger's clock, to be moved; it begins at the real time."""
    moved = Clock(services.ledger.clock())
    services.ledger.clock = moved
    return moved


def told(services: Services, conversation_id: str) -> list[tuple[str, str]]:
    return [(str(one.data.get("event")), one.text) for one in services.ledger.messages(conversation_id)
            if one.kind is Kind.EVENT]


def test_a_waiting_customer_is_notified_once_an_interval_and_can_leave(
    services: Services, clock: Clock, waits: Callable[..., str],
) -> None:
    waits("c1")
    clock.advance(minutes=1)
    waits("c2")
    clock.advance(minutes=9.5)
    watches = [open_watchdog(services), open_watchdog(services)]
    for _ in range(3):
        for watch in watches:
            watch.look()
    [(event, words)] = told(services, "c1")
    assert event == "still_waiting" and "number 1" in words and told(services, "c2") == []
    clock.advance(minutes=1)
    watches[0].look()
    assert "number 2" in told(services, "c2")[0][1]
    last = services.ledger.messages("c2")[-1]
    assert last.data["buttons"][0]["payload"] == "/back_to_bot"
    clock.advance(minutes=10)
    watches[0].look()
    assert [len(told(services, one)) for one in ("c1", "c2")] == [2, 2]


def test_several_watchdogs_at_once_notify_a_customer_once(
    services: Services, clock: Clock, waits: Callable[..., str],
) -> None:
    waits("c1")
    clock.advance(minutes=11)
    threads = [threading.Thread(target=open_watchdog(services).look) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told(services, "c1")) == 1


def test_a_customer_whose_handoff_was_never_announced_is_told_by_the_watch(
    services: Services, clock: Clock, waits: Callable[..., str],
) -> None:
    waits("lost", "I want a person")
    waits("told", "I want a person too")
    announced = services.ledger.open_handoffs()["told"]
    services.ledger.record_bot_reply("told", 0, "You'll get a person.", reply_to=1, key=f"{announced.id}.utter_handoff",
                                     announces=announced.id)
    watches = [open_watchdog(services), open_watchdog(services)]
    clock.advance(seconds=15)
    watches[0].look()
    assert told(services, "lost") == []  # the turn may still say it
    clock.advance(seconds=8)
    for watch in watches * 2:
        watch.look()
    [(_, words)] = told(services, "lost")
    assert "agent" in words and told(services, "told") == []
    assert services.ledger.messages("lost")[-1].data["buttons"][0]["payload"] == "/back_to_bot"


def test_a_danger_whose_handoff_was_never_announced_is_met_with_its_advice(
    services: Services, clock: Clock, says: Callable[..., Message],
) -> None:
    says("c1", "the charger is on fire")
    services.ownership.open_handoff(HandoffRequest("c1", "Reports a danger", "intent:safety_hazard", 1.0))
    clock.advance(seconds=30)
    open_watchdog(services).look()
    [(_, words)] = told(services, "c1")
    assert advice(["the charger is on fire"]) in words


def test_a_notice_that_is_missing_keeps_the_others_from_nothing(
    services: Services, clock: Clock, waits: Callable[..., str], monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_buttons_when_a_message_is_left(name: str) -> tuple[()]:
        if name == "contact_kept":
            raise NoticeError(name)
        return ()

    monkeypatch.setattr("tandem.handoff.queue_watchdog.buttons", no_buttons_when_a_message_is_left)
    waits("c1", "a person, please; or write to kim@example.com")
    services.ledger.receive(InboundMessage("c1", "webchat", "kim@example.com"))
    waits("c2")
    clock.advance(minutes=11)
    open_watchdog(services).look()
    assert told(services, "c1") == [] and len(told(services, "c2")) == 1


async def test_a_look_that_fails_is_not_the_last(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tandem.handoff.queue_watchdog.EVERY", 0.01)
    looks, seen_again = [], asyncio.Event()

    def stumble(self: QueueWatchdog) -> None:
        looks.append(1)
        if len(looks) < 3:
            raise KeyError("odd")
        loop.call_soon_threadsafe(seen_again.set)

    monkeypatch.setattr(QueueWatchdog, "look", stumble)
    loop = asyncio.get_running_loop()
    task = loop.create_task(open_watchdog(services).run())
    await asyncio.wait_for(seen_again.wait(), 5)
    task.cancel()


def test_the_wait_to_expect_is_named_only_on_good_ground(
    services: Services, clock: Clock, waits: Callable[..., str],
) -> None:
    for number in range(6):
        waits(f"past-{number}")
        clock.advance(minutes=16)
        services.ownership.claim(f"past-{number}", ANNA)
        services.ownership.resolve(f"past-{number}", ANNA)
        known = expected_wait(services.ledger, 1)
        assert (known is not None) is (number >= 4)
    assert known is not None and known.total_seconds() == 16 * 60
    longer = expected_wait(services.ledger, 3)
    assert longer is not None and longer.total_seconds() == 3 * 16 * 60
    waits("c1")
    clock.advance(minutes=10)
    open_watchdog(services).look()
    assert "about 10 minutes" in told(services, "c1")[-1][1]
    clock.advance(minutes=10)
    open_watchdog(services).look()
    assert "longer than it should" in told(services, "c1")[-1][1], "no second promise after a broken one"


def claimed(services: Services, clock: Clock, waits: Callable[..., str], *pauses: float, waiting: float = 5) -> None:
    """Claims one after another; `pauses` are the minutes before each, `waiting` those since its handoff opened."""
    for number, minutes in enumerate(pauses):
        clock.advance(minutes=max(0, minutes - waiting))
        name = waits(f"claimed-{clock():%H%M%S}-{number}")
        clock.advance(minutes=min(minutes, waiting))
        services.ownership.claim(name, ANNA)


def test_claims_in_bursts_are_foretold_by_their_mean(
    services: Services, clock: Clock, waits: Callable[..., str],
) -> None:
    claimed(services, clock, waits, 5, *(30, 0.5, 0.5, 0.5, 0.5) * 3)
    waits_at = [expected_wait(services.ledger, place) for place in (1, 10, 20)]
    assert waits_at[0] is not None and waits_at[0] < timedelta(minutes=8)
    assert waits_at[1:] == [timedelta(minutes=64), timedelta(minutes=128)], "32 minutes for 5 claims, at every place"
    claimed(services, clock, waits, 30)
    later = expected_wait(services.ledger, 10)
    assert later is not None and timedelta(minutes=50) < later < timedelta(minutes=90), "no jump with the next burst"


def test_a_night_is_no_pace(services: Services, clock: Clock, waits: Callable[..., str]) -> None:
    claimed(services, clock, waits, *(10,) * 6)
    clock.advance(hours=14)
    claimed(services, clock, waits, *(10,) * 5)
    assert expected_wait(services.ledger, 6) == timedelta(minutes=60)


def test_a_pause_counts_while_it_lasts_up_to_an_hour(
    services: Services, clock: Clock, waits: Callable[..., str],
) -> None:
    claimed(services, clock, waits, *(1,) * 5, waiting=1)
    seen = [expected_wait(services.ledger, 8)]
    for minutes in (20, 40, 180):
        clock.advance(minutes=minutes)
        seen.append(expected_wait(services.ledger, 8))
    assert seen == [timedelta(minutes=minutes) for minutes in (8, 40, 120, 120)]


def test_what_is_hours_ahead_is_not_foretold(services: Services, clock: Clock, waits: Callable[..., str]) -> None:
    claimed(services, clock, waits, *(15,) * 6)
    assert expected_wait(services.ledger, 12) == timedelta(hours=3)
    assert expected_wait(services.ledger, 13) is None
    assert expected_wait(services.ledger, 60) is None, "15 hours are no promise"


def test_a_look_at_fifty_waiting_customers_takes_as_few_queries_as_at_two(
    services: Services, clock: Clock, waits: Callable[..., str],
) -> None:
    asked: list[str] = []
    event.listen(services.engine, "before_cursor_execute", lambda *what: asked.append(what[2]))

    def look() -> int:
        watch = open_watchdog(services)
        for _ in range(2):  # the first one reads what was written before it
            asked.clear()
            watch.look()
        return len(asked)

    card = {"summary": "as long as it likes"}
    for number in range(2):
        waits(f"c{number}", card=card)
    for_two = look()
    for number in range(2, 50):
        waits(f"c{number}", card=card)
    assert look() == for_two and 0 < for_two <= 6, asked
    assert not any("handoffs.card" in one for one in asked), "nobody's card is needed to count places"


@pytest.mark.parametrize("address", ["kim.lee+shop@example.co.uk", "Sean.O'Brien@example.com"])
def test_a_message_with_an_address_is_kept_and_confirmed_once(
    services: Services, clock: Clock, waits: Callable[..., str], says: Callable[..., Message], address: str,
) -> None:
    says("c1", "my account is old@example.com")
    waits("c1", "I want a person")
    watch = open_watchdog(services)
    watch.look()
    assert told(services, "c1") == []
    says("c1", f"Please send me a new kettle, mail me at {address}.")
    for _ in range(3):
        watch.look()
    [(event, words)] = told(services, "c1")
    assert event == "contact_kept" and f"write to {address}." in words
    assert services.ledger.open_handoffs()["c1"].contact == address
    assert services.ledger.conversation("c1").owner is Owner.WAITING
    clock.advance(hours=3)
    watch.look()
    assert len(told(services, "c1")) == 1, "who has left a message is not written to again"


def test_off_duty_nobody_is_written_to_through_the_night(
    services: Services, clock: Clock, waits: Callable[..., str],
) -> None:
    zone = services.settings.shop_timezone
    clock.at = clock.at.astimezone(zone).replace(hour=19, minute=55)
    closing = replace(services, business_hours=BusinessHours(zone, {day: ((time(8), time(20)),) for day in range(7)}))
    waits("c1")
    for _ in range(40):
        clock.advance(minutes=15)
        open_watchdog(closing).look()
    assert [("Nobody is on duty" in words) for _, words in told(services, "c1")] == [True]


def test_a_customer_goes_back_to_the_queue_when_the_agents_desk_is_closed(
    services: Services, clock: Clock, waits: Callable[..., str], says: Callable[..., Message],
) -> None:
    waits("c1")
    opened = services.ledger.open_handoffs()["c1"].opened_at
    services.ownership.claim("c1", ANNA)
    presence.seen(services.engine, "anna", clock())
    services.ownership.reply("c1", ANNA, "One moment")
    watch = open_watchdog(services)
    clock.advance(minutes=30)
    watch.look()
    assert services.ledger.conversation("c1").owner is Owner.AGENT, "nobody waits for an answer"
    says("c1", "Are you there?")
    clock.advance(minutes=4)
    watch.look()
    assert services.ledger.conversation("c1").owner is Owner.AGENT, "not yet"
    clock.advance(minutes=2)
    for _ in range(2):
        watch.look()
    assert services.ledger.conversation("c1").owner is Owner.WAITING
    handoff = services.ledger.open_handoffs()["c1"]
    assert (handoff.claimed_by, handoff.opened_at) == (None, opened), "with the place they had"
    assert [event for event, _ in told(services, "c1")] == ["agent_joined", "agent_left"]
    assert services.ledger.transcript("c1")[0].text == "Where is my order?"


def test_an_agent_at_the_desk_keeps_the_customer_however_late(
    services: Services, clock: Clock, waits: Callable[..., str],
) -> None:
    waits("c1")
    services.ownership.claim("c1", ANNA)
    clock.advance(minutes=60)
    presence.seen(services.engine, "anna", clock())
    open_watchdog(services).look()
    assert services.ledger.conversation("c1").owner is Owner.AGENT


def test_a_customer_goes_back_to_the_queue_when_the_agents_account_is_closed(
    services: Services, clock: Clock, waits: Callable[..., str],
) -> None:
    waits("c1")
    services.ownership.claim("c1", ANNA)
    clock.advance(minutes=6)
    presence.seen(services.engine, "anna", clock())
    change(services.engine, "anna", active=False)
    open_watchdog(services).look()
    assert services.ledger.conversation("c1").owner is Owner.WAITING


def test_programs_and_outside_tools_look_after_themselves(
    services: Services, clock: Clock, waits: Callable[..., str],
) -> None:
    waits("c1")
    services.ownership.claim("c1", Agent("some program", "Robin"))
    waits("c2", channel="chatwoot")
    services.ownership.claim("c2", ANNA)
    clock.advance(hours=2)
    open_watchdog(services).look()
    assert {services.ledger.conversation(one).owner for one in ("c1", "c2")} == {Owner.AGENT}


def test_since_when_a_customer_is_unanswered(
    services: Services, clock: Clock, waits: Callable[..., str], says: Callable[..., Message],
) -> None:
    waits("c1")
    assert unanswered(services.ledger) == {}, "in the queue nobody owes an answer"
    services.ownership.claim("c1", ANNA)
    assert unanswered(services.ledger) == {"c1": clock()}, "from the claim on"
    services.ownership.reply("c1", ANNA, "Hello")
    services.ownership.note("c1", ANNA, "a note is no answer")
    assert unanswered(services.ledger) == {}
    clock.advance(minutes=1)
    asked = says("c1", "first")
    clock.advance(minutes=1)
    says("c1", "second")
    services.ownership.note("c1", ANNA, "a note is no answer")
    assert unanswered(services.ledger) == {"c1": asked.at}


def test_an_agent_holds_as_many_as_they_take(
    services: Services, anna: TestClient, sam: TestClient, waits: Callable[..., str],
) -> None:
    presence.set_capacity(services.engine, "anna", 2)
    for number in range(3):
        waits(f"c{number}")
    assert [anna.post(f"/api/conversations/c{number}/claim").status_code for number in range(3)] == [200, 200, 409]
    assert anna.post("/api/conversations/c2/take-over").status_code == 409, "nor by another door"
    assert "2 of the 2" in anna.post("/api/conversations/c2/claim").json()["detail"]
    anna.post("/api/conversations/c0/resolve")
    assert anna.post("/api/conversations/c2/claim").status_code == 200
    presence.set_capacity(services.engine, "sam", 1)
    waits("c3"), waits("c4")
    assert [sam.post(f"/api/conversations/{one}/claim").status_code for one in ("c3", "c4")] == [200, 200]


def test_an_agent_steps_away_and_comes_back(services: Services, clock: Clock, anna: TestClient) -> None:
    def state() -> str:
        return next(one.state for one in presence.everybody(services.engine, {}, clock()) if one.id == "anna")

    assert state() == "offline"
    presence.seen(services.engine, "anna", clock())
    assert state() == "available"
    assert anna.post("/api/me/presence", json={"away": True}).status_code == 204
    assert state() == "away" and ">Away<" in anna.get("/").text
    clock.advance(minutes=1)
    assert state() == "offline"
    assert anna.post("/api/me/presence", json={"away": "perhaps"}).status_code == 422


def test_the_queue_marks_who_waits_for_this_agent(
    services: Services, anna: TestClient, waits: Callable[..., str],
) -> None:
    waits("c1")
    anna.post("/api/conversations/c1/claim")
    assert 'data-unanswered="' in anna.get("/desk/queue").json()["rows"][0]["html"]
    anna.post("/api/conversations/c1/reply", json={"text": "Hello"})
    page = anna.get("/").text
    assert "data-unanswered" not in page and 'data-remind="180' in page

"""What agents did reaches the customer once and in order, through crashes, refusals, clocks and late openings."""
from __future__ import annotations

import sqlite3
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from tandem.conversations.model import AlreadyClaimed, Handoff
from tandem.conversations.ownership import Ownership
from tandem.live_agents.protocol import AgentEvent
from tandem.live_agents.relay.inbound import LEASE, PAUSES, Inbox
from tests.integration.live_agents.conftest import ANNA, World


def test_words_that_came_out_of_order_are_put_in_order(world: World) -> None:
    handoff = world.opened()
    at = world.clock()
    for number in (3, 1, 2):
        world.webhook(world.event("said", handoff, text=str(number), at=(at + timedelta(seconds=number)).isoformat()))
    world.settle()
    assert world.said() == ["1", "2", "3"]


@pytest.mark.parametrize("step", ["take_over", "reply"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_while_an_act_is_carried_out_does_it_once(
    world: World, monkeypatch: pytest.MonkeyPatch, step: str, when: str,
) -> None:
    class Killed(BaseException):
        pass

    handoff = world.opened()
    original = getattr(Ownership, step)

    def dying(*args: Any, **values: Any) -> Any:
        if when == "after":
            original(*args, **values)
        raise Killed

    world.webhook(world.event("said", handoff, text="a word"))
    monkeypatch.setattr(Ownership, step, dying)
    with pytest.raises(Killed):
        world.relay.step()
    monkeypatch.undo()
    if (step, when) == ("reply", "after"):
        # It is said already: whoever has the conversation since then keeps it.
        world.ownership.take_over("c1", ANNA)
    other = world.start()
    world.settle(other)
    world.clock.advance(seconds=LEASE.total_seconds() + 1)
    world.settle(other)
    assert world.said() == ["a word"]
    holder = world.ledger.handoffs("c1")[-1].claimed_by
    assert holder == ("anna" if (step, when) == ("reply", "after") else "tool:kim")
    assert world.events().count(("agent_joined", "Kim")) == 1


def test_a_crash_before_a_webhook_is_read_loses_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def dying(body: bytes) -> Any:
        raise Killed

    handoff = world.opened()
    world.webhook(world.event("said", handoff, text="a word"))
    monkeypatch.setattr(world.tool, "read", dying)
    with pytest.raises(Killed):
        world.relay.step()
    monkeypatch.undo()
    world.settle(world.start())
    assert world.said() == ["a word"]


def test_a_word_is_tried_again_when_somebody_else_takes_the_conversation_between_two_steps(
    world: World, monkeypatch: pytest.MonkeyPatch,
) -> None:
    handoff = world.opened()

    def taken(*args: Any, **values: Any) -> Any:
        raise AlreadyClaimed("anna")

    world.webhook(world.event("said", handoff, text="first"), world.event("said", handoff, text="second"))
    monkeypatch.setattr(Ownership, "reply", taken)
    world.settle()
    monkeypatch.undo()
    world.settle()
    assert world.said() == [], "the second word waits for the first"
    world.clock.advance(seconds=PAUSES[0].total_seconds())
    world.settle()
    assert world.said() == ["first", "second"]


def test_an_event_quicker_than_the_opening_waits_for_it(world: World) -> None:
    world.customer("Hello")
    world.hand_off()
    world.webhook({"act": "said", "key": "m1", "thread": "thread of c1", "text": "quick"})
    world.settle()
    assert world.said() == []
    world.clock.advance(seconds=1)
    world.settle()
    assert world.said() == ["quick"]


def test_a_word_that_the_database_refused_is_not_overtaken(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    record, refused = Inbox.record, []

    def refuses_once(inbox: Inbox, channel: str, handoff: Handoff, event: AgentEvent) -> bool:
        if not refused:
            refused.append(event.text)
            raise OperationalError("insert", {}, sqlite3.OperationalError("database is locked"))
        return record(inbox, channel, handoff, event)

    handoff = world.opened()
    for text in ("first", "second"):
        world.webhook(world.event("said", handoff, text=text))
    monkeypatch.setattr(Inbox, "record", refuses_once)
    with pytest.raises(OperationalError):
        world.relay.step()
    world.settle()
    assert refused == ["first"]
    assert world.said() == ["first", "second"]


def test_a_word_quicker_than_the_opening_is_not_overtaken_by_the_next(world: World) -> None:
    world.customer("Hello")
    world.hand_off()
    world.webhook({"act": "said", "key": "m1", "thread": "thread of c1", "text": "first"})
    world.settle()  # reads the word, then opens
    world.webhook({"act": "said", "key": "m2", "thread": "thread of c1", "text": "second"})
    world.settle()
    assert world.said() == ["first", "second"], "without a pause, since there was more to read"


def test_words_about_nothing_known_are_looked_at_for_a_minute_and_no_longer(world: World) -> None:
    handoff = world.opened()
    world.webhook({"act": "said", "key": "m1", "thread": "of somebody else", "text": "lost"})
    for _ in range(70):
        world.settle()
        world.clock.advance(seconds=1)
    world.webhook(world.event("said", handoff, text="good"))
    world.settle()
    assert world.said() == ["good"]
    assert world.relay.dead()["webhooks"] == []


def test_a_clock_that_steps_back_lets_no_word_overtake_another(world: World) -> None:
    handoff = world.opened()
    world.webhook(world.event("said", handoff, text="first"))
    world.clock.advance(seconds=-45)
    world.webhook(world.event("said", handoff, text="second"))
    world.settle()
    assert world.said() == ["first", "second"]

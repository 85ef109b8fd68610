"""What reaches agents in the outside tool: once, in order, through crashes and outages."""
from __future__ import annotations

from pathlib import Path

import pytest

from tandem import privacy
from tandem.conversations.model import Owner
from tandem.live_agents.relay.progress import LEASE
from tests.fakes.live_agent import unavailable
from tests.integration.live_agents.conftest import ANNA, World


class Killed(BaseException):
    """The process dies here: nothing of it is caught, no lease is given back."""


def kill() -> None:
    raise Killed


def test_the_tool_sees_what_was_said_before_and_each_later_word_in_order(world: World) -> None:
    world.customer("Where is my order?")
    handoff = world.hand_off()
    world.settle()
    for number in range(5):
        world.customer(f"word {number}")
    world.settle()
    world.customer("the last word")
    world.settle()
    assert world.tool.shown[handoff.id] == ["Where is my order?"]
    assert world.tool.threads[handoff.id] == [*(f"word {number}" for number in range(5)), "the last word"]


def test_agents_notes_and_the_tools_own_words_are_not_passed_on_but_the_desks_words_are(world: World) -> None:
    handoff = world.opened()
    world.webhook(world.event("said", handoff, text="from the tool"))
    world.settle()
    world.ownership.note("c1", ANNA, "a private note")
    world.ownership.take_over("c1", ANNA)
    world.ownership.reply("c1", ANNA, "from the desk")
    world.settle()
    assert world.tool.threads[handoff.id] == ["from the desk"]


def test_what_the_customer_tells_the_bot_after_the_hand_back_is_never_passed_on(world: World) -> None:
    handoff = world.opened()
    world.customer("for the agent")
    world.webhook(world.event("handed_back", handoff))
    world.tool.before["say"] = unavailable
    world.settle()
    # The clock stands still: what separates the words is the ledger's order, not the time.
    world.customer("for the bot")
    del world.tool.before["say"]
    world.clock.advance(seconds=5)
    world.settle()
    world.customer("for the bot, too")
    world.settle()
    assert world.tool.threads[handoff.id] == ["for the agent"]
    assert world.tool.closed == [handoff.id]


def test_a_later_handoff_gets_its_own_thread_and_knows_the_earlier_one(world: World) -> None:
    first = world.opened()
    world.webhook(world.event("resolved", first))
    world.settle()
    world.customer("for the bot")
    second = world.hand_off()
    world.settle()
    world.customer("for the agent")
    world.settle()
    assert world.tool.threads == {first.id: [], second.id: ["for the agent"]}
    assert world.tool.earlier[first.id] is None
    assert world.tool.earlier[second.id] == {"handoff": first.id, "thread": "thread of c1"}
    assert "for the bot" in world.tool.shown[second.id]


@pytest.mark.parametrize(("when", "call"), [
    ("before", "open"), ("after", "open"), ("before", "say"), ("after", "say"), ("before", "close"), ("after", "close"),
    ("before", "sweep"),
])
def test_a_crash_in_a_call_loses_and_doubles_nothing(world: World, call: str, when: str) -> None:
    world.customer("Hello")
    handoff = world.hand_off()
    if call != "open":
        world.settle()
    world.customer("one")
    world.customer("two")
    if call == "close":
        world.settle()
        world.ownership.hand_back("c1", None)
    if call == "sweep":
        world.clock.advance(seconds=31)
    getattr(world.tool, when)[call] = kill
    world.relay.step()
    getattr(world.tool, when).clear()
    other = world.start()
    world.customer("three")
    world.settle(other)
    assert "three" not in world.tool.threads.get(handoff.id, []), "the dead relay's lease still holds"
    world.clock.advance(seconds=LEASE.total_seconds() + 1)
    world.settle(other)
    told = world.tool.shown[handoff.id] + world.tool.threads[handoff.id]
    assert told == (["Hello", "one", "two"] if call == "close" else ["Hello", "one", "two", "three"])
    assert world.tool.broken_promises == 0


def test_words_between_a_lost_opening_and_its_repeat_are_passed_on(world: World) -> None:
    world.customer("Hello")
    handoff = world.hand_off()
    world.tool.after["open"] = kill
    world.relay.step()
    world.tool.after.clear()
    world.customer("said while nobody knew whether the tool has it")
    world.clock.advance(seconds=LEASE.total_seconds() + 1)
    world.settle(world.start())
    assert world.tool.shown[handoff.id] == ["Hello"]
    assert world.tool.threads[handoff.id] == ["said while nobody knew whether the tool has it"]
    assert world.tool.doubled == 1


def test_the_next_handoff_waits_for_the_end_of_the_one_before_but_not_for_ever(world: World) -> None:
    first = world.opened()
    world.customer("unsent")
    world.tool.before["say"] = unavailable
    world.ownership.hand_back("c1", None)
    second = world.hand_off()
    world.settle()
    assert second.id not in world.tool.threads, "the first handoff has still something to tell"
    for seconds in (5, 300):
        world.clock.advance(seconds=seconds)
        world.settle()
    assert "unsent" in world.tool.shown[second.id], "the tool is broken for the first one only"
    world.tool.before.clear()
    world.clock.advance(hours=1)
    world.settle()
    assert world.tool.threads[first.id] == [], "its words stand in the second one's transcript"
    assert world.tool.closed == []
    world.customer("more")
    world.settle()
    assert world.tool.threads[second.id] == ["more"]


def test_an_erased_customer_leaves_nothing_behind_in_the_relay(world: World, tmp_path: Path) -> None:
    handoff = world.opened()
    world.webhook(world.event("said", handoff, text="personal"))
    world.settle()
    world.webhook(world.event("said", handoff, text="on its way while the customer is erased"))
    privacy.erase(world.ledger, f"sqlite:///{tmp_path / 'rasa.db'}", ["c1"], "ada", "session", world.sleep)
    world.clock.advance(minutes=11)
    world.settle()
    with world.engine.connect() as connection:
        for table in ("relays", "agent_events"):
            assert connection.exec_driver_sql(f"SELECT COUNT(*) FROM {table}").scalar() == 0
        assert {bytes(row[0]) for row in connection.exec_driver_sql("SELECT body FROM webhooks")} == {b""}


def test_a_handoff_that_ended_before_the_relay_saw_it_is_not_opened(world: World) -> None:
    world.customer("Hello")
    world.hand_off()
    world.ownership.hand_back("c1", None)
    world.settle()
    assert world.tool.threads == {}
    assert world.ledger.conversation("c1").owner is Owner.BOT

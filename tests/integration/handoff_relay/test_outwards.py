"""What reaches agents in the outside tool: once, in order, through crashes and outages."""
from __future__ import annotations

import threading

import pytest

from tandem.conversations.model import Owner
from tandem.handoff.channel import LiveAgentRefused, LiveAgentUnavailable
from tandem.handoff.progress import BACKOFF, LEASE
from tests.fakes.live_agent import FakeTool, unavailable
from tests.integration.handoff_relay.conftest import ANNA, World


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


def test_an_outage_is_waited_out_on_schedule_and_then_given_up(world: World) -> None:
    world.tool.before["open"] = unavailable
    world.customer("Hello")
    world.hand_off()
    tries = []
    world.tool.before["open"] = lambda: (tries.append(world.clock.at), unavailable())[0]
    start = world.clock.at
    for pause in BACKOFF:
        world.clock.advance(seconds=max(pause.total_seconds() - 1, 0))
        world.settle()
        world.clock.advance(seconds=min(pause.total_seconds(), 1))
        world.settle()
    world.clock.advance(days=3)
    world.settle()
    waited = [(later - earlier).total_seconds() for earlier, later in zip([start, *tries], tries)]
    assert waited == [0, 5, 300, 1800, 7200, 18000, 36000, 36000]
    [dead] = world.relay.dead()["handoffs"]
    assert (dead["conversation_id"], dead["attempts"], dead["error"]) == ("c1", 8, "the tool is down")


def test_a_dead_handoff_replayed_goes_on_from_where_it_stopped(world: World) -> None:
    handoff = world.opened()
    world.customer("one")
    world.settle()

    def refuse() -> None:
        raise LiveAgentRefused("the text is not allowed here")

    world.tool.before["say"] = refuse
    world.customer("two")
    world.settle()
    world.customer("three")
    world.clock.advance(days=1)
    world.settle()
    assert [dead["error"] for dead in world.relay.dead()["handoffs"]] == ["the text is not allowed here"]
    world.tool.before.clear()
    assert not world.relay.replay("unknown")
    assert world.relay.replay(handoff.id)
    assert not world.relay.replay(handoff.id), "it is alive again"
    world.settle()
    assert world.tool.threads[handoff.id] == ["one", "two", "three"]
    assert world.relay.dead()["handoffs"] == []


def test_a_message_that_a_tool_will_never_take_can_be_left_out(world: World) -> None:
    handoff = world.opened()

    def refuse() -> None:
        raise LiveAgentRefused("no")

    world.tool.before["say"] = refuse
    world.ownership.note("c1", ANNA, "a note before it, which is not for the tool")
    world.customer("bad")
    world.settle()
    world.tool.before.clear()
    world.customer("good")
    assert world.relay.replay(handoff.id, skip=True)
    world.settle()
    assert world.tool.threads[handoff.id] == ["good"]


def test_new_words_are_tried_at_once_in_an_outage_and_do_not_use_the_schedule_up(world: World) -> None:
    handoff = world.opened()
    world.tool.before["say"] = unavailable
    for number in range(12):
        world.customer(f"word {number}")
        world.settle()
        world.clock.advance(seconds=6)
    assert world.relay.dead()["handoffs"] == []
    world.tool.before.clear()
    world.customer("the tool is back")
    world.settle()
    assert world.tool.threads[handoff.id] == [*(f"word {number}" for number in range(12)), "the tool is back"]


def test_a_sign_of_life_ends_the_waiting_of_all_handoffs_of_a_tool(world: World) -> None:
    first, second = world.opened("c1"), world.opened("c2")
    world.tool.before["say"] = unavailable
    world.customer("one", "c1")
    world.customer("two", "c2")
    for seconds in (0, 5, 300):
        world.clock.advance(seconds=seconds)
        world.settle()
    world.tool.before.clear()
    world.clock.advance(seconds=10)  # the next try by schedule is half an hour away
    world.settle()
    assert world.tool.threads[first.id] == []
    world.customer("three", "c2")
    world.settle()
    assert world.tool.threads == {first.id: ["one"], second.id: ["two", "three"]}


def test_the_pause_that_a_tool_asks_for_is_kept(world: World) -> None:
    handoff = world.opened()

    def slow_down() -> None:
        raise LiveAgentUnavailable("too many requests", retry_after=2)

    world.tool.before["say"] = slow_down
    world.customer("one")
    world.settle()
    world.tool.before.clear()
    world.settle()
    assert world.tool.threads[handoff.id] == []
    world.clock.advance(seconds=2)
    world.settle()
    assert world.tool.threads[handoff.id] == ["one"]


def test_an_adapter_that_breaks_in_an_unforeseen_way_is_an_outage_of_that_handoff_only(world: World) -> None:
    world.tool.before["open"] = lambda: {}["no such key"]  # type: ignore[index]
    world.customer("Hello")
    handoff = world.hand_off()
    world.settle()
    world.tool.before.clear()
    world.clock.advance(seconds=5)
    world.settle()
    assert handoff.id in world.tool.threads


def test_two_relays_share_the_work_and_never_a_handoff(world: World) -> None:
    other = world.start()
    handoffs = [world.opened(f"c{number}") for number in range(6)]
    for number in range(6):
        for word in range(4):
            world.customer(f"word {word}", f"c{number}")
    for _ in range(10):
        threads = [threading.Thread(target=relay.step) for relay in (world.relay, other)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [world.tool.threads[handoff.id] for handoff in handoffs] == [[f"word {word}" for word in range(4)]] * 6
    assert world.tool.doubled == 0


def test_a_relay_that_slept_through_its_lease_stops_where_it_is(world: World) -> None:
    handoff = world.opened()
    asleep, wake = threading.Event(), threading.Event()

    def sleep() -> None:
        world.tool.after.clear()
        asleep.set()
        assert wake.wait(10)

    world.tool.after["say"] = sleep
    world.customer("one")
    world.customer("two")
    world.relay.dispatch()
    assert asleep.wait(10)
    world.clock.advance(seconds=LEASE.total_seconds() + 1)
    other = world.start()
    world.settle(other)
    wake.set()
    world.settle()
    assert world.tool.threads[handoff.id] == ["one", "two"]
    assert world.tool.calls.count(("say", "two", False)) == 1
    assert world.tool.broken_promises == 0


def test_a_lease_is_renewed_while_a_slow_call_is_under_way(world: World) -> None:
    world.opened()
    asleep, wake = threading.Event(), threading.Event()

    def sleep() -> None:
        world.tool.after.clear()
        asleep.set()
        assert wake.wait(10)

    world.tool.after["say"] = sleep
    world.customer("one")
    world.relay.dispatch()
    assert asleep.wait(10)
    other = world.start()
    for _ in range(10):
        world.clock.advance(seconds=LEASE.total_seconds() / 3)
        world.relay.dispatch()
        other.step()
    wake.set()
    world.settle()
    assert [call for call in world.tool.calls if call[0] == "say"] == [("say", "one", False)]


def test_a_slow_tool_and_a_slow_handoff_hold_nobody_else_up(world: World) -> None:
    fast = FakeTool("fast")
    relay = world.start(tool=world.tool, fast=fast)
    release = threading.Event()
    hangs = iter([True])

    def hang() -> None:
        if next(hangs, False):
            assert release.wait(10)

    world.tool.before["open"] = hang
    for number in range(3):
        world.customer("Hello", f"slow{number}")
        world.hand_off(f"slow{number}", "tool")
    world.customer("Hello", "quick")
    quick = world.hand_off("quick", "fast")
    relay.dispatch()
    for _ in range(100):
        relay.dispatch()
        if len(world.tool.threads) == 2 and quick.id in fast.threads:
            break
        threading.Event().wait(0.02)
    assert len(world.tool.threads) == 2, "two of the tool's three handoffs are open beside the one that hangs"
    assert quick.id in fast.threads
    release.set()
    world.settle(relay)
    assert len(world.tool.threads) == 3


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


def test_an_erased_customer_leaves_nothing_behind_in_the_relay(world: World) -> None:
    handoff = world.opened()
    world.webhook(world.event("said", handoff, text="personal"))
    world.settle()
    world.ledger.erase("c1")
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

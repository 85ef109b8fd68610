"""A tool that fails: waited out on schedule, given up in the end, replayed when it is mended."""
from __future__ import annotations

from tandem.handoff.channel import LiveAgentRefused, LiveAgentUnavailable
from tandem.handoff.progress import BACKOFF
from tests.fakes.live_agent import unavailable
from tests.integration.handoff_relay.conftest import ANNA, World


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
    world.tool.before["open"] = lambda: {}["no such key"]
    world.customer("Hello")
    handoff = world.hand_off()
    world.settle()
    world.tool.before.clear()
    world.clock.advance(seconds=5)
    world.settle()
    assert handoff.id in world.tool.threads

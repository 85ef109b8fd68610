"""A tool that fails: waited out on schedule, given up in the end, replayed when it is fixed."""
from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from tandem.conversations.model import Handoff
from tandem.live_agents.protocol import LiveAgentRefused, LiveAgentUnavailable
from tandem.live_agents.relay.agent_actions import AgentActions
from tandem.live_agents.relay.progress import BACKOFF
from tandem.live_agents.relay.tables import relays
from tandem.live_agents.relay.worker import Relay
from tests.fakes.live_agent import unavailable
from tests.integration.live_agents.conftest import ANNA, World


def _attempts(world: World) -> int:
    """How often the only handoff failed on schedule."""
    with world.engine.connect() as connection:
        return int(connection.execute(select(relays.c.attempts)).scalar_one())


def test_an_outage_is_waited_out_on_schedule_and_then_given_up(world: World) -> None:
    world.tool.before["open"] = unavailable
    world.customer("Hello")
    world.hand_off()
    counted = []
    for pause in BACKOFF:
        world.clock.advance(seconds=max(pause.total_seconds() - 1, 0))
        world.settle()
        counted.append(_attempts(world))  # what is tried between does not count
        world.clock.advance(seconds=min(pause.total_seconds(), 1))
        world.settle()
        counted.append(_attempts(world))
    assert [pause.total_seconds() for pause in BACKOFF] == [0, 5, 300, 1800, 7200, 18000, 36000, 36000]
    assert counted == [1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8]
    [dead] = world.relay.dead()["handoffs"]
    assert (dead["conversation_id"], dead["attempts"], dead["error"]) == ("c1", 8, "the tool is down")
    world.tool.before.clear()
    world.clock.advance(days=3)
    world.settle()
    assert world.tool.threads == {}, "what was given up is not tried again"


def test_a_passing_fault_keeps_an_agent_waiting_for_half_a_minute_at_most(world: World) -> None:
    handoff = world.opened()
    world.tool.before["say"] = unavailable
    world.customer("one")
    for seconds in (0, 5):
        world.clock.advance(seconds=seconds)
        world.settle()
    world.tool.before.clear()  # the next try on schedule is five minutes away, and nobody says anything more
    world.clock.advance(seconds=29)
    world.settle()
    assert world.tool.threads[handoff.id] == []
    world.clock.advance(seconds=1)
    world.settle()
    assert world.tool.threads[handoff.id] == ["one"]


def test_a_tool_that_is_down_is_probed_with_four_handoffs_each_half_minute_and_all_go_on_when_it_is_back(
    world: World,
) -> None:
    opened = [world.opened(f"c{number}") for number in range(9)]
    tries: list[int] = []
    world.tool.before["say"] = lambda: (tries.append(1), unavailable())[0]
    for number in range(9):
        world.customer("one", f"c{number}")
    for seconds in (0, 5):
        world.clock.advance(seconds=seconds)
        world.settle()
    assert len(tries) == 2 * 9
    for _ in range(6):
        world.clock.advance(seconds=30)
        world.settle()
    assert len(tries) == 2 * 9 + 6 * 4
    world.tool.before.clear()
    world.clock.advance(seconds=30)
    world.settle()
    assert world.tool.threads == {handoff.id: ["one"] for handoff in opened}


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


def _asks_for_a_pause(world: World, seconds: float) -> Handoff:
    """A handoff whose customer said "one", for which the tool wants to be left alone for so long."""
    handoff = world.opened()

    def slow_down() -> None:
        raise LiveAgentUnavailable("too many requests", retry_after=seconds)

    world.tool.before["say"] = slow_down
    world.customer("one")
    world.settle()
    world.tool.before.clear()
    return handoff


def test_the_pause_that_a_tool_asks_for_is_kept(world: World) -> None:
    handoff = _asks_for_a_pause(world, seconds=2)
    world.settle()
    assert world.tool.threads[handoff.id] == []
    world.clock.advance(seconds=2)
    world.settle()
    assert world.tool.threads[handoff.id] == ["one"]


def test_neither_new_words_nor_probes_disturb_a_tool_that_asked_for_a_pause(world: World) -> None:
    handoff = _asks_for_a_pause(world, seconds=60)
    world.customer("two")
    for _ in range(2):
        world.clock.advance(seconds=29)
        world.settle()
    assert world.tool.threads[handoff.id] == []
    world.clock.advance(seconds=2)
    world.settle()
    assert world.tool.threads[handoff.id] == ["one", "two"]


def test_an_adapter_that_breaks_in_an_unforeseen_way_is_an_outage_of_that_handoff_only(world: World) -> None:
    world.tool.before["open"] = lambda: {}["no such key"]
    world.customer("Hello")
    handoff = world.hand_off()
    world.settle()
    world.tool.before.clear()
    world.clock.advance(seconds=5)
    world.settle()
    assert handoff.id in world.tool.threads


def test_an_error_in_one_look_does_not_stop_the_next(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    handoff = world.opened()
    world.customer("one")
    stumbles = iter([KeyError("unforeseen")])

    class Stumbling(Relay):
        def dispatch(self) -> bool:
            for error in stumbles:
                raise error
            return super().dispatch()

    monkeypatch.setattr("tandem.live_agents.relay.worker.PAUSE", 0.0)
    relay = Stumbling(world.ledger, AgentActions(world.ledger, world.ownership), {world.tool.name: world.tool})
    world.relays.append(relay)

    async def lived() -> None:
        task = asyncio.get_running_loop().create_task(relay.run())
        for _ in range(200):
            if task.done() or world.tool.threads[handoff.id]:
                break
            await asyncio.sleep(0.05)
        assert not task.done(), task.exception()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(lived())
    assert world.tool.threads[handoff.id] == ["one"]

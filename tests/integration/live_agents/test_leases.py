"""Several relays, several tools, slow ones: each handoff is in one pair of hands, and holds nobody else up."""
from __future__ import annotations

import threading

from tandem.live_agents.relay.progress import LEASE
from tests.fakes.live_agent import FakeTool
from tests.integration.live_agents.conftest import World


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

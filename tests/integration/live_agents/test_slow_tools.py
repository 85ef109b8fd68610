"""A tool that hangs while its webhooks are read holds up neither another tool nor what goes out to it."""
from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence

import pytest

from tandem.live_agents.protocol import AgentEvent
from tests.fakes.live_agent import FakeTool
from tests.integration.live_agents.conftest import World


class SlowTool(FakeTool):
    """Asks itself for a name while it reads, and does not get it."""

    def __init__(self) -> None:
        super().__init__("slow")
        self.reads = 0
        self.go_on = threading.Event()

    def read(self, body: bytes) -> Sequence[AgentEvent]:
        self.reads += 1
        self.go_on.wait(60)
        return super().read(body)


@pytest.fixture
def slow() -> Iterator[SlowTool]:
    tool = SlowTool()
    yield tool
    tool.go_on.set()


def _until(true: Callable[[], object], step: Callable[[], object]) -> None:
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end, "waited in vain"
        step()


def test_a_tool_that_hangs_while_it_is_read_holds_up_no_other(world: World, slow: SlowTool) -> None:
    theirs = world.opened("c1")
    relay = world.start(tool=world.tool, slow=slow)
    world.relay = relay
    for number in range(5):
        relay.receive_webhook("slow", {"x-signature": "good", "x-delivery": f"s{number}"}, b"[]")
    _until(lambda: slow.reads, relay.dispatch)
    world.webhook(world.event("said", theirs, text="Hello from the quick tool"))
    _until(lambda: "Hello from the quick tool" in [one.text for one in world.ledger.messages("c1")], relay.dispatch)
    world.customer("A person, please", "c2")
    mine = world.hand_off("c2")
    _until(lambda: mine.id in world.tool.threads, relay.dispatch)
    assert slow.reads == 1, "in one thread of its own, in order"
    slow.go_on.set()
    _until(lambda: slow.reads == 5, relay.dispatch)


def test_what_a_slow_tool_said_is_carried_out_once_it_is_read(world: World, slow: SlowTool) -> None:
    relay = world.start(slow=slow)
    world.customer("A person, please", "c3")
    handoff = world.hand_off("c3", "slow")
    _until(lambda: handoff.id in slow.threads, relay.dispatch)
    body = json.dumps([world.event("said", handoff, text="one"), world.event("said", handoff, text="two")]).encode()
    relay.receive_webhook("slow", {"x-signature": "good", "x-delivery": "s1"}, body)
    _until(lambda: slow.reads, relay.dispatch)
    slow.go_on.set()
    relay.step()
    said = [one.text for one in world.ledger.messages("c3") if one.author.value == "agent" and one.text]
    assert said[-2:] == ["one", "two"]

"""Handoffs and messages made by hand, and a stage for a channel before the stand-in of its tool."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

from tandem.conversations.context_card import ContextCard
from tandem.conversations.model import Author, Delivery, Handoff, Kind, Message
from tandem.live_agents.protocol import AgentEvent, Reference
from tests.contract.live_agent.harness import serving
from tests.fakes.clock import Clock
from tests.fakes.payloads import body
from tests.fakes.stand_in import StandIn

S = TypeVar("S", bound="Stage")

CARD = {"summary": "Asked three times.", "channel": "webchat",
        "customer": {"name": "Maya", "email": "maya@example.com"},
        "orders": [{"number": "SO-1", "status": "shipped", "seen_at": "now", "facts": []}]}


def a_handoff(clock: Clock, number: int = 1, card: Mapping[str, Any] = CARD, conversation: str = "c 1/ü") -> Handoff:
    return Handoff(f"h{number}", conversation, "Mood is falling", "trend", 0.8, number, clock(), None, None, None, None,
                   "", ContextCard.from_dict(card))


def ended(handoff: Handoff, clock: Clock, outcome: str = "handed_back") -> Handoff:
    return replace(handoff, closed_at=clock(), outcome=outcome)


def a_word(clock: Clock, seq: int, text: str, author: Author = Author.CUSTOMER, name: str = "") -> Message:
    clock.advance(milliseconds=10)
    return Message("c 1/ü", seq, author, Kind.TEXT, name, text, clock(), 1, Delivery.NONE)


def long_ago(clock: Clock) -> Any:
    return clock() - timedelta(days=1)


class Stage:
    """A tool's stand-in on a port, and the channel before it."""

    channel: Any

    def __init__(self, tool: Any, url: str) -> None:
        self.tool, self.url, self.clock = tool, url, tool.clock

    def opened(self, number: int = 1, earlier: Reference | None = None) -> tuple[Handoff, Reference]:
        """A handoff that agents see."""
        handoff = a_handoff(self.clock, number)
        return handoff, self.channel.open(handoff, [], earlier)

    def read(self, content: Any) -> list[AgentEvent]:
        """What a webhook with this content tells."""
        return list(self.channel.read(body(content)))

    def told(self) -> list[AgentEvent]:
        """What the webhooks tell that the tool has made."""
        made, self.tool.made = self.tool.made, []
        return [event for _, sent in made for event in self.channel.read(sent)]


@contextmanager
def staged(stage: Callable[[Any, str], S], stand_in: Callable[[Clock], StandIn]) -> Iterator[S]:
    """The stage of a tool whose stand-in has an `app`."""
    tool: Any = stand_in(Clock())
    with serving(tool.app) as url:
        yield stage(tool, url)

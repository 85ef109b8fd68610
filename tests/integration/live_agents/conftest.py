"""A ledger, a tool in memory, and relays between them that can be killed and started anew."""
from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tandem.conversations.context_card import ContextCard
from tandem.conversations.ledger import Ledger
from tandem.conversations.model import Agent, Author, Handoff, HandoffRequest, InboundMessage, Kind, Message
from tandem.conversations.ownership import Ownership
from tandem.live_agents.protocol import LiveAgentChannel
from tandem.live_agents.relay.agent_actions import AgentActions
from tandem.live_agents.relay.worker import Relay
from tests.fakes.clock import Clock
from tests.fakes.live_agent import FakeTool
from tests.fakes.ready import open_ready

ANNA = Agent("anna", "Anna")  # at the desk


class World:
    """One shop with one outside tool."""

    def __init__(self, url: str) -> None:
        self.engine = open_ready(url)
        self.clock = Clock()
        self.ledger = Ledger(self.engine, self.clock)
        self.ownership = Ownership(self.ledger)
        self.tool = FakeTool()
        self.relays: list[Relay] = []
        self.relay = self.start()
        self._numbers = itertools.count(1)

    def start(self, **channels: LiveAgentChannel) -> Relay:
        """A relay as a process that starts would have it."""
        acts = AgentActions(self.ledger, self.ownership)
        relay = Relay(self.ledger, acts, channels or {self.tool.name: self.tool})
        self.relays.append(relay)
        return relay

    def close(self) -> None:
        for relay in self.relays:
            relay.close()
        self.engine.dispose()

    def customer(self, text: str, conversation_id: str = "c1") -> Message:
        return self.ledger.receive(InboundMessage(conversation_id, "rest", text)).message

    def hand_off(self, conversation_id: str = "c1", channel: str = "tool") -> Handoff:
        return self.ownership.open_handoff(HandoffRequest(
            conversation_id, "Asked for a person", "intent:ask_for_human", 0.5, ContextCard(summary="a card"),
            channel))[0]

    def opened(self, conversation_id: str = "c1") -> Handoff:
        """A conversation that the tool has on its screen."""
        self.customer("Hello", conversation_id)
        handoff = self.hand_off(conversation_id)
        self.settle()
        return handoff

    def webhook(self, *events: dict[str, Any], delivery: str | None = None) -> None:
        body = json.dumps(list(events)).encode()
        headers = {"x-signature": "good", "x-delivery": delivery or f"d{next(self._numbers)}"}
        self.relay.receive_webhook("tool", headers, body)

    def event(self, act: str, handoff: Handoff, key: str | None = None, **values: Any) -> dict[str, Any]:
        return {"act": act, "key": key or f"e{next(self._numbers)}", "handoff_id": handoff.id, **values}

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.advance(seconds=seconds)

    def settle(self, relay: Relay | None = None) -> None:
        """Let a relay do all that is due at this moment."""
        for _ in range(50):
            if not (relay or self.relay).step():
                return
        raise AssertionError("the relay finds no end")

    def said(self, author: Author = Author.AGENT, conversation_id: str = "c1") -> list[str]:
        """What the customer got from this author."""
        return [message.text for message in self.ledger.transcript(conversation_id)
                if message.author is author and message.kind is Kind.TEXT]

    def events(self, conversation_id: str = "c1") -> list[tuple[str, str]]:
        """The conversation's changes of owner, as the customer is told."""
        return [(message.data["event"], message.data["agent"]) for message in self.ledger.transcript(conversation_id)
                if message.kind is Kind.EVENT]


@pytest.fixture
def world(ready_url: str) -> Iterator[World]:
    made = World(ready_url)
    yield made
    made.close()

"""Every harness of this folder, with a shop around it."""
from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tandem.conversations.context_card import (
    Attempt,
    CardSignal,
    ContextCard,
    Customer,
    EarlierHandoff,
    Entity,
    MoodTurn,
    OrderFacts,
)
from tandem.conversations.ledger import Ledger
from tandem.conversations.model import (
    Agent,
    Author,
    Conversation,
    Handoff,
    HandoffRequest,
    InboundMessage,
    Kind,
    Message,
)
from tandem.conversations.ownership import Ownership
from tandem.live_agents.protocol import AgentEvent, LiveAgentChannel, Reference
from tandem.live_agents.relay.agent_actions import AgentActions
from tandem.live_agents.relay.progress import LEASE
from tandem.live_agents.relay.worker import Relay
from tests.contract.live_agent.harness import Harness, ToolWebhook
from tests.fakes.clock import Clock
from tests.fakes.ready import open_ready

ALL = sorted(path.stem.removesuffix("_harness") for path in Path(__file__).parent.glob("*_harness.py"))
OUTSIDE = [name for name in ALL if name != "desk"]
ANNA = Agent("anna", "Anna")  # at the desk
HOSTILE = {
    "markup": "<script>alert(1)</script> <b>bold</b> &amp; *stars* _lines_ `ticks` [a](javascript:b) <!channel> @here",
    "long": "All work and no play makes a dull parcel. " * 238,  # nearly 10,000 characters
    "unbroken": "x" * 10_000,
    "emoji": "👩‍👩‍👧‍👦 😀 🇩🇪 ✌🏽",
    "right to left": "שלום עולם \u202e مرحبا",
    "lines": "first\n\nsecond\n\n\nthird\n- a\n- b",
    "braces": "{{content}} {% if x %} ${jndi:ldap://x} %s %n {0}",
    "quotes": "\"double\" 'single' \\ back\\slash \\n \t tab",
    "command": "/handback /resolve",
}


class Killed(BaseException):
    """The process dies here."""


class Mortal:
    """An adapter whose process dies once, after the call named `dies_after` took effect."""

    def __init__(self, channel: LiveAgentChannel) -> None:
        self._channel = channel
        self.name = channel.name
        self.dies_after: str | None = None

    def _after(self, call: str) -> None:
        if self.dies_after == call:
            self.dies_after = None
            raise Killed

    def open(self, handoff: Handoff, transcript: Sequence[Message], earlier: Reference | None) -> Reference:
        reference = self._channel.open(handoff, transcript, earlier)
        self._after("open")
        return reference

    def say(self, reference: Reference, handoff: Handoff, message: Message, again: bool) -> None:
        self._channel.say(reference, handoff, message, again)
        self._after("say")

    def close(self, reference: Reference, handoff: Handoff) -> None:
        self._channel.close(reference, handoff)
        self._after("close")

    def delivery_id(self, headers: Mapping[str, str], body: bytes) -> str:
        return self._channel.delivery_id(headers, body)

    def answer(self, body: bytes) -> Mapping[str, Any] | None:
        return self._channel.answer(body)

    def read(self, body: bytes) -> Sequence[AgentEvent]:
        return self._channel.read(body)

    def sweep(self, reference: Reference, handoff: Handoff, since: datetime) -> Sequence[AgentEvent]:
        return self._channel.sweep(reference, handoff, since)


class Shop:
    """A ledger, a relay, and one customer after another."""

    def __init__(self, name: str, harness: Harness, folder: Path) -> None:
        self.name = name
        self.tool = harness
        self.clock = Clock()
        harness.start(self.clock)
        self.engine = open_ready(f"sqlite:///{folder / 'shop.db'}")
        self.ledger = Ledger(self.engine, self.clock)
        self.ownership = Ownership(self.ledger)
        harness.attach(self.ledger, self.ownership)
        channel = harness.channel()
        self.channel = Mortal(channel) if channel is not None else None
        self.relay = self._relay()

    def _relay(self) -> Relay:
        channels = {self.channel.name: self.channel} if self.channel is not None else {}
        return Relay(self.ledger, AgentActions(self.ledger, self.ownership), channels)

    def close(self) -> None:
        self.relay.close()
        self.engine.dispose()
        self.tool.stop()

    def customer(self, text: str, conversation_id: str = "c1") -> None:
        self.clock.advance(milliseconds=10)
        self.ledger.receive(InboundMessage(conversation_id, "rest", text))

    def hand_off(self, conversation_id: str = "c1", card: ContextCard | None = None) -> Handoff:
        """The dialogue calls for a person."""
        channel = self.channel.name if self.channel is not None else "desk"
        shown = card or full_card(conversation_id)
        return self.ownership.open_handoff(HandoffRequest(
            conversation_id, shown.reason, shown.trigger, 0.8, shown, channel))[0]

    def opened(self, conversation_id: str = "c1") -> Handoff:
        """A customer in front of agents."""
        self.customer("Where is my order?", conversation_id)
        handoff = self.hand_off(conversation_id)
        self.settle()
        return handoff

    def settle(self) -> None:
        """Let time pass until everybody has done what is to be done at this moment."""
        for _ in range(60):
            self.clock.advance(milliseconds=10)
            worked = self.relay.step()
            webhooks = self.tool.webhooks()
            self.deliver(webhooks)
            if not worked and not webhooks:
                return
        raise AssertionError("the relay and the tool find no end")

    def deliver(self, webhooks: Sequence[ToolWebhook]) -> None:
        """The tool's webhooks come to our door."""
        for webhook in webhooks:
            assert self.channel is not None
            self.relay.receive_webhook(self.channel.name, webhook.headers, webhook.body)

    def sync(self) -> None:
        """Let the relay work, and the tool's webhooks wait."""
        for _ in range(60):
            if not self.relay.step():
                return
        raise AssertionError("the relay finds no end")

    def crash_after(self, call: str) -> None:
        """The relay's process dies after its next call of this name took effect; another starts when it is noticed."""
        assert self.channel is not None
        self.channel.dies_after = call
        self.sync()
        assert self.channel.dies_after is None, f"{call} was not called"
        self.relay.close()
        self.relay = self._relay()

    def wait(self) -> None:
        """Let the leases of a dead relay run out, and the first pauses of an outage pass."""
        self.clock.advance(seconds=LEASE.total_seconds() + 1)
        self.settle()

    def conversation(self, conversation_id: str = "c1") -> Conversation:
        return self.ledger.conversation(conversation_id)

    def heard(self, conversation_id: str = "c1") -> list[str]:
        """What the customer got from people."""
        return [message.text for message in self.ledger.transcript(conversation_id)
                if message.author is Author.AGENT and message.kind is Kind.TEXT]

    def speakers(self, conversation_id: str = "c1") -> list[str]:
        return [message.name for message in self.ledger.transcript(conversation_id)
                if message.author is Author.AGENT and message.kind is Kind.TEXT]

    def notes(self, conversation_id: str = "c1") -> list[str]:
        return [message.text for message in self.ledger.transcript(conversation_id) if message.kind is Kind.NOTE]


def full_card(conversation_id: str) -> ContextCard:
    """A card with every part filled."""
    return ContextCard(
        conversation_id=conversation_id, channel="webchat", reason="Mood is falling", trigger="trend",
        summary="Asked three times about one parcel.",
        signals=(CardSignal("trend", 0.9, "five angry words"),),
        customer=Customer("Maya Lindqvist", "maya@example.com", "customer-77", "channel token", ("SO-10031",)),
        mood=(MoodTurn(1, "where is it", "neutral", 0.0, 0.1, 0.1, "order_status"),
              MoodTurn(3, "this is a joke", "angry", -0.9, 0.95, 0.8, "complain")),
        turning_point=3,
        orders=(OrderFacts("SO-10031", "shipped", "2025-03-12T14:59:00+00:00",
                           (("Carrier", "Northern Parcel"), ("Expected", "Thursday by 3 PM"))),),
        attempts=(Attempt("action_order_status", "2025-03-12T14:59:00+00:00", "carrier did not answer"),),
        promises=("A call back before noon",),
        slots={"return_reason": "zipper torn"},
        entities=(Entity("tracking_number", "NP-778-221", 3),),
        interrupted_flow="return_order_form",
        earlier_handoffs=(EarlierHandoff("Asked for a person", "resolved", "2025-03-01T10:00:00+00:00",
                                         "2025-03-01T10:20:00+00:00"),),
    )


# What agents must be able to read of `full_card`, part by part.
CARD_PARTS = {
    "reason": "Mood is falling", "summary": "Asked three times about one parcel.", "signals": "five angry words",
    "customer's name": "Maya Lindqvist", "customer's e-mail": "maya@example.com", "how verified": "channel token",
    "mood": "angry", "turning point": "this is a joke", "order": "SO-10031", "order's status": "shipped",
    "facts' labels": "Carrier", "facts' values": "Northern Parcel", "attempts": "carrier did not answer",
    "promises": "A call back before noon", "slots": "zipper torn", "entities": "NP-778-221",
    "interrupted flow": "return_order_form", "earlier handoffs": "Asked for a person",
}


def _shop(name: str, folder: Path) -> Shop:
    module = importlib.import_module(f"tests.contract.live_agent.{name}_harness")
    return Shop(name, module.HARNESS(), folder)


@pytest.fixture(params=ALL)
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    """A shop with each live-agent channel."""
    made = _shop(request.param, tmp_path)
    yield made
    made.close()


@pytest.fixture(params=OUTSIDE)
def outside(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    """A shop with each live-agent channel that is a tool outside."""
    made = _shop(request.param, tmp_path)
    yield made
    made.close()


def needs(shop: Shop, trait: str) -> None:
    """Leave the test out for a tool that has no means for it."""
    if not getattr(shop.tool.traits, trait):
        pytest.skip(f"{shop.name} has no {trait}")

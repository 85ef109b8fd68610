"""What a conversation is: its owner, its messages, its handoffs."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from tandem.conversations.context_card import NO_CARD, ContextCard

TAKE_OVER = "take_over"  # the trigger of a handoff that an agent began


class Owner(str, Enum):
    """Who answers the customer now."""

    BOT = "bot"
    WAITING = "waiting"
    AGENT = "agent"
    RESOLVED = "resolved"


class Author(str, Enum):
    """Who wrote a message."""

    CUSTOMER = "customer"
    BOT = "bot"
    AGENT = "agent"
    SYSTEM = "system"


class Kind(str, Enum):
    """What a message is: said to the customer, noted among agents, or an event in the conversation's life."""

    TEXT = "text"
    NOTE = "note"
    EVENT = "event"


class Delivery(str, Enum):
    """How far a message got on its way to the customer."""

    NONE = "none"  # not for delivery: the customer's own words, agents' notes
    PENDING = "pending"  # in the ledger, not yet handed to the channel
    SENT = "sent"  # the channel took it
    DELIVERED = "delivered"  # the customer's side acknowledged it
    WAITING = "waiting"  # the channel cannot push; the customer's side will fetch it
    FAILED = "failed"  # given up after retries, or refused for good
    DOUBT = "doubt"  # the connection broke after sending: it may have arrived


@dataclass(frozen=True)
class Identity:
    """A customer the channel vouches for (see docs/channels.md), until `expires_at`; None if that has no end."""

    subject: str
    email: str
    name: str = ""
    verified_by: str = "channel token"
    expires_at: datetime | None = None

    def holds_at(self, at: datetime) -> bool:
        """Check whether the channel still vouches for the customer at that moment."""
        return self.expires_at is None or at < self.expires_at


@dataclass(frozen=True)
class Mood:
    """The `sentiment` reading of one message; the ranges are those of the parse contract (docs/nlu.md)."""

    name: str
    confidence: float
    polarity: float
    emotion: str
    frustration: float
    urgency: float
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Conversation:
    """One customer on one channel. `id` is the Rasa sender id; `epoch` rises with every change of owner.

    `identity` is whom the channel vouched for when the conversation was read, None once that has ended. Whose
    conversation it is outlasts that: `known_as`.
    """

    id: str
    channel: str
    owner: Owner
    epoch: int
    revision: int
    created_at: datetime
    updated_at: datetime
    push: bool = True  # the channel can send without being asked
    last_customer_at: datetime | None = None
    identity: Identity | None = None
    known_as: Identity | None = None  # whom the channel vouched for last, whether or not it still does
    session: int = 0  # the generation of session tokens that opens it; see `tandem.conversations.sessions`
    address: Mapping[str, Any] = field(default_factory=dict)
    last_text: str = ""
    mood: Mood | None = None
    typing: tuple[str, str] | None = None  # ("agent", name) while an agent writes
    customer_typing: bool = False


@dataclass(frozen=True)
class Message:
    """One entry of the transcript. `seq` counts from 1 within the conversation, without gaps."""

    conversation_id: str
    seq: int
    author: Author
    kind: Kind
    name: str
    text: str
    at: datetime
    epoch: int
    delivery: Delivery
    data: Mapping[str, Any] = field(default_factory=dict)  # buttons, image, attachment, custom, event
    client_id: str | None = None
    reply_to: int | None = None  # the customer's message a bot reply answers
    mood: Mood | None = None
    intent: str | None = None


@dataclass(frozen=True)
class Handoff:
    """A customer's way to a person and back. At most one per conversation is open."""

    id: str
    conversation_id: str
    reason: str  # in words, for the agent: "Asked for a person"
    trigger: str  # the signal that fired: intent:ask_for_human, anger, trend, repeated_question, ...
    urgency: float  # 0..1, orders the queue
    epoch: int  # the epoch it opened
    opened_at: datetime
    claimed_by: str | None
    claimed_at: datetime | None
    closed_at: datetime | None
    outcome: str | None  # handed_back or resolved
    note_for_bot: str
    card: ContextCard  # empty after a takeover, and where it was not asked for
    channel: str = "desk"  # the live-agent channel it went to
    last_notified_at: datetime | None = None  # when the waiting customer was last told how things stand
    contact: str = ""  # the e-mail address that the customer left while waiting
    resume: bool = False  # handed back to carry on with what the bot was in the middle of

    @property
    def taken_over(self) -> bool:
        """Check whether an agent stepped in: the dialogue had not called for a person, so there is no card."""
        return self.trigger == TAKE_OVER


@dataclass(frozen=True)
class InboundMessage:
    """What a channel received. `client_id` is the channel's own message id; repeats of it are one message."""

    conversation_id: str
    channel: str
    text: str
    client_id: str | None = None
    push: bool = True
    identity: Identity | None = None
    address: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Receipt:
    """What became of an inbound message.

    `for_bot` says that Rasa must see it, once. If not, and the conversation waits for a person, the system answers it.
    """

    conversation: Conversation
    message: Message
    duplicate: bool
    for_bot: bool
    handed_back: Handoff | None = None  # set on the first message after a hand-back
    tries: int = 1  # how often the bot has been given this message, this time included
    waits: bool = False  # an earlier message is still to be answered
    too_late: bool = False  # it was interrupted, and is too old to be answered now


@dataclass(frozen=True)
class Agent:
    """A person at the desk. `id` is stable, `name` is what customers see."""

    id: str
    name: str


@dataclass(frozen=True)
class HandoffRequest:
    """What `action_handoff` knows. `urgency` is 0..1."""

    conversation_id: str
    reason: str
    trigger: str
    urgency: float = 0.0
    card: ContextCard = NO_CARD
    channel: str = "desk"  # the live-agent channel it goes to
    epoch: int | None = None  # in which the bot turn began that asks for it; None asks in whatever epoch there is


class ConversationError(Exception):
    """Base of the errors of this package.

    ConversationError
    ├── ConversationNotFound
    ├── InvalidMessage        empty, too long, or not text
    └── NotAllowed            the owner forbids it
        ├── AlreadyClaimed    another agent has it
        └── CapacityReached            the agent has as many as they take at a time
    """


class ConversationNotFound(ConversationError):
    """No conversation has this id."""


class InvalidMessage(ConversationError):
    """The message cannot be taken; the text says why."""


class NotAllowed(ConversationError):
    """The conversation's owner forbids this step; the text says who owns it."""


class AlreadyClaimed(NotAllowed):
    """Another agent has claimed the conversation: `holder`, by their id."""

    def __init__(self, holder: str | None) -> None:
        super().__init__(f"{holder or 'another agent'} has already claimed this conversation")
        self.holder = holder


class CapacityReached(NotAllowed):
    """The agent has as many conversations as they take at a time; the text says how many."""

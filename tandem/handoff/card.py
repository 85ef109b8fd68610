"""The context card: everything a person needs in order not to ask the customer again."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Signal:
    """Why the conversation came to a person: a signal's name, its strength 0..1, and what it saw."""

    name: str
    value: float
    detail: str = ""


@dataclass(frozen=True)
class MoodTurn:
    """How one message of the customer read; `score` is the mood over the conversation so far, 0..1."""

    seq: int
    text: str
    emotion: str
    polarity: float
    frustration: float
    score: float
    intent: str | None = None


@dataclass(frozen=True)
class OrderFacts:
    """An order as the bot saw it at `seen_at` (ISO 8601): facts are (label, value) pairs, ready to read."""

    number: str
    status: str
    seen_at: str
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Attempt:
    """What the bot tried: an action, when (ISO 8601), and how it ended."""

    action: str
    at: str
    outcome: str


@dataclass(frozen=True)
class ContextCard:
    """The context card. `to_dict` is its public JSON form (docs/architecture.md)."""

    conversation_id: str
    channel: str
    reason: str
    trigger: str
    summary: str
    signals: tuple[Signal, ...] = ()
    customer: Mapping[str, Any] = field(default_factory=dict)  # name, email, subject, verified_by
    mood: tuple[MoodTurn, ...] = ()
    turning_point: int | None = None  # seq of the message after which the mood had turned
    orders: tuple[OrderFacts, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    promises: tuple[str, ...] = ()
    slots: Mapping[str, Any] = field(default_factory=dict)
    entities: tuple[Mapping[str, Any], ...] = ()  # {"entity", "value", "seq"}
    interrupted_flow: str | None = None  # the form that was active
    language: str = ""  # the customer's, as a tag such as `de`; empty if nothing tells
    earlier_handoffs: tuple[Mapping[str, Any], ...] = ()  # {"reason", "outcome", "opened_at", "closed_at"}

    def to_dict(self) -> dict[str, Any]:
        """The card as JSON-ready data, with `schema_version`."""
        return {"schema_version": SCHEMA_VERSION, **asdict(self)}

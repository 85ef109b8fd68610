"""The context card: everything a person needs in order not to ask the customer again.

Cards are kept for years and come from other processes and versions. So they are read once, here, and nothing is taken
for granted: what is missing is empty, what should be a text becomes one, and what nobody knows is passed over.
"""
from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

SCHEMA_VERSION = 1
_LEVELS = 4  # of lists and objects that are told where a text should stand


@dataclass(frozen=True)
class CardSignal:
    """Why the conversation came to a person: a signal's name, its strength 0..1, and what it saw."""

    name: str
    value: float = 0.0
    detail: str = ""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> CardSignal:
        return cls(text_of(data.get("name")), number_of(data.get("value")), text_of(data.get("detail")))


@dataclass(frozen=True)
class Customer:
    """Who the customer is, as far as it is known, and how that was shown."""

    name: str = ""
    email: str = ""
    subject: str = ""  # their id in the shop
    verified_by: str | None = None  # None if nothing shows who they are
    verified_orders: tuple[str, ...] = ()  # numbers of the orders they have matched with an e-mail address or postcode

    @classmethod
    def from_dict(cls, data: Any) -> Customer:
        """Read the customer of a card; nobody if there is none."""
        known = data if isinstance(data, Mapping) else {}
        return cls(text_of(known.get("name")), text_of(known.get("email")), text_of(known.get("subject")),
                   text_of(known.get("verified_by")) or None, _texts(known, "verified_orders"))


NOBODY = Customer()


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

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> MoodTurn:
        frustration = number_of(data.get("frustration"))
        score = number_of(data["score"]) if "score" in data else frustration
        return cls(_seq(data) or 0, text_of(data.get("text")), text_of(data.get("emotion")) or "neutral",
                   number_of(data.get("polarity")), frustration, score, text_of(data.get("intent")) or None)


@dataclass(frozen=True)
class OrderFacts:
    """An order as the bot saw it at `seen_at` (ISO 8601): facts are (label, value) pairs, ready to read."""

    number: str
    status: str
    seen_at: str
    facts: tuple[tuple[str, str], ...] = ()
    can_cancel: bool = False  # as the order system said then

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> OrderFacts:
        pairs = [pair for pair in _list(data, "facts") if isinstance(pair, (list, tuple)) and len(pair) == 2]
        return cls(text_of(data.get("number")), text_of(data.get("status")), text_of(data.get("seen_at")),
                   tuple((text_of(label), text_of(value)) for label, value in pairs), data.get("can_cancel") is True)


@dataclass(frozen=True)
class Attempt:
    """What the bot tried: an action, when (ISO 8601), and how it ended."""

    action: str
    at: str
    outcome: str

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Attempt:
        return cls(text_of(data.get("action")), text_of(data.get("at")), text_of(data.get("outcome")))


@dataclass(frozen=True)
class Entity:
    """What the bot understood in one message, `seq`, of this session."""

    entity: str
    value: str
    seq: int | None = None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Entity:
        return cls(text_of(data.get("entity")), text_of(data.get("value")), _seq(data))


@dataclass(frozen=True)
class EarlierHandoff:
    """A handoff before this one: why, how it ended, and when (ISO 8601)."""

    reason: str
    outcome: str = ""
    opened_at: str = ""
    closed_at: str = ""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> EarlierHandoff:
        return cls(text_of(data.get("reason")), text_of(data.get("outcome")), text_of(data.get("opened_at")),
                   text_of(data.get("closed_at")))


@dataclass(frozen=True)
class ContextCard:
    """The context card. `to_dict` is its public JSON form (docs/architecture.md).

    After a takeover by an agent there is nothing on it; such a card is false, and `{}` in JSON.
    """

    conversation_id: str = ""
    channel: str = ""
    reason: str = ""
    trigger: str = ""
    summary: str = ""
    signals: tuple[CardSignal, ...] = ()
    customer: Customer = NOBODY
    mood: tuple[MoodTurn, ...] = ()
    turning_point: int | None = None  # seq of the message after which the mood had turned
    orders: tuple[OrderFacts, ...] = ()  # the order looked up last comes first
    attempts: tuple[Attempt, ...] = ()
    promises: tuple[str, ...] = ()
    slots: Mapping[str, str | float | bool] = field(default_factory=dict)
    entities: tuple[Entity, ...] = ()
    interrupted_flow: str | None = None  # the form that was active
    language: str = ""  # the customer's, as a tag such as `de`; empty if nothing tells
    earlier_handoffs: tuple[EarlierHandoff, ...] = ()

    def __bool__(self) -> bool:
        return self != NO_CARD

    @property
    def turned_at(self) -> MoodTurn | None:
        """Find the message at which the mood turned."""
        return next((turn for turn in self.mood if turn.seq == self.turning_point), None)

    def to_dict(self) -> dict[str, Any]:
        """Write the card as JSON-ready data, with `schema_version`."""
        return {"schema_version": SCHEMA_VERSION, **asdict(self)} if self else {}

    @classmethod
    def from_dict(cls, data: Any) -> ContextCard:
        """Open a card in its JSON form, of whatever version; never fails."""
        if not isinstance(data, Mapping):
            return NO_CARD
        slots = data.get("slots")
        return cls(
            conversation_id=text_of(data.get("conversation_id")), channel=text_of(data.get("channel")),
            reason=text_of(data.get("reason")), trigger=text_of(data.get("trigger")),
            summary=text_of(data.get("summary")),
            signals=tuple(map(CardSignal.from_dict, _objects(data, "signals"))),
            customer=Customer.from_dict(data.get("customer")),
            mood=tuple(map(MoodTurn.from_dict, _objects(data, "mood"))),
            turning_point=_seq(data, "turning_point"),
            orders=tuple(map(OrderFacts.from_dict, _objects(data, "orders"))),
            attempts=tuple(map(Attempt.from_dict, _objects(data, "attempts"))),
            promises=_texts(data, "promises"),
            slots={text_of(name): _slot(value) for name, value in slots.items() if value is not None}
            if isinstance(slots, Mapping) else {},
            entities=tuple(map(Entity.from_dict, _objects(data, "entities"))),
            interrupted_flow=text_of(data.get("interrupted_flow")) or None,
            language=text_of(data.get("language")),
            earlier_handoffs=tuple(map(EarlierHandoff.from_dict, _objects(data, "earlier_handoffs"))),
        )


NO_CARD = ContextCard()


def text_of(value: Any, levels: int = _LEVELS) -> str:
    """Make a text that can be shown of the value; empty for nothing, and for what is nested too deeply to be read."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    if value is None or levels == 0:
        return ""
    if isinstance(value, Mapping):
        return ", ".join(f"{text_of(key)}: {text_of(item, levels - 1)}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(filter(None, (text_of(item, levels - 1) for item in value)))
    return str(value)


def number_of(value: Any) -> float:
    """Make a finite number of the value, or 0: an odd value must not keep a person away."""
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return found if math.isfinite(found) else 0.0


def _slot(value: Any) -> str | float | bool:
    plain = isinstance(value, (bool, int)) or (isinstance(value, float) and math.isfinite(value))
    return value if plain else text_of(value)


def _seq(data: Mapping[str, Any], key: str = "seq") -> int | None:
    value = data.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _list(data: Mapping[str, Any], key: str) -> list[Any]:
    value = data.get(key)
    return list(value) if isinstance(value, (list, tuple)) else []


def _objects(data: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    return [one for one in _list(data, key) if isinstance(one, Mapping)]


def _texts(data: Mapping[str, Any], key: str) -> tuple[str, ...]:
    return tuple(text_of(one) for one in _list(data, key))

"""Builds the context card from the ledger's transcript, the case file and the state of the tracker."""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from tandem.conversations.casefile import CaseSummary
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
from tandem.conversations.model import Author, Conversation, Handoff, Kind, Message
from tandem.sentiment.model import Turn
from tandem.sentiment.trajectory import Trajectory

_INTERNAL_SLOTS = frozenset({
    "escalation", "handoff", "handoff_reason", "last_handoff", "failed_lookups", "mood", "requested_slot",
    "session_started_metadata",
})
_KEPT_VALUE = 200  # characters of a slot's value


def build_card(
    conversation: Conversation, transcript: Sequence[Message], case: CaseSummary, earlier: Iterable[Handoff],
    tracker: Mapping[str, Any], verified_orders: Sequence[str], trajectory: Trajectory, reason: str, trigger: str,
    signals: Sequence[Mapping[str, Any]], language: str = "",
) -> ContextCard:
    """Build the card of a handoff that is about to open.

    Args:
        tracker: The tracker's state as the action server gets it: slots, events of this session, active loop.
        verified_orders: Numbers of the orders the customer has matched with an e-mail address or postcode.
        signals: What fired, as the escalation policy says: name, value, detail.
        language: The customer's, as a tag; see `tandem.wording.language`.
    """
    mood, turning_point = _mood(transcript, trajectory)
    return ContextCard(
        conversation_id=conversation.id, channel=conversation.channel, reason=reason, trigger=trigger,
        summary=_summary(reason, mood, case.orders, case.attempts, _pending_wishes(tracker)),
        signals=tuple(CardSignal.from_dict(found) for found in signals if isinstance(found, Mapping)),
        customer=_customer(conversation, verified_orders),
        mood=mood, turning_point=turning_point, orders=case.orders,
        attempts=case.attempts, promises=case.promises,
        slots=_slots(tracker.get("slots") or {}),
        entities=_entities(tracker.get("events") or ()),
        interrupted_flow=(tracker.get("active_loop") or {}).get("name"), language=language,
        earlier_handoffs=tuple(
            EarlierHandoff(past.reason, past.outcome or "", past.opened_at.isoformat(), past.closed_at.isoformat())
            for past in earlier if past.closed_at is not None
        ),
    )


def _mood(transcript: Sequence[Message], trajectory: Trajectory) -> tuple[tuple[MoodTurn, ...], int | None]:
    said = [message for message in transcript if message.author is Author.CUSTOMER and message.kind is Kind.TEXT]
    turns = [
        Turn(text=message.text, sentiment=asdict(message.mood) if message.mood else None, intent=message.intent,
             confidence=1.0, is_answer=message.intent == "inform")
        for message in said
    ]
    reading = trajectory.read(turns)
    scores = [0.0] * reading.start + [turn.score for turn in reading.turns]
    mood = tuple(
        MoodTurn(message.seq, message.text, message.mood.emotion if message.mood else "neutral",
                 message.mood.polarity if message.mood else 0.0, message.mood.frustration if message.mood else 0.0,
                 round(score, 3), message.intent)
        for message, score in zip(said, scores, strict=False)
    )
    return mood, said[reading.turning_point].seq if reading.turning_point is not None else None


def _customer(conversation: Conversation, verified_orders: Sequence[str]) -> Customer:
    orders, known = tuple(verified_orders), conversation.identity
    if known is not None:
        return Customer(known.name, known.email, known.subject, known.verified_by, orders)
    return Customer(verified_by="order number and contact", verified_orders=orders) if orders else Customer()


def _slots(slots: Mapping[str, Any]) -> dict[str, str | float | bool]:
    return {
        name: value if isinstance(value, (int, float, bool)) else str(value)[:_KEPT_VALUE]
        for name, value in slots.items() if value is not None and name not in _INTERNAL_SLOTS
    }


def _entities(events: Iterable[Mapping[str, Any]]) -> tuple[Entity, ...]:
    found = []
    for event in events:
        if event.get("event") != "user":
            continue
        parse = event.get("parse_data") or {}
        seq = ((event.get("metadata") or {}).get("tandem") or {}).get("seq")
        found += [
            Entity(str(entity.get("entity")), str(entity.get("value"))[:_KEPT_VALUE], seq)
            for entity in parse.get("entities") or ()
        ]
    return tuple(found)


def _summary(
    reason: str, mood: Sequence[MoodTurn], orders: Sequence[OrderFacts], attempts: Sequence[Attempt],
    wishes: Sequence[str] = (),
) -> str:
    """Write a few plain lines for the agent's eye; `wishes` is what the customer wants besides, in their words."""
    lines = [reason.rstrip(".") + "."]
    if mood:
        lines.append(f"Last said: \u201c{mood[-1].text[:160]}\u201d ({mood[-1].emotion}).")
    if wishes:
        lines.append("Still to be dealt with: " + ", ".join(f"\u201c{text}\u201d" for text in wishes) + ".")
    if orders:
        lines.append(f"Order {orders[0].number}: {orders[0].status}.")
    if attempts:
        lines.append(f"The bot tried last: {_plain(attempts[-1].action)}; outcome: {_plain(attempts[-1].outcome)}.")
    return " ".join(lines)


def _pending_wishes(tracker: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the texts of the wishes that wait for their turn; see `tandem.gateway.pending_wishes`."""
    told = ((tracker.get("latest_message") or {}).get("metadata") or {}).get("tandem")
    wishes = told.get("wishes") if isinstance(told, Mapping) else ()
    return tuple(str(wish.get("text"))[:_KEPT_VALUE] for wish in wishes or () if isinstance(wish, Mapping))


def _plain(name: str) -> str:
    """Name an action, a form or a response as an agent reads it: "return item" for "action_return_item"."""
    return name.removeprefix("action_").removeprefix("utter_").removesuffix("_form").replace("_", " ")

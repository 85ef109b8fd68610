"""Plain text of cards and transcripts for agents' tools, and cutting of long texts."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tandem.conversations.context_card import OrderFacts
from tandem.conversations.model import Author, Handoff, Kind, Message
from tandem.wording.language import name_of

_MOOD = 5  # turns of the mood that are shown: the last ones
_AUTHORS = {Author.CUSTOMER: "Customer", Author.BOT: "Bot", Author.AGENT: "Agent"}


def card_text(handoff: Handoff) -> str:
    """Write the handoff with its context card, one fact a line, without markup."""
    card, customer = handoff.card, handoff.card.customer
    facts: list[tuple[str, object]] = [
        ("Reason", f"{handoff.reason} ({handoff.trigger})"), ("Urgency", f"{handoff.urgency:.0%}"),
        ("Summary", card.summary),
        ("Customer", customer.name), ("E-mail", customer.email), ("Customer number", customer.subject),
        ("Verified by", customer.verified_by), ("Verified orders", ", ".join(customer.verified_orders)),
        ("Channel", card.channel), ("Language", name_of(card.language)),
        *(("Signal", _joined(signal.name, signal.detail)) for signal in card.signals),
        ("Mood", " → ".join(turn.emotion for turn in card.mood[-_MOOD:])),
        ("Turned at", card.turned_at.text if card.turned_at else ""),
        *(("Order", _order(order)) for order in card.orders),
        *(("The bot tried", _joined(attempt.action, attempt.outcome)) for attempt in card.attempts),
        *(("Promised", promise) for promise in card.promises),
        *card.slots.items(),
        *((f"Said, {entity.entity}", entity.value) for entity in card.entities),
        ("Interrupted", card.interrupted_flow),
        *(("Earlier", _joined(past.reason, past.outcome, past.closed_at)) for past in card.earlier_handoffs),
    ]
    return "\n".join(line for label, value in facts for line in _line(label, value))


def transcript_text(transcript: Sequence[Message], limit: int) -> str:
    """Write what was said, message by message with its speaker; beyond `limit` characters the oldest are left out."""
    room, kept = limit, []
    said = [message for message in transcript if message.kind is Kind.TEXT and message.text.strip()]
    for message in reversed(said):
        line = f"{message.at:%H:%M} {speaker(message)}: {message.text}"
        room -= len(line) + 1
        if room < 0:
            break
        kept.append(line)
    left_out = len(said) - len(kept)
    return "\n".join([*([f"(earlier messages left out: {left_out})"] if left_out else []), *reversed(kept)])


def speaker(message: Message) -> str:
    """Name who said it, for agents: the name if there is one."""
    name = " ".join(message.name.split())
    return name or _AUTHORS.get(message.author, "System")


def split_text(text: str, limit: int, size: Callable[[str], int] = lambda sign: 1) -> Iterator[str]:
    """Split a text into parts, each cut after a line or a word where one ends in the part's second half.

    Args:
        limit: The largest part, in what `size` says of each character (1 if left out).
    """
    start = 0
    while start < len(text):
        end, room = start, limit
        while end < len(text) and (room := room - size(text[end])) >= 0:
            end += 1
        end = max(end, start + 1)
        if end < len(text):
            half = start + (end - start) // 2
            cut = max(text.rfind("\n", half, end), -1) + 1 or text.rfind(" ", half, end) + 1
            end = cut or end
        yield text[start:end]
        start = end


def _order(order: OrderFacts) -> str:
    facts = "; ".join(f"{label}: {value}" for label, value in order.facts)
    return _joined(f"{order.number}, {order.status}", facts, f"as seen {order.seen_at}")


def _line(label: str, value: object) -> list[str]:
    """Write the line of a fact, none if there is no value; a value keeps to its line."""
    text = "" if value is None else " ".join(str(value).split())
    return [f"{label}: {text}"] if text else []


def _joined(*values: str) -> str:
    return ": ".join(value for value in values if value)

"""Plain text of cards and transcripts for agents' tools, and cutting of long texts. Cards may come from other versions:
nothing in them is taken for granted.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tandem.conversations.model import Author, Handoff, Kind, Message
from tandem.wording.language import name_of

_MOOD = 5  # turns of the mood that are shown: the last ones
_AUTHORS = {Author.CUSTOMER: "Customer", Author.BOT: "Bot", Author.AGENT: "Agent"}


def card_text(handoff: Handoff) -> str:
    """The handoff with its context card, one fact a line, without markup."""
    card = handoff.card
    lines = [
        f"Reason: {handoff.reason} ({handoff.trigger})",
        f"Urgency: {handoff.urgency:.0%}",
        *_line("Summary", card.get("summary")),
        *_customer(_mapping(card.get("customer"))),
        *_line("Channel", card.get("channel")),
        *_line("Language", name_of(str(card.get("language") or ""))),
    ]
    for signal in _mappings(card.get("signals")):
        lines += _line("Signal", _joined(signal.get("name"), signal.get("detail")))
    lines += _mood(card)
    for order in _mappings(card.get("orders")):
        facts = "; ".join(f"{label}: {value}" for label, value in _pairs(order.get("facts")))
        lines += _line("Order", _joined(f"{order.get('number')}, {order.get('status')}", facts,
                                        f"as seen {order.get('seen_at')}"))
    for attempt in _mappings(card.get("attempts")):
        lines += _line("The bot tried", _joined(attempt.get("action"), attempt.get("outcome")))
    lines += [line for promise in _sequence(card.get("promises")) for line in _line("Promised", promise)]
    lines += [line for name, value in _mapping(card.get("slots")).items() for line in _line(str(name), value)]
    for entity in _mappings(card.get("entities")):
        lines += _line(f"Said, {entity.get('entity')}", entity.get("value"))
    lines += _line("Interrupted", card.get("interrupted_flow"))
    for past in _mappings(card.get("earlier_handoffs")):
        lines += _line("Earlier", _joined(past.get("reason"), past.get("outcome"), past.get("closed_at")))
    return "\n".join(lines)


def transcript_text(transcript: Sequence[Message], limit: int) -> str:
    """What was said, a message after the other with its speaker; the oldest are left out beyond `limit` characters."""
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
    """Who said it, for agents: the name if there is one."""
    name = " ".join(message.name.split())
    return name or _AUTHORS.get(message.author, "System")


def split_text(text: str, limit: int, size: Callable[[str], int] = lambda sign: 1) -> Iterator[str]:
    """The text in parts that together are the text, cut after a line or a word where one ends in a part's second half.

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


def _customer(customer: Mapping[str, Any]) -> list[str]:
    orders = ", ".join(str(number) for number in _sequence(customer.get("verified_orders")))
    return [
        *_line("Customer", customer.get("name")), *_line("E-mail", customer.get("email")),
        *_line("Customer number", customer.get("subject")), *_line("Verified by", customer.get("verified_by")),
        *_line("Verified orders", orders),
    ]


def _mood(card: Mapping[str, Any]) -> list[str]:
    turns = _mappings(card.get("mood"))
    lines = _line("Mood", " → ".join(str(turn.get("emotion")) for turn in turns[-_MOOD:]))
    turning = [turn for turn in turns if turn.get("seq") == card.get("turning_point")]
    return lines + [line for turn in turning for line in _line("Turned at", turn.get("text"))]


def _line(label: str, value: Any) -> list[str]:
    """The line of a fact, none if there is no value; a value keeps to its line."""
    text = "" if value is None else " ".join(str(value).split())
    return [f"{label}: {text}"] if text else []


def _joined(*values: Any) -> str:
    return ": ".join(str(value) for value in values if value not in (None, ""))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _sequence(value: Any) -> Sequence[Any]:
    return value if isinstance(value, (list, tuple)) else ()


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in _sequence(value) if isinstance(one, Mapping)]


def _pairs(value: Any) -> list[tuple[Any, Any]]:
    return [(one[0], one[1]) for one in _sequence(value) if isinstance(one, (list, tuple)) and len(one) == 2]

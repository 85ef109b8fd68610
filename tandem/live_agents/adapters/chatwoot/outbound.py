"""The context card as Chatwoot shows it: one private note in Markdown, and flat custom attributes.

What people wrote is put into the note as text. A backslash stands before every sign that Markdown or Liquid would read:
Chatwoot runs Liquid over outgoing messages, private ones too, and finds mentions of agents in private notes.
"""
from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from typing import Any

from tandem.conversations.context_card import ContextCard
from tandem.conversations.model import Author, Handoff, Kind, Message
from tandem.wording.language import name_of

HANDOFF = "tandem_handoff_id"  # custom attributes of a conversation: which handoff is before agents,
OWN_USER = "tandem_user_id"  # whose token we use: opening a conversation may assign it to them,
LINE = "tandem_note_for_bot"  # and what the agent wants the bot to know after the hand-back
RESUME = "tandem_resume"  # and whether it carries on with what it was in the middle of
MARK = "tandem"  # in a message's content_attributes: ours, and which
HANDOFF_ID = re.compile(r"[0-9a-f]{32}")
MAX_NOTE = 25_000  # characters; the note comes back in a webhook several times over, and our door takes 512 kB
MAX_ATTRIBUTE = 1500  # characters; Chatwoot's limit
_ENDS = ("handed_back", "resolved")
_VALUE = 1000  # characters of one value on the card
_ITEMS = 20  # of a list on the card
_SIGNS = re.compile(r"[\\`*_{}\[\]<>#%&~|!^]|:(?=//)")
_LINE_START = re.compile(r"^(?:([-+=])|(\d+)([.)]))")
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def note(handoff: Handoff, transcript: Sequence[Message]) -> str:
    """Write the private note: the card, and what was said before, the oldest left out if it is too long.

    Empty if there is nothing to tell: an agent took over right where the talk had ended.
    """
    card = "" if handoff.taken_over else "\n".join(_card(handoff))
    card = card if len(card) <= MAX_NOTE else card[:MAX_NOTE].rstrip("\\") + " …"
    moods = {turn.seq: turn.emotion for turn in handoff.card.mood}
    entries = [_entry(message, moods.get(message.seq)) for message in transcript if message.text.strip()]
    room, kept = MAX_NOTE - len(card), len(entries)
    while kept and room >= len(entries[kept - 1]):
        kept -= 1
        room -= len(entries[kept]) + 2
    left_out = [f"*{kept} earlier messages are left out; Tandem's desk has them.*"] if kept else []
    shown = ["**Said before**", *left_out, *entries[kept:]] if entries else []
    return "\n\n".join(part for part in (card, *shown) if part)


def attributes(handoff: Handoff, own_user: int) -> dict[str, Any]:
    """Return the conversation's custom attributes; empty ones too, so that none of an earlier handoff stays.

    Args:
        own_user: Id of the user whose token we use.
    """
    card = handoff.card
    texts = {
        "reason": handoff.reason, "trigger": handoff.trigger, "summary": card.summary,
        "channel": card.channel, "language": card.language, "verified_by": card.customer.verified_by,
        "mood": card.mood[-1].emotion if card.mood else "",
        "orders": ", ".join(f"{order.number} ({order.status})" for order in card.orders),
        "promises": "; ".join(card.promises), "interrupted_flow": card.interrupted_flow,
        "conversation_id": handoff.conversation_id,
    }
    return {
        HANDOFF: handoff.id, OWN_USER: own_user, LINE: "", RESUME: False, "tandem_urgency": round(handoff.urgency, 2),
        **{f"tandem_{key}": _plain(value or "")[:MAX_ATTRIBUTE] for key, value in texts.items()},
    }


def agents_word(message: Message) -> str:
    """Write what an agent at the desk said, with their name; see `escape`."""
    return f"**{_inline(message.name or 'Desk')}:**\n\n{escape(message.text)}"


def escape(text: str) -> str:
    """Escape a text so that Markdown and Liquid show it as it is; lines stay lines."""
    return "\n".join(_escape_line(line) for line in _plain(text).split("\n"))


def since_end(transcript: Sequence[Message], last_shown: int) -> Sequence[Message]:
    """Return what was said after the handoff that had shown the messages up to `shown` came to its end."""
    for index, message in enumerate(transcript):
        if message.seq > last_shown and message.kind is Kind.EVENT and message.data.get("event") in _ENDS:
            return transcript[index + 1:]
    return ()


def _card(handoff: Handoff) -> Iterator[str]:
    card = handoff.card
    yield f"**{_inline(handoff.reason)}** ({_inline(handoff.trigger)}, urgency {_inline(f'{handoff.urgency:.0%}')})"
    yield from _line("", _inline(card.summary))
    customer = card.customer
    yield from _line("Customer", " · ".join([
        *(_inline(value) for value in (customer.name, customer.email, customer.subject) if value),
        f"verified by {_inline(customer.verified_by)}" if customer.verified_by else "not verified",
        *(f"has shown order {_inline(order)}" for order in customer.verified_orders),
    ]))
    yield from _line("Channel", _inline(card.channel))
    yield from _line("Language", _inline(name_of(card.language)))
    yield from _mood(card)
    yield from _list("Signals", [
        f"{_inline(signal.name)} {signal.value:.2f} {_inline(signal.detail)}".strip() for signal in card.signals])
    for order in card.orders:
        yield from _line(f"Order {_inline(order.number)}", f"{_inline(order.status)}, as of {_when(order.seen_at)}")
        yield from _bullets([f"{_inline(label)}: {_inline(value)}" for label, value in order.facts])
    yield from _list("The bot tried", [
        f"{_inline(attempt.action)}, {_when(attempt.at)}: {_inline(attempt.outcome)}" for attempt in card.attempts])
    yield from _list("Promised", [_inline(promise) for promise in card.promises])
    yield from _line("Interrupted", _inline(card.interrupted_flow or ""))
    yield from _list("Told the bot", [
        *(f"{_inline(name)}: {_inline(value)}" for name, value in card.slots.items()),
        *(f"{_inline(found.entity)}: {_inline(found.value)}" for found in card.entities)])
    yield from _list("Earlier handoffs", [
        f"{_inline(past.reason)}: {_inline(past.outcome)}, {_when(past.closed_at)}" for past in card.earlier_handoffs])


def _mood(card: ContextCard) -> Iterator[str]:
    if card.mood:
        words = f"; it turned at “{_inline(card.turned_at.text)}”" if card.turned_at else ""
        yield from _line("Mood", f"{_inline(card.mood[-1].emotion)} {card.mood[-1].score:.2f}{words}")


def _line(label: str, text: str) -> Iterator[str]:
    if text:
        yield f"\n**{label}:** {text}" if label else f"\n{text}"


def _list(label: str, items: Sequence[str]) -> Iterator[str]:
    if items:
        yield f"\n**{label}:**"
        yield from _bullets(items)


def _bullets(items: Sequence[str]) -> Iterator[str]:
    if items:
        yield ""
    yield from (f"- {item}" for item in items[:_ITEMS])
    if len(items) > _ITEMS:
        yield f"- … and {len(items) - _ITEMS} more"


def _entry(message: Message, emotion: Any) -> str:
    who = {Author.CUSTOMER: message.name or "Customer", Author.BOT: "Bot", Author.SYSTEM: "System"}.get(
        message.author, message.name or "Agent")
    private = " (private note)" if message.kind is Kind.NOTE else ""
    mood = f" · {_inline(emotion)}" if emotion and emotion != "neutral" else ""
    quoted = "\n".join(f"> {line}" for line in escape(message.text).split("\n"))
    return f"**{_inline(who)}**{private} · {_when(message.at)}{mood}\n{quoted}"


def _escape_line(line: str) -> str:
    escaped = _SIGNS.sub(lambda sign: "\\" + sign.group(), line.strip())
    return _LINE_START.sub(lambda start: f"\\{start[1]}" if start[1] else f"{start[2]}\\{start[3]}", escaped)


def _inline(value: Any) -> str:
    """Write a value of the card on one line."""
    words = " ".join(_plain(str(value)).split())
    return _SIGNS.sub(lambda sign: "\\" + sign.group(), words if len(words) <= _VALUE else words[:_VALUE] + " …")


def _plain(text: str) -> str:
    """Remove control signs, and those that turn the direction of what follows."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ").replace("\u2028", "\n")
    return "".join(sign for sign in lines.replace("\u2029", "\n")
                   if sign == "\n" or (sign not in _BIDI and unicodedata.category(sign) not in ("Cc", "Cs")))


def _when(value: Any) -> str:
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        return moment.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    except (ValueError, OverflowError):
        return "an unknown time"

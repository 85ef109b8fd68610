"""The transcript as the page shows it: messages, and marks where the conversation went to people."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from tandem.conversations.model import Author, Delivery, Handoff, Kind, Message
from tandem.desk.views.card import LONGEST, feeling
from tandem.desk.views.interpretation import Interpretation
from tandem.desk.views.rendering import clip

SPEAKERS = {Author.CUSTOMER: "Customer", Author.BOT: "Bot", Author.AGENT: "Agent", Author.SYSTEM: "System"}
EVENTS = {"agent_joined": "{agent} joined", "agent_left": "{agent} put the conversation back into the queue",
          "handed_back": "Handed back to the bot", "resolved": "Resolved",
          "still_waiting": "Told how things stand", "contact_kept": "Left a message",
          "queue_answer": "Answered while waiting"}
DELIVERIES: dict[Delivery, tuple[str, str]] = {
    Delivery.NONE: ("", ""),
    Delivery.PENDING: ("Sending", "Stored; not yet taken by the channel"),
    Delivery.SENT: ("Sent", "The channel took it; it does not say whether the customer has it"),
    Delivery.DELIVERED: ("Delivered", "The customer has it"),
    Delivery.WAITING: ("Waits to be fetched", "This channel cannot be pushed; the customer gets it on coming back"),
    Delivery.FAILED: ("Not delivered", "Given up after several attempts, or refused by the channel"),
    Delivery.DOUBT: ("In doubt", "The connection broke after sending: it may have arrived"),
}


@dataclass(frozen=True)
class Line:
    """One line of the transcript; `key` names it on the page, `role` chooses its look."""

    key: str
    role: str  # customer, bot, agent, note, event, handoff, for_bot
    speaker: str
    text: str
    at: datetime
    day: str | None  # set on the first line of a day
    message: Message | None = None
    delivery: str = ""
    delivery_help: str = ""

    @property
    def can_retry(self) -> bool:
        """Check whether the agent may send it again."""
        return self.message is not None and self.message.delivery in (Delivery.FAILED, Delivery.DOUBT)

    @property
    def feeling(self) -> str:
        """Name the customer's mood."""
        mood = self.message.mood if self.message else None
        return feeling(mood.emotion, mood.frustration) if mood else ""

    @property
    def interpretation(self) -> Interpretation | None:
        """Tell how the bot read it; None if it did not."""
        return Interpretation.of(self.message)

    @property
    def offers(self) -> list[str]:
        """Return the titles of the buttons that the bot offered."""
        buttons = self.message.data.get("buttons") if self.message else None
        found = [one for one in buttons if isinstance(one, dict)] if isinstance(buttons, (list, tuple)) else []
        return [str(one.get("title") or one.get("payload") or "") for one in found]

    @property
    def link(self) -> str | None:
        """Return the address of an image or attachment; only plain web addresses become links."""
        data = self.message.data if self.message else {}
        address = data.get("image") or data.get("attachment")
        return address if isinstance(address, str) and address.startswith(("https://", "http://")) else None


@dataclass(frozen=True)
class LineForBot:
    """The line that an agent left for the bot at the end of a handoff."""

    handoff: Handoff


def timeline(
    messages: Sequence[Message], handoffs: Sequence[Handoff], customer: str, zone: ZoneInfo, today: date,
    from_start: bool = True,
) -> list[Line]:
    """Make the lines of these messages, with a mark where each handoff opened.

    Args:
        from_start: Whether the messages begin the conversation; if not, handoffs before the first are left out.
    """
    lines: list[Line] = []
    marks = [one for one in handoffs if from_start or (messages and one.opened_at >= messages[0].at)]
    moments: list[tuple[datetime, int, Message | Handoff | LineForBot]] = [(one.at, one.seq, one) for one in messages]
    # A mark stands after the message that led to it, even where both carry the same time.
    moments += [(one.opened_at, 2**31, one) for one in marks]
    # What the agent left for the bot stands after the message with which the conversation ended.
    begin = messages[0].at if messages and not from_start else None
    moments += [(one.closed_at, 2**31 + 1, LineForBot(one)) for one in handoffs
                if one.closed_at and one.note_for_bot and (begin is None or one.closed_at >= begin)]
    last: date | None = None
    for at, _, moment in sorted(moments, key=lambda item: item[:2]):
        day = at.astimezone(zone).date()
        label = _day(day, today) if day != last else None
        last = day
        if isinstance(moment, LineForBot):
            handoff = moment.handoff
            lines.append(Line(f"b{handoff.id}", "for_bot", "Line for the bot", handoff.note_for_bot, at, label))
        else:
            lines.append(_mark(moment, label) if isinstance(moment, Handoff) else _line(moment, customer, label))
    return lines


def _line(message: Message, customer: str, day: str | None) -> Line:
    delivery, explained = DELIVERIES[message.delivery]
    role = message.author.value
    speaker = customer if message.author is Author.CUSTOMER else message.name or SPEAKERS[message.author]
    text = message.text
    if message.kind is Kind.NOTE:
        role = "note"
    elif message.kind is Kind.EVENT or message.author is Author.SYSTEM:
        role = "event"
        speaker = EVENTS.get(str(message.data.get("event")), "").format(agent=message.data.get("agent") or "An agent")
    return Line(f"m{message.seq}", role, speaker, text, message.at, day, message, delivery, explained)


def _mark(handoff: Handoff, day: str | None) -> Line:
    return Line(f"h{handoff.id}", "handoff", "Went to people", clip(handoff.reason, LONGEST), handoff.opened_at, day)


def _day(day: date, today: date) -> str:
    if day == today:
        return "Today"
    if (today - day).days == 1:
        return "Yesterday"
    return f"{day:%A}, {day.day} {day:%B}" + (f" {day.year}" if day.year != today.year else "")

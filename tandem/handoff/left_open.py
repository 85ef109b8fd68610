"""What a customer who leaves the queue still wants to know: their latest message that nobody has answered."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tandem.conversations.model import Author, Handoff, Message
from tandem.conversations.queue_answers import ANSWERS
from tandem.handoff.waiting_room import ACT
from tandem.handoff.waiting_rules import NOTED, WaitingRoom

_UNANSWERED = frozenset({NOTED, ACT})  # notices that leave a message for the person


@dataclass(frozen=True)
class LeftOpen:
    """A message that waits for an answer, if there is one.

    Attributes:
        is_wish: It wishes for a person; only what it asks beside that is open.
        needs_person: What is open can be answered by nobody but a person.
    """

    message: Message | None = None
    is_wish: bool = False
    needs_person: bool = False


def left_open(room: WaitingRoom, lately: Sequence[Message], handoff: Handoff, reason: str) -> LeftOpen:
    """Return what is open at the end of a handoff that the customer left.

    Args:
        lately: The messages before the wish to leave, oldest first.
        reason: The name of the handoff's reason.
    """
    needs_person = reason in room.reopened.person_reasons
    for one in reversed([one for one in lately if one.author is Author.CUSTOMER]):
        intent = one.intent or ""
        if one.epoch < handoff.epoch:
            return _what_brought_them(room, one, lately, handoff, needs_person)
        if room.is_for_person(intent):
            needs_person = True
        elif room.is_matter(intent, one.text) and _answers(lately, one) <= _UNANSWERED:
            return LeftOpen(one)
    return LeftOpen(needs_person=needs_person)


def _what_brought_them(
    room: WaitingRoom, brought: Message, lately: Sequence[Message], handoff: Handoff, needs_person: bool,
) -> LeftOpen:
    intent = brought.intent or ""
    if needs_person or room.is_for_person(intent):
        return LeftOpen(needs_person=True)
    if intent in room.reopened.wishes:
        return LeftOpen(brought, is_wish=True)
    facts = any(one.author is Author.BOT and one.reply_to == brought.seq and not _announces(one, handoff)
                for one in lately)
    answered = facts and room.tells_facts(intent)
    return LeftOpen(brought if room.is_matter(intent, brought.text) and not answered else None)


def _answers(lately: Sequence[Message], message: Message) -> frozenset[str]:
    return frozenset(name for one in lately if one.author is Author.SYSTEM and one.reply_to == message.seq
                     for name in one.data.get(ANSWERS) or ())


def _announces(reply: Message, handoff: Handoff) -> bool:
    """Check whether a reply only tells that a person comes."""
    return str(reply.client_id or "").startswith(f"{handoff.id}.")

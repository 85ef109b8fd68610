"""Customers who want no person: what the bot is given of their message, and what was left open while they waited."""
from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from tandem.conversations.ledger import Ledger
from tandem.conversations.model import Receipt
from tandem.conversations.queue_answers import FOR_BOT
from tandem.conversations.turn_queue import BOT_EPOCH
from tandem.gateway.bot_input import for_bot
from tandem.gateway.pending_wishes import REOPENED, Wish
from tandem.handoff.left_open import LeftOpen, left_open
from tandem.handoff.waiting_room import MessageReading, decide, matter_in, parts_of
from tandem.handoff.waiting_rules import WaitingRoom
from tandem.nlu.context_of_tracker import full_intent

LEFT_OPEN = "left_open"  # what the dialogue is told of a way back: OPEN, NEEDS_PERSON, or nothing
OPEN, NEEDS_PERSON = "open", "needs_person"
_BACK = "back_to_bot"
_MAY_REFUSE = frozenset({_BACK, "ask_for_human", "ask_for_call", "nlu_fallback"})
_LOOK_BACK = 60  # messages

Read = Callable[[str], Awaitable[Mapping[str, Any]]]


class WayBack:
    """Finds what the bot has to answer where a customer leaves the queue, or wants nobody fetched.

    Args:
        reasons: From a handoff's trigger to the name of its reason.
    """

    def __init__(self, ledger: Ledger, room: WaitingRoom, reasons: Callable[[str], str]) -> None:
        self._ledger = ledger
        self._room = room
        self._reasons = reasons

    async def read(
        self, receipt: Receipt, text: str, parse: Mapping[str, Any], read: Read,
    ) -> tuple[str, Mapping[str, Any]]:
        """Return the text and the reading of what the bot is to answer of a message that refuses a person.

        Any other message is returned as it is.
        """
        data = receipt.message.data
        if data.get("payload") or data.get(FOR_BOT):
            return text, parse
        left = _has_left(receipt) and BOT_EPOCH in data
        intent = full_intent(parse.get("intent") or {})
        refuses = intent == _BACK or (intent in _MAY_REFUSE and self._room.wishes_nobody(text))
        if not refuses:
            return text, _as_back(parse) if left else parse
        whole = MessageReading.of(parse)
        parts = [MessageReading.of({**await read(part), "text": part}) for part in parts_of(text, self._room)]
        step = decide(self._room, whole, parts if len(parts) > 1 else ())
        if step.kind != "leave":
            return text, _as_back(parse) if left else parse
        return (step.for_bot, await read(step.for_bot)) if step.for_bot else (text, _as_back(parse))

    async def reopened(self, receipt: Receipt, parse: Mapping[str, Any], read: Read) -> tuple[str, tuple[Wish, ...]]:
        """Return what the dialogue is told of the way back, and what the bot is to answer after it."""
        if full_intent(parse.get("intent") or {}) != _BACK or not _has_left(receipt):
            return "", ()
        found = await asyncio.to_thread(self._left_open, receipt)
        if found.message is None:
            return (NEEDS_PERSON if found.needs_person else ""), ()
        text = for_bot(found.message)
        if found.is_wish:
            parts = parts_of(text, self._room)
            text = matter_in(self._room, [MessageReading.of({**await read(part), "text": part}) for part in parts]) \
                if len(parts) > 1 else ""
        if not text:
            return "", ()
        intent = full_intent((await read(text)).get("intent") or {})
        if self._room.is_for_person(intent):
            return NEEDS_PERSON, ()
        if intent in self._room.reopened.wishes or not self._room.is_matter(intent, text):
            return "", ()
        wish = {"text": text, "intent": intent, "is_act": False, "seq": receipt.message.seq, REOPENED: True}
        return OPEN, (wish,)

    def _left_open(self, receipt: Receipt) -> LeftOpen:
        assert receipt.handed_back is not None
        handoff, seq = receipt.handed_back, receipt.message.seq
        lately = self._ledger.latest_messages(receipt.conversation.id, _LOOK_BACK, before=seq)
        return left_open(self._room, lately, handoff, self._reasons(handoff.trigger))


def _has_left(receipt: Receipt) -> bool:
    """Check whether the customer has left the queue, so that no person has dealt with anything."""
    handoff = receipt.handed_back
    return handoff is not None and handoff.claimed_by is None and not handoff.note_for_bot


def _as_back(parse: Mapping[str, Any]) -> dict[str, Any]:
    """Return the reading as a mere wish to go on with the bot."""
    intent = {"name": _BACK, "confidence": 1.0}
    return {**parse, "intent": intent, "intent_ranking": [intent], "response_selector": {}}

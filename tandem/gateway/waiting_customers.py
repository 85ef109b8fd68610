"""Answers customers who wait for a person: texts and figures for what `tandem.handoff.waiting_room` decides."""
from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from tandem.conversations.ledger import Ledger
from tandem.conversations.model import Author, Handoff, Message, Owner, Receipt
from tandem.conversations.queue import claim_pace, place_of
from tandem.conversations.queue_answers import ANSWERS, QueueAnswers
from tandem.conversations.writing import write
from tandem.handoff.business_hours import BusinessHours
from tandem.handoff.contact import email_in
from tandem.handoff.safety import advice
from tandem.handoff.waiting_room import (
    ASK_LEAVE,
    CONTACT,
    DANGER,
    STANDING,
    GivenAnswer,
    MessageReading,
    NextStep,
    decide,
    is_due,
    parts_of,
)
from tandem.handoff.waiting_rules import NOTED, WaitingRoom
from tandem.logs import about
from tandem.wording.dates import Dates
from tandem.wording.language import detect
from tandem.wording.phrases import buttons, fresh_notice, has_notice, wait_in_words

logger = logging.getLogger(__name__)

PHRASES = Path("data/responses/waiting.yml")
READ_SECONDS = 10.0  # that the NLU may take for a message and its parts
LOOK_UP_SECONDS = 8.0  # that an action may take
_LOOK_BACK = 60  # messages in which earlier answers are looked for
_WROTE_BEFORE = 6  # messages before this one in which a danger may have been told
_ENGLISH, _OFF_DUTY = "en", "off_duty"

Parse = Callable[[str], Awaitable[Mapping[str, Any]]]
# The texts of an action or a response, with the names of the responses.
Ask = Callable[[str, Mapping[str, Any]], Awaitable[Sequence[tuple[str, str]]]]


@dataclass(frozen=True)
class _Standing:
    """What is known of a waiting customer, the oldest first.

    Attributes:
        given: The answers given since the handoff opened.
        said: What the bot and the system said lately.
        wrote: What the customer wrote lately.
        in_danger: The handoff is for a danger, or one was told since.
    """

    handoff: Handoff
    given: tuple[GivenAnswer, ...]
    said: tuple[str, ...] = ()
    wrote: tuple[str, ...] = ()
    in_danger: bool = False

    @property
    def was_asked(self) -> bool:
        """Check whether the latest answer asks if they wish to leave."""
        return bool(self.given) and ASK_LEAVE in self.given[-1].names


class WaitingCustomers:
    """Answers messages of customers who wait, each once.

    Args:
        room: The table from readings to answers.
        duty: When people are on duty.
        dates: Dates in words, seen from a moment.
        reasons: From a handoff's trigger to the name of its reason.
    """

    def __init__(self, ledger: Ledger, room: WaitingRoom, duty: BusinessHours, dates: Callable[[], Dates],
                 phrases: Path = PHRASES, reasons: Callable[[str], str] = lambda _trigger: "") -> None:
        self._ledger = ledger
        self._answers = QueueAnswers(ledger)
        self._room = room
        self._duty = duty
        self._dates = dates
        self._phrases = phrases
        self._reasons = reasons

    async def answer(
        self, receipt: Receipt, whole: Mapping[str, Any] | None, parse: Parse, ask: Ask,
    ) -> Message | Receipt | None:
        """Answer a message.

        Args:
            whole: How the message was read; None if it could not be.
            parse: Reads a text.
            ask: What an action or a response says to the message.

        Returns:
            The answer; what the bot is to see if the customer leaves the queue; None if nothing is to be said.
        """
        message = receipt.message
        standing = await asyncio.to_thread(self._standing, message)
        if standing is None:
            return None
        step = NextStep("notice", NOTED)
        reading = MessageReading(message.text)
        if whole is not None:
            reading = MessageReading.of(whole)
            parts = await self._parts(message, parse)
            step = decide(self._room, reading, parts, standing.was_asked, standing.in_danger)
        if step.kind == "leave":
            return await write(message.conversation_id, self._answers.leave, message.conversation_id, message.seq,
                               step.for_bot, receipt.tries)
        facts = await self._found(step, message, ask, whole or {})
        return await write(message.conversation_id, self._say, message, standing, step, facts, reading)

    async def _parts(self, message: Message, parse: Parse) -> list[MessageReading]:
        texts = parts_of(message.text, self._room)
        if len(texts) < 2:
            return []
        try:
            return [MessageReading.of({**parsed, "text": text}) for text, parsed in
                    zip(texts, await asyncio.wait_for(_each(parse, texts), READ_SECONDS))]
        except Exception:  # the whole has been read
            logger.exception("The parts of message %d could not be read", message.seq,
                             extra=about(message.conversation_id, message.epoch))
            return []

    async def _found(self, step: NextStep, message: Message, ask: Ask, whole: Mapping[str, Any]) -> str:
        """Return what the first action that tells something says; empty if none does."""
        for name in step.asks:
            try:
                said = await asyncio.wait_for(ask(name, whole), LOOK_UP_SECONDS)
            except Exception as error:  # what cannot be told is noted
                logger.warning("%s could not be asked for a waiting customer: %s", name, type(error).__name__,
                               extra=about(message.conversation_id, message.epoch))
                continue
            if facts := " ".join(text for text, response in said if response not in self._room.says_nothing):
                return facts
        return ""

    # -- in threads -------------------------------------------------------------------------------------------

    def _standing(self, message: Message) -> _Standing | None:
        """Read the open handoff and the answers given in it; None if the customer does not wait."""
        ledger, conversation_id = self._ledger, message.conversation_id
        if ledger.conversation(conversation_id).owner is not Owner.WAITING:
            return None
        handoff = next((one for one in ledger.handoffs(conversation_id) if one.closed_at is None), None)
        if handoff is None:
            return None
        lately = [one for one in ledger.latest_messages(conversation_id, _LOOK_BACK) if one.text]
        given = tuple(
            GivenAnswer(tuple(one.data.get(ANSWERS) or (str(one.data.get("event")),)), one.at, one.text)
            for one in lately if one.author is Author.SYSTEM and one.epoch >= handoff.epoch)
        return _Standing(
            handoff, given, tuple(one.text for one in lately if one.author is not Author.CUSTOMER),
            tuple(one.text for one in lately if one.author is Author.CUSTOMER and one.seq < message.seq),
            self._reasons(handoff.trigger) == DANGER or any(DANGER in one.names for one in given))

    def _say(self, message: Message, standing: _Standing, step: NextStep, facts: str,
             reading: MessageReading) -> Message | None:
        email = email_in(message.text)
        names = [CONTACT] if email else []
        if facts:
            names.append(step.name)
        elif not email or step.name not in self._room.remarks:
            names.append(step.name if step.kind == "notice" else NOTED)
        now = self._ledger.clock()
        due = [name for name in dict.fromkeys(names)
               if is_due(self._room, name, standing.given, now, reading.is_question)]
        if not due:
            return None
        values = {"email": email, "found": facts, **self._figures(standing.handoff)}
        if DANGER in due:
            values["safety"] = advice((message.text, *standing.wrote[::-1][:_WROTE_BEFORE]), standing.said)
        language = detect([message.text])
        said = [one.text for one in standing.given]
        urgency = max((self._room.urgency.get(name, 0.0) for name in due), default=0.0)
        told = {"mood": "upset" if reading.upset else "", "handoff_reason": self._reasons(standing.handoff.trigger)}
        texts, offered = [], list[Mapping[str, str]]()
        for name in due:
            notice = self._notice(self._name_of(name, step, facts, standing.handoff), language)
            texts.append(fresh_notice(notice, said, self._phrases, told, **values))
            offered += [one for one in buttons(notice, self._phrases) if one not in offered]
        return self._answers.say(
            message.conversation_id, message.seq, " ".join(texts),
            {ANSWERS: due, "buttons": [dict(one) for one in offered]}, contact=email,
            tells_standing=STANDING in due, urgency=urgency)

    def _name_of(self, name: str, step: NextStep, facts: str, handoff: Handoff) -> str:
        """Return the response for an answer."""
        if name == STANDING:
            return self._standing_notice(handoff)
        if name == CONTACT:
            return CONTACT
        return "found" if facts and name == step.name else name

    def _notice(self, name: str, language: str) -> str:
        """Return the response in the customer's language, if there is one."""
        tag = language.partition("-")[0]
        # Where somebody is on duty, the place in the queue is what counts.
        general = STANDING if name.startswith(STANDING) and _OFF_DUTY not in name else name
        translated = [f"waiting_{one}_{tag}" for one in (name, general)] if tag not in ("", _ENGLISH) else []
        return next((one for one in translated if has_notice(one, self._phrases)), f"waiting_{name}")

    def _standing_notice(self, handoff: Handoff) -> str:
        now = self._ledger.clock()
        if not self._duty.on_duty(now):
            return f"{STANDING}_{_OFF_DUTY}" if self._duty.opens_at(now) else f"{STANDING}_{_OFF_DUTY}_no_time"
        left = self._left(handoff)
        if left is None:
            return STANDING if place_of(self._ledger, handoff.conversation_id) > 1 else "standing_next"
        return "standing_expected" if left > timedelta(0) else "standing_longer"

    def _left(self, handoff: Handoff) -> timedelta | None:
        """Estimate how long the customer may still have to wait; None if too little is known."""
        pace, place = claim_pace(self._ledger), place_of(self._ledger, handoff.conversation_id)
        expected = pace.wait_at(place) if pace is not None and place else None
        return handoff.opened_at + expected - self._ledger.clock() if expected is not None else None

    def _figures(self, handoff: Handoff) -> dict[str, str]:
        place = max(1, place_of(self._ledger, handoff.conversation_id))
        opens_at, left = self._duty.opens_at(self._ledger.clock()), self._left(handoff)
        return {
            "position": str(place), "ahead": str(place - 1),
            "opens_at": self._dates().opening(opens_at) if opens_at else "",
            "wait": wait_in_words(left) if left is not None and left > timedelta(0) else "",
        }


async def _each(parse: Parse, texts: Sequence[str]) -> list[Mapping[str, Any]]:
    return [await parse(text) for text in texts]

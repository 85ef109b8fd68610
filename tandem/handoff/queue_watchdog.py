"""Watch over the queue: tell waiting customers how long it takes, and take them back from agents who are gone.

Whoever was handed over by a turn that broke off before it could say so is told by the watch, too.

Every desk process runs a watchdog. Each act is one transaction that looks again before it acts, so two that see the
same do it once.
"""
from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from tandem.conversations.ledger import Ledger
from tandem.conversations.model import Agent, Author, ConversationNotFound, Handoff, NotAllowed
from tandem.conversations.ownership import Ownership
from tandem.conversations.queue import ClaimPace, claim_pace, queue, said_while_waiting, unannounced, unanswered
from tandem.handoff.business_hours import BusinessHours, Patience
from tandem.handoff.contact import email_in
from tandem.handoff.safety import advice
from tandem.logs import about
from tandem.sentiment.signals import DANGER
from tandem.wording.phrases import NoticeError, buttons, notice, wait_in_words

logger = logging.getLogger(__name__)

EVERY = 5.0  # seconds between two looks
OVERLAP = timedelta(minutes=1)  # between what two looks read, for transactions that end late
UNANNOUNCED = timedelta(seconds=20), timedelta(minutes=5)  # so long after its opening a handoff is announced late
_LOOK_BACK = 8  # messages in which a danger may have been told
DESK = "desk"  # outside tools look after their own agents


class QueueWatchdog:
    """One look at a time; `look` is blocking.

    Args:
        absent: The agents who have not been at the desk since a moment, id and name.
    """

    def __init__(
        self, ledger: Ledger, ownership: Ownership, duty: BusinessHours, patience: Patience,
        absent: Callable[[datetime], Mapping[str, str]],
    ) -> None:
        self._ledger = ledger
        self._ownership = ownership
        self._duty = duty
        self._patience = patience
        self._absent = absent
        self._announced: set[str] = set()  # ids of open handoffs of which the customer is known to have been told
        self._looked_at: datetime | None = None  # all that was written before has been read

    async def run(self) -> None:
        """Keep watch until cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            try:
                await asyncio.to_thread(self.look)
            except Exception:  # whatever it was, the next look must come
                logger.exception("The watch could not look; it tries again")

    def look(self) -> None:
        """Do what is due."""
        ledger = self._ledger
        now, well = ledger.clock(), True
        handoffs = ledger.open_handoffs(cards=False)
        self._take_back(handoffs)
        pace, contacts = claim_pace(ledger), self._contacts(now)
        silent = self._unannounced(handoffs, now)
        for conversation_id, place in queue(handoffs).items():
            try:
                if conversation_id in silent:
                    self._announce(handoffs[conversation_id], place, now)
                else:
                    self._tell(handoffs[conversation_id], place, pace, contacts.get(conversation_id, ""))
            except ConversationNotFound:
                continue  # erased meanwhile
            except (NoticeError, SQLAlchemyError):  # the others must hear all the same
                well = False
                logger.exception("A waiting customer could not be told how things stand", extra=about(conversation_id))
        self._looked_at = now if well else None

    def _take_back(self, handoffs: Mapping[str, Handoff]) -> None:
        limit = timedelta(minutes=self._patience.absent_minutes)
        now = self._ledger.clock()
        waits = {one: since for one, since in unanswered(self._ledger).items() if now - since >= limit}
        if not limit or not waits:
            return
        gone = self._absent(now - limit)
        for conversation_id in waits:
            handoff = handoffs.get(conversation_id)
            claimed_by = handoff.claimed_by if handoff is not None and handoff.channel == DESK else None
            if handoff is None or claimed_by is None or claimed_by not in gone:
                continue
            agent = Agent(claimed_by, gone[claimed_by])
            try:
                self._ownership.release(conversation_id, agent, notice("agent_left", agent=agent.name))
            except (NotAllowed, ConversationNotFound):
                continue  # another watch was quicker, or the conversation moved on
            except SQLAlchemyError:  # somebody holds its row; the others must not wait for that
                logger.exception("A conversation was not put back into the queue; tried again",
                                 extra=about(conversation_id))
                continue
            logger.warning("Back to the queue: the agent's desk is closed",
                           extra=about(conversation_id, handoff_id=handoff.id))

    def _tell(self, handoff: Handoff, place: int, pace: ClaimPace | None, contact: str) -> None:
        ownership, now = self._ownership, self._ledger.clock()
        if contact and contact != handoff.contact:
            ownership.notify_waiting(handoff, notice("contact_kept", email=contact), contact, buttons("contact_kept"))
            return
        every = timedelta(minutes=self._patience.tell_again_minutes)
        due = bool(every) and now - (handoff.last_notified_at or handoff.opened_at) >= every
        if due and not handoff.contact:
            name, words = self._standing(handoff, place, pace, now)
            if name:
                ownership.notify_waiting(handoff, words, buttons=buttons(name))

    def _unannounced(self, handoffs: Mapping[str, Handoff], now: datetime) -> frozenset[str]:
        """Find the conversations that were handed over by a turn that broke off before it said so."""
        soonest, latest = UNANNOUNCED
        recent = {one.conversation_id for one in handoffs.values()
                  if one.claimed_by is None and one.last_notified_at is None
                  and one.id not in self._announced and soonest <= now - one.opened_at < latest}
        silent = unannounced(self._ledger, recent) if recent else frozenset()
        self._announced = {one.id for one in handoffs.values()
                           if one.id in self._announced or one.conversation_id in recent - silent}
        return silent

    def _announce(self, handoff: Handoff, place: int, now: datetime) -> None:
        """Tell a customer of their handoff in place of the turn; a danger's advice was lost with it, too."""
        told = notice("handoff_announced_late")
        if DANGER in handoff.trigger:
            latest = self._ledger.latest_messages(handoff.conversation_id, _LOOK_BACK)
            told = f"{advice([one.text for one in reversed(latest) if one.author is Author.CUSTOMER])} {told}"
        if not self._duty.on_duty(now):
            told = f"{told} {notice('handoff_off_duty_no_time', position=str(place))}"
        elif place > 1:
            told = f"{told} {notice('handoff_queued', ahead=str(place - 1))}"
        self._ownership.notify_waiting(handoff, told, buttons=buttons("still_waiting"))

    def _standing(self, handoff: Handoff, place: int, pace: ClaimPace | None, now: datetime) -> tuple[str, str]:
        """Return the name and the text of the notice; empty where none is due."""
        duty, wait, name = self._duty, "", "still_waiting"
        if not duty.on_duty(now):
            # Once, and only to those who came in time: nobody is written to all through the night.
            if handoff.last_notified_at is not None or not duty.on_duty(handoff.opened_at):
                return "", ""
            name = "still_waiting_off_duty"
        elif pace is not None and (expected := pace.wait_at(place)) is not None:
            left = handoff.opened_at + expected - now
            name = "still_waiting_expected" if left > timedelta(0) else "still_waiting_longer"
            wait = wait_in_words(left)
        return name, notice(name, position=str(place), wait=wait)

    def _contacts(self, now: datetime) -> dict[str, str]:
        """Find the latest e-mail address that each waiting customer has written since the handoff opened.

        Only of those who have written since the last look: what they wrote before has been read then.
        """
        since = min(self._looked_at, now) - OVERLAP if self._looked_at is not None else None
        said = said_while_waiting(self._ledger, "@", since)
        return {one: address for one, texts in said.items() if (address := email_in("\n".join(texts)))}

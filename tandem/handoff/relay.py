"""The relay: carries open handoffs to outside live-agent tools and agents' acts back, through any crash.

What is still to be carried is not a queue of its own; it follows from the ledger. For each handoff the relay keeps how
far it has got: opened or not, the last message passed on, closed or not. Whoever starts next goes on from there.
"""
from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, insert, or_, select, update
from sqlalchemy.engine.row import Row
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from tandem.conversations import store
from tandem.conversations.ledger import Ledger
from tandem.conversations.model import Author, Handoff, Kind, Message
from tandem.conversations.tables import handoffs, messages
from tandem.handoff.acts import Acts
from tandem.handoff.channel import LiveAgentChannel, LiveAgentRefused, LiveAgentUnavailable
from tandem.handoff.tables import relays, webhooks

logger = logging.getLogger(__name__)

POLL = 0.1  # seconds between looks for work
LEASE = timedelta(seconds=60)  # longer than all calls of one step may take
SWEEP_EVERY = timedelta(seconds=30)
BACKOFF = tuple(timedelta(seconds=seconds) for seconds in (0, 5, 300, 1800, 7200, 18000, 36000, 36000))
WEBHOOK_TRIES = 5


class Relay:
    """One worker; several processes may run one each, leases keep them apart."""

    def __init__(self, ledger: Ledger, acts: Acts, channels: Mapping[str, LiveAgentChannel]) -> None:
        self._ledger = ledger
        self._acts = acts
        self._channels = channels

    async def run(self) -> None:
        """Carry until cancelled."""
        while True:
            try:
                worked = await asyncio.to_thread(self.step)
            except SQLAlchemyError:
                logger.exception("The relay could not read the ledger; it tries again")
                worked = False
                await asyncio.sleep(1.0)
            if not worked:
                await asyncio.sleep(POLL)

    def step(self) -> bool:
        """Do what is due now, once; whether there was anything. Blocking."""
        if not self._channels:
            return False
        self._adopt_new_handoffs()
        worked = self._apply_webhooks()
        for row in self._lease():
            self._carry(row)
            worked = True
        return worked

    def receive_webhook(self, channel: str, delivery_id: str, body: bytes) -> bool:
        """Keep a checked webhook before it is answered; False if it was here before."""
        try:
            with self._ledger.engine.begin() as connection:
                connection.execute(insert(webhooks).values(
                    channel=channel, delivery_id=delivery_id[:255], body=body, received_at=self._ledger.clock(),
                    done=False, attempts=0,
                ))
        except IntegrityError:
            return False
        return True

    def dead(self) -> list[dict[str, Any]]:
        """Handoffs that an outside tool did not take, for the desk's dead-letter list."""
        with self._ledger.reading.connect() as connection:
            rows = connection.execute(select(relays).where(relays.c.state == "dead")).all()
        return [{"handoff_id": row.handoff_id, "conversation_id": row.conversation_id, "channel": row.channel,
                 "error": row.error, "attempts": row.attempts} for row in rows]

    def replay(self, handoff_id: str) -> None:
        """Try a dead handoff again from where it stopped."""
        with self._ledger.engine.begin() as connection:
            connection.execute(
                update(relays).where(relays.c.handoff_id == handoff_id, relays.c.state == "dead")
                .values(state="open", attempts=0, next_attempt_at=self._ledger.clock(), error=None, lease_until=None)
            )

    # -- outwards ---------------------------------------------------------------------------------------------

    def _adopt_new_handoffs(self) -> None:
        query = (
            select(handoffs).outerjoin(relays, relays.c.handoff_id == handoffs.c.id)
            .where(handoffs.c.channel.in_(list(self._channels)), handoffs.c.closed_at.is_(None),
                   relays.c.handoff_id.is_(None))
        )
        with self._ledger.reading.connect() as connection:
            new = connection.execute(query).all()
        for row in new:
            try:
                with self._ledger.engine.begin() as connection:
                    connection.execute(insert(relays).values(
                        handoff_id=row.id, conversation_id=row.conversation_id, channel=row.channel, state="open",
                        relayed_seq=0, attempts=0, next_attempt_at=self._ledger.clock(),
                    ))
            except IntegrityError:
                continue  # another relay was quicker

    def _lease(self) -> list[Row]:
        at = self._ledger.clock()
        unsent = select(messages.c.id).where(
            messages.c.conversation_id == relays.c.conversation_id, messages.c.seq > relays.c.relayed_seq,
        ).exists()
        closed = select(handoffs.c.id).where(
            handoffs.c.id == relays.c.handoff_id, handoffs.c.closed_at.is_not(None)).exists()
        due = and_(
            relays.c.state == "open", relays.c.next_attempt_at <= at, relays.c.channel.in_(list(self._channels)),
            or_(relays.c.lease_until.is_(None), relays.c.lease_until < at),
            or_(relays.c.reference.is_(None), unsent, closed, relays.c.swept_at.is_(None),
                relays.c.swept_at < at - SWEEP_EVERY),
        )
        with self._ledger.reading.connect() as connection:
            if connection.execute(select(relays.c.handoff_id).where(due).limit(1)).first() is None:
                return []
        with self._ledger.engine.begin() as connection:
            rows = list(connection.execute(select(relays).where(due).limit(20).with_for_update(skip_locked=True)).all())
            for row in rows:
                connection.execute(update(relays).where(relays.c.handoff_id == row.handoff_id)
                                   .values(lease_until=at + LEASE))
        return rows

    def _carry(self, row: Row) -> None:
        channel = self._channels[row.channel]
        try:
            self._advance(channel, row)
        except LiveAgentRefused as error:
            self._save(row, state="dead", error=str(error)[:500])
            logger.error("%s refused handoff %s: %s", row.channel, row.handoff_id, error)
        except LiveAgentUnavailable as error:
            at = self._ledger.clock()
            attempts = row.attempts + 1
            if attempts > len(BACKOFF):
                self._save(row, state="dead", attempts=attempts, error=str(error)[:500])
            else:
                self._save(row, attempts=attempts, next_attempt_at=at + BACKOFF[attempts - 1], error=str(error)[:500])
            logger.warning("%s did not answer for handoff %s (attempt %d): %s", row.channel, row.handoff_id, attempts,
                           error)
        else:
            self._save(row, attempts=0, error=None)

    def _advance(self, channel: LiveAgentChannel, row: Row) -> None:
        handoff = self._handoff(row.handoff_id)
        reference, relayed = row.reference, row.relayed_seq
        if reference is None:
            transcript = self._ledger.transcript(row.conversation_id)
            reference = dict(channel.open(handoff, transcript, None))
            relayed = transcript[-1].seq if transcript else 0
            self._save(row, reference=reference, relayed_seq=relayed, keep_lease=True)
        for message in self._ledger.messages(row.conversation_id, after=relayed):
            if self._is_for(row.channel, handoff, message):
                channel.say(reference, handoff, message, again=True)
            self._save(row, relayed_seq=message.seq, keep_lease=True)
        for event in channel.sweep(reference, handoff, handoff.opened_at):
            self._acts.apply(row.channel, event)
        self._save(row, swept_at=self._ledger.clock(), keep_lease=True)
        handoff = self._handoff(row.handoff_id)
        if handoff.closed_at is not None:
            channel.close(reference, handoff)
            self._save(row, state="closed", keep_lease=True)

    def _is_for(self, channel_name: str, handoff: Handoff, message: Message) -> bool:
        """The customer's words, and those of agents who answered elsewhere; not the tool's own, which it has."""
        if message.kind is not Kind.TEXT or (handoff.closed_at is not None and message.at > handoff.closed_at):
            return False
        echo = (message.client_id or "").startswith(f"{channel_name}:")
        return message.author is Author.CUSTOMER or (message.author is Author.AGENT and not echo)

    def _handoff(self, handoff_id: str) -> Handoff:
        with self._ledger.reading.connect() as connection:
            return store.to_handoff(connection.execute(select(handoffs).where(handoffs.c.id == handoff_id)).one())

    def _save(self, row: Row, keep_lease: bool = False, **values: Any) -> None:
        if not keep_lease:
            values["lease_until"] = None
        with self._ledger.engine.begin() as connection:
            connection.execute(update(relays).where(relays.c.handoff_id == row.handoff_id).values(**values))

    # -- inwards ----------------------------------------------------------------------------------------------

    def _apply_webhooks(self) -> bool:
        query = select(webhooks).where(webhooks.c.done.is_(False)).order_by(webhooks.c.id).limit(50)
        with self._ledger.reading.connect() as connection:
            rows = connection.execute(query).all()
        for row in rows:
            error = None
            try:
                for event in self._channels[row.channel].read(row.body) if row.channel in self._channels else ():
                    self._acts.apply(row.channel, event)
            except SQLAlchemyError:
                raise
            except Exception as problem:  # an outside payload may break any reader; it is kept with its error
                logger.exception("A webhook of %s could not be read", row.channel)
                error = f"{type(problem).__name__}: {problem}"[:500]
            done = error is None or row.attempts + 1 >= WEBHOOK_TRIES
            with self._ledger.engine.begin() as connection:
                connection.execute(update(webhooks).where(webhooks.c.id == row.id)
                                   .values(done=done, attempts=row.attempts + 1, error=error))
        return bool(rows)

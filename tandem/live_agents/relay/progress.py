"""How far each handoff has got in its outside tool: adopting, leasing, remembering, giving up.

What is still to be carried is not a queue of its own; it follows from the ledger. Whoever starts next goes on from
what is remembered here.
"""
from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, case, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from tandem.conversations import store
from tandem.conversations.ledger import Ledger
from tandem.conversations.model import ConversationNotFound, Handoff
from tandem.conversations.tables import handoffs, messages
from tandem.live_agents.protocol import Reference
from tandem.live_agents.relay import due_handoffs
from tandem.live_agents.relay.tables import relays

LEASE = timedelta(seconds=30)  # renewed while a call is under way; so long a killed relay holds a handoff up
SWEEP_EVERY = timedelta(seconds=30)
OVERLAP = timedelta(minutes=1)  # between sweeps, for clocks that differ and events that are listed late
BACKOFF = tuple(timedelta(seconds=seconds) for seconds in (0, 5, 300, 1800, 7200, 18000, 36000, 36000))
OVERTAKEN_AFTER = 3  # failures: then a conversation's next handoff waits no longer for the end of the one before
EAGER_PAUSE = timedelta(seconds=5)  # between tries outside the schedule, for new words or a sign of life
PROBE_EVERY = timedelta(seconds=30)  # a tool that fails is tried so often, also when nothing gives hope
LONGEST_PAUSE = timedelta(hours=1)  # that a tool may ask for


class LeaseLost(Exception):
    """Another relay has taken the handoff; this one must stop at once."""


@dataclass(frozen=True)
class RelayLease:
    """One handoff in this relay's hands. `again`: a call of its may have taken effect without our knowing."""

    handoff_id: str
    conversation_id: str
    channel: str
    epoch: int
    reference: Reference | None
    relayed_seq: int
    attempts: int
    scheduled: bool  # tried because its time has come, not for new words, a sign of life or as a probe
    again: bool
    sweep_due: bool
    swept_at: datetime | None


class Progress:
    """Reads and writes the `relays` table; blocking. One object a relay: it holds the leases."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._owner = uuid.uuid4().hex

    def adopt(self, channels: Collection[str]) -> None:
        """Begin with the handoffs that were opened for these channels.

        What was said so far becomes the transcript that the tool is shown, now and at each later attempt; all that
        comes after is passed on message by message.
        """
        # A subquery and no join, for which a planner may read all relays.
        adopted = select(relays.c.handoff_id).where(relays.c.handoff_id == handoffs.c.id).scalar_subquery()
        query = select(handoffs).where(handoffs.c.channel.in_(list(channels)), handoffs.c.closed_at.is_(None),
                                       adopted.is_(None))
        with self._ledger.reading.connect() as connection:
            new = connection.execute(query).all()
        for row in new:
            try:
                with self._ledger.engine.begin() as connection:
                    said = store.lock(connection, row.conversation_id).next_seq - 1
                    connection.execute(insert(relays).values(
                        handoff_id=row.id, conversation_id=row.conversation_id, channel=row.channel, epoch=row.epoch,
                        state="open", relayed_seq=said, calling=False, attempts=0, tried_seq=0,
                        next_attempt_at=self._ledger.clock() + BACKOFF[0],
                    ))
            except (IntegrityError, ConversationNotFound):
                continue  # another relay was quicker, or the customer was erased

    def lease(self, channel: str, limit: int, running: Collection[str] = ()) -> list[RelayLease]:
        """Take up to `limit` handoffs of a channel in which something is to be done; at most one a conversation.

        Args:
            running: Handoffs that this relay has in hand.
        """
        now = self._ledger.clock()
        due = {"channel": channel, "running": list(running), "now": now, "last_probe": now - PROBE_EVERY,
               "last_eager_try": now - EAGER_PAUSE, "longest_pause": now + LONGEST_PAUSE,
               "longest_lease": now + 2 * LEASE, "last_sweep": now - SWEEP_EVERY,
               "overtaken_after": OVERTAKEN_AFTER}
        with self._ledger.reading.connect() as connection:
            if connection.execute(due_handoffs.ANY, due).first() is None:
                return []
        with self._ledger.engine.begin() as connection:
            rows = connection.execute(due_handoffs.LONGEST_UNTOUCHED, {**due, "limit": limit}).all()
            for row in rows:
                connection.execute(update(relays).where(relays.c.handoff_id == row.handoff_id).values(
                    lease_owner=self._owner, lease_until=self._ledger.clock() + LEASE, calling=True))
        return [
            RelayLease(row.handoff_id, row.conversation_id, row.channel, row.epoch, row.reference, row.relayed_seq,
                   row.attempts, row.next_attempt_at <= now, row.calling,
                   row.swept_at is None or row.swept_at < now - SWEEP_EVERY, row.swept_at)
            for row in rows
        ]

    def renew(self, running: Collection[str]) -> None:
        """Hold on to the handoffs on which this relay still works."""
        with self._ledger.engine.begin() as connection:
            connection.execute(
                update(relays).where(relays.c.handoff_id.in_(list(running)), relays.c.lease_owner == self._owner)
                .values(lease_until=self._ledger.clock() + LEASE))

    def save(self, lease: RelayLease, **values: Any) -> None:
        """Remember progress and keep the lease.

        Raises:
            LeaseLost: The handoff is in other hands.
        """
        with self._ledger.engine.begin() as connection:
            values.setdefault("lease_until", self._ledger.clock() + LEASE)  # not before: it may wait for the lock
            done = connection.execute(
                update(relays).where(relays.c.handoff_id == lease.handoff_id, relays.c.lease_owner == self._owner)
                .values(**values))
        if not done.rowcount:
            raise LeaseLost(lease.handoff_id)

    def finish(self, lease: RelayLease) -> None:
        """Note that all that was due is done; every call's end is known."""
        self.save(lease, lease_owner=None, lease_until=None, calling=False, attempts=0, error=None, tried_seq=0,
                  tried_at=None, quiet_until=None, next_attempt_at=self._ledger.clock())

    def failed(self, lease: RelayLease, error: str, retry_after: float | None = None) -> bool:
        """Note that an attempt failed; the next follows the schedule. False if that is used up and the handoff dead.

        Args:
            retry_after: Seconds of rest that the tool asked for; until then nothing of this handoff is tried.
        """
        now = self._ledger.clock()
        asked = timedelta(seconds=min(max(retry_after or 0.0, 0.0), LONGEST_PAUSE.total_seconds()))
        values: dict[str, Any] = {"lease_owner": None, "lease_until": None, "error": error[:500], "tried_at": now,
                                  "tried_seq": self._last_seq(lease), "quiet_until": now + asked if asked else None}
        if lease.scheduled:
            attempts = lease.attempts + 1
            values["attempts"] = attempts
            if attempts >= len(BACKOFF):
                values["state"] = "dead"
            else:
                values["next_attempt_at"] = now + (asked or BACKOFF[attempts])
        self.save(lease, **values)
        return "state" not in values

    def refused(self, lease: RelayLease, error: str) -> None:
        """Note that the tool will never take this; the handoff waits in the dead-letter list."""
        self.save(lease, lease_owner=None, lease_until=None, state="dead", error=error[:500],
                  attempts=lease.attempts + 1)

    def sign_of_life(self, channel: str) -> None:
        """Note that the tool answers again: handoffs that wait for their next attempt are tried now."""
        now = self._ledger.clock()
        ailing = and_(relays.c.channel == channel, relays.c.state == "open", relays.c.attempts > 0,
                      relays.c.tried_seq > 0, relays.c.tried_at <= now - EAGER_PAUSE)
        with self._ledger.reading.connect() as connection:
            if connection.execute(select(relays.c.handoff_id).where(ailing).limit(1)).first() is None:
                return
        with self._ledger.engine.begin() as connection:
            connection.execute(update(relays).where(ailing).values(tried_seq=0))

    def handoff(self, handoff_id: str) -> Handoff | None:
        """Return a handoff of the ledger, None if its customer was erased."""
        with self._ledger.reading.connect() as connection:
            row = connection.execute(select(handoffs).where(handoffs.c.id == handoff_id)).first()
        return store.to_handoff(row) if row is not None else None

    def relayed(self, handoff_id: str) -> int:
        """Return the sequence number of the last message that was shown or passed on."""
        with self._ledger.reading.connect() as connection:
            return int(connection.execute(
                select(relays.c.relayed_seq).where(relays.c.handoff_id == handoff_id)).scalar_one_or_none() or 0)

    def earlier(self, lease: RelayLease) -> Reference | None:
        """Return what the tool called the conversation's handoff before this one."""
        query = select(relays.c.reference).where(
            relays.c.conversation_id == lease.conversation_id, relays.c.channel == lease.channel,
            relays.c.epoch < lease.epoch, relays.c.reference.is_not(None),
        ).order_by(relays.c.epoch.desc()).limit(1)
        with self._ledger.reading.connect() as connection:
            found: Mapping[str, Any] | None = connection.execute(query).scalar_one_or_none()
        return found

    def overtaken(self, lease: RelayLease) -> bool:
        """Check whether the tool shows the conversation's next handoff already, and so all that this one had to say."""
        query = select(relays.c.handoff_id).where(
            relays.c.conversation_id == lease.conversation_id, relays.c.channel == lease.channel,
            relays.c.epoch > lease.epoch, relays.c.reference.is_not(None))
        with self._ledger.reading.connect() as connection:
            return connection.execute(query.limit(1)).first() is not None

    def by_thread(self, channel: str, thread: str) -> str | None:
        """Return the id of the latest handoff that was opened in this conversation of the tool."""
        query = select(relays.c.handoff_id).where(relays.c.channel == channel, relays.c.thread == thread[:255])
        with self._ledger.reading.connect() as connection:
            found: str | None = connection.execute(query.order_by(relays.c.epoch.desc()).limit(1)).scalar_one_or_none()
        return found

    def forget(self, handoff_id: str) -> None:
        """Remove what is remembered of a handoff that is no more."""
        with self._ledger.engine.begin() as connection:
            connection.execute(delete(relays).where(relays.c.handoff_id == handoff_id))

    def dead(self) -> Sequence[Mapping[str, Any]]:
        """Read the handoffs that were given up, the latest first."""
        with self._ledger.reading.connect() as connection:
            rows = connection.execute(
                select(relays).where(relays.c.state == "dead").order_by(relays.c.next_attempt_at.desc())).all()
        return [{"handoff_id": row.handoff_id, "conversation_id": row.conversation_id, "channel": row.channel,
                 "opened": row.reference is not None, "relayed_seq": row.relayed_seq, "attempts": row.attempts,
                 "at": (row.tried_at or row.next_attempt_at).isoformat(), "error": row.error} for row in rows]

    def dead_count(self) -> int:
        """Count the handoffs that were given up."""
        query = select(func.count()).select_from(relays).where(relays.c.state == "dead")
        with self._ledger.reading.connect() as connection:
            return int(connection.execute(query).scalar_one())

    def discard(self, handoff_id: str) -> bool:
        """Carry a dead handoff no further; False if there is no such dead handoff."""
        with self._ledger.engine.begin() as connection:
            done = connection.execute(
                update(relays).where(relays.c.handoff_id == handoff_id, relays.c.state == "dead")
                .values(state="closed"))
        return bool(done.rowcount)

    def replay(self, handoff_id: str, skip: bool = False) -> bool:
        """Try a dead handoff again from where it stopped; False if there is no such dead handoff.

        Args:
            skip: Leave the message out at which it stopped.
        """
        values: dict[str, Any] = {
            "state": "open", "attempts": 0, "next_attempt_at": self._ledger.clock(), "quiet_until": None,
            "error": None, "lease_until": None, "lease_owner": None, "tried_seq": 0}
        if skip:
            values["relayed_seq"] = case((relays.c.reference.is_(None), relays.c.relayed_seq),
                                         else_=relays.c.relayed_seq + 1)
        with self._ledger.engine.begin() as connection:
            done = connection.execute(
                update(relays).where(relays.c.handoff_id == handoff_id, relays.c.state == "dead").values(**values))
        return bool(done.rowcount)

    def _last_seq(self, lease: RelayLease) -> int:
        query = select(func.max(messages.c.seq)).where(messages.c.conversation_id == lease.conversation_id)
        with self._ledger.reading.connect() as connection:
            return int(connection.execute(query).scalar_one() or 0)

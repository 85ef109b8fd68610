"""Remove what is older than the shop wants to keep, in small batches beside the traffic.

A conversation goes as a whole, with the bot's memory of it, once nothing has happened in it for so long. Of one that
goes on, such as that of a customer who has written from the same phone for years, what is older goes. Neither touches a
conversation with an open handoff, with a turn of the bot under way, or with a message on its way to the customer.
"""
from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime, timedelta

from sqlalchemy import Table, and_, delete, literal_column, select
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.engine.row import Row
from sqlalchemy.sql.elements import ColumnElement

from tandem.agents import audit
from tandem.agents.tables import audit_log, sign_in_attempts
from tandem.conversations import counters, jobs, personal_data, store
from tandem.conversations.ledger import Ledger
from tandem.conversations.model import ConversationNotFound, Owner
from tandem.conversations.tables import case_entries, conversations, fenced_replies, handoffs, messages
from tandem.db.engine import lift_limits, open_engine
from tandem.live_agents.relay.tables import agent_events, relays, webhooks
from tandem.orders import identification

JOB = "prune"
CONVERSATIONS = 20  # in one transaction; on SQLite it keeps other writers waiting for some hundredths of a second
ROWS = 500
PAUSE = 0.05  # seconds between two batches
_OPEN = select(handoffs.c.conversation_id).where(handoffs.c.closed_at.is_(None))
_LIVE_MESSAGE = messages.c.turn.is_not_distinct_from(literal_column("'open'")) | (
    messages.c.delivery == literal_column("'pending'"))


class PruningInProgress(Exception):
    """Another process is pruning just now."""


class PruningStopped(Exception):
    """Pruning was asked to stop; the rest is removed the next time."""


def prune(
    ledger: Ledger, tracker_url: str, days: int, *, every: timedelta = timedelta(0),
    goes_on: Callable[[], bool] = lambda: True, sleep: Callable[[float], object] = time.sleep,
) -> Mapping[str, int]:
    """Remove what is older than `days` days; how many conversations and rows of each table went; blocking.

    Args:
        every: Do nothing if it was done less than so long ago.
        goes_on: Asked between two batches.

    Raises:
        PruningInProgress: Another process is at it, or it was done less than `every` ago.
        PruningStopped: `goes_on` said no.
    """
    now = ledger.clock()
    if not jobs.take(ledger.engine, JOB, now, every):
        raise PruningInProgress
    done = False
    try:
        removed = _Pruning(ledger, tracker_url, now - timedelta(days=days), goes_on, sleep).run()
        done = True
        return removed
    finally:
        jobs.give_back(ledger.engine, JOB, ledger.clock() if done else None)


class _Pruning:
    """One run."""

    def __init__(self, ledger: Ledger, tracker_url: str, before: datetime, goes_on: Callable[[], bool],
                 sleep: Callable[[float], object]) -> None:
        self._ledger = ledger
        self._engine = ledger.engine
        self._tracker_url = tracker_url
        self._before = before
        self._goes_on = goes_on
        self._sleep = sleep
        self._removed: Counter[str] = Counter()
        self._renewed_at = ledger.clock()

    def run(self) -> Mapping[str, int]:
        """Remove all that is old enough."""
        with _trackers(self._tracker_url, self._engine) as trackers:
            for owner in (Owner.RESOLVED, Owner.BOT):
                self._ended_conversations(owner, trackers)
        self._closed_handoffs()
        self._old(messages, messages.c.at, and_(messages.c.conversation_id.notin_(_OPEN), ~_LIVE_MESSAGE))
        self._old(case_entries, case_entries.c.at, case_entries.c.conversation_id.notin_(_OPEN))
        self._old(fenced_replies, fenced_replies.c.at)
        self._old(audit_log, audit_log.c.at)
        self._old(sign_in_attempts, sign_in_attempts.c.at)
        self._old(webhooks, webhooks.c.received_at, webhooks.c.state != "todo")
        self._old(agent_events, agent_events.c.sort_at, agent_events.c.state != "todo")
        return dict(self._removed)

    def _between_batches(self) -> None:
        if not self._goes_on():
            raise PruningStopped
        counters.fold(self._engine)
        now = self._ledger.clock()
        if abs(now - self._renewed_at) > jobs.LEASE / 5:
            jobs.renew(self._engine, JOB, now)
            self._renewed_at = now
        self._sleep(PAUSE)

    def _ended_conversations(self, owner: Owner, trackers: Engine | None) -> None:
        passed: set[str] = set()  # those that are old, and must stay
        since: datetime | None = None
        while True:
            query = select(conversations.c.id, conversations.c.updated_at).where(
                conversations.c.owner == owner.value, conversations.c.updated_at < self._before)
            if since is not None:
                query = query.where(conversations.c.updated_at >= since)
            query = query.order_by(conversations.c.updated_at).limit(CONVERSATIONS + len(passed))
            with self._ledger.reading.connect() as connection:
                found = [row for row in connection.execute(query).all() if row.id not in passed]
            if not found:
                return
            with self._engine.begin() as connection, _beside(trackers, connection) as memory:
                lift_limits(connection)
                for row in sorted(found, key=lambda one: one.id):
                    if not self._forget(connection, memory, row.id):
                        passed.add(row.id)
            since = found[-1].updated_at
            self._between_batches()

    def _forget(self, connection: Connection, memory: Connection, conversation_id: str) -> bool:
        try:
            row = store.lock(connection, conversation_id)
        except ConversationNotFound:
            return True  # erased meanwhile
        if not self._has_ended(connection, row):
            return False
        personal_data.erase_events(memory, conversation_id)
        for table in (relays, agent_events):
            connection.execute(delete(table).where(table.c.conversation_id == conversation_id))
        identification.forget(connection, conversation_id)
        audit.forget(connection, conversation_id)
        store.erase(connection, conversation_id)
        self._removed["conversations"] += 1
        return True

    def _has_ended(self, connection: Connection, row: Row) -> bool:
        """Check whether nothing is under way in a locked conversation, and nothing has happened since."""
        live = select(messages.c.id).where(messages.c.conversation_id == row.id, _LIVE_MESSAGE).limit(1)
        return (
            row.owner in (Owner.BOT.value, Owner.RESOLVED.value) and row.updated_at < self._before
            and store.open_handoff_of(connection, row.id) is None and connection.execute(live).first() is None
        )

    def _closed_handoffs(self) -> None:
        """Remove closed handoffs of conversations that go on, with what the outside tools' relays remember of them."""
        old = select(handoffs.c.id).where(handoffs.c.closed_at < self._before).limit(ROWS)
        while True:
            with self._ledger.reading.connect() as connection:
                found = list(connection.execute(old).scalars())
            if not found:
                return
            with self._engine.begin() as connection:
                lift_limits(connection)
                connection.execute(delete(relays).where(relays.c.handoff_id.in_(found)))
                connection.execute(delete(agent_events).where(agent_events.c.handoff_id.in_(found)))
                connection.execute(delete(handoffs).where(handoffs.c.id.in_(found)))
            self._removed["handoffs"] += len(found)
            self._between_batches()

    def _old(self, table: Table, moment: ColumnElement, may_go: ColumnElement | None = None) -> None:
        """Remove a table's old rows, walking from its first row up to where they are young enough."""
        last = 0
        while True:
            query = select(table.c.id, moment.label("moment")).where(table.c.id > last).order_by(table.c.id).limit(ROWS)
            with self._ledger.reading.connect() as connection:
                rows = connection.execute(query).all()
            old = [row.id for row in rows if row.moment < self._before]
            if not old:
                return
            last = rows[-1].id
            self._removed[table.name] += self._remove(table, old, may_go)
            self._between_batches()

    def _remove(self, table: Table, ids: Sequence[int], may_go: ColumnElement | None) -> int:
        which = table.c.id.in_(ids) if may_go is None else and_(table.c.id.in_(ids), may_go)
        with self._engine.begin() as connection:
            lift_limits(connection)
            return int(connection.execute(delete(table).where(which)).rowcount)


@contextmanager
def _trackers(url: str, ledger: Engine) -> Iterator[Engine | None]:
    """Return the trackers' database; None where they are in the ledger's, whose connection must then serve for both."""
    if make_url(url) == ledger.url:
        yield None
        return
    engine = open_engine(url, durable=False)
    try:
        yield engine
    finally:
        engine.dispose()


def _beside(trackers: Engine | None, connection: Connection) -> AbstractContextManager[Connection]:
    return nullcontext(connection) if trackers is None else trackers.begin()

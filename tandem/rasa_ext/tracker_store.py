"""The tracker store of Tandem: the table of Rasa's SQL store, without reading it all at each message.

Named in endpoints.yml as `type: tandem.rasa_ext.tracker_store.CachedTrackerStore`. The events of every turn are in the
table, one row each, as Rasa's own store writes them; either store can take over from the other. In memory the latest
trackers are kept, and each is checked against the newest event of its conversation before it is used again: what
another worker has added is read, and after an erasure, or whatever else has changed what was stored, all is read anew.

It is checked once more when it is saved, inside the transaction: what somebody else has written since it was read is
never passed over (`TrackerConflict`). So two who work on one tracker cannot spoil it, whatever became of their locks.
"""
from __future__ import annotations

import asyncio
import contextvars
import copy
import functools
import json
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import SQLTrackerStore, TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import Event, SessionStarted, UserUttered, deserialise_events
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy import bindparam, func, insert, select
from sqlalchemy.engine.row import Row

from tandem.db.engine import open_engine, reading
from tandem.db.schema import TRACKERS, upgrade
from tandem.rasa_ext.cached_tracker import CachedTracker, from_events, shortened

_T = TypeVar("_T")

THREADS = 8
KEPT = 256  # trackers in memory, of the conversations that spoke last; some 100 kB each
_events = SQLTrackerStore.SQLEvent.__table__
_MARK = "_tandem_mark"

# Statements of every turn, built once: to build one costs as much as to run it.
_OF_THIS = _events.c.sender_id == bindparam("target")
_BEGIN = select(func.max(_events.c.id)).where(_OF_THIS, _events.c.type_name == SessionStarted.type_name)
_LAST_SESSION = func.coalesce(_BEGIN.scalar_subquery(), 0)  # the number of the row with which it begins
_ROWS = select(_events.c.id, _events.c.timestamp, _events.c.data).where(_OF_THIS).order_by(_events.c.id)
_OF_SESSION = _ROWS.where(_events.c.id >= _LAST_SESSION)
_SINCE = _ROWS.where(_events.c.id >= bindparam("begin"))
_NUMBERS_SINCE = select(_events.c.id, _events.c.timestamp).where(_OF_THIS, _events.c.id >= bindparam("begin"))
_ONE_WRITER = select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("target"), 0)))
_COUNT = select(func.count()).where(_OF_THIS, _events.c.id >= _LAST_SESSION)
_INSERT = insert(_events)


class TrackerConflict(Exception):
    """Somebody else has written to the tracker since it was read; nothing was saved, the turn is to be run again."""


class MessageAlreadyHandled(Exception):
    """The tracker holds the message that is being answered: somebody else has run the turn meanwhile."""


_message: ContextVar[str] = ContextVar("the id of the message that is being answered", default="")


@contextmanager
def answering(message_id: str) -> Iterator[None]:
    """Refuse, in this task, to give out a tracker that holds this message already, with `MessageAlreadyHandled`.

    Only who reads the tracker under the conversation's lock can know: while one waits for the lock, a worker that was
    taken for dead may end the turn.
    """
    token = _message.set(message_id)
    try:
        yield
    finally:
        _message.reset(token)


def holds(tracker: DialogueStateTracker, message_id: str) -> bool:
    """Check whether a message of the customer is in the tracker."""
    return any(isinstance(event, UserUttered) and event.message_id == message_id for event in tracker.events)


@dataclass(frozen=True)
class _StoredExtent:
    """How much of a tracker is stored: so many of its events, and the newest row, 0 if there is none."""

    stored: int
    newest: int = 0
    newest_at: float | None = None

    def is_at(self, row: Row) -> bool:
        """Check whether a row is the one noted, by its time too: SQLite may give an erased row's number again."""
        return bool(row.id == self.newest and row.timestamp == self.newest_at)

    def is_end(self, rows: Sequence[Row]) -> bool:
        """Check whether these rows, which begin with the newest, show that nothing has come or gone since."""
        return not rows if not self.newest else len(rows) == 1 and self.is_at(rows[0])


class CachedTrackerStore(TrackerStore):
    """Stores trackers in SQL, and keeps the latest in memory.

    A tracker that is given out is no longer kept, until it is saved: a turn that fails leaves nothing behind, and two
    who ask at the same time never share one.
    """

    def __init__(self, domain: Domain | None, host: str, event_broker: EventBroker | None = None, **named: Any) -> None:
        """Open the store.

        Args:
            host: The `url` of endpoints.yml, an SQLAlchemy URL.
        """
        super().__init__(domain, event_broker, **named)
        self.engine = open_engine(host, durable=False)  # a lost turn of the bot's memory loses no word
        upgrade(self.engine, TRACKERS)
        self._reading = reading(self.engine)
        self._kept: OrderedDict[str, CachedTracker] = OrderedDict()

    @property
    def domain(self) -> Domain:
        """Return the model's domain."""
        return self._domain

    @domain.setter
    def domain(self, domain: Domain | None) -> None:
        self._domain = domain or Domain.empty()
        self._kept.clear()  # another model has other slots

    def for_domain(self, domain: Domain) -> CachedTrackerStore:
        """Open the same table for another model, with no tracker kept in memory that has the slots of this one's."""
        other = copy.copy(self)
        other._kept = OrderedDict()
        other.domain = domain
        return other

    async def keys(self) -> Iterable[str]:
        """Return the ids of all conversations."""

        def read() -> list[str]:
            with self._reading.connect() as connection:
                return [row.sender_id for row in connection.execute(select(_events.c.sender_id).distinct()).all()]

        return await _in_thread(read)

    def init_tracker(self, sender_id: str) -> DialogueStateTracker:
        """Make a tracker for a conversation without events."""
        tracker = CachedTracker(sender_id, self.domain.slots, max_event_history=self.max_event_history)
        setattr(tracker, _MARK, _StoredExtent(0))
        return tracker

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """Read the tracker of the last session, its oldest turns folded; None for a conversation without events.

        Raises:
            MessageAlreadyHandled: It holds the message that `answering` names.
        """
        tracker = await self._retrieve(sender_id)
        if tracker is not None and _message.get() and holds(tracker, _message.get()):
            raise MessageAlreadyHandled(f"message {_message.get()} has been answered")
        return tracker

    async def _retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        kept = self._kept.pop(sender_id, None)
        if kept is not None:
            mark = _mark_of(kept)
            rows = await _in_thread(self._rows, sender_id, mark.newest)
            if rows and mark.is_at(rows[0]):
                if len(rows) > 1:
                    for event in _deserialised(rows[1:]):
                        kept.update(event)
                    kept = _marked(shortened(kept), rows[-1])
                return kept
        rows = await _in_thread(self._rows, sender_id)
        return _marked(shortened(self._made(sender_id, rows)), rows[-1]) if rows else None

    async def retrieve_full_tracker(self, conversation_id: str) -> DialogueStateTracker | None:
        """Read the tracker of all sessions, with all their events; None for a conversation without events."""
        rows = await _in_thread(self._rows, conversation_id, 0)
        return _marked(self._made(conversation_id, rows), rows[-1]) if rows else None

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Write down the events that are not stored yet; all or none.

        Raises:
            TrackerConflict: Somebody else has written to it since it was read.
        """
        known = getattr(tracker, _MARK, None)
        # Made elsewhere: like Rasa's store, take as stored as many as the last session has.
        mark = known or _StoredExtent(await _in_thread(self._count, tracker.sender_id))
        events = list(tracker.events)
        new = events[mark.stored:]
        if new:
            rows = [_row(tracker.sender_id, event) for event in new]
            newest = await _in_thread(self._write, tracker.sender_id, rows, known)
            mark = _StoredExtent(len(events), newest, new[-1].timestamp)
            if self.event_broker is not None:
                await self._stream_new_events(self.event_broker, new, tracker.sender_id)
        setattr(tracker, _MARK, mark)
        if mark.newest:
            self._keep(tracker, mark)

    def give_back(self, tracker: DialogueStateTracker) -> None:
        """Keep a tracker that was given out and only looked at; the next to ask would else read all its events anew.

        One that has other events by now than are stored is let go.
        """
        mark = getattr(tracker, _MARK, None)
        if isinstance(tracker, CachedTracker) and mark is not None and mark.newest \
                and len(tracker.events) == mark.stored:
            self._remember(tracker)

    def _keep(self, tracker: DialogueStateTracker, mark: _StoredExtent) -> None:
        kept = shortened(CachedTracker.adopt(tracker))
        setattr(kept, _MARK, _StoredExtent(len(kept.events), mark.newest, mark.newest_at))
        self._remember(kept)

    def _remember(self, tracker: CachedTracker) -> None:
        self._kept[tracker.sender_id] = tracker
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)

    def _made(self, sender_id: str, rows: Sequence[Row]) -> CachedTracker:
        return from_events(sender_id, _deserialised(rows), self.domain.slots)

    # -- SQL, blocking ----------------------------------------------------------------------------------------

    def _rows(self, sender_id: str, since: int | None = None) -> list[Row]:
        """Return the events from row `since` on, oldest first; without `since` those of the last session."""
        of_these = {"target": sender_id} if since is None else {"target": sender_id, "begin": since}
        with self._reading.connect() as connection:
            return list(connection.execute(_OF_SESSION if since is None else _SINCE, of_these).all())

    def _count(self, sender_id: str) -> int:
        with self._reading.connect() as connection:
            return int(connection.execute(_COUNT, {"target": sender_id}).scalar_one())

    def _write(self, sender_id: str, rows: Sequence[dict[str, Any]], after: _StoredExtent | None) -> int:
        """Insert rows behind what is known of the conversation, if anything is; return the number of the last one."""
        with self.engine.begin() as connection:
            if connection.dialect.name == "postgresql":  # SQLite has only one writer anyway
                connection.execute(_ONE_WRITER, {"target": f"tracker {sender_id}"})
            if after is not None and not after.is_end(connection.execute(
                    _NUMBERS_SINCE, {"target": sender_id, "begin": after.newest}).all()):
                raise TrackerConflict(f"the tracker has changed since row {after.newest} was read")
            if len(rows) > 1:
                connection.execute(_INSERT, list(rows[:-1]))
            return int(connection.execute(_INSERT, rows[-1]).inserted_primary_key[0])


async def _in_thread(work: Callable[..., _T], *args: Any) -> _T:
    """Run a call of the trackers' database, which may hang while the ledger's answers, in threads of its own."""
    in_context = functools.partial(contextvars.copy_context().run, work, *args)
    return await asyncio.get_running_loop().run_in_executor(_threads(), in_context)


@functools.cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="trackers")


def _deserialised(rows: Iterable[Row]) -> list[Event]:
    return list(deserialise_events([json.loads(row.data) for row in rows]))


def _row(sender_id: str, event: Event) -> dict[str, Any]:
    data = event.as_dict()
    return {
        "sender_id": sender_id, "type_name": event.type_name, "timestamp": data.get("timestamp"),
        "intent_name": ((data.get("parse_data") or {}).get("intent") or {}).get("name"),
        "action_name": data.get("name"), "data": json.dumps(data),
    }


def _mark_of(tracker: DialogueStateTracker) -> _StoredExtent:
    mark: _StoredExtent = getattr(tracker, _MARK)
    return mark


def _marked(tracker: CachedTracker, newest: Row) -> CachedTracker:
    setattr(tracker, _MARK, _StoredExtent(len(tracker.events), newest.id, newest.timestamp))
    return tracker

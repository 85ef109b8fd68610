"""The queue as all open pages of this process share it: read once, and sent on as the rows that changed."""
from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tandem.conversations import overview
from tandem.conversations.feed import ChangedIds, Feed
from tandem.conversations.ledger import Ledger
from tandem.conversations.model import Owner
from tandem.conversations.overview import Overview
from tandem.desk.views.queue import PATIENCE

logger = logging.getLogger(__name__)

LIVE = timedelta(minutes=30)  # a conversation with the bot counts as live this long after the customer's last word
SHOWN = 50  # rows of the sections that have no natural end; more on request
PAUSE = 0.2  # seconds between two looks at what changed
BOT_PAUSE = 3.0  # seconds between two updates of what is with the bot and resolved: nobody waits for those
RESYNC = 60.0  # seconds after which all is read anew, whatever was said to have changed
KEPT = 500  # updates that a page may have missed; after more it begins anew
_PEOPLE = frozenset({Owner.WAITING, Owner.AGENT})


@dataclass(frozen=True)
class Row:
    """One row of the queue. `rank` is its place within its section, the lowest first; equal ranks stand by id."""

    id: str
    section: Owner
    holder: str | None
    rank: float
    html: str

    def to_dict(self) -> dict[str, Any]:
        """Write it JSON-ready, for the page's script."""
        return {"id": self.id, "section": self.section.value, "holder": self.holder, "rank": self.rank,
                "html": self.html}


@dataclass(frozen=True)
class Snapshot:
    """The whole queue at one moment. `version` names it; `counts` are of all there are, shown or not."""

    version: str
    rows: tuple[Row, ...]
    counts: dict[str, int]


def rank(one: Overview) -> float:
    """Return the place in the section: by urgency plus waiting time in units of `PATIENCE`, or the latest change first.

    Urgency brings a moment of opening forward by so much; that does not change with the time of looking.
    """
    if one.conversation.owner is Owner.WAITING:
        return one.since.timestamp() - one.urgency * PATIENCE.total_seconds() if one.opened_at else float(2**40)
    if one.conversation.owner is Owner.AGENT:
        return one.since.timestamp()
    return -one.conversation.updated_at.timestamp()


class LiveQueue:
    """Follows the ledger on the event loop while it runs; `snapshot` may be asked for without that, too."""

    def __init__(self, ledger: Ledger, feed: Feed, render: Callable[[Overview], str]) -> None:
        self._ledger, self._feed, self._render = ledger, feed, render
        self._name = secrets.token_hex(4)  # versions of another process are of no use here
        self._number = 0
        self._rows: dict[str, Row] = {}
        self._live: dict[str, Any] = {}  # conversations with the bot: when the customer wrote last
        self._counts: dict[str, int] = {}
        self._updates: deque[tuple[int, frozenset[str], str]] = deque(maxlen=KEPT)
        self._watchers: set[asyncio.Event] = set()
        self._running: asyncio.AbstractEventLoop | None = None
        self._changed = ChangedIds()
        self._later: set[str] = set()  # changes with the bot, for the slow beat
        self._lock = asyncio.Lock()

    # -- for pages ---------------------------------------------------------------------------------------------

    @contextmanager
    def watch(self, event: asyncio.Event) -> Iterator[None]:
        """Set the event whenever there is an update."""
        self._watchers.add(event)
        try:
            yield
        finally:
            self._watchers.discard(event)

    @property
    def version(self) -> str:
        """Return the name of what stands in the queue now."""
        return f"{self._name}.{self._number}"

    async def snapshot(self) -> Snapshot:
        """Return all that stands in the queue, up to date."""
        if not self._is_running():
            rows, _, counts = await asyncio.to_thread(self._read_all)
            return Snapshot(f"{secrets.token_hex(4)}.0", _sorted(rows.values()), counts)
        await self._catch_up()
        return Snapshot(self.version, _sorted(self._rows.values()), dict(self._counts))

    async def changes(self, since: str) -> dict[str, Any] | None:
        """Return what a page has to do that shows version `since`; None if it must begin anew."""
        if self._is_running():
            await self._catch_up()
        number = self._number_of(since)
        if number is None:
            return None
        ids = frozenset[str]().union(*(changed for one, changed, _ in self._updates if one > number))
        return self._form(number, ids)

    def updates_after(self, number: int) -> tuple[int, list[str]] | None:
        """Return the updates after that one, each as JSON, with the number of the last; None if some are forgotten."""
        if number < self._number and (not self._updates or self._updates[0][0] > number + 1):
            return None
        return self._number, [text for one, _, text in self._updates if one > number]

    @property
    def number(self) -> int:
        """Count the updates so far."""
        return self._number

    # -- following the ledger ------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Follow the ledger until cancelled."""
        self._running, self._lock = asyncio.get_running_loop(), asyncio.Lock()
        try:
            with self._feed.changes() as changed:
                self._changed = changed
                synced = slow = -RESYNC
                while True:
                    now = asyncio.get_running_loop().time()
                    try:
                        if now - synced >= RESYNC:
                            await self._resync()
                            synced = slow = now
                        await self._catch_up()
                        if now - slow >= BOT_PAUSE:
                            await self._beat()
                            slow = now
                    except Exception:  # whatever it was, the next look must come
                        logger.exception("The queue could not be read; it is tried again")
                        await asyncio.sleep(1.0)
                        synced = -RESYNC
                    await asyncio.sleep(PAUSE)
                    await changed.wait(BOT_PAUSE)
        finally:
            self._running = None

    def _is_running(self) -> bool:
        return self._running is not None and self._running is asyncio.get_running_loop()

    async def _catch_up(self) -> None:
        """Take in what is said to have changed."""
        async with self._lock:
            if self._changed.everything:
                self._changed.everything = False
                try:
                    await self._read_anew()
                except Exception:
                    self._changed.add_everything()
                    raise
            ids = self._changed.take()
            if not ids:
                return
            try:
                found = await asyncio.to_thread(self._read, sorted(ids))
            except Exception:
                for one in ids:
                    self._changed.add(one)
                raise
            self._put(ids, found)

    async def _beat(self) -> None:
        """Take in what changed with the bot and among the resolved, and let go what is not live any more."""
        async with self._lock:
            since = self._ledger.clock() - LIVE
            gone = {one for one, at in self._live.items() if at is None or at <= since}
            ids, self._later = self._later | {one for one in gone if one in self._rows}, set()
            self._live = {one: at for one, at in self._live.items() if one not in gone}
            if ids:
                found = await asyncio.to_thread(self._read, sorted(ids))
                resolved = await asyncio.to_thread(overview.count, self._ledger, Owner.RESOLVED)
                self._counts["resolved"] = resolved
                self._put(ids, found, slowly=False)

    async def _resync(self) -> None:
        async with self._lock:
            await self._read_anew()

    async def _read_anew(self) -> None:
        rows, self._live, counts = await asyncio.to_thread(self._read_all)
        self._later.clear()
        self._replace(rows, counts)

    def _put(self, ids: Iterable[str], known_rows: dict[str, tuple[Overview, Row]], slowly: bool = True) -> None:
        rows = dict(self._rows)
        for one in ids:
            known = rows.get(one)
            seen, row = known_rows.get(one, (None, None))
            if seen is None or row is None:
                rows.pop(one, None)
                self._live.pop(one, None)
                continue
            if row.section is Owner.BOT:
                self._live[one] = seen.conversation.last_customer_at
            else:
                self._live.pop(one, None)
            if slowly and row.section not in _PEOPLE and (known is None or known.section not in _PEOPLE):
                self._later.add(one)
            else:
                rows[one] = row
        self._replace(rows, self._counts)

    def _replace(self, rows: dict[str, Row], counts: dict[str, int]) -> None:
        """Let these rows stand, and tell the pages what that changes."""
        rows = _shown(rows, self._live, self._ledger.clock() - LIVE)
        counts = {**counts, **_people(rows), "bot": len(self._live)}
        changed = {one for one, row in rows.items() if self._rows.get(one) != row} | (self._rows.keys() - rows.keys())
        if not changed and counts == self._counts:
            return
        self._rows, self._counts = rows, counts
        self._number += 1
        self._updates.append((self._number, frozenset(changed),
                              json.dumps(self._form(self._number - 1, changed), separators=(",", ":"))))
        for event in self._watchers:
            event.set()

    def _form(self, since: int, ids: Iterable[str]) -> dict[str, Any]:
        rows = [self._rows[one].to_dict() for one in sorted(ids) if one in self._rows]
        gone = [one for one in sorted(ids) if one not in self._rows]
        return {"since": f"{self._name}.{since}", "version": self.version, "rows": rows, "gone": gone,
                "counts": self._counts}

    def _number_of(self, version: str) -> int | None:
        name, _, digits = version.partition(".")
        if name != self._name or not digits.isdigit() or int(digits) > self._number:
            return None
        number = int(digits)
        forgotten = number < self._number and (not self._updates or self._updates[0][0] > number + 1)
        return None if forgotten else number

    # -- reading; in a thread ------------------------------------------------------------------------------------

    def row(self, one: Overview) -> Row:
        """Return one conversation's row."""
        return Row(one.conversation.id, one.conversation.owner, one.holder, rank(one), self._render(one))

    def _read(self, ids: list[str]) -> dict[str, tuple[Overview, Row]]:
        return {one.conversation.id: (one, self.row(one)) for one in overview.of_these(self._ledger, ids)}

    def _read_all(self) -> tuple[dict[str, Row], dict[str, Any], dict[str, int]]:
        live = overview.live_with_bot(self._ledger, self._ledger.clock() - LIVE)
        found = overview.with_people(self._ledger)
        found += [one for one in overview.latest(self._ledger, Owner.BOT, SHOWN) if one.conversation.id in live]
        found += overview.latest(self._ledger, Owner.RESOLVED, SHOWN)
        rows = {one.conversation.id: self.row(one) for one in found}
        return rows, live, {**_people(rows), "bot": len(live),
                            "resolved": overview.count(self._ledger, Owner.RESOLVED)}


def _people(rows: dict[str, Row]) -> dict[str, int]:
    return {owner.value: sum(row.section is owner for row in rows.values()) for owner in _PEOPLE}


def _shown(rows: dict[str, Row], live: dict[str, Any], since: Any) -> dict[str, Row]:
    """Choose what the queue shows: all with people; of the others the latest, and with the bot only who is live."""
    kept = {one: row for one, row in rows.items() if row.section in _PEOPLE}
    for owner in (Owner.BOT, Owner.RESOLVED):
        others = [row for row in rows.values() if row.section is owner
                  and (owner is Owner.RESOLVED or (live.get(row.id) is not None and live[row.id] > since))]
        kept.update((row.id, row) for row in _sorted(others)[:SHOWN])
    return kept


def _sorted(rows: Iterable[Row]) -> tuple[Row, ...]:
    return tuple(sorted(rows, key=lambda row: (row.section.value, row.rank, row.id)))

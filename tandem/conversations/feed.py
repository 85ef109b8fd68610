"""Tells watchers in this process which conversations changed, whichever process changed them."""
from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from tandem.conversations.ledger import Ledger

logger = logging.getLogger(__name__)

EVERYTHING = "*"


class ChangedIds:
    """Collects which conversations changed, until they are taken; on the event loop.

    Args:
        only: Collect these alone; None for all.
    """

    def __init__(self, only: frozenset[str] | None = None) -> None:
        self.only = only
        self.event = asyncio.Event()
        self.everything = False  # anything may have changed; whoever collects takes it back and reads all
        self._ids: set[str] = set()

    def add(self, conversation_id: str) -> None:
        """Note a change."""
        if self.only is None or conversation_id in self.only:
            self._ids.add(conversation_id)
            self.event.set()

    def add_everything(self) -> None:
        """Note that anything may have changed: nobody was looking."""
        self.everything = True
        self.event.set()

    def take(self) -> set[str]:
        """Take what was noted; the collection begins anew."""
        ids, self._ids = self._ids, set()
        self.event.clear()
        return ids

    async def wait(self, seconds: float) -> None:
        """Wait until there is something to take, or for so long."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self.event.wait(), seconds)


class Feed:
    """A poller over the ledger's revisions, one per process, whatever the number of watchers.

    Polling an index every `interval` seconds works the same on SQLite and PostgreSQL and over any number of
    machines. `nudge` skips the wait for changes made in this very process.
    """

    def __init__(self, ledger: Ledger, interval: float = 0.05) -> None:
        self._ledger = ledger
        self._interval = interval
        self._watchers: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._collectors: set[ChangedIds] = set()
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def changes(self, only: frozenset[str] | None = None) -> Iterator[ChangedIds]:
        """Collect which conversations change, of these or of all."""
        collector = ChangedIds(only)
        self._collectors.add(collector)
        try:
            yield collector
        finally:
            self._collectors.discard(collector)

    @contextmanager
    def watch(self, conversation_id: str = EVERYTHING) -> Iterator[asyncio.Event]:
        """Give an event that is set whenever the conversation (or any) changes; the watcher clears it."""
        event = asyncio.Event()
        self._watchers[conversation_id].add(event)
        try:
            yield event
        finally:
            self._watchers[conversation_id].discard(event)
            if not self._watchers[conversation_id]:
                del self._watchers[conversation_id]

    def nudge(self, conversation_id: str) -> None:
        """Wake the watchers of one conversation now. Call it on the event loop."""
        for collector in self._collectors:
            collector.add(conversation_id)
        for key in (conversation_id, EVERYTHING):
            for event in self._watchers.get(key, ()):
                event.set()

    def start(self) -> None:
        """Begin to poll, on the running event loop."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._poll(), name="ledger feed")

    async def stop(self) -> None:
        """Stop polling."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _poll(self) -> None:
        seen: dict[str, int] = {}
        since: int | None = None  # nobody watched
        while True:
            await asyncio.sleep(self._interval)
            if not self._watchers and not self._collectors:
                since = None
                continue
            try:
                if since is None:
                    since, seen = await asyncio.to_thread(self._ledger.position), {}
                    # Since they read, unseen.
                    watched = self._watchers.keys() | {one for each in self._collectors for one in each.only or ()}
                    changed = [(conversation_id, 0) for conversation_id in watched]
                    for collector in self._collectors:
                        collector.add_everything()
                else:
                    since, changed = await asyncio.to_thread(self._ledger.changes_since, since)
            except Exception:  # whatever it was, the next look must come
                logger.exception("The feed could not read the ledger; it tries again")
                await asyncio.sleep(1.0)
                continue
            for conversation_id, revision in changed:
                if seen.get(conversation_id) != revision:
                    self.nudge(conversation_id)
            seen = dict(changed)

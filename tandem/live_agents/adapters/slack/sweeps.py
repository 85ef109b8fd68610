"""How often threads are looked through, so that Slack's rate limits leave room for the words themselves."""
from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime

PER_MINUTE = 20  # of the 50 or so that Slack allows an app for conversations.replies
_REMEMBERED = 10_000


class Sweeps:
    """Says from when on a thread is to be looked through, or that it must wait; safe to use from several threads."""

    def __init__(self, per_minute: int = PER_MINUTE, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._lock = threading.Lock()
        self._left, self._at = float(per_minute), clock()
        self._from: dict[str, datetime] = {}

    def begin(self, handoff_id: str, opened_at: datetime, since: datetime, last: bool) -> datetime | None:
        """From when on to look, None to wait: what waits is looked through later from where the last look ended.

        Args:
            last: It is the handoff's last look, and must not wait.
        """
        with self._lock:
            at = self._clock()
            self._left = min(float(self._per_minute), self._left + (at - self._at) * self._per_minute / 60)
            self._at = at
            if self._left < 1 and not last:
                return None
            self._left -= 1
            return min(since, self._from.get(handoff_id, opened_at))

    def done(self, handoff_id: str, since: datetime, last: bool) -> None:
        """All until `since`, and more, is told."""
        with self._lock:
            self._from.pop(handoff_id, None)
            if not last:
                if len(self._from) >= _REMEMBERED:
                    del self._from[next(iter(self._from))]
                self._from[handoff_id] = since

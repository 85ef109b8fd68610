"""A clock that moves when told."""
from __future__ import annotations

from datetime import datetime, timedelta, timezone


class Clock:
    """Call it for the moment it stands at; a Wednesday afternoon unless told otherwise."""

    def __init__(self, at: datetime = datetime(2025, 3, 12, 15, 0, tzinfo=timezone.utc)) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def advance(self, **duration: float) -> None:
        """Move on, by the keywords of `timedelta`."""
        self.at += timedelta(**duration)


class Seconds:
    """A monotonic clock that stands at `now` until it is set."""

    now = 0.0

    def __call__(self) -> float:
        return self.now

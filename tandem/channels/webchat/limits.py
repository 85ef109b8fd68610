"""Rate limits of the web chat: token buckets in the memory of one process."""
from __future__ import annotations

import time
from collections.abc import Callable

from tandem.access import limits
from tandem.access.sanic_guard import REJECTED
from tandem.channels.credentials import WebChatOptions
from tandem.channels.webchat.http import TooMany


class RateLimit(limits.RateLimit):
    """The rate limit, told to the browser."""

    def take(self, key: str) -> None:
        """Count one.

        Raises:
            TooMany: There is none left; it says how long to wait.
        """
        wait = self.wait(key)
        if wait:
            raise TooMany(wait)


class Limits:
    """All limits of one web chat."""

    def __init__(self, options: WebChatOptions, clock: Callable[[], float] = time.monotonic) -> None:
        per_minute = options.messages_per_minute
        self.sessions = RateLimit(options.sessions_per_minute, options.sessions_per_minute, clock)
        self.messages = RateLimit(per_minute, max(5, per_minute // 3), clock)
        self.address = RateLimit(8 * per_minute, 4 * per_minute, clock)
        self.refused = RateLimit(REJECTED, REJECTED, clock)  # requests of foreign pages from one address
        self.signs = RateLimit(240, 60, clock)  # typing and acknowledgements of one conversation
        self.reads = RateLimit(240, 60, clock)  # history and streams of one conversation

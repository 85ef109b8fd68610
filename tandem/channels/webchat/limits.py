"""Rate limits of the web chat: token buckets in the memory of one process."""
from __future__ import annotations

import time
from collections.abc import Callable

from tandem.access import limits
from tandem.access.sanic_guard import REJECTED
from tandem.channels.credentials import WebChatOptions
from tandem.channels.webchat.http import RateExceeded


class ChatRateLimit(limits.RateLimit):
    """The rate limit, told to the browser."""

    def take(self, key: str) -> None:
        """Count one.

        Raises:
            RateExceeded: There is none left; it says how long to wait.
        """
        wait = self.wait(key)
        if wait:
            raise RateExceeded(wait)


class Limits:
    """All limits of one web chat."""

    def __init__(self, options: WebChatOptions, clock: Callable[[], float] = time.monotonic) -> None:
        per_minute = options.messages_per_minute
        self.sessions = ChatRateLimit(options.sessions_per_minute, options.sessions_per_minute, clock)
        self.messages = ChatRateLimit(per_minute, max(5, per_minute // 3), clock)
        self.address = ChatRateLimit(8 * per_minute, 4 * per_minute, clock)
        self.refused = ChatRateLimit(REJECTED, REJECTED, clock)  # requests of foreign pages from one address
        self.signs = ChatRateLimit(240, 60, clock)  # typing and acknowledgements of one conversation
        self.reads = ChatRateLimit(240, 60, clock)  # history and streams of one conversation

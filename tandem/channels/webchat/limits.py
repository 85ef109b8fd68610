"""Rate limits of the web chat: token buckets in the memory of one process."""
from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rasa.shared.exceptions import RasaException

from tandem.access import limits
from tandem.access.sanic_guard import REJECTED
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


@dataclass(frozen=True)
class Options:
    """What `credentials.yml` may set under the web chat. Each worker process counts for itself.

    Attributes:
        messages_per_minute: Of one conversation; an address may send eight times as many, for customers who share it.
        sessions_per_minute: New or resumed conversations from one address.
        streams_per_address: Pages of customers of one address that are open at the same time.
        proxies: How many proxies of the shop's own stand in front, each adding to `X-Forwarded-For`.
    """

    messages_per_minute: int = 40
    sessions_per_minute: int = 60
    streams_per_address: int = 500
    proxies: int = 0

    @classmethod
    def read(cls, credentials: Mapping[str, Any] | None) -> Options:
        """The options of `credentials.yml`.

        Raises:
            RasaException: An unknown key, or a value that is not a whole number from 1 (`proxies`: from 0) on.
        """
        given = dict(credentials or {})
        for key, value in given.items():
            if key not in cls.__dataclass_fields__:
                raise RasaException(f"credentials.yml: the web chat has no option `{key}`; see docs/webchat.md")
            if isinstance(value, bool) or not isinstance(value, int) or value < (0 if key == "proxies" else 1):
                raise RasaException(f"credentials.yml: `{key}` of the web chat must be a whole number; "
                                    "see docs/webchat.md")
        return cls(**given)


class Limits:
    """All limits of one web chat."""

    def __init__(self, options: Options, clock: Callable[[], float] = time.monotonic) -> None:
        per_minute = options.messages_per_minute
        self.sessions = RateLimit(options.sessions_per_minute, options.sessions_per_minute, clock)
        self.messages = RateLimit(per_minute, max(5, per_minute // 3), clock)
        self.address = RateLimit(8 * per_minute, 4 * per_minute, clock)
        self.refused = RateLimit(REJECTED, REJECTED, clock)  # requests of foreign pages from one address
        self.signs = RateLimit(240, 60, clock)  # typing and acknowledgements of one conversation
        self.reads = RateLimit(240, 60, clock)  # history and streams of one conversation

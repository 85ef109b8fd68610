"""Open connections: how many one process keeps, and how long one may take to send its request.

Whoever opens a connection and sends nothing, or a byte now and then, holds a file descriptor; a thousand of them stop a
server, and nothing is logged. So a connection without a whole request is closed after a while, and where there are too
many the oldest of those go first. One that has sent its request is never closed to make room.
"""
from __future__ import annotations

import asyncio
import logging
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from tandem.access.proxies import counted_as

logger = logging.getLogger(__name__)

HEAD_SECONDS = 20.0  # to send a request's head; as long may a kept connection be idle
BODY_SECONDS = 60.0  # to send a request's body
MOST = 4096  # connections of one process
_MOST_FILES = 65_536
_RESERVED = 200  # file descriptors for all that is not a customer's connection
_SWEEP_SECONDS = 1.0
_LOG_SECONDS = 10.0


class Phase(Enum):
    """What a connection is about."""

    HEAD = "waits for the head of a request"
    BODY = "waits for the body of a request"
    BUSY = "a request is being answered"


@dataclass
class _Open:
    address: str
    state: Callable[[], tuple[Phase, Any]]
    close: Callable[[], None]
    since: float
    phase: Phase = Phase.HEAD
    request: Any = field(default=None, repr=False)

    def look(self, now: float) -> Phase:
        """Note a change of phase or of the request, and since when it is so."""
        phase, request = self.state()
        if phase is not self.phase or request is not self.request:
            self.phase, self.request, self.since = phase, request, now
        return phase


class Connections:
    """The open connections of one server process."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._most_of_one = max(most // 2, 1)
        self._clock = clock
        self._open: dict[Any, _Open] = {}
        self._by_address: dict[str, set[Any]] = {}
        self._logged_at = -_LOG_SECONDS
        self._sweeping = False

    def __len__(self) -> int:
        return len(self._open)

    def opened(
        self, key: Any, address: str, state: Callable[[], tuple[Phase, Any]], close: Callable[[], None],
    ) -> None:
        """Take note of a new connection, and make room if there are too many.

        Args:
            key: What `closed` will name it by.
            address: The network address at its other end.
            state: Tells its phase, and the request that it is about; asked again and again.
            close: Breaks it off.
        """
        self._open[key] = _Open(address, state, close, self._clock())
        of_address = self._by_address.setdefault(address, set())
        of_address.add(key)
        if len(self._open) > self._most:
            self._make_room(set(self._open), f"{len(self._open)} connections are open, the most that are kept", key)
        elif len(of_address) > self._most_of_one:
            self._make_room(of_address, f"{len(of_address)} connections are open from one address", None)
        if not self._sweeping:
            self._sweeping = True
            asyncio.get_running_loop().call_later(_SWEEP_SECONDS, self._sweep)

    def closed(self, key: Any) -> None:
        """Forget a connection."""
        known = self._open.pop(key, None)
        if known is not None:
            of_address = self._by_address[known.address]
            of_address.discard(key)
            if not of_address:
                del self._by_address[known.address]

    def close_late(self) -> None:
        """Close the connections that have taken too long to send their request."""
        now = self._clock()
        for key, one in list(self._open.items()):
            phase = one.look(now)
            if phase is not Phase.BUSY and now - one.since > (HEAD_SECONDS if phase is Phase.HEAD else BODY_SECONDS):
                self._close(key)

    def _make_room(self, candidates: set[Any], reason: str, newest: Any) -> None:
        """Close the oldest connections that have not sent a request, some at a time; else the newest."""
        now = self._clock()
        waiting = [key for key in candidates if key is not newest and self._open[key].look(now) is not Phase.BUSY]
        waiting.sort(key=lambda key: self._open[key].since)
        victims = waiting[: max(self._most // 20, 1)] or ([newest] if newest is not None else [])
        for key in victims:
            self._close(key)
        if victims and now - self._logged_at >= _LOG_SECONDS:
            self._logged_at = now
            logger.warning("%s: those that have sent no request are closed, the oldest first", reason)

    def _close(self, key: Any) -> None:
        close = self._open[key].close
        self.closed(key)
        close()

    def _sweep(self) -> None:
        self.close_late()
        self._sweeping = bool(self._open)
        if self._sweeping:
            asyncio.get_running_loop().call_later(_SWEEP_SECONDS, self._sweep)


def address_of(transport: asyncio.BaseTransport) -> str:
    """Return the network address at the other end, as limits count it; empty where there is none."""
    peer = transport.get_extra_info("peername")
    return counted_as(str(peer[0])) if isinstance(peer, tuple) else ""


def connections_of_this_process() -> Connections:
    """Return the registry of a server process, and allow the process as many open files as the machine does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
        except (ValueError, OSError) as error:
            logger.warning("The number of open files stays at %d: %s", soft, error)
    files = _MOST_FILES if soft == resource.RLIM_INFINITY else soft
    return Connections(max(min(MOST, files - min(_RESERVED, files // 2)), 1))

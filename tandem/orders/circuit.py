"""A circuit breaker: what keeps failing is not asked for a while, so that nobody waits for it in vain."""
from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from enum import Enum

logger = logging.getLogger(__name__)


class CircuitOpen(Exception):
    """The call was not made: too many before it have failed."""


class CircuitState(str, Enum):
    """Whether calls are made."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"  # one call is on trial, the others are not made


class Circuit:
    """Opens after `failures` failed calls in a row; one call every `pause` seconds then tries whether it answers again.

    For one process; safe to use from many threads. Whoever was admitted tells `succeeded` or `failed`, or nothing if
    the call was not made after all.
    """

    def __init__(
        self, name: str, failures: int = 5, pause: float = 10.0, clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._limit = failures
        self._pause = pause
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._open = False
        self._trial_at = 0.0  # when the next call is let through
        self._on_trial = False

    @property
    def state(self) -> CircuitState:
        """Return the state as it is now."""
        with self._lock:
            if not self._open:
                return CircuitState.CLOSED
            return CircuitState.HALF_OPEN if self._on_trial else CircuitState.OPEN

    def admit(self) -> None:
        """Ask whether a call may be made.

        Raises:
            CircuitOpen: It may not.
        """
        with self._lock:
            if not self._open:
                return
            now = self._clock()
            if now < self._trial_at:
                raise CircuitOpen(f"{self.name} has not answered; it is asked again in {self._trial_at - now:.0f} s")
            self._on_trial, self._trial_at = True, now + self._pause

    def succeeded(self) -> None:
        """Note that a call was answered."""
        with self._lock:
            again, self._open, self._on_trial, self._failures = self._open, False, False, 0
        if again:
            logger.warning("%s answers again; the circuit closes", self.name)

    def failed(self) -> None:
        """Note that a call was not answered."""
        with self._lock:
            self._failures += 1
            opens = not self._open and self._failures >= self._limit
            if opens or self._on_trial:
                self._open, self._on_trial, self._trial_at = True, False, self._clock() + self._pause
        if opens:
            logger.error("%s has failed %d times in a row; the circuit opens, and one call in %.0f s tries it",
                         self.name, self._limit, self._pause)

"""Named points at which a test makes Tandem fail; without `TANDEM_FAULTS` each costs one `if` (docs/reliability.md).

The rules are `point:probability:action[:seconds]`, separated by commas. A point is a step and a moment of it:
`receive.after_commit`, `deliver.before_send`; the point `clock` is each look at the clock. Actions:

    kill    the process ends as if by `kill -9`
    hang    the thread stands still for so many seconds (on the event loop: the whole process)
    locked  the database says that it is locked
    full    the database says that the disk is full
    drop    the connection breaks
    back    this process's clock steps back by so many seconds (at `clock` only)

Every fault is told on standard error before it happens, so that a test can count them.
"""
from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta

from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import OperationalError

from tandem.db.engine import now
from tandem.settings import FaultRule

CLOCK = "clock"


class Faults:
    """The rules in force in one process."""

    def __init__(self, rules: Sequence[FaultRule], seed: int = 0) -> None:
        self._rules: dict[str, list[FaultRule]] = defaultdict(list)
        for rule in rules:
            self._rules[rule.point].append(rule)
        # Else a process started again would die at the same moment of its life, over and over.
        self._random = random.Random(seed * 1_000_003 + os.getpid())
        self._behind = timedelta(0)

    def reach(self, point: str) -> None:
        """Fail here, if the dice say so.

        Raises:
            OperationalError: As a database that is locked or full.
            ConnectionResetError: As a connection that breaks.
        """
        for rule in self._rules.get(point, ()):
            if self._random.random() < rule.probability:
                self._act(rule)

    def clock(self) -> datetime:
        """Return the present moment, or what this process takes for it."""
        self.reach(CLOCK)
        return now() - self._behind

    def _act(self, rule: FaultRule) -> None:
        os.write(2, f"fault: {rule.point} {rule.action}\n".encode())
        if rule.action == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif rule.action == "hang":
            time.sleep(rule.seconds)
        elif rule.action == "back":
            self._behind += timedelta(seconds=rule.seconds)
        elif rule.action == "drop":
            raise ConnectionResetError(f"fault at {rule.point}")
        else:
            words = "database is locked" if rule.action == "locked" else "database or disk is full"
            raise OperationalError(f"fault at {rule.point}", {}, sqlite3.OperationalError(words))


_faults: Faults | None = None


def install(rules: Sequence[FaultRule], seed: int = 0) -> None:
    """Put rules in force in this process; none switches all faults off."""
    global _faults
    _faults = Faults(rules, seed) if rules else None


def fault(point: str) -> None:
    """Mark a point at which a test may make this process fail; see `Faults.reach`."""
    if _faults is not None:
        _faults.reach(point)


def transaction(engine: Engine, step: str) -> AbstractContextManager[Connection]:
    """Do what `engine.begin()` does, with the points `<step>.before_commit` and `<step>.after_commit`."""
    begun: AbstractContextManager[Connection] = engine.begin() if _faults is None else _between_points(engine, step)
    return begun


def clock() -> Callable[[], datetime]:
    """Return the clock of this process."""
    return now if _faults is None else _faults.clock


@contextmanager
def _between_points(engine: Engine, step: str) -> Iterator[Connection]:
    with engine.begin() as connection:
        yield connection
        fault(f"{step}.before_commit")
    fault(f"{step}.after_commit")

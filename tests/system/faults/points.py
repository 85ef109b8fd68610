"""The dice of a fault run: at which points a process fails, how often and how; and the failing itself.

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
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

CLOCK = "clock"
ACTIONS = ("kill", "hang", "locked", "full", "drop", "back")


@dataclass(frozen=True)
class Rule:
    """Where a process fails, how likely each time (0 to 1), how, and for how many seconds."""

    point: str
    probability: float
    action: str
    seconds: float = 0.0


def parse(text: str) -> tuple[Rule, ...]:
    """The rules in a text.

    Raises:
        ValueError: One is none.
    """
    return tuple(_rule(part.strip()) for part in text.split(",") if part.strip())


def _rule(text: str) -> Rule:
    point, *rest = text.split(":")
    if len(rest) not in (2, 3) or rest[1] not in ACTIONS or (rest[1] == "back") != (point == CLOCK):
        raise ValueError(f"{text}: expected point:probability:action[:seconds], an action of {', '.join(ACTIONS)}")
    rule = Rule(point, float(rest[0]), rest[1], float(rest[2]) if len(rest) == 3 else 0.0)
    if not 0 <= rule.probability <= 1 or rule.seconds < 0:
        raise ValueError(f"{text}: expected a probability from 0 to 1 and seconds from 0")
    return rule


class Faults:
    """The rules in force in one process."""

    def __init__(self, rules: Sequence[Rule], seed: int = 0) -> None:
        self._rules: dict[str, list[Rule]] = defaultdict(list)
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

    def clock(self, now: Callable[[], datetime]) -> datetime:
        """The present moment, or what this process takes for it."""
        self.reach(CLOCK)
        return now() - self._behind

    def _act(self, rule: Rule) -> None:
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
            from sqlalchemy.exc import OperationalError

            words = "database is locked" if rule.action == "locked" else "database or disk is full"
            raise OperationalError(f"fault at {rule.point}", {}, sqlite3.OperationalError(words))


_faults = Faults(())


def reach(point: str) -> None:
    """A point of this process; see `Faults.reach`."""
    _faults.reach(point)


def put_in_force(rules: Sequence[Rule], seed: int = 0) -> None:
    """Put rules in force in this process; none switches all faults off."""
    global _faults
    _faults = Faults(rules, seed)


def clock(now: Callable[[], datetime]) -> datetime:
    """The present moment, or what this process takes for it."""
    return _faults.clock(now)

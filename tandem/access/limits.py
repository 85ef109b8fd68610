"""How much one request may carry, and how many requests one caller may send."""
from __future__ import annotations

import json
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from itertools import accumulate
from typing import Any

MAX_BODY = 1_000_000  # bytes of any request
MAX_DEPTH = 32  # levels of lists and objects within each other
MAX_VALUES = 10_000  # keys and values in one body
MAX_METADATA = 16_000  # bytes of what a channel's message carries beside its text
_REMEMBERED = 20_000  # keys; the longest unused is forgotten first
_STRINGS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_STEPS = bytes.maketrans(b"[{]}", b"\1\1\2\2")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[{]}"))


class LimitExceeded(ValueError):
    """Data is nested too deeply, or has too many parts; the message says which."""


def check_shape(value: Any, depth: int = MAX_DEPTH, values: int = MAX_VALUES) -> None:
    """Check how deep JSON data is nested and how many keys and values it has.

    Raises:
        LimitExceeded: More than allowed.
    """
    level, deep, seen = [value], 0, 1
    while level:
        if deep > depth:
            raise LimitExceeded(f"lists and objects may be nested {depth} levels deep")
        below: list[Any] = []
        for one in level:
            if isinstance(one, Mapping):
                below.extend(one.values())
                seen += 2 * len(one)
            elif isinstance(one, (list, tuple)):
                below.extend(one)
                seen += len(one)
        if seen > values:
            raise LimitExceeded(f"a body may have at most {values} keys and values")
        level, deep = below, deep + 1


def depth_of(body: bytes) -> int:
    """Measure how deep the lists and objects of a JSON text are nested, without reading it into objects."""
    brackets = _STRINGS.sub(b"", body).translate(_STEPS, _NO_BRACKETS)
    return max(accumulate(map((0, 1, -1).__getitem__, brackets), initial=0))


def check_metadata(metadata: Any) -> None:
    """Check that what a message carries beside its text is small enough to be kept with each message.

    Raises:
        LimitExceeded: It is not.
    """
    check_shape(metadata, depth=10, values=500)
    if len(json.dumps(metadata, default=str)) > MAX_METADATA:
        raise LimitExceeded(f"metadata may have at most {MAX_METADATA} bytes")


class RateLimit:
    """At most `per_minute` in the long run and `burst` at once, for each key; in the memory of one process."""

    def __init__(self, per_minute: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_minute / 60
        self._burst = float(burst)
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # key: (left, at)

    def wait(self, key: str) -> float:
        """Count one; return 0 if it is allowed, else the seconds after which one will be."""
        now = self._clock()
        left, since = self._buckets.pop(key, (self._burst, now))
        left = min(self._burst, left + (now - since) * self._per_second)
        allowed = left >= 1
        self._buckets[key] = (left - 1 if allowed else left, now)
        if len(self._buckets) > _REMEMBERED:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1 - left) / self._per_second

"""How long something takes: a number, or from one to another; `3-5` in a file."""
from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

_SPAN = re.compile(r"(\d{1,5})(?:\s*-\s*(\d{1,5}))?")


@dataclass(frozen=True)
class Span:
    """From `least` to `most` of a unit that the key names: days, weeks, hours."""

    least: int
    most: int

    @classmethod
    def __get_validators__(cls) -> Iterator[Callable[[Any], Span]]:
        yield cls.read

    @classmethod
    def read(cls, value: Any) -> Span:
        """Read `5` or `3-5`. Raises ValueError for anything else."""
        if isinstance(value, Span):
            return value
        found = _SPAN.fullmatch(str(value)) if isinstance(value, (int, str)) and not isinstance(value, bool) else None
        if found is None or int(found[1]) > int(found[2] or found[1]):
            raise ValueError
        return cls(int(found[1]), int(found[2] or found[1]))

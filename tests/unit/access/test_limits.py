"""How much one request may carry, and how often one may come."""
from __future__ import annotations

from typing import Any

import pytest

from tandem.access.limits import (
    MAX_DEPTH,
    MAX_METADATA,
    MAX_VALUES,
    LimitExceeded,
    RateLimit,
    check_metadata,
    check_shape,
)
from tests.fakes.clock import Seconds


def nested(levels: int) -> Any:
    value: Any = 1
    for number in range(levels):
        value = [value] if number % 2 else {"a": value}
    return value


def test_what_is_nested_too_deeply_is_refused() -> None:
    check_shape(nested(MAX_DEPTH))
    for levels in (MAX_DEPTH + 1, 900, 100_000):
        with pytest.raises(LimitExceeded, match="levels deep"):
            check_shape(nested(levels))


@pytest.mark.parametrize("value", [
    list(range(MAX_VALUES + 1)), {str(number): 1 for number in range(MAX_VALUES)}, [[1, 2]] * MAX_VALUES,
    {"a": [{} for _ in range(MAX_VALUES)]},
], ids=["list", "object", "lists", "objects"])
def test_what_has_too_many_parts_is_refused(value: Any) -> None:
    with pytest.raises(LimitExceeded, match="keys and values"):
        check_shape(value)


def test_metadata_is_small() -> None:
    check_metadata(None)
    check_metadata({"language": "de", "page": "https://shop.example.com/" + "x" * 2000, "tags": ["a"] * 20})
    for large in ({"x": "y" * MAX_METADATA}, nested(11), {str(number): 1 for number in range(300)}):
        with pytest.raises(LimitExceeded):
            check_metadata(large)


def test_a_rate_limit_counts_each_key_by_itself_and_fills_again() -> None:
    clock = Seconds()
    limit = RateLimit(per_minute=60, burst=2, clock=clock)
    assert [limit.wait("a") for _ in range(3)] == [0, 0, 1]
    assert limit.wait("b") == 0
    clock.now += 1.0
    assert limit.wait("a") == 0 and limit.wait("a") > 0

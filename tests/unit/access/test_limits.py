"""How much one request may carry, and how often one may come."""
from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.access.limits import (
    MAX_DEPTH,
    MAX_METADATA,
    MAX_VALUES,
    LimitExceeded,
    RateLimit,
    check_metadata,
    check_shape,
    depth_of,
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


@pytest.mark.parametrize(("text", "depth"), [
    ("", 0), ("1", 0), ("[]", 1), ('{"a": [1, {"b": []}]}', 4), ('["]]]]", [[1]]]', 3), ('["\\\\", "\\"[[[", []]', 2),
    ("[" * 900 + "]" * 900, 900), ('{"a": "' + "[" * 900 + '"}', 1), ("not JSON ]]]", 0), ('["never closed [[[', 4),
])
def test_depth_is_counted_without_reading(text: str, depth: int) -> None:
    assert depth_of(text.encode()) == depth


@given(st.recursive(st.none() | st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(
    st.text(), inner)))
def test_depth_is_that_of_what_is_read(value: Any) -> None:
    def depth(one: Any) -> int:
        if isinstance(one, dict):
            return 1 + max(map(depth, one.values()), default=0)
        return 1 + max(map(depth, one), default=0) if isinstance(one, list) else 0

    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False, indent=1)):
        assert depth_of(text.encode("utf-8", "surrogatepass")) == depth(value)


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

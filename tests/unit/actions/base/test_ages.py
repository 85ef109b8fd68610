"""An order told by its age."""
from __future__ import annotations

import pytest

from actions.base.ages import Age, read_age


@pytest.mark.parametrize(("text", "age"), [
    ("how is my latest order", Age(place=0)), ("my very last order", Age(place=0)), ("the oldest one", Age(place=-1)),
    ("no, the one before that", Age()), ("and my previous order?", Age()),
    ("the one I ordered yesterday", Age(days_ago=1)), ("what I bought two weeks ago", Age(days_ago=14)),
    ("today's order", Age(days_ago=0)), ("the last one", None), ("it came two days ago", None),
    ("I asked before that", None), ("where is it", None),
])
def test_the_age_is_read(text: str, age: Age | None) -> None:
    assert read_age(text) == age

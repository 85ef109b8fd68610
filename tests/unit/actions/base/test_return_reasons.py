"""Why something goes back, in a customer's own words."""
from __future__ import annotations

import pytest

from actions.base.return_reasons import denies, read_reason


@pytest.mark.parametrize(("text", "reason"), [
    ("much too tight", "does_not_fit"), ("doesnt fit me", "does_not_fit"), ("I don't really like it", "changed_mind"),
    ("we changed our minds", "changed_mind"), ("it looks different in real life", "not_as_described"),
    ("not as it was shown", "not_as_described"), ("it's torn at the seam", "damaged"),
    ("it's another colour", "wrong_item"),
    ("it isn't damaged", None), ("my aunt laughed at it", None),
])
def test_a_reason_is_read_from_its_words(text: str, reason: str | None) -> None:
    found = read_reason(text)
    assert (found.value if found else None) == reason


def test_what_is_denied_is_no_reason() -> None:
    assert denies("I never said it's damaged", "damaged")
    assert not denies("it's damaged, not just dirty", "damaged")

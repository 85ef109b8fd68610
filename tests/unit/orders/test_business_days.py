"""Business days are counted from the next day on, without Saturdays and Sundays."""
from __future__ import annotations

from datetime import date

import pytest

from tandem.orders.business_days import business_days_after


@pytest.mark.parametrize(("day", "days", "last"), [
    (23, 1, 24), (27, 1, 30), (28, 1, 30), (29, 1, 30), (23, 5, 30), (20, 5, 27), (24, 0, 24)])
def test_weekends_are_no_business_days(day: int, days: int, last: int) -> None:
    assert business_days_after(date(2025, 6, day), days) == date(2025, 6, last)

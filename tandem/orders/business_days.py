"""Business days: Monday to Friday. Nobody gives the shop's holidays, so that none are left out."""
from __future__ import annotations

from datetime import date, timedelta

SATURDAY = 5  # by date.weekday


def business_days_after(day: date, days: int) -> date:
    """Return the day on which so many business days have passed, the first of them being the day after `day`."""
    while days > 0:
        day += timedelta(days=1)
        days -= day.weekday() < SATURDAY
    return day

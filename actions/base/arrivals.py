"""An order told by the day on which it should come: "the one arriving in January", "Friday's parcel"."""
from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from tandem.orders.model import Order

_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
           "december")
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NEAR = ("today", "tomorrow")
_WHEN = "|".join((*_MONTHS, *_WEEKDAYS, *_NEAR))
_COMES = r"(?:com(?:ing|es?)|arriv(?:ing|es?)|due|expected|scheduled|here|get(?:s|ting) here|to be delivered)"
_THING = r"(?:one|order|parcel|package|delivery)"
_BY_DAY = re.compile(rf"\b{_COMES}\s+(?:(?:in|on|by|for|this|next)\s+)?(?P<comes>{_WHEN})\b|"
                     rf"\b(?P<of>{_WHEN})(?:['’]?s)?\s+{_THING}\b", re.IGNORECASE)


def by_arrival(text: str, orders: Sequence[Order], now: datetime) -> str | None:
    """Find the one open order that should come on the day or in the month that a text names; None if not exactly one.

    Args:
        now: In the shop's zone.
    """
    found = _BY_DAY.search(text)
    if found is None or len(orders) < 2:
        return None
    word = (found["comes"] or found["of"]).lower()
    awaited = [(order.number, order.expected_by.astimezone(now.tzinfo).date())
               for order in orders if order.status.open and order.expected_by is not None]
    hits = [number for number, day in awaited if _is_on(day, word, now.date())]
    return hits[0] if len(hits) == 1 else None


def _is_on(day: date, word: str, today: date) -> bool:
    if word in _NEAR:
        return day == today + timedelta(days=_NEAR.index(word))
    if word in _WEEKDAYS:
        return day.weekday() == _WEEKDAYS.index(word)
    return day.month == _MONTHS.index(word) + 1

"""Dates as customers read them, in the shop's time zone."""
from __future__ import annotations

from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import pytest
from babel import Locale

from tandem.orders.model import PaymentMethod
from tandem.wording.dates import Dates
from tandem.wording.formats import Formats

NOW = datetime(2025, 6, 24, 15, 0, tzinfo=timezone.utc)  # a Tuesday
AMERICAN = Formats(Locale("en", "US"))


@pytest.mark.parametrize(("moment", "words"), [
    (datetime(2025, 6, 24, 20, 0), "today by 8 PM"),
    (datetime(2025, 6, 25, 15, 0), "tomorrow by 3 PM"),
    (datetime(2025, 6, 25, 0, 30), "tomorrow by 12:30 AM"),
    (datetime(2025, 6, 27, 20, 0), "in 3 days (Friday, June 27)"),
    (datetime(2025, 7, 4, 20, 0), "on Friday, July 4"),
])
def test_what_is_to_come(moment: datetime, words: str) -> None:
    assert Dates(NOW, timezone.utc, AMERICAN).when(moment.replace(tzinfo=timezone.utc)) == words


@pytest.mark.parametrize(("day", "words"), [(24, "today"), (23, "yesterday"), (19, "5 days ago"), (25, "today")])
def test_what_has_been(day: int, words: str) -> None:
    assert Dates(NOW, timezone.utc, AMERICAN).ago(datetime(2025, 6, day, 9, tzinfo=timezone.utc)) == words


def test_days_begin_where_the_shop_is() -> None:
    late = datetime(2025, 6, 25, 3, 0, tzinfo=timezone.utc)  # still the 24th in New York
    assert Dates(NOW, ZoneInfo("America/New_York"), AMERICAN).when(late) == "today by 11 PM"


@pytest.mark.parametrize(("day", "words"), [
    (24, "today at 8 AM"), (25, "tomorrow at 8 AM"), (27, "on Friday at 8 AM"),
])
def test_when_somebody_is_back(day: int, words: str) -> None:
    assert Dates(NOW, timezone.utc, AMERICAN).opening(datetime(2025, 6, day, 8, tzinfo=timezone.utc)) == words


@pytest.mark.parametrize("method", PaymentMethod)
def test_every_payment_method_has_a_name(method: PaymentMethod) -> None:
    assert Dates(NOW, timezone.utc, AMERICAN).method(method).startswith("your ")

"""Amounts of money in a currency's smallest units."""
from __future__ import annotations

import time
from decimal import Decimal

import pytest

from tandem.orders.money import Money


@pytest.mark.parametrize(("amount", "currency", "units"), [
    ("59.90", "USD", 5990), ("-5", "USD", -500), ("1200", "JPY", 1200), ("1E+2", "USD", 10_000)])
def test_an_amount_is_so_many_of_the_smallest_units(amount: str, currency: str, units: int) -> None:
    assert Money(Decimal(amount), currency).minor == units


@pytest.mark.parametrize("amount", ["0.001", "NaN", "sNaN", "-Infinity", "1E+60", "1E+999999", "1E-999999"])
def test_what_is_no_amount_has_none(amount: str) -> None:
    with pytest.raises(ValueError, match="USD has no such amount"):
        _ = Money(Decimal(amount)).minor


def test_a_power_of_ten_that_nobody_pays_is_refused_at_once() -> None:
    began = time.process_time()
    with pytest.raises(ValueError, match="no such amount"):
        _ = Money(Decimal("1E+200000")).minor  # as an integer it takes seconds in which nothing else runs
    assert time.process_time() - began < 0.2

"""The parts of data/shop.yml: what holds for each of them."""
from __future__ import annotations

from decimal import Decimal
from typing import Any

from pydantic import Field, validator

from tandem.configuration import ConfigModel
from tandem.shop.spans import Span

DAYS = "a number of days such as 5, or from and to such as 3-5"
PRICE = "an amount such as 4.95"


class Section(ConfigModel):
    """A part of the file; a key after which nothing stands has its default, and no list is empty."""

    class Config:
        empty_is_default = True

    @validator("*", allow_reuse=True)
    def _has_entries(cls, value: Any) -> Any:
        if value in ((), {}):
            raise ValueError
        return value


def span(least: int, most: int, what: str = DAYS) -> Any:
    """Return a field that takes a length of time, with its default."""
    return Field(Span(least, most), description=what)


def price(amount: str) -> Any:
    """Return a field that takes an amount, with its default."""
    return Field(Decimal(amount), ge=0, description=PRICE)

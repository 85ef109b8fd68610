"""Exact amounts of money, and how they are written."""
from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from babel import Locale
from babel.numbers import format_currency, get_currency_precision, get_currency_symbol

_MOST_DIGITS = 40  # of which an integer is made
_CODE_LAST = "#,##0.00 ¤"  # where a language has no sign for a currency


@dataclass(frozen=True)
class Money:
    """An amount in a currency (ISO 4217). Amounts of two currencies do not add."""

    amount: Decimal
    currency: str = "USD"

    def __add__(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise ValueError(f"cannot add {other.currency} to {self.currency}")
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: Money) -> Money:
        return self + Money(-other.amount, other.currency)

    def __mul__(self, times: int) -> Money:
        return Money(self.amount * times, self.currency)

    @classmethod
    def of_minor(cls, units: int, currency: str) -> Money:
        """Return the amount of so many of the currency's smallest units: 5990 cents are 59.90."""
        return cls(Decimal(units).scaleb(-get_currency_precision(currency)), currency)

    @property
    def minor(self) -> int:
        """Return it in the currency's smallest units.

        Raises:
            ValueError: It has more places than the currency, or is no amount of money at all.
        """
        try:
            units = self.amount.scaleb(get_currency_precision(self.currency))
        except ArithmeticError:  # a signalling NaN, or a power of ten beyond all bounds
            raise ValueError(f"{self.currency} has no such amount") from None
        if not units.is_finite() or units.adjusted() > _MOST_DIGITS or units != units.to_integral_value():
            raise ValueError(f"{self.currency} has no such amount")
        return int(units)

    def __str__(self) -> str:
        """Write it for agents, and for logs."""
        return self.written(Locale("en", "US"))

    def written(self, locale: Locale) -> str:
        """Write it as a language and country do: "$54.00", "54,00 €", "54.00 SEK"."""
        nameless = get_currency_symbol(self.currency, locale) == self.currency
        text = format_currency(self.amount, self.currency, _CODE_LAST if nameless else None, locale=locale)
        return text.replace("\u00a0", " ").replace("\u202f", " ")

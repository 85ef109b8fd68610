"""Dates, amounts and lists as the shop's language and country write them: by CLDR, through Babel.

What CLDR has no form for ("2 × Stoneware mug", "5 to 7") stands in a file of this folder for each language.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

import yaml
from babel import Locale
from babel.dates import format_date, format_skeleton, format_time, format_timedelta
from babel.lists import format_list
from babel.numbers import format_currency, format_decimal

from tandem.orders.model import Order, OrderItem
from tandem.orders.money import Money

DEFAULT = "en"  # for a language that has no file here
_DAYS_ONLY = 1e9  # Babel takes weeks from so many weeks on
_HARD_SPACES = str.maketrans({"\u00a0": " ", "\u202f": " "})  # a text message with one holds 70 characters, not 160


class Formats:
    """Writes values for customers.

    Args:
        locale: The shop's language and country.
    """

    def __init__(self, locale: Locale) -> None:
        self._locale = locale
        self._forms = _forms(locale.language)

    def time(self, local: datetime) -> str:
        """Write a time of day, full hours without minutes where a day has two halves: "3 PM", "15:00"."""
        if not local.minute and "h" in self._locale.time_formats["short"].pattern:
            return _plain(format_skeleton("h", local, locale=self._locale))
        return _plain(format_time(local, "short", locale=self._locale))

    def weekday(self, local: datetime) -> str:
        """Name the day of the week: "Friday"."""
        return format_date(local, "EEEE", locale=self._locale)

    def month(self, local: datetime) -> str:
        """Name the month: "June"."""
        return format_date(local, "MMMM", locale=self._locale)

    def date(self, local: datetime) -> str:
        """Write a day of the year: "June 27"."""
        return _plain(format_skeleton("MMMMd", local, locale=self._locale))

    def days(self, days: int) -> str:
        """Write a distance of days, those that have passed being negative: "in 3 days", "5 days ago"."""
        return _plain(format_timedelta(timedelta(days=days), granularity="day", threshold=_DAYS_ONLY,
                                       add_direction=True, locale=self._locale))

    def money(self, amount: Money) -> str:
        """Write an amount: "$1,054.00"."""
        return amount.written(self._locale)

    def short_money(self, amount: Money) -> str:
        """Write an amount, a round one without its cents: "$50", "$4.95"."""
        if amount.amount == int(amount.amount):
            whole = self._locale.currency_formats["standard"].pattern.replace(".00", "")
            return _plain(format_currency(amount.amount, amount.currency, whole, self._locale, currency_digits=False))
        return self.money(amount)

    def number(self, number: int) -> str:
        """Write a whole number: "1,500"."""
        return _plain(format_decimal(number, locale=self._locale))

    def business_days(self, least: int, most: int) -> str:
        """Write how long a delivery takes: "3 to 5 business days", "the next business day"."""
        return self._forms["next_business_day"] if most <= 1 else self._form("business_days",
                                                                              days=self.span(least, most))

    def delivery_time(self, name: str, time: str, area: str = "") -> str:
        """Name a way of delivery with its time, and where it goes: "freight (5 to 8 business days, Ohio only)"."""
        return self._form("delivery_time_area" if area else "delivery_time", name=name, time=time, area=area)

    def delivery_free(self, name: str) -> str:
        """Name a way of delivery that costs nothing: "pick-up (free)"."""
        return self._form("delivery_free", name=name)

    def delivery_price(self, name: str, price: str, free_from: str) -> str:
        """Name a way of delivery with its price: "standard delivery for $4.95 (free from $50)"."""
        form = "delivery_price_free_from" if free_from else "delivery_price"
        return self._form(form, name=name, price=price, free_from=free_from)

    def items(self, items: Sequence[OrderItem]) -> str:
        """Name items: "2 × Stoneware mug, grey; Bath towel". The names themselves have commas."""
        return self._forms["items"].join(
            self._form("item", quantity=str(item.quantity), name=item.name) if item.quantity > 1 else item.name
            for item in items)

    def priced(self, items: Sequence[OrderItem]) -> str:
        """Name items with what each line costs: "Bath towel ($24.50); Wall clock ($68.00)"."""
        return self.joined(self._form("priced", item=self.items([item]), price=self.money(item.price))
                           for item in items)

    def parcels(self, contents: Sequence[Sequence[OrderItem]]) -> str:
        """Tell what is in each of several parcels: "1: Bath towel; 2: Wall clock"."""
        return self.joined(self._form("parcel", number=str(number), items=self.items(items))
                           for number, items in enumerate(contents, 1))

    def order_line(self, order: Order, when: str) -> str:
        """Put an order into one line, with the day it comes if that is not empty."""
        values = {"number": order.number, "items": self.items(order.items), "total": self.money(order.total)}
        return self._form("order_line_when", when=when, **values) if when else self._form("order_line", **values)

    def joined(self, parts: Iterable[str]) -> str:
        """Join what may have commas of its own."""
        return self._forms["items"].join(parts)

    def span(self, least: int, most: int) -> str:
        """Write from how many to how many: "5 to 7"."""
        return self._form("span", least=str(least), most=str(most)) if least != most else str(most)

    def order(self, order: Order) -> str:
        """Write the title of a button for an order, by its first item: "#10388 · Bath towel …"."""
        return self._form("order" if len(order.items) == 1 else "order_of_several", number=order.number,
                          item=self.items(order.items[:1]))

    def joined_list(self, parts: Sequence[str]) -> str:
        """Join parts as a sentence does: "a, b and c"."""
        return str(format_list(list(parts), locale=self._locale))

    def joined_choice(self, parts: Sequence[str]) -> str:
        """Join parts of which one is taken: "a, b or c"."""
        return str(format_list(list(parts), "or", locale=self._locale))

    def form(self, form: str, /, **values: str) -> str:
        """Fill one of the language's forms, those of its file in this folder."""
        return self._form(form, **values)

    def _form(self, form: str, /, **values: str) -> str:
        return self._forms[form].format(**values)


@lru_cache
def _forms(language: str) -> Mapping[str, str]:
    path = Path(__file__).with_name(f"{language}.yml")
    if not path.is_file():
        path = path.with_stem(DEFAULT)
    return {str(name): str(form) for name, form in yaml.safe_load(path.read_text(encoding="utf-8")).items()}


def _plain(text: str) -> str:
    return text.translate(_HARD_SPACES)

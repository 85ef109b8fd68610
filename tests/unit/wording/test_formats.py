"""Values as the shop's language and country write them."""
from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from babel import Locale

import tandem.wording
from tandem.orders.demo_orders import demo_orders
from tandem.orders.money import Money
from tandem.settings import Settings, SettingsError, load
from tandem.wording.formats import Formats

AFTERNOON = datetime(2025, 6, 27, 15, 0)
NIGHT = datetime(2025, 12, 2, 0, 30)
FILES = [path for path in Path(tandem.wording.__file__).parent.glob("*.yml") if path.stem != "languages"]


def formats(locale: str) -> Formats:
    return Formats(Locale.parse(locale))


@pytest.mark.parametrize(("locale", "day", "times", "distances", "amount"), [
    ("en_US", "Friday, June 27", ("3 PM", "12:30 AM"), ("in 3 days", "12 days ago"), "$1,054.50"),
    ("en_GB", "Friday, 27 June", ("15:00", "00:30"), ("in 3 days", "12 days ago"), "US$1,054.50"),
    ("de", "Freitag, 27. Juni", ("15:00", "00:30"), ("in 3 Tagen", "vor 12 Tagen"), "1.054,50 $"),
    ("fr_FR", "vendredi, 27 juin", ("15:00", "00:30"), ("dans 3 jours", "il y a 12 jours"), "1 054,50 $US"),
])
def test_a_day_a_time_and_an_amount(
    locale: str, day: str, times: tuple[str, str], distances: tuple[str, str], amount: str,
) -> None:
    written = formats(locale)
    assert f"{written.weekday(AFTERNOON)}, {written.date(AFTERNOON)}" == day
    assert (written.time(AFTERNOON), written.time(NIGHT)) == times
    assert (written.days(3), written.days(-12)) == distances
    assert written.money(Money(Decimal("1054.50"))) == amount


@pytest.mark.parametrize(("currency", "text"), [
    ("USD", "$54.00"), ("EUR", "€54.00"), ("GBP", "£54.00"), ("JPY", "¥54"), ("CAD", "CA$54.00"),
    ("SEK", "54.00 SEK"),
])
def test_amounts_for_american_customers_and_for_agents(currency: str, text: str) -> None:
    amount = Money(Decimal(54), currency)
    assert formats("en_US").money(amount) == str(amount) == text


def test_items_and_the_button_of_an_order() -> None:
    order = next(one for one in demo_orders(datetime.now(timezone.utc), timezone.utc) if len(one.items) > 1)
    first, second, *_ = order.items
    english, german = formats("en_US"), formats("de_AT")
    assert english.items((replace(first, quantity=2), second)) == f"2 × {first.name}; {second.name}"
    assert english.order(order) == f"{order.number} · {first.name} …"
    assert english.order(replace(order, items=(first,))) == f"{order.number} · {first.name}"
    assert (english.span(5, 7), english.span(5, 5), german.span(5, 7)) == ("5 to 7", "5", "5 bis 7")
    assert formats("fi").span(5, 7) == "5 to 7", "a language without a file of its own has the English forms"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_language_has_all_forms_with_all_their_values(path: Path) -> None:
    def shape(path: Path) -> dict[str, set[str]]:
        forms = yaml.safe_load(path.read_text(encoding="utf-8"))
        return {name: set(re.findall(r"\{\w+\}", form)) for name, form in forms.items()}

    assert shape(path) == shape(path.with_stem("en"))


def test_the_shop_says_its_language_and_country() -> None:
    assert load({}).shop_locale == Settings().shop_locale == Locale("en", "US")
    assert load({"TANDEM_SHOP_LOCALE": "de-AT"}).shop_locale == Locale("de", "AT")
    for wrong in ("xx", "german", "en_US_extra_much"):
        with pytest.raises(SettingsError, match="TANDEM_SHOP_LOCALE"):
            load({"TANDEM_SHOP_LOCALE": wrong})

"""What replies may name of data/shop.yml: `{shop_returns_days}` is `days` under `returns:`, as customers read it."""
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, time
from decimal import Decimal
from typing import Any

from babel.dates import get_timezone_name
from pydantic import BaseModel

from tandem.configuration import ConfigurationError, nearest
from tandem.orders.money import Money
from tandem.shop.delivery import DeliveryServiceSettings
from tandem.shop.schema import Shop
from tandem.shop.shop_file import current_shop
from tandem.shop.spans import Span
from tandem.wording.formats import Formats
from tandem.wording.opening_hours import Spans, hours_in_words

_last: list[tuple[Shop, Mapping[str, str]]] = []  # the shop last seen, and its values
_NAMED = re.compile(r"\{(shop_\w+)\}")


class ShopValueError(ConfigurationError):
    """A response names a value that data/shop.yml does not give; the text names both."""


def shop_values(shop: Shop, hours: Mapping[int, Spans] | None = None) -> Mapping[str, str]:
    """Return all values of a shop by their names, written as its language and country write them.

    Args:
        hours: When people are there, by weekday, if that is to be told.
    """
    formats = Formats(shop.locale)
    told = {"shop_hours": hours_in_words(hours, formats)} if hours is not None else {}
    return {**dict(_all_of(shop, formats)), **told}


def current_values() -> Mapping[str, str]:
    """Return the values of the shop as its file stands now, for words that are filled when they are said."""
    shop = current_shop()
    if not _last or _last[0][0] is not shop:
        _last[:] = [(shop, shop_values(shop))]
    return _last[0][1]


def fill(content: Any, values: Mapping[str, str], where: str) -> Any:
    """Write values in place of their names in all texts of a YAML document; other braces stay.

    Args:
        where: What messages call the document.

    Raises:
        ShopValueError: A name is none of the values.
    """
    if isinstance(content, str):
        return _NAMED.sub(lambda match: _value(match[1], values, where), content)
    if isinstance(content, dict):
        return {key: fill(value, values, where) for key, value in content.items()}
    return [fill(value, values, where) for value in content] if isinstance(content, list) else content


def _value(name: str, values: Mapping[str, str], where: str) -> str:
    if not values.get(name):
        raise ShopValueError(f"{where} names {{{name}}}: " + nearest(name, sorted(values)) + "; see docs/shop.md"
                             if name not in values else
                             f"{where} names {{{name}}}, and data/shop.yml says nothing there; see docs/shop.md")
    return values[name]


def _all_of(shop: Shop, formats: Formats) -> Iterator[tuple[str, str]]:
    locale = shop.locale
    yield from _of_services(shop, formats)
    yield from _leaves("shop", shop, formats, shop)
    yield "shop_order_number_example", shop.numbers().example
    yield "shop_timezone_name", get_timezone_name(shop.timezone, "long", zone_variant="generic", locale=locale)
    countries = [str(locale.territories.get(one, one)) for one in shop.countries]
    yield "shop_countries", formats.joined_list(countries)
    yield "shop_match_with", formats.joined_choice([formats.form(f"contact_{kind}") for kind in shop.match_with])
    yield "shop_payment_methods", formats.joined_choice(shop.payment.methods)
    services = shop.delivery.services
    yield "shop_delivery_times", formats.joined_list([_timed(one, formats) for one in services.values()])
    yield "shop_delivery_prices", formats.joined_list([_price(one, formats, shop) for one in services.values()])


def _of_services(shop: Shop, formats: Formats) -> Iterator[tuple[str, str]]:
    """Return what is told of each service, and of those that are the usual and the fast one."""
    services = shop.delivery.services
    named = {**services, "usual": services[shop.delivery.usual], "fast": services[shop.delivery.fast]}
    for name, service in named.items():
        yield from _leaves(f"shop_delivery_{name}", service, formats, shop)
        yield f"shop_delivery_{name}_time", _time(service, formats)
        yield f"shop_delivery_{name}_costs", _price(service, formats, shop)


def _leaves(name: str, value: Any, formats: Formats, shop: Shop) -> Iterator[tuple[str, str]]:
    if isinstance(value, (BaseModel, dict)):
        for key, one in dict(value).items():
            yield from _leaves(name if key == "services" else f"{name}_{key}", one, formats, shop)
    elif isinstance(value, Span):
        yield name, formats.span(value.least, value.most)
        yield f"{name}_most", str(value.most)
    elif isinstance(value, Decimal):
        yield name, formats.short_money(Money(value, shop.currency))
    elif name == "shop_delivery_cut_off":
        yield name, formats.time(datetime.combine(datetime.min, time.fromisoformat(value)))
    elif isinstance(value, int) and not isinstance(value, bool):
        yield name, formats.number(value)
    elif isinstance(value, str):
        yield name, value


def _timed(service: DeliveryServiceSettings, formats: Formats) -> str:
    return formats.delivery_time(service.name, _time(service, formats), service.area)


def _time(service: DeliveryServiceSettings, formats: Formats) -> str:
    return formats.business_days(service.days.least, service.days.most)


def _price(service: DeliveryServiceSettings, formats: Formats, shop: Shop) -> str:
    if not service.price:
        return formats.delivery_free(service.name)
    free_from = formats.short_money(Money(service.free_from, shop.currency)) if service.free_from is not None else ""
    return formats.delivery_price(service.name, formats.short_money(Money(service.price, shop.currency)), free_from)

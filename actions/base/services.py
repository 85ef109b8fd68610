"""The services that actions call, opened when the first action runs."""
from __future__ import annotations

import threading
from functools import lru_cache

from tandem.logs import configure
from tandem.orders.policies import ShopPolicies
from tandem.services import Services, open_services
from tandem.settings import load
from tandem.wording.dates import Dates
from tandem.wording.formats import Formats

_opening = threading.Lock()


def services() -> Services:
    """Return the process's services.

    Blocking; nothing is opened at import, and by several first actions at once only once.
    """
    with _opening:
        return _open()


@lru_cache(maxsize=1)
def _open() -> Services:
    settings = load()
    configure(settings.log_format, settings.log_level)
    return open_services(settings)


def dates_of(services: Services) -> Dates:
    """Return the writer of dates, as seen from now."""
    return Dates(services.ledger.clock(), services.settings.shop_timezone, formats_of(services))


def formats_of(services: Services) -> Formats:
    """Return how the shop's language and country write values."""
    return Formats(services.settings.shop_locale)


def shop_policies(services: Services) -> ShopPolicies:
    """Return the shop's promises, with days counted in its time zone."""
    return ShopPolicies.of(services.settings)

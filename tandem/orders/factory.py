"""Where the order system is chosen: by the URL of the settings."""
from __future__ import annotations

from collections.abc import Callable

import httpx
from sqlalchemy.engine import Engine
from sqlalchemy.exc import ArgumentError, OperationalError

from tandem.db.engine import open_engine
from tandem.db.schema import ORDERS, upgrade
from tandem.orders.adapters.http.adapter import HttpOrderSystem
from tandem.orders.adapters.sql.adapter import SqlOrderSystem
from tandem.orders.errors import OrderSystemUnavailable
from tandem.orders.guarded import GuardedOrderSystem
from tandem.orders.policies import ShopPolicies
from tandem.orders.system import OrderSystem
from tandem.settings import Settings, SettingsError

DEMO_DOCUMENTS_URL = "https://shop.example.com"


def open_order_system(settings: Settings) -> OrderSystem:
    """Return the shop's order system, for programs that work with nothing else; services get it guarded.

    Raises:
        SettingsError: The URL cannot be read, or names a database without a driver.
        OrderSystemUnavailable: The database does not answer.
    """
    return _opener(settings)()


def guarded_order_system(settings: Settings, ledger: Engine | None = None) -> GuardedOrderSystem:
    """Return the order system behind a bulkhead and a circuit breaker. It may be away: nothing is asked of it yet.

    Args:
        ledger: The engine of Tandem's own database; orders that are in the same one share it.

    Raises:
        SettingsError: The URL cannot be read, or names a database without a driver.
    """
    return GuardedOrderSystem(_opener(settings, ledger))


def _opener(settings: Settings, ledger: Engine | None = None) -> Callable[[], OrderSystem]:
    """Return what opens the order system: `orders_url` if set, else the tables in Tandem's own database.

    An `http(s)://` URL is a service (docs/order-systems.md); anything else is an SQLAlchemy URL, whose tables are made
    where they are missing.
    """
    url = settings.orders_url or settings.database_url
    name = "TANDEM_ORDERS_URL" if settings.orders_url else "TANDEM_DATABASE_URL"
    try:
        return _reader(url, settings, ledger if url == settings.database_url else None)
    except (ArgumentError, httpx.InvalidURL, ImportError, OSError, ValueError) as error:
        # Without its cause, whose text may quote the URL with its password.
        why = type(error).__name__
        raise SettingsError(
            f"{name}: expected http(s):// or an SQLAlchemy URL such as postgresql://, got {why}; "
            "see docs/order-systems.md"
        ) from None


def _reader(url: str, settings: Settings, shared: Engine | None) -> Callable[[], OrderSystem]:
    if url.startswith(("http://", "https://")):
        service = HttpOrderSystem(url, policies=ShopPolicies.of(settings))
        return lambda: service
    engine = shared or open_engine(url)

    def open_tables() -> OrderSystem:
        try:
            upgrade(engine, ORDERS)
        except OperationalError as error:
            raise OrderSystemUnavailable(f"the order database does not answer: {error.orig}") from error
        documents_url = DEMO_DOCUMENTS_URL if settings.demo else ""
        return SqlOrderSystem(engine, policies=ShopPolicies.of(settings), documents_url=documents_url)

    return open_tables

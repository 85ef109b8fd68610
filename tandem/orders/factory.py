"""Where the order system is chosen: by `orders:` of endpoints.yml, else by a URL of the settings."""
from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import Engine
from sqlalchemy.exc import ArgumentError

from tandem.db.engine import open_engine
from tandem.orders.config import OrdersConfigError, OrdersSection, read_orders
from tandem.orders.guarded import GuardedOrderSystem
from tandem.orders.policies import PoliciesOfTheFile, ShopPolicies
from tandem.orders.system import OrderSystem
from tandem.orders.write_log import WriteLog
from tandem.settings import Settings, SettingsError, expand, project_root

ENGINES: Mapping[str, str] = {  # `engine:` in endpoints.yml: module and function
    "sql": "tandem.orders.adapters.sql:open_orders",
    "http": "tandem.orders.adapters.http:open_orders",
    "medusa": "tandem.orders.adapters.medusa:open_orders",
    "shopify": "tandem.orders.adapters.shopify:open_orders",
    "woocommerce": "tandem.orders.adapters.woocommerce:open_orders",
}
ENDPOINTS = Path("endpoints.yml")
DEMO_DOCUMENTS_URL = "https://shop.example.com"

Opener = Callable[[], OrderSystem]


@dataclass(frozen=True)
class ShopContext:
    """What an adapter is given beside its own keys.

    Attributes:
        settings: Tandem's own.
        policies: What the shop allows.
        ledger: Opens Tandem's own database, where writes are remembered.
        documents_url: Where labels and invoices are; only in the demo.
    """

    settings: Settings
    policies: ShopPolicies
    ledger: Callable[[], Engine]
    documents_url: str = ""

    def write_log(self) -> WriteLog:
        """Open the record of what was asked of the engine."""
        return WriteLog(self.ledger())


def open_order_system(settings: Settings) -> OrderSystem:
    """Return the shop's order system, for programs that work with nothing else; services get it guarded.

    Raises:
        SettingsError: The URL cannot be read, or names a database without a driver.
        OrdersConfigError: The section `orders:` of endpoints.yml is wrong.
        OrderSystemUnavailable: The database does not answer.
    """
    return _opener(settings)()


def guarded_order_system(settings: Settings, ledger: Engine | None = None) -> GuardedOrderSystem:
    """Return the order system behind a bulkhead and a circuit breaker. It may be away: nothing is asked of it yet.

    Args:
        ledger: The engine of Tandem's own database; orders that are in the same one share it.

    Raises:
        SettingsError, OrdersConfigError: As `open_order_system` raises them.
    """
    return GuardedOrderSystem(_opener(settings, ledger))


def orders_section(settings: Settings, path: Path | None = None) -> OrdersSection:
    """Read where the orders are: endpoints.yml, else `orders_url`, else the tables in Tandem's own database.

    Raises:
        OrdersConfigError: The section is wrong, or the orders are said to be in two places.
    """
    section = read_orders(path or project_root() / ENDPOINTS, tuple(ENGINES))
    if section is None:
        url = settings.orders_url or settings.database_url
        return OrdersSection("http" if url.startswith(("http://", "https://")) else "sql", {"url": url})
    if settings.orders_url:
        raise OrdersConfigError("TANDEM_ORDERS_URL is set, and endpoints.yml has orders: as well; remove one of them; "
                                "see docs/order-systems.md")
    return section


def shipped_tables_url(settings: Settings) -> str | None:
    """Return the database that holds Tandem's own tables of orders; None if the orders are elsewhere.

    Raises:
        OrdersConfigError: As `orders_section` raises it.
    """
    section = orders_section(settings)
    if section.engine != "sql" or "order" in section.options:
        return None
    return expand(str(section.options.get("url") or settings.database_url))


def _opener(settings: Settings, ledger: Engine | None = None) -> Opener:
    section = orders_section(settings)
    context = ShopContext(
        settings, PoliciesOfTheFile.of(settings), lambda: ledger or open_engine(settings.database_url),
        documents_url=DEMO_DOCUMENTS_URL if settings.demo else "",
    )
    place = ENGINES.get(section.engine, section.engine)
    module_name, _, name = place.partition(":")
    try:
        open_orders = getattr(importlib.import_module(module_name), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise OrdersConfigError(
            f"endpoints.yml: orders: there is no engine {section.engine}; there are {', '.join(ENGINES)}, or "
            f"module:function; see docs/order-systems.md") from error
    if not section.from_environment:
        opener: Opener = open_orders(section, context)
        return opener
    setting = "TANDEM_ORDERS_URL" if settings.orders_url else "TANDEM_DATABASE_URL"
    try:
        opener = open_orders(section, context)
    except (ArgumentError, ImportError, OSError, ValueError) as error:
        # Without its cause, whose text may quote the URL with its password.
        why = type(error.__cause__ or error).__name__
        raise SettingsError(
            f"{setting}: expected http(s):// or an SQLAlchemy URL such as postgresql://, got {why}; "
            "see docs/order-systems.md"
        ) from None
    return opener

"""Where the order system is chosen: by the URL of the settings."""
from __future__ import annotations

from tandem.database import open_engine
from tandem.orders.adapters.http import HttpOrderSystem
from tandem.orders.adapters.sql import SqlOrderSystem
from tandem.orders.adapters.tables import create_tables
from tandem.orders.policies import ShopPolicies
from tandem.orders.system import OrderSystem
from tandem.settings import Settings, SettingsError

DEMO_DOCUMENTS_URL = "https://shop.example.com"


def open_order_system(settings: Settings) -> OrderSystem:
    """The shop's order system: `orders_url` if set, else the tables in Tandem's own database.

    An `http(s)://` URL is a service (docs/order-systems.md); anything else is an SQLAlchemy URL, whose tables are made
    where they are missing.

    Raises:
        SettingsError: The URL cannot be read.
    """
    url = settings.orders_url or settings.database_url
    if url.startswith(("http://", "https://")):
        return HttpOrderSystem(url)
    if "://" not in url:
        raise SettingsError("TANDEM_ORDERS_URL: expected http(s):// or an SQLAlchemy URL; see docs/order-systems.md")
    engine = open_engine(url)
    create_tables(engine)
    documents_url = DEMO_DOCUMENTS_URL if settings.demo else ""
    return SqlOrderSystem(engine, policies=ShopPolicies(zone=settings.shop_timezone), documents_url=documents_url)

"""Orders in a SQL database: in the tables that Tandem makes, or in tables of the shop's own, named in endpoints.yml."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.exc import ArgumentError, OperationalError

from tandem.db.engine import open_engine
from tandem.db.schema import ORDERS, upgrade
from tandem.orders.adapters.sql.adapter import SqlOrderSystem
from tandem.orders.adapters.sql.config import MappedSqlOptions, SqlOptions
from tandem.orders.adapters.sql.mapped import MappedTables
from tandem.orders.config import OrdersSection
from tandem.orders.engine_orders import EngineOrders
from tandem.orders.errors import OrderSystemUnavailable
from tandem.orders.system import OrderSystem

if TYPE_CHECKING:
    from tandem.orders.factory import Opener, ShopContext

MAPPING = "order"  # the key that says that the tables are the shop's own


def open_orders(section: OrdersSection, context: ShopContext) -> Opener:
    """Return what opens the orders.

    Raises:
        OrdersConfigError: A key is missing or wrong.
        ArgumentError, ImportError, OSError, ValueError: The URL cannot be read.
    """
    if MAPPING in section.options:
        return _own_tables(section, context)
    options = section.read(SqlOptions)
    url = options.url or context.settings.database_url
    with section.naming("url", ArgumentError, ImportError):
        engine = context.ledger() if url == context.settings.database_url else open_engine(url)

    def open_tables() -> OrderSystem:
        try:
            upgrade(engine, ORDERS)
        except OperationalError as error:
            raise OrderSystemUnavailable(f"the order database does not answer: {error.orig}") from error
        return SqlOrderSystem(engine, policies=context.policies, documents_url=context.documents_url)

    return open_tables


def _own_tables(section: OrdersSection, context: ShopContext) -> Opener:
    options = section.read(MappedSqlOptions)
    with section.naming("url", ArgumentError, ImportError):
        tables = MappedTables(options, context.settings.shop_timezone, context.policies.refund_business_days)
    return lambda: EngineOrders(tables, context.write_log() if tables.acts else None, context.policies)

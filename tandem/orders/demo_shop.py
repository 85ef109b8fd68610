"""Fill a database with the demo shop."""
from __future__ import annotations

from datetime import datetime, tzinfo

from sqlalchemy.engine import Engine

from tandem.db.schema import ORDERS, upgrade
from tandem.orders.adapters.sql.rows import save_order
from tandem.orders.demo_orders import demo_orders


def seed(engine: Engine, now: datetime, zone: tzinfo) -> int:
    """Put the demo orders in place, as they stand at `now`; return their number.

    Whatever was done to them since the last seeding is undone, and their dates move along. Other orders stay.
    """
    upgrade(engine, ORDERS)
    orders = demo_orders(now, zone)
    with engine.begin() as connection:
        for order in orders:
            save_order(connection, order)
    return len(orders)

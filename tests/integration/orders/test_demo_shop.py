"""The demo shop in a database: seeded again, it is as new."""
from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Engine

from tandem.db.engine import open_engine
from tandem.orders.acts.requests import RefundOrder
from tandem.orders.adapters.sql.adapter import SqlOrderSystem
from tandem.orders.adapters.sql.rows import save_order
from tandem.orders.demo_orders import demo_orders
from tandem.orders.demo_shop import seed
from tandem.orders.factory import open_order_system
from tandem.orders.model import OrderStatus, ReturnReason
from tandem.orders.policies import DEFAULT_POLICIES
from tandem.settings import Settings

AT = datetime(2025, 3, 12, 15, 0, tzinfo=timezone.utc)
ZONE = ZoneInfo("America/New_York")


def test_seeding_again_restores_and_moves_the_dates(database_url: str) -> None:
    engine = open_engine(database_url)
    seed(engine, AT, ZONE)
    system = SqlOrderSystem(engine, lambda: AT)
    system.cancel("TD-10433", idempotency_key="a")
    system.start_return("TD-10300", reason=ReturnReason.OTHER, idempotency_key="b")
    system.act("TD-10405", RefundOrder(), idempotency_key="c")
    later = AT + timedelta(days=2)
    assert seed(engine, later, ZONE) == len(demo_orders(later, ZONE))
    for order in demo_orders(later, ZONE):
        assert replace(system.find(order.number), acts=()) == DEFAULT_POLICIES.applied_to(order)
    assert system.cancel("TD-10433", idempotency_key="a").status is OrderStatus.CANCELLED
    engine.dispose()


def test_seeding_leaves_other_orders_alone(engine: Engine) -> None:
    seed(engine, AT, ZONE)
    system = SqlOrderSystem(engine)
    other = system.find("TD-10421")
    with engine.begin() as connection:
        other = replace(other, number="TD-55555")
        save_order(connection, other)
    seed(engine, AT, ZONE)
    assert system.find("TD-55555") == other


def test_the_factory_finds_the_orders_beside_the_ledger(database_url: str) -> None:
    system = open_order_system(Settings(database_url=database_url))
    system.check()
    assert system.recent_orders("on-time@example.com") == ()

"""The order systems under contract. To put another one under it, add its name and how to stock it."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timezone
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from tandem.db.engine import open_engine
from tandem.db.schema import ORDERS
from tandem.orders.adapters.http.adapter import HttpOrderSystem
from tandem.orders.adapters.sql.adapter import SqlOrderSystem
from tandem.orders.adapters.sql.rows import save_order
from tandem.orders.demo_orders import demo_orders
from tandem.orders.model import Order
from tandem.orders.policies import ShopPolicies
from tandem.orders.system import OrderSystem
from tests.contract.orders.reference_server import serving
from tests.fakes.clock import Clock
from tests.fakes.orders import FakeOrderSystem
from tests.fakes.ready import open_ready

POLICIES = ShopPolicies(return_days=30, zone=timezone.utc)


@dataclass
class Shop:
    """A system holding the demo orders as they stand at the clock's first moment."""

    system: OrderSystem
    put: Callable[[Order], None]
    clock: Clock


def sql_shop(engine: Engine, clock: Clock) -> Shop:
    """The demo orders in a database that has the tables for them."""
    with engine.begin() as connection:
        for order in demo_orders(clock.at, timezone.utc):
            save_order(connection, order)
    return stocked_shop(engine, clock)


def stocked_shop(engine: Engine, clock: Clock) -> Shop:
    """A database that holds the demo orders already."""

    def put(order: Order) -> None:
        with engine.begin() as connection:
            save_order(connection, order)

    return Shop(SqlOrderSystem(engine, clock, POLICIES, "https://shop.example.com"), put, clock)


def fake_shop(clock: Clock) -> Shop:
    """The demo orders in memory."""
    system = FakeOrderSystem(demo_orders(clock.at, timezone.utc), clock, POLICIES)

    def put(order: Order) -> None:
        system.orders[order.number] = order

    return Shop(system, put, clock)


@pytest.fixture(scope="session")
def order_service() -> Iterator[tuple[str, dict[str, OrderSystem]]]:
    """The URL of one service for all tests, and where each test puts the system behind it."""
    behind: dict[str, OrderSystem] = {}
    with serving(lambda: behind["system"]) as url:
        yield url, behind


@pytest.fixture(scope="session")
def stocked_file(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A SQLite file with the demo orders, of which each test gets a copy."""
    file = tmp_path_factory.mktemp("stocked") / "shop.db"
    engine = open_ready(f"sqlite:///{file}", ORDERS)
    sql_shop(engine, Clock())
    engine.dispose()
    return file.read_bytes()


@pytest.fixture(params=["fake", "sql", "http"])
def shop(request: pytest.FixtureRequest, tmp_path: Path, stocked_file: bytes) -> Iterator[Shop]:
    clock = Clock()
    if request.param == "fake":
        yield fake_shop(clock)
        return
    file = tmp_path / "shop.db"
    file.write_bytes(stocked_file)
    engine = open_engine(f"sqlite:///{file}")
    stocked = stocked_shop(engine, clock)
    if request.param == "sql":
        yield stocked
    else:
        url, behind = request.getfixturevalue("order_service")
        behind["system"] = stocked.system
        client = HttpOrderSystem(url)
        yield Shop(client, stocked.put, clock)
        client.close()
    engine.dispose()

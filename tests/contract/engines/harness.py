"""What an engine's harness puts in place, and what the contract asks it for.

Every shop has the same orders, made through the engine's own API as far as it has one. No past dates, no carriers'
scans: what no engine lets one make up is not asked for.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from tandem.db.schema import MAIN
from tandem.orders.engine import ShopEngine
from tandem.orders.engine_orders import EngineOrders
from tandem.orders.model import Address, OrderStatus
from tandem.orders.write_log import WriteLog
from tests.fakes.ready import open_ready

AVA, XAVA = "ava@example.com", "xava@example.com"  # the second holds the first
HOME = Address("Ava Sandoval", "645 Harrison St", "San Francisco", "94107", "CA")
NEAR_HOME = Address("Xava Sandoval", "20410 Harrison St", "San Francisco", "20411", "CA")  # numbers of others' orders
PHONE, NEAR_PHONE = "(415) 555-0142", "415 555 01421"  # the second holds the first
ITEMS = (("MUG-004", "Stoneware mug", 2, Decimal("18.00")), ("TWL-012", "Bath towel", 1, Decimal("24.50")))
TOTAL = Decimal("60.50")
TRACKING = "NB20411US"


@dataclass(frozen=True)
class Wanted:
    """An order that every shop under contract has."""

    number: str
    status: OrderStatus
    email: str = AVA
    home: Address = HOME
    phone: str = PHONE


ORDERS: Mapping[str, Wanted] = {  # in the order in which they are placed
    "near": Wanted("TD-204101", OrderStatus.PROCESSING, XAVA, NEAR_HOME, NEAR_PHONE),
    "cancelled": Wanted("TD-20413", OrderStatus.CANCELLED),
    "delivered": Wanted("TD-20412", OrderStatus.DELIVERED),
    "shipped": Wanted("TD-20411", OrderStatus.SHIPPED),
    "new": Wanted("TD-20410", OrderStatus.PROCESSING),
}


@dataclass
class EngineShop:
    """An engine with these orders in it, behind `EngineOrders`.

    Attributes:
        lose_answers: Makes the engine do what it is asked next, and loses its answer; None if the harness cannot.
        delivers: The engine knows when a parcel has come.
    """

    system: EngineOrders
    lose_answers: Callable[[int], None] | None = None
    delivers: bool = True


@contextmanager
def behind_tandem(engine: ShopEngine, folder: Path, looks: int = 12) -> Iterator[EngineOrders]:
    """The engine as Tandem runs it, with a database that remembers writes."""
    database = open_ready(f"sqlite:///{folder / 'tandem.db'}", MAIN)
    try:
        yield EngineOrders(engine, WriteLog(database), looks=looks)
    finally:
        database.dispose()

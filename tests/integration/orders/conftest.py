"""A stocked shop on each of the databases."""
from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy.engine import Engine

from tandem.db.schema import MAIN, ORDERS
from tests.contract.orders.conftest import Shop, sql_shop
from tests.fakes.clock import Clock
from tests.fakes.ready import open_ready


@pytest.fixture
def engine(ready_url: str) -> Iterator[Engine]:
    opened = open_ready(ready_url, MAIN, ORDERS)
    yield opened
    opened.dispose()


@pytest.fixture
def shop(engine: Engine) -> Shop:
    return sql_shop(engine, Clock())

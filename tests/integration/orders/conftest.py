"""A stocked shop on each of the databases."""
from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy.engine import Engine

from tandem.database import open_engine
from tandem.db.schema import upgrade
from tests.contract.orders.conftest import Shop, sql_shop
from tests.fakes.clock import Clock


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    opened = open_engine(database_url)
    upgrade(opened)
    yield opened
    opened.dispose()


@pytest.fixture
def shop(engine: Engine) -> Shop:
    return sql_shop(engine, Clock())

"""The orders of the contract in a real Medusa; placed anew after a test that changed them."""
from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine

from tandem.orders.adapters.medusa.adapter import Medusa
from tandem.orders.adapters.medusa.config import MedusaOptions
from tandem.orders.http_client import HttpAnswer, HttpClient
from tests.contract.engines.harness import EngineShop, behind_tandem
from tests.shop_engine.fill import Admin
from tests.shop_engine.server import medusa_running
from tests.system.scenes.conftest import browser as browser
from tests.system.scenes.conftest import new_customer as new_customer

if not os.environ.get("TEST_SHOP"):
    collect_ignore_glob = ["test_*.py"]  # `make test-shop` runs them: they fetch engines from npm


class RealMedusa:
    """A running Medusa with the orders of the contract."""

    def __init__(self, address: str, database: str) -> None:
        self.address = address
        self.admin = Admin(address)
        self.changed = True
        self.ids: dict[str, str] = {}
        self._database = create_engine(database)

    def restock(self) -> None:
        """Give the orders there are other numbers and addresses, and place new ones, if something has changed."""
        if self.changed:
            with self._database.begin() as connection:
                connection.exec_driver_sql(
                    'UPDATE "order" SET custom_display_id = NULL, email = id || \'@gone.example.com\'')
            self.ids = self.admin.place_all()
            self.changed = False

    def close(self) -> None:
        """Let go of the database."""
        self._database.dispose()


class WatchedClient(HttpClient):
    """A client that tells the shop that something was written."""

    def __init__(self, shop: RealMedusa) -> None:
        # This machine is shared, and slow at times; a customer's patience is not what is tested here.
        super().__init__(shop.address, user=(shop.admin.key, ""), timeout=(10, 60), total=90)
        self._shop = shop

    def call(self, method: str, path: str, **more: Any) -> HttpAnswer:
        self._shop.changed = self._shop.changed or method != "GET"
        return super().call(method, path, **more)


@pytest.fixture(scope="session")
def medusa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealMedusa]:
    with medusa_running(tmp_path_factory.mktemp("medusa")) as (address, database):
        shop = RealMedusa(address, database)
        yield shop
        shop.close()


@pytest.fixture
def shop(medusa: RealMedusa, tmp_path: Path) -> Iterator[EngineShop]:
    medusa.restock()
    engine = Medusa(MedusaOptions(url=medusa.address, key=medusa.admin.key), WatchedClient(medusa))
    with behind_tandem(engine, tmp_path, looks=40) as system:
        yield EngineShop(system)

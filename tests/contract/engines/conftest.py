"""The engines under contract. To put another one under it, add its harness."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.engines.harness import EngineShop
from tests.contract.engines.http_shop import http_shop
from tests.contract.engines.medusa_shop import medusa_shop
from tests.contract.engines.sql_shop import sql_shop
from tests.contract.engines.woocommerce_shop import woocommerce_shop

HARNESSES = {
    "sql": sql_shop, "http": http_shop, "medusa": medusa_shop, "woocommerce": woocommerce_shop,
}


@pytest.fixture(params=list(HARNESSES))
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EngineShop]:
    with HARNESSES[request.param](tmp_path) as opened:
        yield opened

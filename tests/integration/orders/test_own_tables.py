"""Tables of a shop's own in a PostgreSQL: the contract of engines, which the contract tests run on a SQLite file."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.engines.harness import EngineShop
from tests.contract.engines.sql_shop import sql_shop
from tests.contract.engines.test_acts import *  # noqa: F403
from tests.contract.engines.test_reading import *  # noqa: F403


@pytest.fixture
def shop(postgres_url: str, tmp_path: Path) -> Iterator[EngineShop]:
    with sql_shop(tmp_path, postgres_url) as opened:
        yield opened

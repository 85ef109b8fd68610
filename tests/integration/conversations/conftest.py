"""The core over each kind of database, empty for every test."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tandem.conversations.tables import metadata
from tests.fakes.core import Core, core_over


@pytest.fixture(scope="package")
def kept_postgres_url(postgres_server: Any) -> Iterator[str]:
    """One PostgreSQL database for all tests here: emptying tables is quicker than making a database."""
    postgres_server.execute("CREATE DATABASE core")
    yield postgres_server.url("core")
    postgres_server.execute("DROP DATABASE core WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def core_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without conversations."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'core.db'}"
    url: str = request.getfixturevalue("kept_postgres_url")
    return url


@pytest.fixture
def core(core_url: str) -> Iterator[Core]:
    with core_over(core_url) as opened:
        if core_url.startswith("postgresql"):
            with opened.engine.begin() as connection:
                for table in reversed(metadata.sorted_tables):
                    connection.execute(table.delete())
        yield opened

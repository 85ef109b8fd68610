"""Real databases: every test gets one of its own, empty or with today's tables."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tandem.db.schema import MAIN, ORDERS, TRACKERS
from tests.fakes.postgres import PostgresServer, postgres_running
from tests.fakes.ready import migrate


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The run's PostgreSQL, started when the first test asks for it."""
    with postgres_running() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of an empty PostgreSQL database, dropped after the test."""
    url = postgres_server.new_database()
    yield url
    postgres_server.drop(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database: the test runs once on a SQLite file and once on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture(scope="session")
def ready_template(postgres_server: PostgresServer) -> str:
    """A PostgreSQL database with all of today's tables, of which the tests get copies."""
    url = postgres_server.new_database()
    migrate(url, MAIN, ORDERS, TRACKERS)
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def ready_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database for `open_ready`: no SQLite file yet, or a PostgreSQL with empty tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'test.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    url = server.new_database(request.getfixturevalue("ready_template"))
    yield url
    server.drop(url)

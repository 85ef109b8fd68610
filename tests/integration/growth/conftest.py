"""A database as after a year with 50,000 conversations and 1,000,000 messages, upgraded from the first release."""
from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from alembic import command
from sqlalchemy.engine import Engine

from tandem.db import schema
from tandem.db.engine import open_engine
from tests.integration.growth.fill import fill


def as_released(engine: Engine) -> None:
    """Make the tables of the first release."""
    for one in (schema.MAIN, schema.TRACKERS):
        config = schema._config(one)
        with engine.begin() as connection:
            config.attributes.update(connection=connection, version_table=one.version_table)
            command.upgrade(config, "0001")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def year_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of the database, filled at the first release and upgraded since; ledger and trackers are both in it."""
    server: Any = None
    name = f"year_{uuid.uuid4().hex}"
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_server")
        server.execute(f"CREATE DATABASE {name}")
    url = server.url(name) if server else f"sqlite:///{tmp_path_factory.mktemp('year') / 'year.db'}"
    engine = open_engine(url)
    as_released(engine)
    fill(engine)
    for one in (schema.MAIN, schema.TRACKERS):
        schema.upgrade(engine, one)
    engine.dispose()
    yield url
    if server:
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")

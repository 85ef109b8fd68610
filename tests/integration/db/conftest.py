"""Databases as the first release left them."""
from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import Engine, make_url

from tandem.db.engine import open_engine

RELEASED = Path(__file__).parent / "released"


def load_released(url: str) -> None:
    """Fill an empty database with the first release's tables and rows."""
    parsed = make_url(url)
    script = (RELEASED / f"{parsed.get_backend_name()}.sql").read_text(encoding="utf-8")
    if parsed.get_backend_name() == "sqlite":
        with closing(sqlite3.connect(str(parsed.database))) as connection:
            connection.executescript(script)
        return
    engine = create_engine(url)
    with closing(engine.raw_connection()) as raw:
        raw.cursor().execute(script)
        raw.commit()
    engine.dispose()


@pytest.fixture
def released(database_url: str) -> Iterator[Engine]:
    """A database of the first release, with rows in each table and no version."""
    load_released(database_url)
    engine = open_engine(database_url)
    yield engine
    engine.dispose()

"""Databases that have today's tables from the start: running all migrations takes longer than most tests."""
from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from sqlalchemy.engine import Engine, make_url

from tandem.db.engine import open_engine
from tandem.db.schema import MAIN, Schema, upgrade


def open_ready(url: str, *schemas: Schema) -> Engine:
    """Open a database with the tables of these schemas, or else of `MAIN`.

    A SQLite file that is not there yet begins as a copy of one that the migrations have made before.
    """
    schemas = schemas or (MAIN,)
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(str(parsed.database)).exists():
        engine = open_engine(url, durable=False)  # makes the file for its owner alone; no test outlives a power cut
        Path(str(parsed.database)).write_bytes(_made(schemas))
        return engine
    engine = open_engine(url)
    for schema in schemas:
        upgrade(engine, schema)
    return engine


@cache
def _made(schemas: tuple[Schema, ...]) -> bytes:
    """A SQLite file with the tables of these schemas, made once in each process."""
    with tempfile.TemporaryDirectory(prefix="tandem-ready-") as folder:
        file = Path(folder) / "ready.db"
        migrate(f"sqlite:///{file}", *schemas)
        assert not file.with_name("ready.db-wal").exists(), "all is in the file once its last connection is closed"
        return file.read_bytes()


def migrate(url: str, *schemas: Schema) -> None:
    """Run the migrations of these schemas on a database."""
    engine = open_engine(url)
    for schema in schemas:
        upgrade(engine, schema)
    engine.dispose()

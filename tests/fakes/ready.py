"""Databases that have today's tables from the start: running all migrations takes longer than most tests."""
from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.util import LRUCache

from tandem.db.engine import open_engine
from tandem.db.schema import MAIN, Schema, upgrade


class AlikeDialect(SQLiteDialect_pysqlite):
    """SQLite's dialect, of which all engines have the same: what was compiled for one serves every other."""

    supports_statement_cache = True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AlikeDialect)

    def __hash__(self) -> int:
        return hash(AlikeDialect)


_COMPILED = LRUCache(2000)  # statements; each engine would compile them anew, which takes most of a short test


def open_ready(url: str, *schemas: Schema) -> Engine:
    """Open a database with the tables of these schemas, or else of `MAIN`.

    A SQLite file that is not there yet begins as a copy of one that the migrations have made before.
    """
    schemas = schemas or (MAIN,)
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(str(parsed.database)).exists():
        engine = open_engine(url, durable=False)  # makes the file for its owner alone; no test outlives a power cut
        engine.dialect.__class__, engine._compiled_cache = AlikeDialect, _COMPILED
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

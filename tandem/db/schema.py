"""Bring databases to the schema that this version of Tandem works with, and say which schema they have.

There are three schemas, each with revisions and a version table of its own, so that each may live in a database of its
own or share one: `MAIN` (ledger, identification, relay, desk), `ORDERS` (the SQL order system) and `TRACKERS` (the
table of Rasa's SQL tracker store, with the indexes that Rasa leaves out).
"""
from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import column, inspect, select, table, text
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import OperationalError

from tandem.db.engine import lift_limits, reading

logger = logging.getLogger(__name__)

WAIT_SECONDS = 600.0  # for another process that upgrades the same SQLite file
_MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 0x7A4D03DE  # any number no other lock of these databases uses
_one_at_a_time = threading.Lock()  # Alembic keeps the running migration in a global


class SchemaTooNew(Exception):
    """A newer Tandem has upgraded the database; this one does not know what it has become."""


@dataclass(frozen=True)
class Schema:
    """A set of tables that is versioned as one: the folder of its revisions, and the table that holds its version."""

    name: str
    version_table: str

    @property
    def folder(self) -> Path:
        """Return the folder of its revisions."""
        return _MIGRATIONS / self.name


MAIN = Schema("main", "tandem_schema")
ORDERS = Schema("orders", "tandem_orders_schema")
TRACKERS = Schema("trackers", "tandem_trackers_schema")


def upgrade(engine: Engine, schema: Schema = MAIN) -> None:
    """Bring a database to the newest revision; several processes may do so at once; blocking.

    An empty database gets all tables. One that was made before there were versions is completed and then upgraded. All
    revisions run in one transaction: a failing one leaves the database as it was.

    Raises:
        SchemaTooNew: The database has a revision that this version of Tandem does not know.
    """
    scripts = _scripts(schema)
    head = scripts.get_current_head()
    if version(engine, schema) == head:
        return
    until = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            with engine.begin() as connection:
                _upgrade(connection, schema, scripts)
            return
        except OperationalError as error:
            if "database is locked" not in str(error.orig) or time.monotonic() > until:
                raise
            logger.info("Another process writes to the database; its upgrade waits")


def version(engine: Engine, schema: Schema = MAIN) -> str | None:
    """Read the revision that the database has, None before the first."""
    with reading(engine).connect() as connection:
        return _version(connection, schema)


def newest(schema: Schema = MAIN) -> str:
    """Return the revision that this version of Tandem works with."""
    return str(_scripts(schema).get_current_head())


def _upgrade(connection: Connection, schema: Schema, scripts: ScriptDirectory) -> None:
    lift_limits(connection, lock=0)
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})
    found = _version(connection, schema)  # again: another process may have been quicker
    known = {script.revision for script in scripts.walk_revisions()}
    if found is not None and found not in known:
        raise SchemaTooNew(
            f"the database's schema ({schema.name}) has revision {found}, which this version of Tandem does not know: "
            f"a newer one has upgraded it. Install that version again, or restore a backup made before the upgrade "
            f"(this version goes up to {newest(schema)})")
    logger.info("Upgrading the schema %s from %s to %s", schema.name, found, newest(schema))
    config = _config(schema)
    config.attributes.update(connection=connection, version_table=schema.version_table)
    with _one_at_a_time:
        command.upgrade(config, "head")


def _version(connection: Connection, schema: Schema) -> str | None:
    if not inspect(connection).has_table(schema.version_table):
        return None
    found = connection.execute(select(column("version_num")).select_from(table(schema.version_table))).scalar()
    return str(found) if found is not None else None


def _config(schema: Schema) -> Config:
    config = Config()
    config.set_main_option("script_location", _escaped(_MIGRATIONS))
    config.set_main_option("version_locations", _escaped(schema.folder))
    config.set_main_option("path_separator", "newline")  # folders may have spaces
    return config


def _escaped(path: Path) -> str:
    return str(path).replace("%", "%%")


def _scripts(schema: Schema) -> ScriptDirectory:
    return ScriptDirectory.from_config(_config(schema))

"""Engines for SQLite and PostgreSQL that behave alike: writers queue, readers never block, times carry a zone."""
from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from sqlalchemy import DateTime, create_engine, event
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.pool import QueuePool
from sqlalchemy.types import TypeDecorator

BUSY_SECONDS = 30


class UtcDateTime(TypeDecorator):
    """A point in time, stored as UTC and read back with its zone, on databases with and without zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return value.astimezone(timezone.utc)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value.astimezone(timezone.utc)


def now() -> datetime:
    """The present moment in UTC."""
    return datetime.now(timezone.utc)


def open_engine(url: str) -> Engine:
    """Open a database.

    Args:
        url: An SQLAlchemy URL. For SQLite the file's folder is made.

    Errors do not show the values of a statement: they hold what people wrote, and end up in logs.

    On SQLite every transaction begins IMMEDIATE, so that two processes never deadlock on upgrading a read lock; use
    `reading(engine)` for queries, which then run beside a writer.
    """
    parsed = make_url(url)
    if not parsed.drivername.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=20, hide_parameters=True)
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url, poolclass=QueuePool, pool_size=10, max_overflow=20, hide_parameters=True,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", f"busy_timeout={BUSY_SECONDS}000"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def reading(engine: Engine) -> Engine:
    """The same database for queries only: no transaction is opened."""
    if engine.dialect.name == "sqlite":
        return engine  # a query alone opens none there; to set and reset its isolation costs as much as the query
    return engine.execution_options(isolation_level="AUTOCOMMIT")

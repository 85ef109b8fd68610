"""Engines for SQLite and PostgreSQL that behave alike: writers queue, readers never block, times carry a zone."""
from __future__ import annotations

import copy
import sqlite3
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from sqlalchemy import DateTime, create_engine, event, func, select
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import QueuePool
from sqlalchemy.types import TypeDecorator

from tandem.private_files import private_file, private_folder

BUSY_SECONDS = 10  # for which a writer waits for the other writers of a SQLite file
LOOK_SECONDS = 0.001  # between two looks whether the other writers are done


@dataclass(frozen=True)
class ConnectionLimits:
    """How long PostgreSQL lets one of our connections wait or idle, in seconds; 0 is for ever."""

    lock: int = 3  # for a row that another transaction holds
    statement: int = 20
    idle: int = 20  # with a transaction open: a process that stands still must not keep its locks
    connect: int = 5


SERVING = ConnectionLimits()
# A server that is gone is noticed: by probes after 10 s of silence, or when what was sent is not taken for 15 s.
_DEAD_PEER = {"keepalives": 1, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3,
              "tcp_user_timeout": 15_000}
_LEVEL = "synchronous"  # in a connection's notes: what its transactions wait for, see `recoverable`
_POOL_SECONDS = 5  # for which a thread waits for a connection that other threads use
_LOCKED = frozenset({"55P03", "40P01", "40001"})  # lock_not_available, deadlock_detected, serialization_failure


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
    """Return the present moment in UTC."""
    return datetime.now(timezone.utc)


def open_engine(url: str, limits: ConnectionLimits = SERVING, durable: bool = True) -> Engine:
    """Open a database.

    Args:
        url: An SQLAlchemy URL. For SQLite the file and its folder are made, open to this user alone. What its query
            says of connecting is kept.
        durable: On SQLite: what is committed outlives a power cut, at the price of waiting for the disk at each commit.
            Without it the last transactions may be lost, as if they had never been; the database stays whole.
        limits: On PostgreSQL. Work that takes long by its nature, such as a migration, calls `lift_limits`.

    Errors do not show the values of a statement: they hold what people wrote, and end up in logs.

    On SQLite every transaction begins IMMEDIATE, so that two processes never deadlock on upgrading a read lock; use
    `reading(engine)` for queries, which then run beside a writer.
    """
    parsed = make_url(url)
    if not parsed.drivername.startswith("sqlite"):
        return _open_postgresql(url, dict(parsed.query), limits)
    if parsed.database and parsed.database != ":memory:":
        _make_private(Path(parsed.database))
    engine = create_engine(
        url, poolclass=QueuePool, pool_size=10, max_overflow=40, pool_timeout=BUSY_SECONDS, hide_parameters=True,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        waits = f"busy_timeout={BUSY_SECONDS * 1000}"
        synchronous = f"synchronous={'FULL' if durable else 'NORMAL'}"
        for pragma in ("journal_mode=WAL", synchronous, "foreign_keys=ON", waits):
            connection.execute(f"PRAGMA {pragma}")

    _begin_as_writer(engine, _writers_of(str(parsed.database)), "FULL" if durable else "NORMAL")
    return engine


def _begin_as_writer(engine: Engine, writers: _Writers, level: str) -> None:
    """Let every transaction of a SQLite engine begin as a writer's, and wait for the disk as `level` says.

    In the dialect's own method: an engine with a listener asks for listeners several times at every statement, which
    costs a fifth of the statement.
    """
    dialect: Any = engine.dialect

    def begin(connection: Any) -> None:
        if connection.info.get(_LEVEL, level) != level:
            connection.dbapi_connection.execute(f"PRAGMA synchronous={level}")
        connection.info[_LEVEL] = level
        writers.begin(connection.dbapi_connection)

    dialect.do_begin, dialect.tandem_writers = begin, writers


def _make_private(file: Path) -> None:
    private_folder(file.parent)
    private_file(file)  # the write-ahead log that SQLite makes beside it is as private
    for suffix in ("-wal", "-shm"):
        beside = file.with_name(file.name + suffix)
        if beside.exists():
            private_file(beside)


def _open_postgresql(url: str, url_options: dict[str, Any], limits: ConnectionLimits) -> Engine:
    connect = {"connect_timeout": limits.connect, **_DEAD_PEER}
    engine = create_engine(
        url, pool_pre_ping=True, pool_size=10, max_overflow=20, pool_timeout=_POOL_SECONDS, hide_parameters=True,
        connect_args={name: value for name, value in connect.items() if name not in url_options},
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        # By statements and not by `options`, which connection poolers refuse.
        with connection.cursor() as cursor:
            for name, seconds in (("lock_timeout", limits.lock), ("statement_timeout", limits.statement),
                                  ("idle_in_transaction_session_timeout", limits.idle)):
                cursor.execute(f"SET {name} = '{seconds}s'")
        connection.commit()

    return engine


def lift_limits(connection: Connection, lock: int = 60) -> None:
    """Let the statements of this transaction take as long as they need; for migrations, pruning and copies.

    Args:
        lock: Seconds to wait for a row or a table that others hold.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{lock}s'")


def is_locked(error: OperationalError) -> bool:
    """Check whether a statement failed because somebody else held what it wanted, so that it may be tried again."""
    return getattr(error.orig, "pgcode", None) in _LOCKED or "database is locked" in str(error.orig)


class _Writers:
    """The threads of this process that want to write to a SQLite file: the first asks for the lock, the others queue.

    SQLite's own waiting sleeps longer and longer, up to a tenth of a second, behind writers who need a millisecond.
    """

    def __init__(self) -> None:
        self._head = threading.Lock()

    def begin(self, driver: sqlite3.Connection) -> None:
        """Begin a transaction that writes.

        Raises:
            sqlite3.OperationalError: Others wrote for `BUSY_SECONDS`.
        """
        until = time.monotonic() + BUSY_SECONDS
        is_head = self._head.acquire(timeout=BUSY_SECONDS)
        try:
            driver.execute("PRAGMA busy_timeout=0")
            while is_head and time.monotonic() < until:
                try:
                    driver.execute("BEGIN IMMEDIATE")
                    return
                except sqlite3.OperationalError as error:
                    if "locked" not in str(error):
                        break
                time.sleep(LOOK_SECONDS)
            driver.execute("BEGIN IMMEDIATE")
        finally:
            if is_head:
                self._head.release()
            driver.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")


_writers: dict[str, _Writers] = {}
_looking_up = threading.Lock()


def _writers_of(database: str) -> _Writers:
    """Return the writers of one file, the same for all its engines, also if two are opened at the same moment."""
    with _looking_up:
        return _writers.setdefault(database, _Writers())


def reading(engine: Engine) -> Engine:
    """Open the same database for queries only, without a transaction."""
    if engine.dialect.name == "sqlite":
        return engine  # a query alone opens none there; to set and reset its isolation costs as much as the query
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def recoverable(engine: Engine) -> Engine:
    """Open the same database for writes that may be lost in a power cut, because they can be derived again.

    On SQLite a commit does not wait for the disk then; the next one that does takes it along.
    """
    if engine.dialect.name != "sqlite":
        return engine
    twin = engine.execution_options()  # over the same connections
    twin.dialect = copy.copy(engine.dialect)
    _begin_as_writer(twin, twin.dialect.tandem_writers, "NORMAL")
    return twin


def serialise(connection: Connection, name: str) -> None:
    """Let one transaction at a time pass that gives this name, until it ends; for what is counted and then acted upon.

    SQLite has only one writer anyway. Take several names in one order everywhere, or two transactions wait for each
    other.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))

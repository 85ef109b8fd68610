"""Writers to one SQLite file queue, wait for other processes and give up in the end; a dead server is given up too."""
from __future__ import annotations

import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError

from tandem.db.engine import BUSY_SECONDS, SERVING, ConnectionLimits, open_engine


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "shop.db"


@pytest.fixture
def engine(file: Path) -> Iterator[Engine]:
    opened = open_engine(f"sqlite:///{file}")
    with opened.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE counted (number INTEGER)")
        connection.exec_driver_sql("INSERT INTO counted VALUES (0)")
    yield opened
    opened.dispose()


def _count_one(engine: Engine) -> None:
    with engine.begin() as connection:
        number = connection.exec_driver_sql("SELECT number FROM counted").scalar_one()
        connection.exec_driver_sql("UPDATE counted SET number = ?", (number + 1,))


def _counted(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.exec_driver_sql("SELECT number FROM counted").scalar_one())


def test_writers_of_one_process_follow_one_another_through_all_its_engines(engine: Engine, file: Path) -> None:
    other = open_engine(f"sqlite:///{file}")

    def count(engine: Engine) -> None:
        for _ in range(50):
            _count_one(engine)

    threads = [threading.Thread(target=count, args=(one,)) for one in (engine, other) * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.dispose()
    assert _counted(engine) == 8 * 50


def test_a_writer_waits_for_another_process(engine: Engine, file: Path) -> None:
    another = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    another.execute("BEGIN IMMEDIATE")
    writing = threading.Thread(target=_count_one, args=(engine,))
    writing.start()
    writing.join(0.3)
    assert writing.is_alive() and _counted(engine) == 0, "readers do not wait"
    another.execute("COMMIT")
    writing.join(10)
    assert not writing.is_alive() and _counted(engine) == 1
    another.close()


def test_a_writer_gives_up_in_the_end_and_can_write_later(
    engine: Engine, file: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    another = sqlite3.connect(file, isolation_level=None)
    another.execute("BEGIN IMMEDIATE")
    with monkeypatch.context() as patched:
        patched.setattr("tandem.db.engine.BUSY_SECONDS", 0)
        with pytest.raises(OperationalError, match="database is locked"):
            _count_one(engine)
    another.execute("ROLLBACK")
    another.close()
    for _ in range(2):
        _count_one(engine)
    assert _counted(engine) == 2
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one() == BUSY_SECONDS * 1000


def test_what_is_no_lock_is_not_waited_for(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN")
        with pytest.raises(OperationalError, match="within a transaction"):
            connection.begin()


def test_a_server_that_takes_the_call_and_says_nothing_is_given_up() -> None:
    assert 0 < SERVING.connect <= 5, "what serves customers does not wait longer"
    tried: list[float] = []
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        engine = open_engine(f"postgresql+psycopg2://tandem@127.0.0.1:{silent.getsockname()[1]}/tandem",
                             ConnectionLimits(connect=2))  # the least that libpq knows

        def call() -> None:
            began = time.monotonic()
            with pytest.raises(OperationalError):
                engine.connect()
            tried.append(time.monotonic() - began)

        trying = threading.Thread(target=call, daemon=True)
        trying.start()
        trying.join(15)
        assert tried and 1 < tried[0] < 15

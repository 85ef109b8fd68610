"""What a process opens once is opened once, however many ask at the same moment."""
from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import actions.base.services
import tandem.services
from tandem.db.engine import _writers_of, open_engine, recoverable
from tandem.orders.adapters.sql.adapter import SqlOrderSystem
from tandem.orders.guarded import GuardedOrderSystem
from tandem.services import Services, open_services
from tandem.settings import Settings


def at_once(function: Callable[[], object], number: int = 8) -> list[object]:
    """What a function gives to threads that call it at the same moment."""
    gate, found = threading.Barrier(number), []

    def call() -> None:
        gate.wait(20)
        found.append(function())

    threads = [threading.Thread(target=call) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return found


def test_the_first_actions_share_one_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Services] = []

    def slowly(_settings: Settings) -> Services:
        time.sleep(0.1)  # as long as a database may take
        opened.append(open_services(Settings(database_url=f"sqlite:///{tmp_path / 'shop.db'}")))
        return opened[-1]

    monkeypatch.setattr(actions.base.services, "open_services", slowly)
    actions.base.services._open.cache_clear()
    try:
        found = at_once(actions.base.services.services)
    finally:
        actions.base.services._open.cache_clear()
    assert len(opened) == 1 and len(found) == 8 and set(map(id, found)) == {id(opened[0])}
    opened[0].engine.dispose()


def test_an_opening_that_fails_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [RuntimeError("the database is not there yet"), None]

    def fails_once(_settings: Settings) -> object:
        answer = answers.pop(0)
        if answer is not None:
            raise answer
        return "opened"

    monkeypatch.setattr(actions.base.services, "open_services", fails_once)
    actions.base.services._open.cache_clear()
    try:
        with pytest.raises(RuntimeError):
            actions.base.services.services()
        assert actions.base.services.services() == "opened"
    finally:
        actions.base.services._open.cache_clear()


def test_orders_in_the_ledgers_database_share_its_engine(tmp_path: Path) -> None:
    own = f"sqlite:///{tmp_path / 'tandem.db'}"
    for orders_url, shared in (("", True), (own, True), (f"sqlite:///{tmp_path / 'shop.db'}", False)):
        services = tandem.services.open_services(Settings(database_url=own, orders_url=orders_url))
        assert isinstance(services.orders, GuardedOrderSystem)
        orders = services.orders._work(lambda system: system)
        assert isinstance(orders, SqlOrderSystem)
        assert (orders._engine is services.engine) is shared
        services.engine.dispose()


def test_engines_opened_at_once_over_one_file_queue_their_writers_together(tmp_path: Path) -> None:
    file = str(tmp_path / "shop.db")
    assert len(set(map(id, at_once(lambda: _writers_of(file), 32)))) == 1


@pytest.mark.parametrize(("durable", "level"), [(True, 2), (False, 1)])
def test_the_ledger_waits_for_the_disk(tmp_path: Path, durable: bool, level: int) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'shop.db'}", durable=durable)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == level
    engine.dispose()


def test_only_writes_that_can_be_derived_again_skip_the_wait_for_the_disk(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'shop.db'}")
    levels = []
    for one in (engine, recoverable(engine), recoverable(engine), engine, engine, recoverable(engine), engine):
        with one.begin() as connection:  # all over the same connection
            levels.append(connection.exec_driver_sql("PRAGMA synchronous").scalar_one())
    assert levels == [2, 1, 1, 2, 2, 1, 2]
    engine.dispose()

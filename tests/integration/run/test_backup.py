"""`tandem backup` and `tandem restore`: made beside the traffic, put back whole, never over something by mistake."""
from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from tandem.cli import main
from tandem.conversations.model import Agent, HandoffRequest, InboundMessage
from tandem.db.engine import open_engine
from tandem.db.schema import TRACKERS, upgrade
from tandem.run_state import RunState, installation_of, write
from tandem.services import Services, open_services
from tandem.settings import Settings

ANNA = Agent("anna", "Anna")
Command = Callable[..., int]


@pytest.fixture
def settings(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The databases: on SQLite three files, on PostgreSQL one database for all."""
    for name in [name for name in os.environ if name.startswith("TANDEM_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    apart = database_url.startswith("sqlite")
    tracker_url = f"sqlite:///{tmp_path / 'rasa.db'}" if apart else database_url
    orders_url = f"sqlite:///{tmp_path / 'shop.db'}" if apart else ""
    monkeypatch.setenv("TANDEM_DATABASE_URL", database_url)
    monkeypatch.setenv("TANDEM_TRACKER_URL", tracker_url)
    monkeypatch.setenv("TANDEM_ORDERS_URL", orders_url)
    engine = open_engine(tracker_url)
    upgrade(engine, TRACKERS)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO events (sender_id, type_name, data) VALUES ('c1', 'user', 'remembered')"))
    engine.dispose()
    return Settings(database_url=database_url, tracker_url=tracker_url, orders_url=orders_url)


def talk(settings: Settings) -> None:
    """A customer with whom an agent talks."""
    services = open_services(settings)
    services.ledger.receive(InboundMessage("c1", "webchat", "Where is my parcel?", "m1"))
    services.ownership.open_handoff(HandoffRequest("c1", "Asked for a person", "intent:ask_for_human"))
    services.ownership.claim("c1", ANNA)
    services.ownership.reply("c1", ANNA, "I look.")
    close(services)


def close(services: Services) -> None:
    services.engine.dispose()
    if hasattr(services.orders, "_engine"):
        services.orders._engine.dispose()


def texts(settings: Settings) -> list[str]:
    services = open_services(settings)
    found = [one.text for one in services.ledger.transcript("c1") if one.text]
    close(services)
    return found


def empty(settings: Settings) -> None:
    """Lose everything."""
    for url in {settings.database_url, settings.tracker_url, settings.orders_url} - {""}:
        if url.startswith("sqlite"):
            for suffix in ("", "-wal", "-shm"):
                Path(url.removeprefix("sqlite:///") + suffix).unlink(missing_ok=True)
        else:
            engine = open_engine(url)
            with engine.begin() as connection:
                connection.execute(text("DROP SCHEMA public CASCADE"))
                connection.execute(text("CREATE SCHEMA public"))
            engine.dispose()


def test_what_was_lost_is_put_back_and_the_talk_goes_on(settings: Settings, tmp_path: Path) -> None:
    talk(settings)
    assert main(["backup", "copy"]) == 0
    empty(settings)
    assert main(["restore", "copy"]) == 0
    assert texts(settings) == ["Where is my parcel?", "I look."]
    services = open_services(settings)
    assert services.ownership.reply("c1", ANNA, "It is in Oakland.").seq == 4
    assert services.ledger.receive(InboundMessage("c1", "webchat", "Where is my parcel?", "m1")).duplicate
    assert services.ledger.receive(InboundMessage("c1", "webchat", "Thank you")).message.seq == 5
    services.ownership.resolve("c1", ANNA)
    assert services.outbox.counts()["pending"] >= 2, "counters and their triggers came with it"
    close(services)
    trackers = open_engine(settings.tracker_url)
    with trackers.connect() as connection:
        assert connection.execute(text("SELECT data FROM events")).scalar_one() == "remembered"
    trackers.dispose()


def test_it_is_private(settings: Settings, tmp_path: Path) -> None:
    talk(settings)
    before = os.umask(0)
    try:
        assert main(["backup", "copies/monday"]) == 0
    finally:
        os.umask(before)
    made = [tmp_path / "copies", *(tmp_path / "copies").rglob("*")]
    assert {oct(stat.S_IMODE(one.stat().st_mode)) for one in made if one.is_file()} == {"0o600"}
    assert {oct(stat.S_IMODE(one.stat().st_mode)) for one in made if one.is_dir()} == {"0o700"}


def test_it_is_whole_although_customers_write_meanwhile(settings: Settings, tmp_path: Path) -> None:
    services = open_services(settings)
    for name in ("a", "b", "c"):
        services.ledger.receive(InboundMessage(name, "webchat", "first"))
    stop, failed = threading.Event(), []

    def write_on(name: str) -> None:
        try:
            while not stop.is_set():
                services.ledger.receive(InboundMessage(name, "webchat", "more"))
        except Exception as error:
            failed.append(error)

    writers = [threading.Thread(target=write_on, args=(name,)) for name in ("a", "b", "c")]
    for thread in writers:
        thread.start()
    try:
        for number in range(3):
            assert main(["backup", f"copy{number}"]) == 0
    finally:
        stop.set()
        for thread in writers:
            thread.join(30)
    assert failed == []
    close(services)
    assert main(["restore", "copy2", "--force"]) == 0
    services = open_services(settings)
    for name in ("a", "b", "c"):
        seqs = [one.seq for one in services.ledger.transcript(name)]
        assert seqs == list(range(1, len(seqs) + 1)) and services.ledger.last_seq(name) == len(seqs)
    close(services)


def test_nothing_is_overwritten_by_mistake(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str],
) -> None:
    talk(settings)
    assert main(["backup", "copy"]) == 0
    services = open_services(settings)
    services.ledger.receive(InboundMessage("c1", "webchat", "later"))
    close(services)
    assert main(["restore", "copy"]) == 1 and "--force" in capsys.readouterr().err
    assert "later" in texts(settings)
    assert main(["backup", "copy"]) == 1 and "exists already" in capsys.readouterr().err
    assert main(["restore", "copy", "--force"]) == 0
    assert "later" not in texts(settings)


def test_a_running_tandem_is_not_restored_over(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str],
) -> None:
    talk(settings)
    assert main(["backup", "copy"]) == 0
    services = open_services(settings)
    with services.engine.connect() as connection:  # another process, that `tandem run` knows nothing about
        connection.execute(text("SELECT count(*) FROM messages")).scalar_one()
        assert main(["restore", "copy", "--force"]) == 1
        assert "stop Tandem first" in capsys.readouterr().err
    close(services)
    write(RunState(installation_of(settings.database_url), os.getpid(), {"desk": 5080}, ()))
    assert main(["restore", "copy", "--force"]) == 1
    assert "running" in capsys.readouterr().err
    assert texts(settings) == ["Where is my parcel?", "I look."]


def test_what_is_no_backup_is_said(settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    talk(settings)
    assert main(["backup", "copy"]) == 0
    for spoil, said in (
        (lambda: (tmp_path / "copy" / "manifest.json").write_text("{}"), "no backup of Tandem"),
        (lambda: shutil.rmtree(tmp_path / "copy"), "no backup of Tandem"),
    ):
        spoil()
        assert main(["restore", "copy", "--force"]) == 1
        assert said in capsys.readouterr().err
    assert texts(settings) == ["Where is my parcel?", "I look."]


def test_a_backup_of_a_newer_tandem_is_refused(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str],
) -> None:
    talk(settings)
    assert main(["backup", "copy"]) == 0
    manifest = tmp_path / "copy" / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"main": "0', '"main": "9'))
    assert main(["restore", "copy", "--force"]) == 1
    assert "newer Tandem" in capsys.readouterr().err


def test_a_backup_may_be_put_back_over_a_newer_schema(settings: Settings, tmp_path: Path) -> None:
    talk(settings)
    assert main(["backup", "copy"]) == 0
    engine = open_engine(settings.database_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE of_tomorrow (id INTEGER)"))
        connection.execute(text("UPDATE tandem_schema SET version_num = '9999'"))
    engine.dispose()
    assert main(["restore", "copy", "--force"]) == 0
    assert texts(settings) == ["Where is my parcel?", "I look."]
    engine = open_engine(settings.database_url)
    with engine.connect() as connection, pytest.raises(Exception, match="of_tomorrow"):
        connection.execute(text("SELECT * FROM of_tomorrow"))
    engine.dispose()


def test_a_copied_file_alone_is_no_backup(tmp_path: Path) -> None:
    """What the documentation warns of: the last words stand beside the file."""
    engine = open_engine(f"sqlite:///{tmp_path / 'tandem.db'}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE words (it TEXT)"))
    shutil.copyfile(tmp_path / "tandem.db", tmp_path / "copy.db")
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy, pytest.raises(sqlite3.OperationalError):
        copy.execute("SELECT * FROM words")
    engine.dispose()


def test_missing_programs_are_named_with_the_fix(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TANDEM_DATABASE_URL", postgres_url)
    monkeypatch.setenv("TANDEM_TRACKER_URL", postgres_url)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["backup", "copy"]) == 1
    assert "postgresql-client" in capsys.readouterr().err and not (tmp_path / "copy").exists()

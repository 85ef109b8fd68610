"""From each released schema to the newest, with rows, on both databases."""
from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from rasa.core.tracker_store import SQLTrackerStore
from sqlalchemy import inspect, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import IntegrityError

import tandem
from tandem.agents.tables import metadata as desk_metadata
from tandem.conversations.ledger import Ledger
from tandem.conversations.model import Agent, InboundMessage
from tandem.conversations.outbox import Outbox
from tandem.conversations.ownership import Ownership
from tandem.conversations.tables import metadata as ledger_metadata
from tandem.db.engine import open_engine
from tandem.db.schema import MAIN, ORDERS, TRACKERS, Schema, SchemaTooNew, newest, upgrade, version
from tandem.live_agents.relay.tables import metadata as relay_metadata
from tandem.order_updates import tables as order_update_tables  # of the ledger's metadata
from tandem.orders.acts.log import metadata as order_acts_metadata
from tandem.orders.adapters.sql.tables import metadata as orders_metadata
from tandem.orders.identification_tables import metadata as identification_metadata
from tandem.orders.write_log import metadata as order_writes_metadata

assert order_update_tables.order_subscriptions.metadata is ledger_metadata
SCHEMAS = (MAIN, ORDERS, TRACKERS)
TABLES = {
    MAIN: (ledger_metadata, identification_metadata, relay_metadata, desk_metadata, order_writes_metadata,
           order_acts_metadata),
    ORDERS: (orders_metadata,),
    TRACKERS: (SQLTrackerStore.Base.metadata,),
}
BY_TANDEM = {"events"}  # Rasa defines this table; its indexes are Tandem's


@pytest.fixture
def empty(database_url: str) -> Iterator[Engine]:
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


def rows(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        return {name: int(connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one())
                for name in inspect(connection).get_table_names() if not name.startswith("tandem_")}


def indexes(engine: Engine) -> set[str]:
    known = inspect(engine)
    return {str(index["name"]) for name in known.get_table_names() for index in known.get_indexes(name)
            if "duplicates_constraint" not in index}


def differences(engine: Engine) -> list[Any]:
    """How the tables of a database differ from those that the code works with."""
    ours = {name for group in TABLES.values() for metadata in group for name in metadata.tables}

    def is_ours(name: str | None, kind: str, _parent: Any) -> bool:
        return kind != "table" or name in ours

    metadata = [one for group in TABLES.values() for one in group]
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={
            "compare_type": True, "target_metadata": metadata, "include_name": is_ours})
        found = compare_metadata(context, metadata)
    return [one for one in found if not (one[0].endswith("_index") and one[1].table.name in BY_TANDEM)]


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda one: str(one.name))
def test_each_schema_has_one_line_of_revisions_numbered_in_order(schema: Schema) -> None:
    scripts = ScriptDirectory(str(schema.folder.parent), version_locations=[str(schema.folder)])
    assert len(scripts.get_heads()) == 1
    in_order = [script.revision for script in reversed(list(scripts.walk_revisions()))]
    assert in_order == [f"{number:04}" for number in range(1, len(in_order) + 1)]
    files = sorted(path.name for path in schema.folder.glob("0*.py"))
    assert [name.split("_")[0] for name in files] == in_order


def test_an_empty_database_gets_the_tables_that_the_code_works_with(empty: Engine) -> None:
    for schema in SCHEMAS:
        upgrade(empty, schema)
        assert version(empty, schema) == newest(schema)
    assert differences(empty) == []


def test_a_database_of_the_first_release_keeps_its_rows_and_gets_all_else(released: Engine) -> None:
    before = rows(released)
    assert before["messages"] > 10
    assert len([name for name, count in before.items() if count]) == 19
    for schema in SCHEMAS:
        assert version(released, schema) is None
        upgrade(released, schema)
    after = rows(released)
    assert {name: after[name] for name in before} == before
    assert differences(released) == []


def test_a_talk_of_the_first_release_goes_on(released: Engine) -> None:
    upgrade(released)
    ledger = Ledger(released)
    ownership, deliveries = Ownership(ledger), Outbox(ledger)
    assert [message.text for message in ledger.transcript("resolved")][:2] == [
        "Where is my parcel?", "It arrives tomorrow."]
    assert set(ledger.open_handoffs()) == {"waits", "claimed"}
    assert [one.message.text for one in deliveries.lease(["telegram"])] == ["I am here.", "9 to 5."]
    assert ownership.claim("waits", Agent("ben", "Ben")).owner.value == "agent"
    ownership.reply("waits", Agent("ben", "Ben"), "Hello")
    assert ledger.receive(InboundMessage("resolved", "webchat", "And now?")).message.seq == 7
    ledger.erase("resolved")


def test_missing_columns_and_indexes_come_back(released: Engine) -> None:
    lost = {"messages": ("parts_sent", "turn_tries"), "handoffs": ("told_at", "contact", "resume"), "agents": ("away",)}
    with released.begin() as connection:
        for name in indexes(released):
            connection.execute(text(f"DROP INDEX {name}"))
        for table, columns in lost.items():
            for column in columns:
                connection.execute(text(f"ALTER TABLE {table} DROP COLUMN {column}"))
    for schema in SCHEMAS:
        upgrade(released, schema)
    assert differences(released) == []
    with released.connect() as connection:
        assert set(connection.execute(text("SELECT turn_tries, parts_sent FROM messages"))) == {(1, 0)}
        assert [bool(value) for value, in connection.execute(text("SELECT resume FROM handoffs"))] == [False] * 3


def test_of_two_open_handoffs_the_one_that_fits_its_owner_stays(released: Engine) -> None:
    with released.begin() as connection:
        connection.execute(text("DROP INDEX one_open_handoff"))
        columns = ", ".join(column.name for column in ledger_metadata.tables["handoffs"].columns if column.name in {
            found["name"] for found in inspect(connection).get_columns("handoffs")} - {"id", "epoch", "claimed_by"})
        for conversation, claimed_by in (("waits", "'anna'"), ("claimed", "NULL")):
            connection.execute(text(
                f"INSERT INTO handoffs (id, epoch, claimed_by, {columns}) SELECT 'twin of {conversation}', epoch + 1, "
                f"{claimed_by}, {columns} FROM handoffs WHERE conversation_id = '{conversation}'"))
    upgrade(released)
    opened = Ledger(released).open_handoffs()
    assert {name: one.claimed_by for name, one in opened.items()} == {"waits": None, "claimed": "anna"}
    assert len(Ledger(released).handoffs("waits")) == 2, "closed, not lost"
    with pytest.raises(IntegrityError), released.begin() as connection:
        connection.execute(text("UPDATE handoffs SET closed_at = NULL"))


def test_many_processes_and_threads_upgrade_at_once(database_url: str) -> None:
    program = f"""
from tandem.db.engine import open_engine
from tandem.db.schema import MAIN, ORDERS, TRACKERS, upgrade
engine = open_engine({database_url!r})
for schema in (MAIN, ORDERS, TRACKERS):
    upgrade(engine, schema)
"""
    root = Path(tandem.__file__).parents[1]
    started = [subprocess.Popen([sys.executable, "-c", program], cwd=root, stderr=subprocess.PIPE) for _ in range(4)]
    engine = open_engine(database_url)
    failed: list[Exception] = []

    def run() -> None:
        try:
            for schema in SCHEMAS:
                upgrade(engine, schema)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    said = [process.communicate(timeout=60)[1].decode() for process in started]
    assert [process.returncode for process in started] == [0] * 4, said
    assert failed == [] and differences(engine) == []
    engine.dispose()


def test_a_schema_of_a_newer_tandem_is_refused_by_name(empty: Engine) -> None:
    upgrade(empty)
    with empty.begin() as connection:
        connection.execute(text(f"UPDATE {MAIN.version_table} SET version_num = '9999'"))
    with pytest.raises(SchemaTooNew, match=r"9999.*newer.*goes up to"):
        upgrade(empty)


def test_a_revision_that_fails_leaves_the_database_as_it_was(
    released: Engine, monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(_connection: Any, _metadata: Any) -> None:
        raise RuntimeError("no room on the disk")

    before = indexes(released)
    with released.begin() as connection:
        connection.execute(text("ALTER TABLE messages DROP COLUMN parts_sent"))
    with monkeypatch.context() as patched:
        patched.setattr("tandem.db.completion.complete_indexes", fail)
        with pytest.raises(RuntimeError):
            upgrade(released)
    assert version(released) is None and indexes(released) == before
    assert "parts_sent" not in {column["name"] for column in inspect(released).get_columns("messages")}
    for schema in SCHEMAS:
        upgrade(released, schema)
    assert differences(released) == []

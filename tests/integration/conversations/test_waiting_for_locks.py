"""Writers that wait for a lock: what they write bears the time at which they had it, and no watcher misses it."""
from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.engine import Engine

from tandem.conversations.changes import CHANGE_ID
from tandem.conversations.model import Author, HandoffRequest, InboundMessage
from tandem.conversations.tables import conversations, handoffs, messages
from tests.fakes.core import ANNA, BEN, Core

WAIT = timedelta(minutes=3)


@contextmanager
def another_writer(engine: Engine) -> Iterator[None]:
    """Somebody else holds the conversation; on SQLite the whole file."""
    with engine.begin() as connection:
        connection.execute(select(conversations).where(conversations.c.id == "c").with_for_update()).first()
        yield


def waits_for_lock(engine: Engine) -> bool:
    if engine.dialect.name == "sqlite":
        return True  # nothing tells; the pause must do
    with engine.connect() as connection:
        return bool(connection.execute(text(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )).scalar_one())


def claimed(core: Core) -> None:
    core.hands_off()
    core.ownership.claim("c", ANNA)


def waiting(core: Core) -> None:
    core.hands_off()


def nothing(core: Core) -> None:
    return


WRITES: dict[str, tuple[Callable[[Core], None], Callable[[Core], Any]]] = {
    "a customer's message": (nothing, lambda core: core.says("more")),
    "a session": (nothing, lambda core: core.ledger.start(
        InboundMessage("c", "telegram", "", identity=None))),
    "a reply of the bot": (nothing, lambda core: core.ledger.record_bot_reply("c", 0, "news")),
    "a reading": (nothing, lambda core: core.ledger.record_reading("c", 1, None, "greet")),
    "a handoff": (nothing, lambda core: core.ownership.open_handoff(HandoffRequest("c", "asked", "rule"))),
    "a claim": (waiting, lambda core: core.ownership.claim("c", ANNA, "Anna is here")),
    "a takeover": (waiting, lambda core: core.ownership.take_over("c", BEN, "Ben is here")),
    "a release": (claimed, lambda core: core.ownership.release("c", ANNA, "back in the queue")),
    "a word of an agent": (claimed, lambda core: core.ownership.reply("c", ANNA, "hello")),
    "a hand-back": (claimed, lambda core: core.ownership.hand_back("c", ANNA, "", "bye")),
    "a sign of typing": (claimed, lambda core: core.ledger.set_typing("c", Author.AGENT, "Anna")),
    "an acknowledgement": (claimed, lambda core: core.outbox.acknowledge("c", 99)),
}


@pytest.mark.parametrize("name", WRITES)
def test_what_waited_for_a_lock_is_not_older_than_its_lock(core: Core, name: str) -> None:
    prepare, write = WRITES[name]
    core.says("hello")
    core.bot_says("hello")
    prepare(core)
    failures: list[BaseException] = []

    def run() -> None:
        try:
            write(core)
        except BaseException as error:
            failures.append(error)

    with another_writer(core.engine):
        writer = threading.Thread(target=run)
        writer.start()
        end = time.monotonic() + 10
        while not waits_for_lock(core.engine) and time.monotonic() < end:
            time.sleep(0.01)
        time.sleep(0.1)
        locked_until = core.clock() + WAIT
        core.clock.at = locked_until
    writer.join(20)
    assert not writer.is_alive() and not failures
    if name != "a session":  # of a customer who is known, which changes nothing
        assert core.ledger.conversation("c").updated_at >= locked_until
    with core.ledger.reading.connect() as connection:
        last = connection.execute(select(func.max(messages.c.seq))).scalar_one()
        times = list(connection.execute(select(messages.c.at).where(messages.c.seq == last)).scalars())
        if name in ("a customer's message", "a reply of the bot", "a word of an agent", "a claim", "a hand-back"):
            assert times == [locked_until]
        if name in ("a handoff", "a claim"):
            column = handoffs.c.opened_at if name == "a handoff" else handoffs.c.claimed_at
            assert list(connection.execute(select(column)).scalars()) == [locked_until]


def test_a_lease_begins_when_it_is_written(core: Core) -> None:
    """One that begins before its lock is over when others look. On PostgreSQL nobody holds a renewal up."""
    if core.engine.dialect.name != "sqlite":
        return
    core.says("hello")
    with another_writer(core.engine):
        writer = threading.Thread(target=core.turns.renew, args=("c", 1))
        writer.start()
        time.sleep(0.2)
        core.clock.at += WAIT
    writer.join(20)
    assert core.turns.adopt() == []


def test_a_change_that_commits_late_is_seen_by_watchers_of_later_ones(core: Core) -> None:
    """On PostgreSQL, where a change may commit after one that began later, however long it takes."""
    if core.engine.dialect.name != "postgresql":
        return
    core.says("first", conversation="slow")
    core.says("first", conversation="quick")
    since = core.ledger.position()
    with core.engine.begin() as slow:
        slow.execute(update(conversations).where(conversations.c.id == "slow").values(
            revision=conversations.c.revision + 1, change_id=CHANGE_ID["postgresql"]))
        core.says("second", conversation="quick")
        core.clock.advance(hours=2)
        since, seen = core.ledger.changes_since(since)
        assert [one for one, _ in seen] == ["quick"]
        since, seen = core.ledger.changes_since(since)  # the latest is told again as long as an earlier one runs
        core.says("third", conversation="quick")
    since, seen = core.ledger.changes_since(since)
    assert "slow" in {one for one, _ in seen}
    since, seen = core.ledger.changes_since(since)
    since, seen = core.ledger.changes_since(since)
    assert seen == [] or {one for one, _ in seen} <= {"slow", "quick"}


def test_a_change_made_by_a_clock_that_is_hours_behind_is_seen(core: Core) -> None:
    core.says("first")
    since = core.ledger.position()
    core.clock.advance(hours=-5)
    core.says("second")
    assert [one for one, _ in core.ledger.changes_since(since)[1] if one == "c"] == ["c"]


def test_an_erased_conversations_number_is_not_given_again(core: Core) -> None:
    core.says(conversation="c")
    core.says(conversation="erased")
    since, _ = core.ledger.changes_since(0)
    core.ledger.erase("erased")
    time.sleep(0.002)
    core.says("more", conversation="c")
    assert ("c", core.ledger.conversation("c").revision) in core.ledger.changes_since(since)[1]


def test_numbers_from_before_a_restore_do_not_fill_every_look(core: Core) -> None:
    """A database that was restored into another PostgreSQL has numbers that this one will reach much later."""
    core.says()
    if core.engine.dialect.name != "postgresql":
        return
    with core.engine.begin() as connection:
        row = connection.execute(select(conversations).where(conversations.c.id == "c")).mappings().one()
        connection.execute(insert(conversations).values({**row, "id": "restored", "change_id": 2**50}))
    assert "restored" not in {one for one, _ in core.ledger.changes_since(core.ledger.position())[1]}

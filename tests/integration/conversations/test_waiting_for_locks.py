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
from tests.fakes.heart import ANNA, BEN, Heart

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


def claimed(heart: Heart) -> None:
    heart.hands_off()
    heart.ownership.claim("c", ANNA)


def waiting(heart: Heart) -> None:
    heart.hands_off()


def nothing(heart: Heart) -> None:
    return


WRITES: dict[str, tuple[Callable[[Heart], None], Callable[[Heart], Any]]] = {
    "a customer's message": (nothing, lambda heart: heart.says("more")),
    "a session": (nothing, lambda heart: heart.ledger.start(
        InboundMessage("c", "telegram", "", identity=None))),
    "a reply of the bot": (nothing, lambda heart: heart.ledger.record_bot_reply("c", 0, "news")),
    "a reading": (nothing, lambda heart: heart.ledger.record_reading("c", 1, None, "greet")),
    "a handoff": (nothing, lambda heart: heart.ownership.open_handoff(HandoffRequest("c", "asked", "rule"))),
    "a claim": (waiting, lambda heart: heart.ownership.claim("c", ANNA, "Anna is here")),
    "a takeover": (waiting, lambda heart: heart.ownership.take_over("c", BEN, "Ben is here")),
    "a release": (claimed, lambda heart: heart.ownership.release("c", ANNA, "back in the queue")),
    "a word of an agent": (claimed, lambda heart: heart.ownership.reply("c", ANNA, "hello")),
    "a hand-back": (claimed, lambda heart: heart.ownership.hand_back("c", ANNA, "", "bye")),
    "a sign of typing": (claimed, lambda heart: heart.ledger.set_typing("c", Author.AGENT, "Anna")),
    "an acknowledgement": (claimed, lambda heart: heart.deliveries.acknowledge("c", 99)),
}


@pytest.mark.parametrize("name", WRITES)
def test_what_waited_for_a_lock_is_not_older_than_its_lock(heart: Heart, name: str) -> None:
    prepare, write = WRITES[name]
    heart.says("hello")
    heart.bot_says("hello")
    prepare(heart)
    failures: list[BaseException] = []

    def run() -> None:
        try:
            write(heart)
        except BaseException as error:
            failures.append(error)

    with another_writer(heart.engine):
        writer = threading.Thread(target=run)
        writer.start()
        end = time.monotonic() + 10
        while not waits_for_lock(heart.engine) and time.monotonic() < end:
            time.sleep(0.01)
        time.sleep(0.1)
        locked_until = heart.clock() + WAIT
        heart.clock.at = locked_until
    writer.join(20)
    assert not writer.is_alive() and not failures
    if name != "a session":  # of a customer who is known, which changes nothing
        assert heart.ledger.conversation("c").updated_at >= locked_until
    with heart.ledger.reading.connect() as connection:
        last = connection.execute(select(func.max(messages.c.seq))).scalar_one()
        times = list(connection.execute(select(messages.c.at).where(messages.c.seq == last)).scalars())
        if name in ("a customer's message", "a reply of the bot", "a word of an agent", "a claim", "a hand-back"):
            assert times == [locked_until]
        if name in ("a handoff", "a claim"):
            column = handoffs.c.opened_at if name == "a handoff" else handoffs.c.claimed_at
            assert list(connection.execute(select(column)).scalars()) == [locked_until]


def test_a_lease_begins_when_it_is_written(heart: Heart) -> None:
    """One that begins before its lock is over when others look. On PostgreSQL nobody holds a renewal up."""
    if heart.engine.dialect.name != "sqlite":
        return
    heart.says("hello")
    with another_writer(heart.engine):
        writer = threading.Thread(target=heart.turns.renew, args=("c", 1))
        writer.start()
        time.sleep(0.2)
        heart.clock.at += WAIT
    writer.join(20)
    assert heart.turns.adopt() == []


def test_a_change_that_commits_late_is_seen_by_who_has_seen_later_ones(heart: Heart) -> None:
    """On PostgreSQL, where a change may commit after one that began later, however long it takes."""
    if heart.engine.dialect.name != "postgresql":
        return
    heart.says("first", conversation="slow")
    heart.says("first", conversation="quick")
    since = heart.ledger.position()
    with heart.engine.begin() as slow:
        slow.execute(update(conversations).where(conversations.c.id == "slow").values(
            revision=conversations.c.revision + 1, change_id=CHANGE_ID["postgresql"]))
        heart.says("second", conversation="quick")
        heart.clock.advance(hours=2)
        since, seen = heart.ledger.changes_since(since)
        assert [one for one, _ in seen] == ["quick"]
        since, seen = heart.ledger.changes_since(since)  # the latest is told again as long as an earlier one runs
        heart.says("third", conversation="quick")
    since, seen = heart.ledger.changes_since(since)
    assert "slow" in {one for one, _ in seen}
    since, seen = heart.ledger.changes_since(since)
    since, seen = heart.ledger.changes_since(since)
    assert seen == [] or {one for one, _ in seen} <= {"slow", "quick"}


def test_a_change_made_by_a_clock_that_is_hours_behind_is_seen(heart: Heart) -> None:
    heart.says("first")
    since = heart.ledger.position()
    heart.clock.advance(hours=-5)
    heart.says("second")
    assert [one for one, _ in heart.ledger.changes_since(since)[1] if one == "c"] == ["c"]


def test_an_erased_conversations_number_is_not_given_again(heart: Heart) -> None:
    heart.says(conversation="c")
    heart.says(conversation="erased")
    since, _ = heart.ledger.changes_since(0)
    heart.ledger.erase("erased")
    time.sleep(0.002)
    heart.says("more", conversation="c")
    assert ("c", heart.ledger.conversation("c").revision) in heart.ledger.changes_since(since)[1]


def test_numbers_from_before_a_restore_do_not_fill_every_look(heart: Heart) -> None:
    """A database that was restored into another PostgreSQL has numbers that this one will reach much later."""
    heart.says()
    if heart.engine.dialect.name != "postgresql":
        return
    with heart.engine.begin() as connection:
        row = connection.execute(select(conversations).where(conversations.c.id == "c")).mappings().one()
        connection.execute(insert(conversations).values({**row, "id": "restored", "change_id": 2**50}))
    assert "restored" not in {one for one, _ in heart.ledger.changes_since(heart.ledger.position())[1]}

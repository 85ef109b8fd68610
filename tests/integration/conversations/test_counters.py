"""Counters that the database keeps: the same as counting, whatever happens, on both databases."""
from __future__ import annotations

import threading
from collections.abc import Iterator
from random import Random

import pytest
from sqlalchemy import func, select, text

from tandem.conversations import counters
from tandem.conversations.model import Agent
from tandem.conversations.tables import fenced_replies, messages
from tests.fakes.core import Core, core_over


@pytest.fixture
def core(ready_url: str) -> Iterator[Core]:
    with core_over(ready_url) as opened:
        yield opened


def counted(core: Core) -> dict[str, int]:
    with core.engine.connect() as connection:
        states = connection.execute(select(messages.c.delivery, func.count()).group_by(messages.c.delivery)).all()
        found = {f"delivery:{state}": int(count) for state, count in states}
        retried = select(func.count()).select_from(messages).where(messages.c.attempts > 1)
        found["retried"] = int(connection.execute(retried).scalar_one())
        found["fenced"] = int(connection.execute(select(func.count()).select_from(fenced_replies)).scalar_one())
    return {name: count for name, count in found.items() if count}


def kept(core: Core) -> dict[str, int]:
    return {name: count for name, count in counters.read(core.engine).items() if count}


@pytest.mark.parametrize("seed", range(3))
def test_the_counters_equal_a_count_of_the_rows_after_any_steps(core: Core, seed: int) -> None:
    rng = Random(seed)
    for number in range(60):
        name = rng.choice("abcd")
        core.says(f"message {number}", conversation=name)
        core.bot_says("an answer", epoch=rng.choice([None, 99]), conversation=name)
        for outbound in core.outbox.lease(["telegram"], limit=rng.randint(1, 4)):
            rng.choice([core.outbox.sent, core.outbox.cannot_push,
                        lambda one: core.outbox.refused(one, "no"),
                        lambda one: core.outbox.failed(one, "away")])(outbound)
        act = rng.random()
        if act < 0.1:
            core.ledger.erase(name)
        elif act < 0.2:
            core.outbox.acknowledge(name, 100)
        elif act < 0.3:
            for seq in range(1, 6):
                core.outbox.retry(name, seq)
        elif act < 0.4:
            counters.fold(core.engine, 1)
        core.clock.advance(seconds=40)
        assert kept(core) == counted(core), f"after {number}"
    assert kept(core)["retried"] > 0 and kept(core)["fenced"] > 0, "the test must have seen these"
    assert core.ledger.fenced() == kept(core)["fenced"]


def test_folding_beside_writers_and_other_folders_loses_nothing(core: Core) -> None:
    stop = threading.Event()

    def fold() -> None:
        while not stop.is_set():
            counters.fold(core.engine, 1)

    def write(name: str) -> None:
        for number in range(40):
            core.says(f"message {number}", conversation=name)
            core.bot_says("an answer", conversation=name)

    folders = [threading.Thread(target=fold) for _ in range(2)]
    writers = [threading.Thread(target=write, args=(f"c{number}",)) for number in range(4)]
    for thread in folders + writers:
        thread.start()
    for thread in writers:
        thread.join(60)
    stop.set()
    for thread in folders:
        thread.join(60)
    assert kept(core) == counted(core) == {"delivery:none": 160, "delivery:pending": 160}
    counters.fold(core.engine, 1)
    with core.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM counter_changes")).scalar_one() == 2


def test_few_lines_are_left_alone(core: Core) -> None:
    core.says("hello")
    assert not counters.fold(core.engine, at_least=2)
    assert counters.fold(core.engine, at_least=1)


def test_unanswered_customers_are_found_without_reading_messages(core: Core) -> None:
    anna, ben = Agent("anna", "Anna"), Agent("ben", "Ben")
    core.says("A person, please", conversation="c")
    core.hands_off("c")

    def state() -> tuple[object, object]:
        one = core.ledger.open_handoffs(cards=False)["c"]
        with core.engine.connect() as connection:
            return tuple(connection.execute(text("SELECT first_reply_at, unanswered_since FROM handoffs")).one())[0:2] \
                if one else (None, None)

    core.says("Hello?", conversation="c")
    assert state() == (None, None), "nobody has them yet"
    core.ownership.claim("c", anna)
    first, since = state()
    assert first is None and since is not None
    core.ownership.note("c", anna, "a note is no answer")
    assert state() == (None, since)
    core.ownership.reply("c", anna, "Hello")
    first, since = state()
    assert first is not None and since is None
    core.says("And my parcel?", conversation="c")
    _, since = state()
    assert since is not None
    core.ownership.release("c", anna)
    core.says("Are you there?", conversation="c")
    core.ownership.claim("c", ben)
    assert state() == (first, since), "the customer still waits since the first word that nobody answered"

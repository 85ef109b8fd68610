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
from tests.fakes.heart import Heart, heart_over


@pytest.fixture
def heart(ready_url: str) -> Iterator[Heart]:
    with heart_over(ready_url) as opened:
        yield opened


def counted(heart: Heart) -> dict[str, int]:
    with heart.engine.connect() as connection:
        states = connection.execute(select(messages.c.delivery, func.count()).group_by(messages.c.delivery)).all()
        found = {f"delivery:{state}": int(count) for state, count in states}
        retried = select(func.count()).select_from(messages).where(messages.c.attempts > 1)
        found["retried"] = int(connection.execute(retried).scalar_one())
        found["fenced"] = int(connection.execute(select(func.count()).select_from(fenced_replies)).scalar_one())
    return {name: count for name, count in found.items() if count}


def kept(heart: Heart) -> dict[str, int]:
    return {name: count for name, count in counters.read(heart.engine).items() if count}


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_the_counters_say_what_counting_says(heart: Heart, seed: int) -> None:
    rng = Random(seed)
    for number in range(60):
        name = rng.choice("abcd")
        heart.says(f"message {number}", conversation=name)
        heart.bot_says("an answer", epoch=rng.choice([None, 99]), conversation=name)
        for parcel in heart.deliveries.lease(["telegram"], limit=rng.randint(1, 4)):
            rng.choice([heart.deliveries.sent, heart.deliveries.cannot_push,
                        lambda one: heart.deliveries.refused(one, "no"),
                        lambda one: heart.deliveries.failed(one, "away")])(parcel)
        act = rng.random()
        if act < 0.1:
            heart.ledger.erase(name)
        elif act < 0.2:
            heart.deliveries.acknowledge(name, 100)
        elif act < 0.3:
            for seq in range(1, 6):
                heart.deliveries.retry(name, seq)
        elif act < 0.4:
            counters.fold(heart.engine, 1)
        heart.clock.advance(seconds=40)
        assert kept(heart) == counted(heart), f"after {number}"
    assert kept(heart)["retried"] > 0 and kept(heart)["fenced"] > 0, "the test must have seen these"
    assert heart.ledger.fenced() == kept(heart)["fenced"]


def test_folding_beside_writers_and_other_folders_loses_nothing(heart: Heart) -> None:
    stop = threading.Event()

    def fold() -> None:
        while not stop.is_set():
            counters.fold(heart.engine, 1)

    def write(name: str) -> None:
        for number in range(40):
            heart.says(f"message {number}", conversation=name)
            heart.bot_says("an answer", conversation=name)

    folders = [threading.Thread(target=fold) for _ in range(2)]
    writers = [threading.Thread(target=write, args=(f"c{number}",)) for number in range(4)]
    for thread in folders + writers:
        thread.start()
    for thread in writers:
        thread.join(60)
    stop.set()
    for thread in folders:
        thread.join(60)
    assert kept(heart) == counted(heart) == {"delivery:none": 160, "delivery:pending": 160}
    counters.fold(heart.engine, 1)
    with heart.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM counter_changes")).scalar_one() == 2


def test_few_lines_are_left_alone(heart: Heart) -> None:
    heart.says("hello")
    assert not counters.fold(heart.engine, at_least=2)
    assert counters.fold(heart.engine, at_least=1)


def test_who_waits_for_an_agents_words_is_known_without_reading_what_was_said(heart: Heart) -> None:
    anna, ben = Agent("anna", "Anna"), Agent("ben", "Ben")
    heart.says("A person, please", conversation="c")
    heart.hands_off("c")

    def state() -> tuple[object, object]:
        one = heart.ledger.open_handoffs(cards=False)["c"]
        with heart.engine.connect() as connection:
            return tuple(connection.execute(text("SELECT first_reply_at, unanswered_since FROM handoffs")).one())[0:2] \
                if one else (None, None)

    heart.says("Hello?", conversation="c")
    assert state() == (None, None), "nobody has them yet"
    heart.ownership.claim("c", anna)
    first, since = state()
    assert first is None and since is not None
    heart.ownership.note("c", anna, "a note is no answer")
    assert state() == (None, since)
    heart.ownership.reply("c", anna, "Hello")
    first, since = state()
    assert first is not None and since is None
    heart.says("And my parcel?", conversation="c")
    _, since = state()
    assert since is not None
    heart.ownership.release("c", anna)
    heart.says("Are you there?", conversation="c")
    heart.ownership.claim("c", ben)
    assert state() == (first, since), "the customer still waits since the first word that nobody answered"

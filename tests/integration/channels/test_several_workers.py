"""Two workers over one database: a customer's messages in order, whichever takes them, and locks that nobody keeps."""
from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from rasa.core.agent import Agent
from rasa.core.channels.channel import UserMessage
from rasa.core.lock_store import InMemoryLockStore, RedisLockStore
from rasa.core.tracker_store import FailSafeTrackerStore
from rasa.shared.core.domain import Domain

from tandem.channels.rest import Rest
from tandem.conversations.turn_queue import TURN_LEASE, TURN_LIFETIME
from tandem.db.engine import open_engine
from tandem.rasa_ext import locks
from tandem.rasa_ext.locks import ConversationLocks, PostgresLocks, TicketLocks, install_locks
from tandem.rasa_ext.tracker_store import CachedTrackerStore
from tests.fakes.core import ANNA, Core, core_over
from tests.integration.channels.stage import RunningClock, Stage, staged

Pair = tuple[Stage, Stage]


@pytest.fixture
async def pair(ready_url: str) -> AsyncIterator[Pair]:
    """Two servers, each with a bot of its own."""
    with core_over(ready_url, RunningClock()) as core:
        async with AsyncExitStack() as stack:
            stages = [await stack.enter_async_context(staged(core, [Rest()])) for _ in range(2)]
            for stage in stages:
                stage.bot.sentiment = None  # to say why somebody is upset takes models that are slow to load
            yield stages[0], stages[1]


def heard(pair: Pair) -> list[str]:
    """What either bot was given, in order of arrival."""
    return [str(message.text) for message in pair[0].bot.heard] + [str(message.text) for message in pair[1].bot.heard]


async def said_by_bot(pair: Pair) -> list[str]:
    return [text for author, text in await pair[0].said("c") if author == "bot"]


async def test_one_worker_waits_for_the_turns_of_the_other(pair: Pair) -> None:
    one, other = pair
    go_on = one.bot.holds_back()
    one.dispatches("1")
    await one.until(lambda: one.bot.heard)
    other.dispatches("2")
    one.dispatches("3")
    other.dispatches("4")
    await asyncio.sleep(0.5)
    assert heard(pair) == ["1"] and one.bot.read + other.bot.read == ["1"], "nor is a message read before its turn"
    go_on.set()
    await one.until(lambda: len(one.core.ledger.messages("c")) == 8)
    assert await said_by_bot(pair) == [f"You said: {number}" for number in "1234"]


async def test_answers_come_in_the_order_of_the_questions_whoever_takes_them(pair: Pair) -> None:
    pauses = iter([0.03, 0.0, 0.05, 0.01] * 10)
    for stage in pair:
        async def uneven(message: UserMessage, stage: Stage = stage) -> None:
            await asyncio.sleep(next(pauses))
            await stage.bot.echo(message)

        stage.bot.answer = uneven
    for number in range(16):
        pair[number % 2].dispatches(str(number))
    await pair[0].until(lambda: len(pair[0].core.ledger.messages("c")) == 32, 40)
    assert await said_by_bot(pair) == [f"You said: {number}" for number in range(16)]


async def test_a_dead_workers_turns_are_taken_over_in_their_order(pair: Pair) -> None:
    one, other = pair
    for text in ("1", "2"):
        one.core.says(text, channel="rest", push=False)  # received by a third one, which died
    other.dispatches("3")
    await asyncio.sleep(0.3)
    assert heard(pair) == []
    one.core.clock.advance(seconds=TURN_LEASE.total_seconds() + 1)
    await one.until(lambda: len(one.core.ledger.messages("c")) == 6)
    assert await said_by_bot(pair) == [f"You said: {number}" for number in "123"]


async def test_a_worker_that_comes_back_to_life_does_not_go_on_with_what_others_have(
    pair: Pair, monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, other = pair
    go_on = one.bot.holds_back()
    monkeypatch.setattr("tandem.gateway.turn_runner.TURN_LEASE", timedelta(seconds=2))  # between signs of life: 0.5
    one.dispatches("1")
    await one.until(lambda: one.bot.heard)
    one.core.clock.advance(seconds=60)  # it was frozen so long
    await other.until(lambda: other.bot.heard)
    await one.until(lambda: not one.runtime.bot_is_writing("c"))
    go_on.set()
    await asyncio.sleep(0.1)
    assert await said_by_bot(pair) == ["You said: 1"]


async def test_what_waited_behind_a_handoff_is_read_and_not_answered(pair: Pair) -> None:
    one, other = pair
    go_on = asyncio.Event()

    async def hand_off(message: UserMessage) -> None:
        await go_on.wait()
        await asyncio.to_thread(one.core.hands_off)

    one.bot.answer = hand_off
    one.dispatches("a person, please")
    await one.until(lambda: one.bot.heard)
    other.dispatches("this is ridiculous")
    go_on.set()
    await other.until(lambda: "this is ridiculous" in other.bot.read)
    assert other.bot.heard == []


async def test_who_wrote_while_all_was_down_is_told(pair: Pair) -> None:
    one, _ = pair
    one.core.says("anybody?", channel="rest", push=False)
    one.core.clock.advance(seconds=TURN_LIFETIME.total_seconds() + 60)
    await one.until(lambda: len(one.core.ledger.messages("c")) == 2)
    assert (await said_by_bot(pair))[0].startswith("I'm sorry: something was broken on our side when you wrote")
    assert heard(pair) == []
    assert await one.asks("hello again") == ["You said: hello again"]


async def test_a_customer_who_had_a_person_meanwhile_gets_no_apology(pair: Pair) -> None:
    one, _ = pair
    one.core.says("anybody?", channel="rest", push=False)
    one.core.ownership.take_over("c", ANNA)
    one.core.ownership.hand_back("c", ANNA)
    one.core.clock.advance(seconds=TURN_LIFETIME.total_seconds() + 60)
    await asyncio.sleep(0.4)
    assert await said_by_bot(pair) == []


# -- the lock -------------------------------------------------------------------------------------------------


HOLDER = """\
import asyncio, sys
from tandem.rasa_ext.locks import ConversationLocks, PostgresLocks
from tandem.db.engine import open_engine

async def hold():
    async with ConversationLocks(PostgresLocks(open_engine(sys.argv[1]))).lock("c"):
        print("held", flush=True)
        await asyncio.sleep(600)

asyncio.run(hold())
"""


@pytest.fixture
def holder(postgres_url: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock of "c"."""
    command = [sys.executable, "-W", "ignore", "-c", HOLDER, postgres_url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        yield process
        process.kill()


async def test_the_lock_of_a_worker_that_dies_is_free_at_once(
    postgres_url: str, holder: subprocess.Popen[str], caplog: pytest.LogCaptureFixture,
) -> None:
    ours = ConversationLocks(PostgresLocks(open_engine(postgres_url)))
    order: list[str] = []

    async def wait() -> None:
        async with ours.lock("c"):
            order.append("ours")

    waiting = asyncio.create_task(wait())
    async with ours.lock("another"):
        await asyncio.sleep(0.5)
    assert order == []
    os.kill(holder.pid, signal.SIGKILL)
    await asyncio.wait_for(waiting, 8)
    assert order == ["ours"] and "goes on without" not in caplog.text


async def test_the_lock_of_a_frozen_worker_is_not_waited_for_for_ever(
    postgres_url: str, holder: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(PostgresLocks, "patience", 0.3)
    os.kill(holder.pid, signal.SIGSTOP)
    async with ConversationLocks(PostgresLocks(open_engine(postgres_url))).lock("c"):
        assert "goes on without" in caplog.text
    os.kill(holder.pid, signal.SIGCONT)


async def test_one_at_a_time_within_a_process_and_between_two(postgres_url: str) -> None:
    workers = [ConversationLocks(PostgresLocks(open_engine(postgres_url))) for _ in range(2)]
    inside: list[int] = []
    most: list[int] = []

    async def work(number: int) -> None:
        async with workers[number % 2].lock("c"):
            inside.append(number)
            most.append(len(inside))
            await asyncio.sleep(0.02)
            inside.remove(number)

    await asyncio.gather(*map(work, range(12)))
    assert most == [1] * 12
    assert all(not worker._lines for worker in workers), "nothing is kept of conversations that are at rest"


async def test_a_session_that_breaks_is_opened_anew(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "AWAY", 0.0)
    engine = open_engine(postgres_url)
    ours = ConversationLocks(PostgresLocks(engine))
    async with ours.lock("c"):
        with engine.connect() as connection:
            connection.exec_driver_sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                                       "WHERE pid <> pg_backend_pid() AND datname = current_database()")
    for _ in range(3):
        async with ours.lock("c"):
            pass
    other = ConversationLocks(PostgresLocks(open_engine(postgres_url)))
    monkeypatch.setattr(PostgresLocks, "patience", 0.2)
    async with ours.lock("c"):
        started = time.monotonic()
        async with other.lock("c"):
            assert time.monotonic() - started >= 0.2, "it locks again"


async def test_a_redis_that_hangs_holds_up_neither_the_loop_nor_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "ANSWER", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        store = RedisLockStore("127.0.0.1", port=silent.getsockname()[1], socket_timeout=2)
        ours, beats = ConversationLocks(TicketLocks(store)), 0

        async def beat() -> None:
            nonlocal beats
            while True:
                await asyncio.sleep(0.01)
                beats += 1

        beating = asyncio.create_task(beat())
        async with ours.lock("c"):
            before = beats
        async with ours.lock("c"):
            pass
        beating.cancel()
        assert before > 5, "the event loop went on"
        assert ours.is_away


@pytest.fixture
def redis_port(tmp_path: Path) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        next(line for line in server.stdout if "Ready to accept" in line)
        yield port
        server.terminate()


async def test_a_ticket_in_redis_is_given_back_and_a_dead_workers_is_not_waited_for_for_ever(
    redis_port: int, monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = RedisLockStore("127.0.0.1", port=redis_port)
    ours = ConversationLocks(TicketLocks(store))
    async with ours.lock("c"):
        assert store.get_lock("c") is not None
    for _ in range(100):
        if store.get_lock("c") is None:
            break
        await asyncio.sleep(0.02)
    assert store.get_lock("c") is None and not ours.is_away
    store.issue_ticket("c")  # and the worker dies
    monkeypatch.setattr(TicketLocks, "patience", 0.3)
    started = time.monotonic()
    async with ours.lock("c"):
        assert time.monotonic() - started >= 0.3


def test_the_death_of_a_worker_costs_as_much_as_is_promised() -> None:
    """First the turn's lease runs out, then whoever takes the turn over waits for the dead worker's lock in vain."""
    for shared in (TicketLocks, PostgresLocks):
        assert TURN_LEASE.total_seconds() + shared.patience <= 25


async def test_a_redis_that_is_away_stops_no_turn(core: Core) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    ours = ConversationLocks(TicketLocks(RedisLockStore("127.0.0.1", port=port)))
    async with staged(core, [Rest()]) as stage:
        stage.bot.lock_store = ours

        async def locked(message: UserMessage) -> None:
            async with stage.bot.lock_store.lock("c"):
                await stage.bot.echo(message)

        stage.bot.answer = locked
        assert await stage.asks("Hello") == ["You said: Hello"]
        assert ours.is_away
        told: list[tuple[str, str]] = []
        watching = asyncio.create_task(locks.watch(lambda: stage.app.ctx.agent, lambda *what: told.append(what)))
        await stage.until(lambda: told)
        watching.cancel()
        assert told == [("locks", "away")], "known without a turn, too"


async def test_available_locks_are_reported_as_up(postgres_url: str, redis_port: int) -> None:
    for shared in (PostgresLocks(open_engine(postgres_url)), TicketLocks(RedisLockStore("127.0.0.1", port=redis_port))):
        assert await ConversationLocks(shared).look()
    assert await ConversationLocks().look()


def test_an_agent_gets_the_locks_that_fit_its_database(database_url: str) -> None:
    store = CachedTrackerStore(Domain.empty(), database_url)
    agent = Agent(domain=Domain.empty(), tracker_store=store)
    assert isinstance(agent.tracker_store, FailSafeTrackerStore) and isinstance(agent.lock_store, InMemoryLockStore)
    install_locks(agent)
    assert agent.tracker_store is store, "a tracker that cannot be read must not count as empty"
    kind: Any = PostgresLocks if database_url.startswith("postgresql") else type(None)
    assert isinstance(agent.lock_store._shared, kind)
    before = agent.lock_store
    install_locks(agent)
    assert agent.lock_store is before
    named = Agent(domain=Domain.empty(), tracker_store=store, lock_store=RedisLockStore("127.0.0.1"))
    install_locks(named)
    assert isinstance(named.lock_store._shared, TicketLocks)


async def test_two_workers_cannot_spoil_a_tracker(core: Core) -> None:
    """See also test_tracker_store.py; here as the turn sees it: it fails, and is run again."""
    async with staged(core, [Rest()]) as stage:
        tries: list[int] = []

        async def conflict(message: UserMessage) -> None:
            tries.append(1)
            if len(tries) == 1:
                raise RuntimeError("the tracker has changed")
            await stage.bot.echo(message)

        stage.bot.answer = conflict
        assert await stage.asks("Hello") == []
        core.clock.advance(seconds=2)  # the pause before a failed turn is run again
        await stage.until(lambda: len(core.ledger.messages("c")) == 2)
        assert len(tries) == 2

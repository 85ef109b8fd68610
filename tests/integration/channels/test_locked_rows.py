"""A row, or a whole SQLite file, that somebody holds: who does not need it is not held up, and nothing is lost."""
from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine

from tandem.channels.rest import Rest
from tandem.conversations import writing
from tandem.conversations.writing import write
from tandem.executors import use_ledger_threads
from tests.fakes.core import Core, core_over
from tests.integration.channels.stage import RunningClock, Stage, staged

CROWD = 30  # requests to the row that is held; more than there are threads
AT_ONCE = 5.0


@pytest.fixture
def on_postgresql(postgres_url: str) -> Iterator[Core]:
    with core_over(postgres_url, RunningClock()) as opened:
        yield opened


@contextmanager
def row_held(url: str, conversation: str) -> Iterator[None]:
    """Another program holds the conversation's row."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("SELECT 1 FROM conversations WHERE id = %s FOR UPDATE", (conversation,))
        yield
    engine.dispose()


def _crowd(stage: Stage, conversation: str) -> list[asyncio.Task[httpx.Response]]:
    return [asyncio.create_task(_says(stage, conversation, f"word {number}")) for number in range(CROWD)]


def _says(stage: Stage, conversation: str, text: str) -> Any:
    body = {"sender": conversation, "message": text, "message_id": text}
    return stage.client.post(f"{stage.url}/webhooks/rest/webhook", json=body, timeout=60)


async def _says_until_taken(stage: Stage, text: str) -> None:
    for _ in range(100):
        if (await _says(stage, "held", text)).status_code == 200:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{text} was never taken")


async def test_one_locked_row_holds_up_no_other_customer_and_loses_nothing(
    on_postgresql: Core, postgres_url: str,
) -> None:
    use_ledger_threads()
    async with staged(on_postgresql, [Rest()]) as stage:
        for conversation in ("held", "c"):
            assert (await _says(stage, conversation, "Hello")).status_code == 200
        with row_held(postgres_url, "held"):
            crowd = _crowd(stage, "held")
            await asyncio.sleep(1)
            for number in range(5):
                text = f"Where is my order? {number}"
                assert await asyncio.wait_for(stage.asks(text), AT_ONCE) == [f"You said: {text}"]
            assert not any(task.done() and task.result().status_code == 200 for task in crowd)
        await asyncio.gather(*(_says_until_taken(stage, f"word {number}") for number in range(CROWD)), *crowd)
        said = [text for author, text in await stage.said("held") if author == "customer"]
        assert sorted(said) == sorted(["Hello", *(f"word {number}" for number in range(CROWD))])


async def test_a_row_that_stays_locked_is_given_up_and_said_so(
    on_postgresql: Core, postgres_url: str, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writing, "PATIENCE", 0.5)
    async with staged(on_postgresql, [Rest()]) as stage:
        assert (await _says(stage, "held", "Hello")).status_code == 200
        with row_held(postgres_url, "held"):
            answers = await asyncio.gather(*(_says(stage, "held", f"word {number}") for number in range(3)))
        assert [answer.status_code for answer in answers] == [503] * 3
        assert "send it again" in answers[0].json()["error"]
        assert [text for author, text in await stage.said("held") if author == "customer"] == ["Hello"]
        assert (await _says(stage, "held", "word 1")).status_code == 200


@contextmanager
def file_held(path: Path) -> Iterator[None]:
    """Another program writes to a SQLite file, and does not come to an end."""
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.execute("ROLLBACK")
    other.close()


async def test_one_long_writer_holds_up_no_reader_and_loses_nothing(core: Core, tmp_path: Path) -> None:
    use_ledger_threads()
    async with staged(core, [Rest()]) as stage:
        assert (await _says(stage, "held", "Hello")).status_code == 200
        with file_held(tmp_path / "core.db"):
            crowd = [asyncio.create_task(_says(stage, f"c{number}", "Hello")) for number in range(CROWD)]
            await asyncio.sleep(1)
            later = await asyncio.wait_for(
                stage.client.get(f"{stage.url}/webhooks/rest/conversations/held/messages"), AT_ONCE)
            assert later.status_code == 200
            assert not any(task.done() for task in crowd)
        assert {answer.status_code for answer in await asyncio.gather(*crowd)} == {200}
        assert len(core.ledger.list(limit=100)) == CROWD + 1


async def test_writes_of_a_conversation_take_one_thread_and_others_go_past_it() -> None:
    running: list[str] = []
    most: list[int] = []

    def work(name: str) -> None:
        running.append(name)
        most.append(running.count(name))
        time.sleep(0.05)
        running.remove(name)

    await asyncio.gather(*(write(name, work, name) for name in "aaaabbbb"))
    assert max(most) == 1
    assert not writing._queues, "a conversation that nobody writes to is forgotten"

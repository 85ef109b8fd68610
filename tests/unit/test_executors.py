"""Bulkheads: threads that hang are counted, refuse further work, and hold nobody up but those who wait for them."""
from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from tandem.executors import Bulkhead, NotBegun, TookTooLong, use_ledger_threads


@pytest.fixture
def go_on() -> Iterator[threading.Event]:
    """What hangs in a thread goes on when this is set."""
    event = threading.Event()
    yield event
    event.set()


def test_work_is_done_in_a_thread_of_the_name() -> None:
    name = Bulkhead("twilio", 2).call(5, lambda: threading.current_thread().name)
    assert name == "twilio-1"


async def test_errors_of_the_work_come_out_as_they_are() -> None:
    def fail() -> None:
        raise TimeoutError("the service said so")

    bulkhead = Bulkhead("x", 1)
    with pytest.raises(TimeoutError, match="the service said so"):
        bulkhead.call(5, fail)
    with pytest.raises(TimeoutError, match="the service said so"):
        await bulkhead.run(5, fail)
    assert bulkhead.hanging == 0


async def test_the_time_counts_from_the_moment_a_thread_begins() -> None:
    bulkhead = Bulkhead("x", 1, patience=30)
    naps = [bulkhead.run(0.6, time.sleep, 0.05) for _ in range(20)]
    await asyncio.gather(*naps)  # the last has waited longer than it may take


async def test_work_that_was_not_begun_is_refused_and_never_done(go_on: threading.Event) -> None:
    bulkhead, done = Bulkhead("x", 2, patience=0.05), []
    hanging = [asyncio.ensure_future(bulkhead.run(0.2, go_on.wait)) for _ in range(2)]
    await asyncio.sleep(0.05)
    with pytest.raises(NotBegun):
        await bulkhead.run(5, done.append, "async")
    with pytest.raises(NotBegun):
        await asyncio.to_thread(bulkhead.call, 5, done.append, "blocking")
    for one in hanging:
        with pytest.raises(TookTooLong):
            await one
    assert bulkhead.hanging == 2
    go_on.set()
    assert bulkhead.call(5, lambda: "free again") == "free again"
    assert done == []


async def test_no_more_threads_are_started_than_allowed_however_much_is_asked(go_on: threading.Event) -> None:
    bulkhead = Bulkhead("crowded", 3, patience=0.05)
    asked = [bulkhead.run(0.1, go_on.wait) for _ in range(50)]
    ended = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(one).__name__ for one in ended].count("TookTooLong") == 3
    assert [type(one).__name__ for one in ended].count("NotBegun") == 47
    assert sum(thread.name.startswith("crowded-") for thread in threading.enumerate()) == 3
    assert not bulkhead._jobs, "what was refused is forgotten"


async def test_work_beyond_the_queues_limit_is_refused_at_once(go_on: threading.Event) -> None:
    bulkhead = Bulkhead("x", 2, patience=30, waiting=3)
    asked = [asyncio.ensure_future(bulkhead.run(30, go_on.wait)) for _ in range(20)]
    await asyncio.sleep(0.2)
    assert sum(one.done() for one in asked) == 15
    go_on.set()
    ended = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(one) for one in ended].count(NotBegun) == 15


async def test_work_whose_caller_is_cancelled_before_it_begins_is_never_done(go_on: threading.Event) -> None:
    bulkhead, done = Bulkhead("x", 1, patience=30), []
    first = asyncio.ensure_future(bulkhead.run(30, go_on.wait))
    second = asyncio.ensure_future(bulkhead.run(30, done.append, "x"))
    await asyncio.sleep(0.05)
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    go_on.set()
    await first
    bulkhead.call(5, lambda: None)
    assert done == []


async def test_the_log_says_once_that_all_threads_hang(
    go_on: threading.Event, caplog: pytest.LogCaptureFixture,
) -> None:
    bulkhead = Bulkhead("twilio", 1, patience=0.02)
    with caplog.at_level(logging.WARNING):
        with pytest.raises(TookTooLong):
            await bulkhead.run(0.05, go_on.wait)
        for _ in range(5):
            with pytest.raises(NotBegun):
                await bulkhead.run(1, print)
    assert caplog.text.count("1 of 1 threads hang") == 1
    assert caplog.text.count("all 1 threads are busy, 1 of them hang") == 1


async def test_a_hanging_bulkhead_leaves_the_ledgers_threads_free(go_on: threading.Event) -> None:
    use_ledger_threads(2)
    bulkhead = Bulkhead("x", 4, patience=5)
    hanging = [asyncio.ensure_future(bulkhead.run(30, go_on.wait)) for _ in range(20)]
    await asyncio.sleep(0.05)
    names = [await asyncio.to_thread(lambda: threading.current_thread().name) for _ in range(3)]
    assert all(name.startswith("ledger") for name in names)
    assert not any(one.done() for one in hanging)
    go_on.set()
    await asyncio.gather(*hanging)


def test_a_thread_that_hangs_does_not_keep_the_process_from_ending() -> None:
    program = ("import time\nfrom tandem.executors import Bulkhead, TookTooLong\n"
               "try:\n    Bulkhead('x', 1).call(0.1, time.sleep, 600)\nexcept TookTooLong:\n    print('left')\n")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "left\n"

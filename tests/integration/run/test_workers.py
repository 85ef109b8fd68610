"""Several processes on one socket: whatever one of them does, the others answer, and it is replaced."""
from __future__ import annotations

import asyncio
import io
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from tandem.run.console import Console
from tandem.run.ports import ListenAddress, listen
from tandem.run.process import BEATS, LISTEN, ProcessSpec
from tandem.run.supervisor import Supervisor, SupervisorTimes
from tandem.run_state import ProcessState

ROOT = Path(__file__).resolve().parents[3]
REPLACED = 10.0  # seconds in which a dead or frozen worker is replaced
SANIC = (sys.executable, "-m", "tandem.run.worker", LISTEN, BEATS, "tests.integration.run.sanic_part")


class Crew:
    """Two Sanic workers on one socket."""

    def __init__(self, patience: SupervisorTimes) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        listener = listen([ListenAddress("part", "127.0.0.1", self.port, "PORT")])["part"]
        self.out = io.StringIO()
        self.told: list[tuple[ProcessState, ...]] = []
        specs = [ProcessSpec(f"part.{number}", SANIC, ROOT, listener=listener, start_seconds=60) for number in (1, 2)]
        self.supervisor = Supervisor(specs, Console(self.out), patience, publish=self.told.append)

    def state(self, name: str) -> ProcessState:
        return next(state for state in self.supervisor.states() if state.name == name)

    async def ask(self, path: str = "/", seconds: float = 20) -> int:
        """Which process answers, over a connection of its own."""
        async with httpx.AsyncClient(timeout=seconds, trust_env=False) as client:
            answer = await client.get(f"http://127.0.0.1:{self.port}{path}")
            return int(answer.raise_for_status().text)

    async def until(self, true: Callable[[], bool], what: str, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < end, f"not in {seconds} s: {what}\n{self.out.getvalue()}"
            await asyncio.sleep(0.05)


@pytest.fixture
async def crew() -> AsyncIterator[Crew]:
    crew = Crew(SupervisorTimes())
    await crew.supervisor.start()
    yield crew
    await crew.supervisor.stop()


async def test_a_killed_worker_is_replaced_while_the_other_refuses_nobody(crew: Crew) -> None:
    first = crew.state("part.1").pid
    os.kill(first, signal.SIGKILL)
    asked = time.monotonic()
    while crew.state("part.1").pid == first:
        assert await crew.ask() != first
        assert time.monotonic() - asked < REPLACED
    assert crew.state("part.1").deaths == 1 and crew.state("part.2").deaths == 0
    assert "part.1 died (signal SIGKILL); starting it again" in crew.out.getvalue()
    await crew.until(lambda: "part.1 is up again" in crew.out.getvalue(), "up again", 60)
    assert any(state.deaths == 1 for states in crew.told for state in states)


async def test_a_frozen_worker_is_replaced_and_the_other_answers_meanwhile(crew: Crew) -> None:
    first = crew.state("part.1").pid
    os.kill(first, signal.SIGSTOP)
    frozen = time.monotonic()
    while crew.state("part.1").pid == first:
        assert await crew.ask() == crew.state("part.2").pid
        await asyncio.sleep(0.1)
        assert time.monotonic() - frozen < REPLACED + 2  # the test's own machine may be slow
    assert crew.state("part.1").freezes == 1
    assert "part.1 froze (no sign of life for" in crew.out.getvalue()


async def test_a_worker_whose_event_loop_is_blocked_is_replaced(crew: Crew) -> None:
    with pytest.raises(httpx.HTTPError):  # cut off when the worker is killed
        await crew.ask("/block", seconds=REPLACED + 5)
    await crew.until(lambda: sum(state.freezes for state in crew.supervisor.states()) == 1, "replaced", 5)
    assert await crew.ask()


async def test_customers_wait_in_line_while_all_workers_are_replaced(crew: Crew) -> None:
    """The socket is the supervisor's: nobody is refused, and who comes meanwhile is answered later."""
    before = [state.pid for state in crew.supervisor.states()]
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    assert await crew.ask(seconds=60) not in before


async def test_a_supervisor_that_stood_still_itself_blames_nobody() -> None:
    crew = Crew(SupervisorTimes(frozen=2.0))
    await crew.supervisor.start()
    try:
        await _stand_still(4)
        await asyncio.sleep(1.5)
        assert [state.freezes for state in crew.supervisor.states()] == [0, 0]
    finally:
        await crew.supervisor.stop()


async def _stand_still(seconds: float) -> None:
    """Block the supervisor's own event loop, as a machine that swaps does."""
    asyncio.get_running_loop().call_soon(time.sleep, seconds)
    await asyncio.sleep(0)

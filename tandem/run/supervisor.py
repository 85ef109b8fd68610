"""Starts processes together, replaces the one that dies or freezes, stops all."""
from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from tandem.run.console import Console
from tandem.run.errors import ProcessFailed, RunError
from tandem.run.process import ProcessSpec, RunningProcess
from tandem.run_state import WRITE_EVERY, ProcessState

_STOOD_STILL = 1.0  # seconds that a look may be late before this process counts as having stood still itself


@dataclass(frozen=True)
class SupervisorTimes:
    """The supervisor's times, in seconds.

    A process that dies is started again after `first_wait`, then twice as long each time up to `longest_wait`; once it
    has lived `settled`, the count begins anew. One whose event loop has not turned for `frozen` is killed and replaced.
    Asked to stop it has `grace`.
    """

    first_wait: float = 1.0
    longest_wait: float = 8.0  # customers wait meanwhile, and a worker is to be replaced within 10 s
    settled: float = 60.0
    frozen: float = 7.0
    grace: float = 10.0
    look_every: float = 0.25


async def _as_it_is(spec: ProcessSpec) -> ProcessSpec:
    return spec


class Supervisor:
    """Keeps processes running from `start` to `stop`.

    Args:
        renewed: Called before a process is started again: waits for what it needs, and tells how to start it now.
        publish: Told how all of them stand, at each change and every few seconds.
    """

    def __init__(
        self, specs: Sequence[ProcessSpec], console: Console, patience: SupervisorTimes | None = None,
        renewed: Callable[[ProcessSpec], Awaitable[ProcessSpec]] = _as_it_is,
        publish: Callable[[tuple[ProcessState, ...]], None] = lambda _states: None,
    ) -> None:
        self._specs = tuple(specs)
        self._console = console
        self._patience = patience or SupervisorTimes()
        self._renewed = renewed
        self._publish = publish
        self._running: dict[str, RunningProcess] = {}
        self._deaths: Counter[str] = Counter()
        self._freezes: Counter[str] = Counter()
        self._watching: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start all and wait until each is up.

        Raises:
            ProcessFailed: One ended or stayed silent; the others have been stopped.
        """
        try:
            for spec in self._specs:
                await self._launch(spec)
            self._tell()
            await asyncio.gather(*(self._first_beat(spec) for spec in self._specs))
        except BaseException:
            await self.stop()
            raise
        self._watching = [asyncio.create_task(self._watch(spec)) for spec in self._specs]
        self._watching.append(asyncio.create_task(self._tell_on()))

    async def stop(self) -> None:
        """Stop all, the children of the processes too. Does nothing a second time."""
        for task in self._watching:
            task.cancel()
        await asyncio.gather(*self._watching, return_exceptions=True)
        self._watching = []
        running, self._running = list(self._running.values()), {}
        await asyncio.gather(*(process.stop(self._patience.grace) for process in running))

    def states(self) -> tuple[ProcessState, ...]:
        """Return how the processes stand."""
        return tuple(ProcessState(name, process.pid, process.state, self._deaths[name], self._freezes[name],
                                  process.told.get("model", ""), process.told.get("locks", ""))
                     for name, process in self._running.items())

    async def _launch(self, spec: ProcessSpec) -> RunningProcess:
        try:
            process = await RunningProcess.start(spec, self._console.line)
        except OSError as error:
            raise ProcessFailed(f"{spec.name} cannot be started: {error}") from error
        self._running[spec.name] = process
        return process

    async def _first_beat(self, spec: ProcessSpec) -> None:
        process = self._running[spec.name]
        ending = asyncio.create_task(process.ended())
        waiting = asyncio.create_task(process.up())
        try:
            done, _ = await asyncio.wait({ending, waiting}, timeout=spec.start_seconds,
                                         return_when=asyncio.FIRST_COMPLETED)
            if ending in done:
                raise ProcessFailed(f"{spec.name} ended while starting ({ending.result()}); its last words are above")
            if waiting not in done:
                raise ProcessFailed(f"{spec.name} did not answer within {spec.start_seconds:.0f} s; "
                                    "its last words are above")
            self._console.say(f"{spec.name} is up (process {process.pid})")
        finally:
            for task in (ending, waiting):
                task.cancel()

    async def _watch(self, spec: ProcessSpec) -> None:
        wait = self._patience.first_wait
        again = False
        while True:
            born = time.monotonic()
            how = await self._until_gone(self._running[spec.name], again)
            if time.monotonic() - born >= self._patience.settled:
                wait = self._patience.first_wait
            self._console.say(f"{spec.name} {how}; starting it again in {wait:g} s")
            self._tell()
            await asyncio.sleep(wait)
            wait = min(wait * 2, self._patience.longest_wait)
            try:
                await self._launch(await self._renewed(spec))
                self._tell()
                again = True
            except RunError as error:
                self._console.say(str(error))

    async def _until_gone(self, process: RunningProcess, again: bool) -> str:
        """Wait until a process has ended, or was killed because it froze; how that was."""
        name = process.spec.name
        ending = asyncio.create_task(process.ended())
        coming, told = again, dict(process.told)
        try:
            while True:
                looked = time.monotonic()
                await asyncio.wait({ending}, timeout=self._patience.look_every)
                if ending.done():
                    self._deaths[name] += 1
                    return f"died ({ending.result()})"
                if time.monotonic() - looked > self._patience.look_every + _STOOD_STILL:
                    process.forgive()
                if coming and process.is_up:
                    coming = False
                    self._console.say(f"{name} is up again (process {process.pid})")
                    self._tell()
                if process.told != told:
                    told = dict(process.told)
                    self._tell()
                if process.silence > (self._patience.frozen if process.is_up else process.spec.start_seconds):
                    break
            silence = f"no sign of life for {process.silence:.0f} s"
            process.kill()
            await ending
            self._freezes[name] += 1
            return f"{'froze' if process.is_up else 'did not come up'} ({silence}) and was killed"
        finally:
            ending.cancel()

    async def _tell_on(self) -> None:
        while True:
            self._tell()
            await asyncio.sleep(WRITE_EVERY)

    def _tell(self) -> None:
        self._publish(self.states())

"""Starts processes together, restarts the one that dies, stops all."""
from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from tandem.run.console import Console
from tandem.run.errors import ProcessFailed
from tandem.run.process import ProcessSpec, RunningProcess


@dataclass(frozen=True)
class Patience:
    """The supervisor's times, in seconds.

    A process that dies is started again after `first_wait`, then twice as long each time up to `longest_wait`; once it
    has lived `settled`, the count begins anew. Asked to stop it has `grace`.
    """

    first_wait: float = 1.0
    longest_wait: float = 30.0
    settled: float = 60.0
    grace: float = 10.0
    look_every: float = 0.25


class Supervisor:
    """Keeps processes running from `start` to `stop`."""

    def __init__(self, specs: Sequence[ProcessSpec], console: Console, patience: Patience | None = None) -> None:
        self._specs = tuple(specs)
        self._console = console
        self._patience = patience or Patience()
        self._running: dict[str, RunningProcess] = {}
        self._watching: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start all and wait until each answers.

        Raises:
            ProcessFailed: One ended or stayed silent; the others have been stopped.
        """
        try:
            for spec in self._specs:
                await self._launch(spec)
            await asyncio.gather(*(self._first_health(spec) for spec in self._specs))
        except BaseException:
            await self.stop()
            raise
        self._watching = [asyncio.create_task(self._watch(spec)) for spec in self._specs]

    async def stop(self) -> None:
        """Stop all, the children of the processes too. Does nothing a second time."""
        for task in self._watching:
            task.cancel()
        await asyncio.gather(*self._watching, return_exceptions=True)
        self._watching = []
        running, self._running = list(self._running.values()), {}
        await asyncio.gather(*(process.stop(self._patience.grace) for process in running))

    async def _launch(self, spec: ProcessSpec) -> RunningProcess:
        try:
            process = await RunningProcess.start(spec, self._console.line)
        except OSError as error:
            raise ProcessFailed(f"{spec.name} cannot be started: {error}") from error
        self._running[spec.name] = process
        return process

    async def _first_health(self, spec: ProcessSpec) -> None:
        process = self._running[spec.name]
        ending = asyncio.create_task(process.ended())
        waiting = asyncio.create_task(self._wait_healthy(process))
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

    async def _wait_healthy(self, process: RunningProcess) -> None:
        async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
            healthy = await process.healthy(client)
            while not healthy:
                await asyncio.sleep(self._patience.look_every)
                healthy = await process.healthy(client)

    async def _watch(self, spec: ProcessSpec) -> None:
        wait = self._patience.first_wait
        telling: asyncio.Task[None] | None = None
        while True:
            process = self._running[spec.name]
            born = time.monotonic()
            try:
                how = await process.ended()
            finally:
                if telling is not None:
                    telling.cancel()
            if time.monotonic() - born >= self._patience.settled:
                wait = self._patience.first_wait
            self._console.say(f"{spec.name} died ({how}); starting it again in {wait:g} s")
            await asyncio.sleep(wait)
            wait = min(wait * 2, self._patience.longest_wait)
            try:
                telling = asyncio.create_task(self._tell_recovery(await self._launch(spec)))
            except ProcessFailed as error:
                self._console.say(str(error))

    async def _tell_recovery(self, process: RunningProcess) -> None:
        await self._wait_healthy(process)
        self._console.say(f"{process.spec.name} is up again (process {process.pid})")

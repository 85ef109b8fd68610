"""One process that is started, watched and stopped together with everything it started itself."""
from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tandem.settings import child_environment

_LINE_LIMIT = 1 << 20  # bytes of one line that are read at once
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True)
class ProcessSpec:
    """How a process is started and asked whether it works.

    `health_url` answers 200 once it works; `start_seconds` is how long that may take.
    """

    name: str
    command: tuple[str, ...]
    folder: Path
    health_url: str
    environment: Mapping[str, str] = field(default_factory=dict)
    start_seconds: float = 300


class RunningProcess:
    """A started process; it leads a process group of its own, so that Ctrl-C reaches it only through Tandem."""

    def __init__(self, spec: ProcessSpec, process: asyncio.subprocess.Process, reading: asyncio.Task[None]) -> None:
        self.spec = spec
        self._process = process
        self._reading = reading

    @classmethod
    async def start(cls, spec: ProcessSpec, line: Callable[[str, str], None]) -> RunningProcess:
        """Start it; its output goes to `line(name, text)`.

        Raises:
            OSError: The program cannot be started.
        """
        process = await asyncio.create_subprocess_exec(
            *spec.command, cwd=spec.folder, env=child_environment(spec.environment), stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, start_new_session=True,
            preexec_fn=_die_with(os.getpid()), limit=_LINE_LIMIT,
        )
        assert process.stdout is not None
        reading = asyncio.create_task(_read(process.stdout, lambda text: line(spec.name, text)))
        return cls(spec, process, reading)

    @property
    def pid(self) -> int:
        """The process's id, which is also its group's."""
        return self._process.pid

    async def ended(self) -> str:
        """Wait for its end and tell how it was, such as "exit code 1"."""
        code = await self._process.wait()
        self._signal(signal.SIGKILL)  # what it started must not outlive it, or its port stays taken
        await asyncio.wait({self._reading}, timeout=2)
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"

    async def healthy(self, client: httpx.AsyncClient) -> bool:
        """Whether it answers 200 just now."""
        try:
            return (await client.get(self.spec.health_url)).status_code == 200
        except httpx.HTTPError:
            return False

    async def stop(self, grace: float) -> None:
        """Ask it to stop, and kill it and all it started if it has not after `grace` seconds."""
        self._signal(signal.SIGTERM)
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._process.wait(), grace)
        self._signal(signal.SIGKILL)
        await self._process.wait()
        await asyncio.wait({self._reading}, timeout=1)
        self._reading.cancel()

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)


async def _read(stream: asyncio.StreamReader, line: Callable[[str], None]) -> None:
    while True:
        try:
            raw = await stream.readline()
        except ValueError:
            line("(a line of more than a megabyte was left out)")
            continue
        if not raw:
            return
        line(raw.decode("utf-8", "replace").rstrip("\r\n"))


def _die_with(parent: int) -> Callable[[], None] | None:
    """Have the kernel kill the process when Tandem itself is killed and can no longer stop it (Linux only)."""
    libc = _libc
    if libc is None:
        return None

    def bind() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent:  # Tandem died before the kernel was asked
            os._exit(1)

    return bind

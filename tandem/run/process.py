"""One process that is started, watched and stopped together with everything it started itself."""
from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from tandem.heartbeat import BEAT
from tandem.settings import child_environment

LISTEN, BEATS = "{listen}", "{beat}"  # in a command: the descriptors of its listening socket and of its pipe
_LINE_LIMIT = 1 << 20  # bytes of one line that are read at once
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True)
class ProcessSpec:
    """How a process is started.

    `command` may hold LISTEN and BEATS; the process beats (tandem/heartbeat.py) once it works, and as long as it does.
    `listener` is the socket it accepts on, which other processes may share. `start_seconds` is how long it may take
    from its start to its first beat.
    """

    name: str
    command: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    listener: socket.socket | None = None
    start_seconds: float = 300


class RunningProcess:
    """A started process; it leads a process group of its own, so that Ctrl-C reaches it only through Tandem."""

    def __init__(self, spec: ProcessSpec, process: asyncio.subprocess.Process, tasks: list[asyncio.Task[None]]) -> None:
        self.spec = spec
        self.told: dict[str, str] = {}  # what it said of itself last: {"model": "tandem-0123456789ab.tar.gz"}
        self._process = process
        self._tasks = tasks
        self._up = asyncio.Event()
        self._last_beat = time.monotonic()

    @classmethod
    async def start(cls, spec: ProcessSpec, line: Callable[[str, str], None]) -> RunningProcess:
        """Start it; its output goes to `line(name, text)`.

        Raises:
            OSError: The program cannot be started.
        """
        hear, beat = os.pipe()
        pipe = os.fdopen(hear, "rb", buffering=0)
        listen = spec.listener.fileno() if spec.listener is not None else None
        descriptors = {LISTEN: str(listen), BEATS: str(beat)}
        try:
            process = await asyncio.create_subprocess_exec(
                *(descriptors.get(word, word) for word in spec.command), cwd=spec.folder,
                env=child_environment(spec.environment), stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, start_new_session=True,
                preexec_fn=_die_with(os.getpid()), limit=_LINE_LIMIT,
                pass_fds=[beat] if listen is None else [beat, listen],
            )
        except BaseException:
            pipe.close()
            raise
        finally:
            os.close(beat)
        assert process.stdout is not None
        tasks = [asyncio.create_task(_read(process.stdout, lambda text: line(spec.name, text)))]
        started = cls(spec, process, tasks)
        tasks.append(asyncio.create_task(_hear(pipe, started._heard)))
        return started

    @property
    def pid(self) -> int:
        """Return the process's id, which is also its group's."""
        return self._process.pid

    @property
    def silence(self) -> float:
        """Return the seconds since it last showed that its event loop turns."""
        return time.monotonic() - self._last_beat

    def forgive(self) -> None:
        """Count its silence anew: Tandem itself stood still and could not hear it."""
        self._last_beat = time.monotonic()

    @property
    def is_up(self) -> bool:
        """Check whether it has come so far as to work."""
        return self._up.is_set()

    @property
    def state(self) -> str:
        """Return "starting", "up" or "down"."""
        return "down" if self._process.returncode is not None else "up" if self.is_up else "starting"

    async def up(self) -> None:
        """Wait until it works."""
        await self._up.wait()

    async def ended(self) -> str:
        """Wait for its end and tell how it was, such as "exit code 1"."""
        code = await self._process.wait()
        self._signal(signal.SIGKILL)  # what it started must not outlive it
        await asyncio.wait(self._tasks, timeout=2)
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"

    def kill(self) -> None:
        """Kill it and all it started, which also ends a process that is halted."""
        self._signal(signal.SIGKILL)

    async def stop(self, grace: float) -> None:
        """Ask it to stop, and kill it and all it started if it has not after `grace` seconds."""
        self._signal(signal.SIGTERM)
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._process.wait(), grace)
        self._signal(signal.SIGKILL)
        await self._process.wait()
        await asyncio.wait(self._tasks, timeout=1)
        for task in self._tasks:
            task.cancel()

    def _heard(self, line: str) -> None:
        self._last_beat = time.monotonic()
        word, _, value = line.partition(" ")
        if word == BEAT:
            self._up.set()
        else:
            self.told[word] = value

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)


async def _hear(pipe: BinaryIO, on_line: Callable[[str], None]) -> None:
    """Read a process's heartbeat until it ends."""
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), pipe)
    try:
        await _read(reader, on_line)
    finally:
        transport.close()


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

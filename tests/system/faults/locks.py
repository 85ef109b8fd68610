"""The Redis that several workers may share for their locks, which goes away now and then."""
from __future__ import annotations

import asyncio
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.system.conftest import free_ports


class LockService:
    """A redis-server of the run's own."""

    def __init__(self, folder: Path) -> None:
        [self._port] = free_ports(1)
        program = shutil.which("redis-server")
        assert program, "redis-server is not installed (apt-get install redis-server)"
        self._command = [program, "--port", str(self._port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
        self._server = self._start()

    @property
    def endpoints(self) -> str:
        """What endpoints.yml has of it."""
        return f"\nlock_store:\n  type: redis\n  url: 127.0.0.1\n  port: {self._port}\n  socket_timeout: 2\n"

    async def goes_away(self, rng: random.Random) -> str:
        """Freeze it for seconds, or kill it and start it again; what it was."""
        away = rng.uniform(2, 8)
        if rng.random() < 0.5:
            self._server.send_signal(signal.SIGSTOP)
            try:
                await asyncio.sleep(away)
            finally:
                self._server.send_signal(signal.SIGCONT)
            return "frozen for seconds"
        self.stop()
        await asyncio.sleep(away)
        self._server = await asyncio.to_thread(self._start)
        return "killed with -9"

    def stop(self) -> None:
        """Kill it."""
        self._server.kill()
        self._server.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        server = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        time.sleep(0.3)
        return server


@contextmanager
def lock_service(folder: Path) -> Iterator[LockService]:
    """Start one, and stop it in the end."""
    service = LockService(folder)
    try:
        yield service
    finally:
        service.stop()

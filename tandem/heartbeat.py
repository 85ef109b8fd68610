"""Tell the supervisor that this process's event loop turns: a line each second through a pipe.

The loop itself writes the lines, so that they stop when it is blocked, when the process is frozen, and when it is dead.
HTTP would not do: several workers accept on one socket, and no request reaches one of them by name.
"""
from __future__ import annotations

import asyncio
import os
from contextlib import suppress

EVERY = 1.0  # seconds
BEAT = "beat"


class Heartbeat:
    """The end of the pipe that the process writes to."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        os.set_blocking(descriptor, False)

    def start(self) -> None:
        """Begin to beat on the running event loop; the first beat says that the process is up."""
        self.tell(BEAT)
        asyncio.get_running_loop().call_later(EVERY, self.start)

    def tell(self, line: str) -> None:
        """Send one line, at most 4096 bytes. A supervisor that is gone or does not read is no error here."""
        with suppress(BlockingIOError, BrokenPipeError):
            os.write(self._descriptor, f"{line}\n".encode())

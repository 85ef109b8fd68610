"""A server that takes every connection and never says a word."""
from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class BlackHole:
    """Where it listens, and who has come."""

    port: int
    taken: list[socket.socket] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def black_hole() -> Iterator[BlackHole]:
    """Take connections on a free port of this machine until the block ends; then all of them break."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    hole = BlackHole(listener.getsockname()[1])

    def take() -> None:
        with suppress(OSError):  # the listener is closed
            while True:
                hole.taken.append(listener.accept()[0])

    threading.Thread(target=take, daemon=True).start()
    try:
        yield hole
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in hole.taken:
            connection.close()

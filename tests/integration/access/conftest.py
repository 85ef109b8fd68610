"""A database for the servers of these tests, and servers that run as processes of their own."""
from __future__ import annotations

import contextlib
import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.fakes.core import Core, core_over
from tests.integration.channels.stage import RunningClock

ROOT = Path(__file__).resolve().parents[3]
FILES = 160  # that the server may open, so that it keeps some 80 connections


@dataclass(frozen=True)
class Server:
    """A running process."""

    port: int
    health: str
    log: Path

    def well(self) -> bool:
        """Whether a new customer is served."""
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"http://127.0.0.1:{self.port}{self.health}", timeout=20, trust_env=False).is_success
        return False

    def connect(self, first_bytes: bytes) -> socket.socket:
        """A connection that sends no more than this."""
        one = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        if first_bytes:
            one.sendall(first_bytes)
        return one

    def answer(self, request: bytes) -> bytes:
        """The first bytes of the answer to a request; none if the connection ends without one."""
        with contextlib.closing(self.connect(request)) as one:
            return one.recv(1000)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def serving(command: list[str], port: int, health: str, log: Path, **environment: str) -> Iterator[Server]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TANDEM_")}
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT, env={**clean, **environment},
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES)))
    server = Server(port, health, log)
    try:
        end = time.monotonic() + 90
        while not server.well():
            assert process.poll() is None and time.monotonic() < end, log.read_text()[-3000:]
            time.sleep(0.2)
        yield server
    finally:
        process.kill()
        process.wait()


@pytest.fixture(params=["desk", "actions"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    port, log = free_port(), tmp_path / "log"
    secrets = {"TANDEM_SECRET_KEY": "s" * 32, "TANDEM_API_TOKEN": "t" * 32,
               "TANDEM_DATABASE_URL": f"sqlite:///{tmp_path / 'tandem.db'}",
               "TANDEM_TRACKER_URL": f"sqlite:///{tmp_path / 'rasa.db'}"}
    if request.param == "desk":
        command = [sys.executable, "-m", "tandem.desk"]
        started = serving(command, port, "/healthz", log, **secrets, TANDEM_DESK_PORT=str(port))
    else:
        command = [sys.executable, "-m", "rasa_sdk", "--actions", "actions", "--port", str(port), "--quiet"]
        started = serving(command, port, "/health", log, **secrets, SANIC_HOST="127.0.0.1")
    with started as running:
        yield running


@pytest.fixture
def core(tmp_path: Path) -> Iterator[Core]:
    with core_over(f"sqlite:///{tmp_path / 'core.db'}", RunningClock()) as opened:
        yield opened

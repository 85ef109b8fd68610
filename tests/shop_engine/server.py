"""A real Medusa on this machine: installed by its lock file, on a PostgreSQL of the test run's own."""
from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from tests.fakes.postgres import postgres_running
from tests.shop_engine.fill import ADMIN
from tests.system.conftest import free_ports

HERE = Path(__file__).parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "tandem-shop-engine"
START_SECONDS = 120
_OPTIONS = ("--no-audit", "--no-fund", "--ignore-scripts", "--omit=dev", "--omit=optional", "--legacy-peer-deps")


def installed() -> Path:
    """The folder with Medusa in it, installed once for each lock file; about a minute and 660 MB the first time."""
    key = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()[:16]
    folder = CACHE / key
    if not (folder / "ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, folder)
        subprocess.run(["npm", "ci", *_OPTIONS], cwd=folder, check=True, timeout=900, stdout=subprocess.DEVNULL)
        (folder / "ready").touch()
    shutil.copy(HERE / "medusa-config.js", folder)
    return folder


@contextmanager
def medusa_running(folder: Path) -> Iterator[tuple[str, str]]:
    """Migrate, make a user, start; the address, and the SQLAlchemy URL of the database.

    Args:
        folder: For the log.
    """
    program = [shutil.which("node") or "node", "node_modules/.bin/medusa"]
    place = installed()
    with postgres_running() as postgres:
        url = postgres.new_database()
        [port] = free_ports(1)
        environment = {
            **os.environ, "DATABASE_URL": url.replace("postgresql+psycopg2", "postgres"), "NODE_ENV": "production",
            "MEDUSA_DISABLE_TELEMETRY": "true", "HOST": "127.0.0.1", "PORT": str(port)}
        log = folder / "medusa.log"
        with log.open("wb") as output:
            for step in (["db:migrate", "--skip-scripts"], ["user", "-e", ADMIN["email"], "-p", ADMIN["password"]]):
                subprocess.run([*program, *step], cwd=place, env=environment, stdout=output, stderr=output, check=True,
                               timeout=300)
            server = subprocess.Popen([*program, "start"], cwd=place, env=environment, stdout=output, stderr=output,
                                      start_new_session=True)
        try:
            address = f"http://127.0.0.1:{port}"
            _wait(address, server, log)
            yield address, url
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait(20)


def _wait(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        assert server.poll() is None, log.read_text(errors="replace")[-3000:]
        try:
            if requests.get(f"{address}/health", timeout=5).status_code == 200:
                return
        except requests.RequestException:
            time.sleep(0.5)
    raise AssertionError(f"Medusa did not start within {START_SECONDS} s:\n{log.read_text(errors='replace')[-3000:]}")

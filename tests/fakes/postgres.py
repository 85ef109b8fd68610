"""A PostgreSQL server of a test run's own."""
from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine

_INSTALL = "PostgreSQL's server is not installed; install it (Debian, Ubuntu: apt-get install postgresql)"


class PostgresServer:
    """A throw-away PostgreSQL on a free port of this machine, for this test run only."""

    def __init__(self, folder: Path) -> None:
        self._bin = _postgres_programs()
        self._data = folder / "data"
        self._log = folder / "server.log"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres")
        self._run("initdb", "-D", str(self._data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        # Nothing here outlives the run, so nothing need reach the disk.
        options = f"-h 127.0.0.1 -p {self.port} -k {folder} -F -c synchronous_commit=off -c full_page_writes=off"
        self._run("pg_ctl", "-D", str(self._data), "-l", str(self._log), "-w", "-t", "60", "-o", options, "start")
        self._engine = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")

    def url(self, database: str) -> str:
        """The SQLAlchemy URL of one of its databases."""
        return f"postgresql+psycopg2://postgres@127.0.0.1:{self.port}/{database}"

    def new_database(self, like: str | None = None) -> str:
        """The URL of an empty database, or of a copy of the one with that URL, to which nobody may be connected."""
        name = f"test_{uuid.uuid4().hex}"
        template = f" TEMPLATE {_name(like)}" if like else ""
        self.execute(f"CREATE DATABASE {name}{template}")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Remove a database, whoever is connected to it."""
        self.execute(f"DROP DATABASE {_name(url)} WITH (FORCE)")

    def execute(self, statement: str) -> None:
        """Run one administrative statement, outside a transaction."""
        with self._engine.connect() as connection:
            connection.exec_driver_sql(statement)

    def stop(self) -> None:
        """Stop it at once; connections still open are cut."""
        self._engine.dispose()
        self._run("pg_ctl", "-D", str(self._data), "-m", "immediate", "-w", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._bin / program), *arguments]
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            command = ["runuser", "-u", "postgres", "--", *command]
        # pg_ctl's server inherits its output: a pipe would never end.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(command, stdout=output, stderr=output, cwd="/", timeout=120, check=False)
            output.seek(0)
            said = output.read().decode(errors="replace")
        if done.returncode:
            log = self._log.read_text(errors="replace") if self._log.exists() else ""
            pytest.fail(f"{program} failed with {done.returncode}:\n{said}\n{log}", pytrace=False)


def _name(url: str) -> str:
    return url.rpartition("/")[2]


def _postgres_programs() -> Path:
    """The newest installed server's folder of programs."""
    installed = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "pg_ctl").exists()]
    if installed:
        return max(installed, key=lambda path: float(path.parent.name))
    found = shutil.which("pg_ctl")
    if found is None:
        pytest.fail(_INSTALL, pytrace=False)
    return Path(found).resolve().parent


@contextmanager
def postgres_running() -> Iterator[PostgresServer]:
    """Start one, and remove it with all that is in it."""
    # Not pytest's own folder: that one is closed to the `postgres` user.
    folder = Path(tempfile.mkdtemp(prefix="tandem-pg-"))
    try:
        server = PostgresServer(folder)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


"""PostgreSQL's own programs for copies: `pg_dump` and `pg_restore`."""
from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import URL, Connection

from tandem.run.databases import opened
from tandem.run.errors import RunError
from tandem.settings import child_environment

_OTHERS = ("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
           "AND backend_type = 'client backend'")
_TABLES = "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = current_schema()"
_TRIGGERS = ("SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = current_schema()::regnamespace "
             "AND prorettype = 'trigger'::regtype")


def dump(url: URL, target: Path) -> None:
    """Copy a database into a file, as it stands at one moment; those who write go on.

    Raises:
        RunError: `pg_dump` is not installed, or it says why it cannot.
    """
    _run("pg_dump", url, "--format=custom", "--no-owner", "--no-privileges", f"--file={target}")


def is_empty(url: URL) -> bool:
    """Check whether a database has no tables.

    Raises:
        RunError: Somebody is connected to it.
    """
    with opened(url.render_as_string(hide_password=False)) as engine, engine.connect() as connection:
        others = connection.execute(text(_OTHERS)).scalar_one()
        if others:
            raise RunError(f"{others} others are connected to the database {url.database}; stop Tandem first")
        return connection.execute(text(_TABLES)).first() is None


def restore(url: URL, source: Path) -> None:
    """Put a copy in the place of all tables of a database.

    Raises:
        RunError: `pg_restore` is not installed, or it says why it cannot; the database may be empty then.
    """
    _program("pg_restore")
    with opened(url.render_as_string(hide_password=False)) as engine, engine.begin() as connection:
        _drop_all(connection)
    _run("pg_restore", url, "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error", str(source))


def _drop_all(connection: Connection) -> None:
    """Drop all tables, also what a newer schema has added, which the copy does not know."""
    for kind, query in (("TABLE", _TABLES), ("FUNCTION", _TRIGGERS)):
        for name in list(connection.execute(text(query)).scalars()):
            connection.exec_driver_sql(f"DROP {kind} {name} CASCADE")


def _run(name: str, url: URL, *arguments: str) -> None:
    place = {"host": url.host, "port": url.port, "user": url.username, "dbname": url.database, **url.query}
    conninfo = " ".join(f"{key}={_quoted(str(value))}" for key, value in place.items() if value is not None)
    # Never the password: command lines show in the list of processes.
    environment = child_environment({"PGPASSWORD": url.password} if url.password else {})
    done = subprocess.run([_program(name), f"--dbname={conninfo}", *arguments], env=environment, check=False,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    if done.returncode:
        raise RunError(f"{name} failed:\n{done.stderr.strip()}")


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise RunError(f"{name} is not installed; install PostgreSQL's client programs, of the server's version or "
                       "newer (Debian, Ubuntu: apt-get install postgresql-client)")
    return found

"""Copy the databases into a folder beside the traffic, and put such a copy back.

A copy of a SQLite file made with `cp` is no backup: what was written last stands in the write-ahead log beside it.
"""
from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import URL, make_url

from tandem.db import schema
from tandem.db.engine import now
from tandem.private_files import private_file, private_folder
from tandem.run import postgresql
from tandem.run.databases import databases, opened
from tandem.run.errors import RunError
from tandem.run_state import installation_of, read
from tandem.settings import Settings

MANIFEST = "manifest.json"
FORMAT = 1  # of the folder
_LAST = schema.MAIN.name  # the ledger is copied last: it is the truth, and must not know less than the others


@dataclass(frozen=True)
class DatabaseCopy:
    """One database of a backup: the schemas in it, its kind (sqlite or postgresql), and the file with its copy."""

    name: str
    kind: str
    file: str
    schemas: dict[str, str | None]


def back_up(settings: Settings, folder: Path) -> Sequence[DatabaseCopy]:
    """Copy every database of the settings into a new folder; blocking, safe beside the traffic.

    The folder appears once all is in it.

    Raises:
        RunError: It exists, a database cannot be read, or PostgreSQL's programs are missing.
    """
    if folder.exists():
        raise RunError(f"{folder} exists already; a backup goes into a folder of its own")
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    private_folder(partial)
    try:
        parts = [_copy(url, names, partial) for url, names in _by_url(settings)]
        manifest = {"format": FORMAT, "made_at": now().isoformat(timespec="seconds"),
                    "parts": [vars(part) for part in parts]}
        private_file(partial / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
        partial.replace(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return parts


def restore(settings: Settings, folder: Path, force: bool = False) -> Sequence[DatabaseCopy]:
    """Put a backup in the place of the databases of the settings; blocking.

    Args:
        force: Overwrite what is there.

    Raises:
        RunError: Tandem runs, the folder is no backup or one of other databases, or something is there already.
    """
    if read(installation_of(settings.database_url)):
        raise RunError("Tandem is running on these databases; stop it first")
    parts = _read_manifest(folder)
    targets = {"+".join(names): make_url(url) for url, names in _by_url(settings)}
    if {part.name for part in parts} != set(targets):
        raise RunError(f"the backup has the databases {', '.join(part.name for part in parts)}, the settings name "
                       f"{', '.join(targets)}; set TANDEM_DATABASE_URL, TANDEM_TRACKER_URL and TANDEM_ORDERS_URL as "
                       "they were")
    for part in parts:  # look at all of them before the first is touched
        _check(part, targets[part.name], folder, force)
    for part in parts:
        if part.kind == "sqlite":
            _restore_sqlite(folder / part.file, Path(str(targets[part.name].database)))
        else:
            postgresql.restore(targets[part.name], folder / part.file)
    return parts


def _by_url(settings: Settings) -> list[tuple[str, list[str]]]:
    """Name each database once, with the names of the schemas in it; the ledger's last."""
    found: dict[str, list[str]] = {}
    for database in databases(settings):
        found.setdefault(database.url, []).append(database.schema.name)
    return sorted(found.items(), key=lambda one: _LAST in one[1])


def _copy(url: str, names: list[str], folder: Path) -> DatabaseCopy:
    parsed = make_url(url)
    kind = parsed.get_backend_name()
    schemas = {one.name: one for one in (schema.MAIN, schema.ORDERS, schema.TRACKERS)}
    if kind == "sqlite" and not Path(str(parsed.database)).exists():
        raise RunError(f"there is no database {parsed.database}; nothing was backed up")
    with opened(url) as engine:
        versions = {name: schema.version(engine, schemas[name]) for name in names}
    part = DatabaseCopy("+".join(names), kind, f"{names[0]}.{'db' if kind == 'sqlite' else 'dump'}", versions)
    target = private_file(folder / part.file)
    if kind == "sqlite":
        _copy_sqlite(Path(str(parsed.database)), target)
    else:
        postgresql.dump(parsed, target)
    return part


def _copy_sqlite(source: Path, target: Path) -> None:
    try:
        with closing(sqlite3.connect(source, timeout=30)) as reader, closing(sqlite3.connect(target)) as writer:
            reader.backup(writer)  # as it stands at one moment: writers go on, and are not in it
            writer.execute("PRAGMA journal_mode=DELETE")  # one file that is whole by itself
    except sqlite3.Error as error:
        raise RunError(f"{source} cannot be copied: {error}") from error


def _read_manifest(folder: Path) -> list[DatabaseCopy]:
    try:
        told = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        parts = [DatabaseCopy(**one) for one in told["parts"]]
        fits = told["format"] == FORMAT
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{folder} is no backup of Tandem: {MANIFEST} cannot be read") from error
    missing = [part.file for part in parts if not (folder / part.file).is_file()]
    if missing or not fits:
        raise RunError(f"the backup in {folder} is not whole: {', '.join(missing) or 'made by a newer Tandem'}")
    return parts


def _check(part: DatabaseCopy, target: URL, folder: Path, force: bool) -> None:
    """Make sure that a part may be put back, without changing anything."""
    if part.kind != target.get_backend_name():
        raise RunError(f"the backup of {part.name} is one of {part.kind}, the settings name "
                       f"{target.get_backend_name()}")
    known = {one.name: one for one in (schema.MAIN, schema.ORDERS, schema.TRACKERS)}
    for name, found in part.schemas.items():
        if found is not None and found > schema.newest(known[name]):
            raise RunError(f"the backup was made by a newer Tandem: its schema {name} has version {found}, this one "
                           f"knows up to {schema.newest(known[name])}")
    if part.kind == "sqlite":
        file = Path(str(target.database))
        is_empty = not file.exists() or file.stat().st_size == 0
        if not is_empty:
            _require_unused(file)
    else:
        is_empty = postgresql.is_empty(target)
    if not is_empty and not force:
        raise RunError(f"there is a database at {target.render_as_string(hide_password=True)}; `--force` overwrites it")


def _require_unused(file: Path) -> None:
    """Make sure that no process has a SQLite file open.

    Raises:
        RunError: One has.
    """
    try:
        with closing(sqlite3.connect(file, timeout=1)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")  # needs the file for itself alone
    except sqlite3.OperationalError as error:
        raise RunError(f"{file} is in use ({error}); stop Tandem first") from error
    except sqlite3.DatabaseError:
        return  # damaged, which is why somebody restores a backup


def _restore_sqlite(source: Path, target: Path) -> None:
    private_folder(target.parent)
    fresh = private_file(target.with_name(f".{target.name}.restored"))
    shutil.copyfile(source, fresh)
    for suffix in ("-wal", "-shm"):
        target.with_name(target.name + suffix).unlink(missing_ok=True)
    fresh.replace(target)

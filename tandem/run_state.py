"""What each `tandem run` writes down in var/run/ for other commands and processes: who runs, and how it went.

Files, so that the desk, `tandem doctor` and `tandem status` see the processes of this machine without a server of its
own; containers share them by a volume. A file that has not been written for a while is of a Tandem that was killed.
"""
from __future__ import annotations

import hashlib
import json
import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tandem.private_files import private_folder

FOLDER = Path("var/run")
LIVE_MODEL = "live-model"  # a file there, with the path of the model that is to answer customers
WRITE_EVERY = 3.0  # seconds
FRESH = 15.0  # seconds after which nobody writes it any more
_FORGET = 3600.0  # seconds after which such a file is removed


@dataclass(frozen=True)
class ProcessState:
    """One process: `state` is "starting", "up" or "down"; `deaths` and `freezes` count since `tandem run` began."""

    name: str
    pid: int
    state: str
    deaths: int = 0
    freezes: int = 0
    model: str = ""
    locks: str = ""  # "up" or "away": those that Rasa's workers share


@dataclass(frozen=True)
class RunState:
    """One `tandem run`: the supervisor's own process id, its ports by process, and its processes."""

    installation: str
    pid: int
    ports: Mapping[str, int]
    processes: tuple[ProcessState, ...]


def installation_of(database_url: str) -> str:
    """Name what the processes over one database have in common; the name does not tell the URL and its password."""
    return hashlib.sha256(database_url.encode()).hexdigest()[:12]


def write(state: RunState, folder: Path = FOLDER) -> None:
    """Write down how it stands now. A full disk is no reason to stop anything, so that errors are swallowed."""
    path = _path_of(state, folder)
    fresh = path.with_suffix(".new")
    with suppress(OSError):
        private_folder(folder)
        fresh.write_text(json.dumps(asdict(state)), encoding="utf-8")
        fresh.replace(path)


def remove(state: RunState, folder: Path = FOLDER) -> None:
    """Forget a `tandem run` that ends, and those that ended long ago without saying so."""
    _path_of(state, folder).unlink(missing_ok=True)
    for path in folder.glob("*.json"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _FORGET:
                path.unlink()


def read(installation: str, folder: Path = FOLDER) -> list[RunState]:
    """Return the runs of an installation that are alive."""
    found = []
    for path in sorted(folder.glob("*.json")):
        with suppress(OSError, ValueError, KeyError, TypeError):  # half gone, or of another version
            if time.time() - path.stat().st_mtime <= FRESH:
                found.append(_state(json.loads(path.read_text(encoding="utf-8"))))
    return [state for state in found if state.installation == installation]


def _path_of(state: RunState, folder: Path) -> Path:
    return folder / f"{socket.gethostname()}-{state.pid or os.getpid()}.json"


def _state(data: dict[str, Any]) -> RunState:
    processes = tuple(ProcessState(**one) for one in data.pop("processes"))
    return RunState(**data, processes=processes)


def point_to(model: Path, folder: Path = FOLDER) -> None:
    """Say which model is to answer customers: running bots load it, and those that start later begin with it."""
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f"{LIVE_MODEL}.{os.getpid()}"
    fresh.write_text(str(model.resolve()), encoding="utf-8")
    fresh.replace(folder / LIVE_MODEL)


def live_model(folder: Path = FOLDER) -> Path | None:
    """Return the model that is to answer customers; None if none was named, or it is gone."""
    try:
        model = Path((folder / LIVE_MODEL).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return None
    return model if model.is_file() else None

"""Several Rasa workers need a lock store that they share: without one, two would answer one conversation at a time."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tandem.run.errors import TooManyWorkers

FIX = ("set TANDEM_WORKERS=1 (or unset SANIC_WORKERS), or give endpoints.yml a lock_store that several workers share, "
       "such as the one of deploy/endpoints.yml; see docs/operations.md")


def require_shared_locks(workers: int, endpoints: Path) -> None:
    """Check that `workers` Rasa workers may run together.

    Raises:
        TooManyWorkers: They have no lock store in common.
    """
    if workers > 1 and not has_shared_locks(endpoints):
        raise TooManyWorkers(f"{workers} Rasa workers need a lock that they share, and {endpoints.name} names none; "
                             f"{FIX}")


def has_shared_locks(endpoints: Path) -> bool:
    """Whether endpoints.yml names a lock store that is not of one process alone; Rasa's default one is."""
    try:
        return lock_store(endpoints).get("type") not in (None, "", "in_memory")
    except yaml.YAMLError:
        return False


def lock_store(endpoints: Path) -> dict[str, Any]:
    """The section `lock_store:` of endpoints.yml; empty if there is none.

    Raises:
        yaml.YAMLError: The file is not YAML.
    """
    try:
        found = yaml.safe_load(endpoints.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return {}
    store = found.get("lock_store") if isinstance(found, dict) else None
    return store if isinstance(store, dict) else {}

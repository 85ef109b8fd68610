"""The lock store that endpoints.yml may name; Tandem needs none, whatever the number of workers."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


def lock_store(endpoints: Path) -> dict[str, Any]:
    """Return the section `lock_store:` of endpoints.yml; empty if there is none.

    Raises:
        yaml.YAMLError: The file is not YAML.
    """
    try:
        found = yaml.safe_load(endpoints.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return {}
    store = found.get("lock_store") if isinstance(found, dict) else None
    return store if isinstance(store, dict) else {}

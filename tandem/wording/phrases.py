"""Short words of the system to the customer ("Anna has joined"), written by the designer in data/responses/."""
from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

logger = logging.getLogger(__name__)

NOTICES = Path("data/responses/notices.yml")


class NoticeError(ValueError):
    """A notice is missing from data/responses/notices.yml or asks for a value nobody gives."""


_read: dict[Path, tuple[int, dict[str, dict[str, Any]]]] = {}  # each file as it was last read, and when it was changed


def _load(path: Path) -> dict[str, dict[str, Any]]:
    """Return the file as it stands now; while somebody is breaking it, as it stood before."""
    changed, found = _read.get(path, (0, {}))
    try:
        if (now := path.stat().st_mtime_ns) != changed:
            content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
            found = {name: variants[0] for name, variants in content.get("responses", {}).items()}
            _read[path] = (now, found)
    except (OSError, ValueError, AttributeError, LookupError, TypeError, yaml.YAMLError) as error:
        if not found:
            raise
        logger.warning("%s cannot be read (%s); the words are those from before", path, type(error).__name__)
    return found


def notice(name: str, path: Path = NOTICES, **values: str) -> str:
    """Return the text of the Rasa response `utter_notice_<name>`, with `{values}` filled in.

    Raises:
        NoticeError: There is no such response, or it names a value that is not given.
    """
    text = str(_response(name, path)["text"]).strip()
    for label, value in values.items():
        text = text.replace("{" + label + "}", value)
    return text


def wait_in_words(wait: timedelta, path: Path = NOTICES) -> str:
    """Write a wait, rounded up to five minutes, from an hour and a half on to hours: "about 5 minutes"."""
    minutes = max(5, -(-int(wait.total_seconds()) // 300) * 5)
    if minutes <= 90:
        return notice("wait", path, minutes=str(minutes))
    return notice("wait_hours", path, hours=str(-(-minutes // 60)))


def buttons(name: str, path: Path = NOTICES) -> tuple[Mapping[str, str], ...]:
    """Return the buttons of the Rasa response `utter_notice_<name>`.

    Raises:
        NoticeError: There is no such response.
    """
    return tuple(_response(name, path).get("buttons") or ())


def _response(name: str, path: Path) -> dict[str, Any]:
    key = f"utter_notice_{name}"
    if key not in _load(path):
        raise NoticeError(f"{key} is missing from {path}; see docs/designers.md")
    return _load(path)[key]

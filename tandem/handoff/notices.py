"""Short words of the system to the customer ("Anna has joined"), written by the designer in data/responses/."""
from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

NOTICES = Path("data/responses/notices.yml")


class NoticeError(ValueError):
    """A notice is missing from data/responses/notices.yml or asks for a value nobody gives."""


@lru_cache(maxsize=8)
def _load(path: Path) -> dict[str, dict[str, Any]]:
    content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    return {name: variants[0] for name, variants in content.get("responses", {}).items()}


def notice(name: str, path: Path = NOTICES, **values: str) -> str:
    """The text of the Rasa response `utter_notice_<name>`, with `{values}` filled in.

    Raises:
        NoticeError: There is no such response, or it names a value that is not given.
    """
    text = str(_response(name, path)["text"]).strip()
    for label, value in values.items():
        text = text.replace("{" + label + "}", value)
    return text


def wait_in_words(wait: timedelta, path: Path = NOTICES) -> str:
    """A wait, rounded up to five minutes, from an hour and a half on to hours: "about 5 minutes"."""
    minutes = max(5, -(-int(wait.total_seconds()) // 300) * 5)
    if minutes <= 90:
        return notice("wait", path, minutes=str(minutes))
    return notice("wait_hours", path, hours=str(-(-minutes // 60)))


def buttons(name: str, path: Path = NOTICES) -> tuple[Mapping[str, str], ...]:
    """The buttons of the Rasa response `utter_notice_<name>`.

    Raises:
        NoticeError: There is no such response.
    """
    return tuple(_response(name, path).get("buttons") or ())


def _response(name: str, path: Path) -> dict[str, Any]:
    key = f"utter_notice_{name}"
    if key not in _load(path):
        raise NoticeError(f"{key} is missing from {path}; see docs/designers.md")
    return _load(path)[key]

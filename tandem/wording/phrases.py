"""Short texts of the system to the customer ("Anna has joined"), written by the designer in data/responses/."""
from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from tandem.wording.shop_values import current_values, fill

logger = logging.getLogger(__name__)

NOTICES = Path("data/responses/notices.yml")


class NoticeError(ValueError):
    """A notice is missing from data/responses/notices.yml or asks for a value nobody gives."""


_Responses = dict[str, tuple[dict[str, Any], ...]]  # the variations of each
_read: dict[Path, tuple[int, _Responses]] = {}  # each file as it was last read, and when it was changed


def _load(path: Path) -> _Responses:
    """Return the file as it stands now; while somebody is breaking it, as it stood before."""
    changed, found = _read.get(path, (0, {}))
    try:
        if (now := path.stat().st_mtime_ns) != changed:
            content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
            found = {name: (variants[0], *variants[1:]) for name, variants in content.get("responses", {}).items()}
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
    return _filled(_response(name, path), values)


def fresh_notice(name: str, said: Sequence[str], path: Path = NOTICES, slots: Mapping[str, str] | None = None,
                 **values: str) -> str:
    """Return one of the variations of `utter_notice_<name>`: one that was not said yet, else the one said longest ago.

    Args:
        said: What was said before, alone or with more, the latest last.
        slots: What conditions may name. Variations whose conditions hold come first, those with the most before the
            others; where one does not hold, the variation is not said.

    Raises:
        NoticeError: There is no such response.
    """
    known = slots or {}
    fitting = [one for one in _variations(name, path)
               if all(known.get(slot) == value for slot, value in _conditions(one).items())]
    texts = [_filled(one, values) for one in sorted(fitting, key=lambda one: -len(_conditions(one)))]
    return max(texts, key=lambda text: next((ago for ago, one in enumerate(reversed(said)) if text in one), len(said)))


def has_notice(name: str, path: Path = NOTICES) -> bool:
    """Check whether there is a response `utter_notice_<name>`."""
    return f"utter_notice_{name}" in _load(path)


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
    return _variations(name, path)[0]


def _variations(name: str, path: Path) -> tuple[dict[str, Any], ...]:
    key = f"utter_notice_{name}"
    if key not in _load(path):
        raise NoticeError(f"{key} is missing from {path}; see docs/designers.md")
    return _load(path)[key]


def _filled(variation: Mapping[str, Any], values: Mapping[str, str]) -> str:
    text = str(variation["text"]).strip()
    if "{shop_" in text:
        text = str(fill(text, current_values(), str(NOTICES.parent)))
    for label, value in values.items():
        text = text.replace("{" + label + "}", value)
    return text


def _conditions(variation: Mapping[str, Any]) -> dict[str, str]:
    return {str(one.get("name")): str(one.get("value")) for one in variation.get("condition") or ()}

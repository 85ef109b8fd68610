"""Short words of the system to the customer ("Anna has joined"), written by the designer in data/responses/."""
from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import yaml

NOTICES = Path("data/responses/notices.yml")


class NoticeError(ValueError):
    """A notice is missing from data/responses/notices.yml or asks for a value nobody gives."""


@lru_cache(maxsize=8)
def _load(path: Path) -> dict[str, str]:
    content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    return {name: variants[0]["text"].strip() for name, variants in content.get("responses", {}).items()}


def notice(name: str, path: Path = NOTICES, **values: str) -> str:
    """The text of the Rasa response `utter_notice_<name>`, with `{values}` filled in.

    Raises:
        NoticeError: There is no such response, or it names a value that is not given.
    """
    texts = _load(path)
    key = f"utter_notice_{name}"
    if key not in texts:
        raise NoticeError(f"{key} is missing from {path}; see docs/designers.md")
    text = texts[key]
    for label, value in values.items():
        text = text.replace("{" + label + "}", value)
    return text

"""The widget's words: one file a language, each complete."""
from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tandem.channels.webchat.assets import STATIC, Assets

FILES = sorted((STATIC / "assets" / "lang").glob("*.json"))
PLURALS = ("unread", "ordinal", "left", "over")


def read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))


def shape(texts: Any) -> Any:
    """Keys, and the values that each text has a place for."""
    if isinstance(texts, dict):
        return {key: sorted(set(re.findall(r"\{\w+\}", text["other"]))) if key in PLURALS else shape(text)
                for key, text in texts.items() if key != "dir"}
    return sorted(re.findall(r"\{\w+\}", texts)) if isinstance(texts, str) else None


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_language_says_all_that_english_says(path: Path) -> None:
    assert shape(read(path)) == shape(read(STATIC / "assets" / "lang" / "en.json"))


def test_the_widget_knows_the_languages_that_are_there() -> None:
    asset = Assets("Shop")._assets["assets/words.js"].body.decode()
    assert f'"{" ".join(path.stem for path in FILES)}"' in asset
    assert {"de", "en"} <= {path.stem for path in FILES}

"""Emoji as words. Neither sentence encoder tells 👍 from 👎: to both they are one unknown character."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from pathlib import Path

import yaml

WORDS_FILE = Path(__file__).with_name("emoji_words.yml")
_SYMBOL = r"\u203c\u2049\u231a-\u23ff\u25a0-\u27bf\u2b05-\u2b55\U0001f000-\U0001faff"
_RUN = re.compile(rf"[{_SYMBOL}](?:[{_SYMBOL}\ufe0e\ufe0f\u200d]|\s(?=[{_SYMBOL}]))*")
_NO_WORD = re.compile(r"[\s\ufe0e\ufe0f\u200d\u2640\u2642\U0001f3fb-\U0001f3ff\U0001f1e6-\U0001f1ff]")
_MOST = 4
_NAME_NOISE = re.compile(r"\b(?:face|sign|symbol|with|of|emoji|component|selector|white|black|heavy)\b")


def in_words(text: str) -> str:
    """Write each emoji of `text` as words, at most four different ones of a run; other text stays as it is.

    Skin tones, genders and joiners are left out, and so are flags. Spaces are
    made one wherever there is an emoji. Applied to its own result it changes nothing.
    """
    if not _RUN.search(text):
        return text
    return " ".join(_RUN.sub(_spell, text).split())


def _spell(run: re.Match[str]) -> str:
    words = dict.fromkeys(word for char in run.group() if (word := _word(char)))
    return f" {', '.join(list(words)[:_MOST])} " if words else " "


@lru_cache(maxsize=1)
def _words() -> dict[str, str]:
    listed: dict[str, str] = yaml.safe_load(WORDS_FILE.read_text(encoding="utf-8"))
    return {emoji: phrase for phrase, all_emoji in listed.items() for emoji in all_emoji}


@lru_cache(maxsize=2048)
def _word(char: str) -> str:
    if char in _words():
        return _words()[char]
    name = "" if _NO_WORD.match(char) else unicodedata.name(char, "").lower()
    return " ".join(_NAME_NOISE.sub(" ", name).split())

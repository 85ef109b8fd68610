"""The part of a message that is read: bounded and without control characters.

Whoever writes 100 kB gets an answer as fast as everybody else; a person's request stands at the start or at the end of
a long message, so both are kept.
"""

from __future__ import annotations

import re
import unicodedata

READ_LIMIT = 1200
_RUN = re.compile(r"(.)\1{8,}", re.DOTALL)
_HEAD = 800
_DROP = frozenset({"Cc", "Cs", "Co"})
_INVISIBLE = re.compile(r"[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_MARKS = re.compile(
    r"([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]{2})"
    r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]+"
)


def readable(text: str | None, limit: int = READ_LIMIT) -> str:
    """Return what a reader of `text` needs: at most `limit` characters, one space between words, no control characters.

    Longer texts keep their first two thirds and their end. Lone surrogates, bidirectional controls and stacks of
    combining marks are dropped, runs of one character cut to eight. Never raises on a string.
    """
    if not text:
        return ""
    if len(text) > limit:
        head = limit * _HEAD // READ_LIMIT
        text = f"{text[:head]} … {text[-(limit - head - 3) :]}"
    text = _RUN.sub(lambda run: run.group(1) * 8, text)
    text = _MARKS.sub(r"\1", _INVISIBLE.sub("", text))
    kept = (char for char in text if char.isspace() or unicodedata.category(char) not in _DROP)
    return " ".join("".join(kept).split())


def is_payload(text: str | None) -> bool:
    """Tell whether a message carries no words of the customer: empty, or a Rasa payload such as "/greet"."""
    stripped = (text or "").strip()
    return not stripped or stripped.startswith("/")

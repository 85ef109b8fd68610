"""Phrases of the tables in data/, found in what customers write."""
from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_LONGEST = 1000  # characters that are looked at
_WORD = re.compile(r"[^\W_]+\*?")


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a text or a phrase, without capitals and apostrophes."""
    return tuple(_WORD.findall(text[:_LONGEST].lower().replace("'", "").replace("’", "")))


def places(words: Sequence[str], phrase: Sequence[str], between: int = 0) -> Iterator[tuple[int, int]]:
    """Find where a phrase begins and ends in a text.

    Args:
        phrase: Its words; "burn*" is any that begins so.
        between: How many other words may stand between two of the phrase.
    """
    for start in range(len(words) if phrase else 0):
        place = start
        if not _is(words[start], phrase[0]):
            continue
        for part in phrase[1:]:
            following = range(place + 1, min(len(words), place + 2 + between))
            place = next((one for one in following if _is(words[one], part)), -1)
            if place < 0:
                break
        if place >= 0:
            yield start, place + 1


def has_phrase(text: str, phrases: Sequence[str], between: int = 0) -> bool:
    """Check whether a text has one of the phrases."""
    words = words_of(text)
    return any(next(places(words, words_of(one), between), None) for one in phrases)


def _is(word: str, part: str) -> bool:
    return word.startswith(part[:-1]) if part.endswith("*") else word == part

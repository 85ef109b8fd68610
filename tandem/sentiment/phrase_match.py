"""Phrases of the tables in data/, found in what customers write."""
from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

_LONGEST = 1000  # characters that are looked at
_WORD = re.compile(r"[^\W_]+\*?")


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a text or a phrase, without capitals and apostrophes."""
    return tuple(_WORD.findall(text[:_LONGEST].lower().replace("'", "").replace("’", "")))


@lru_cache(maxsize=4096)
def phrase_words(phrase: str) -> tuple[str, ...]:
    """Do what `words_of` does, and remember it: for phrases of the tables, never for what customers write."""
    return words_of(phrase)


def places(words: Sequence[str], phrase: Sequence[str], between: int = 0) -> Iterator[tuple[int, int]]:
    """Find where a phrase begins and ends in a text.

    Args:
        phrase: Its words; "burn*" is any that begins so.
        between: How many other words may stand between two of the phrase.
    """
    for start in _starts(words, phrase[0]) if phrase else ():
        place = start
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
    return any(next(places(words, phrase_words(one), between), None) for one in phrases)


def _starts(words: Sequence[str], part: str) -> list[int]:
    """Return where a part of a phrase stands; nearly always nowhere, which is told at once."""
    if not part.endswith("*") and part not in words:
        return []
    return [place for place, word in enumerate(words) if _is(word, part)]


def _is(word: str, part: str) -> bool:
    return word.startswith(part[:-1]) if part.endswith("*") else word == part

"""Misspelt words of a message, read as the words of the training examples that they stand for.

A sentence encoder cuts "refnd" into pieces that mean nothing. A word that no vocabulary knows, one edit from a word of
the examples (Damerau, 1964; candidates as in Norvig, "How to write a spelling corrector", 2007), is read as that word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from string import ascii_lowercase

from tandem.nlu.models.wordpiece import vocabulary

CACHE_SIZE = 4096
_SHORT = 5
_RARER = 10.0
_MOST = 20
_ADDED = ascii_lowercase + "'"
# No part of an address or a code, and no word with an apostrophe.
_WORD = re.compile(r"(?<![\w@#./'’-])[A-Za-z]{4,20}(?![\w@#/-]|['’.]\w)")


class Spelling:
    """Knows the words of the training examples, each with the share of examples that hold it, above 0."""

    def __init__(self, shares: Mapping[str, float]) -> None:
        self._shares = shares
        self._meant = lru_cache(CACHE_SIZE)(self._find)

    def correct(self, text: str) -> str:
        """Replace misspelt words of `text`; they come out in lower case, all else as it is.

        A word is misspelt if English (BERT's vocabulary) lacks it and the examples do too, or hold what it may stand
        for ten times as often. Words of four letters are only tried with a letter swapped or added. A capitalised word
        within a sentence is a name. Of a text's words without a meaning, the first twenty are looked at.
        """
        shouted = text.isupper()
        left = _MOST

        def fix(match: re.Match[str]) -> str:
            nonlocal left
            word, start = match.group(), match.start()
            named = word[0].isupper() and not shouted and start > 0
            if named or left == 0 or word.lower() in vocabulary():
                return word
            left -= 1
            return self._meant(word.lower()) or word

        return _WORD.sub(fix, text)

    def _find(self, word: str) -> str:
        """Find the commonest word of the examples that `word` stands for; "" if it stands for itself."""
        best = max(_edits(word), key=lambda near: (self._shares.get(near, 0.0), near))
        share = self._shares.get(best, 0.0)
        return best if share and share >= _RARER * self._shares.get(word, 0.0) else ""


def _edits(word: str) -> Iterator[str]:
    """Yield what `word` may stand for: a letter was swapped with its neighbour, left out, changed or put in too much.

    The first letter is right, or was swapped with the second.
    """
    for at in range(len(word) + 1):
        head, tail = word[:at], word[at:]
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]
        if at == 0:
            continue
        yield from (head + letter + tail for letter in _ADDED)
        if tail and len(word) >= _SHORT:
            yield from (head + letter + tail[1:] for letter in ascii_lowercase if letter != tail[0])
        if tail and len(word) > _SHORT:
            yield head + tail[1:]

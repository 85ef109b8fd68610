"""How much of a message is no words at all: "krrz wimp the oodle vant".

A classifier reads something into every message. That nobody can read it tells the vocabulary.
"""

from __future__ import annotations

import re

from tandem.nlu.models.wordpiece import vocabulary

_WORD = re.compile(r"(?<![\w@#./'’-])[^\W\d_]{2,}(?![\w@#/-]|['’.]\w)")  # no part of an address or a code
_LONGEST = 400  # characters that are looked at


def share_of_unknown_words(text: str) -> float:
    """Return the share 0..1 of a text's words that English (BERT's vocabulary) does not know; 0 without words."""
    words = _WORD.findall(text[:_LONGEST].lower())
    return sum(word not in vocabulary() for word in words) / len(words) if words else 0.0

"""WordPiece tokens as BERT's uncased vocabulary cuts them (Wu et al., 2016, arXiv:1609.08144).

The vocabulary (`bert_vocab.txt`, 30,522 pieces, one a line) is that of bert-base-uncased, Apache-2.0.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from pathlib import Path

VOCABULARY_FILE = Path(__file__).with_name("bert_vocab.txt")
MAX_TOKENS = 128
_TAIL = 40
_LONGEST_WORD = 100
_IDEOGRAPHS = ((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0xF900, 0xFAFF), (0x20000, 0x2FA1F))


@lru_cache(maxsize=1)
def vocabulary() -> dict[str, int]:
    """Map each piece to its id."""
    return {piece: number for number, piece in enumerate(VOCABULARY_FILE.read_text(encoding="utf-8").splitlines())}


def token_ids(text: str, limit: int = MAX_TOKENS) -> list[int]:
    """Cut `text` into piece ids between [CLS] and [SEP]; of longer texts the beginning and the last 40 pieces stay.

    Returns:
        2 to `limit` ids.
    """
    known = vocabulary()
    ids = [piece for word in _words(text) for piece in _pieces(word)]
    if len(ids) > limit - 2:
        ids = ids[: limit - 2 - _TAIL] + ids[-_TAIL:]
    return [known["[CLS]"], *ids, known["[SEP]"]]


def _words(text: str) -> list[str]:
    plain = "".join(c for c in unicodedata.normalize("NFD", text.lower()) if unicodedata.category(c) != "Mn")
    return "".join(f" {c} " if _stands_alone(c) else c for c in plain).split()


def _stands_alone(char: str) -> bool:
    point = ord(char)
    if point < 128:
        return not (char.isalnum() or char.isspace())
    ideograph = any(first <= point <= last for first, last in _IDEOGRAPHS)
    return ideograph or unicodedata.category(char).startswith("P")


@lru_cache(maxsize=16384)
def _pieces(word: str) -> tuple[int, ...]:
    """Cut a word greedily into the longest known pieces; a word with no such cut is unknown as a whole."""
    known = vocabulary()
    unknown = (known["[UNK]"],)
    if len(word) > _LONGEST_WORD:
        return unknown
    found: list[int] = []
    start = 0
    while start < len(word):
        for end in range(len(word), start, -1):
            piece = known.get(word[start:end] if start == 0 else "##" + word[start:end])
            if piece is not None:
                found.append(piece)
                start = end
                break
        else:
            return unknown
    return tuple(found)

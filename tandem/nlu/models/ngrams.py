"""Word and character n-grams of a text, weighted by TF-IDF.

They catch what sentence vectors blur: product words, misspellings, codes. The weighting is the usual one (logarithmic
counts, smoothed inverse document frequency, rows of length 1 for words and for characters); it is written out here
because reading one short message through scikit-learn's vectorizers costs a millisecond of checks.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from tandem.nlu.models.encoders import plain

_CHARACTERS = range(2, 6)
_HALF = math.sqrt(0.5)


def words(text: str) -> Iterator[str]:
    """Return words and pairs of neighbouring words of a plain text."""
    found = text.split()
    yield from found
    for left, right in pairwise(found):
        yield f"{left} {right}"


def characters(text: str) -> Iterator[str]:
    """List runs of 2 to 5 characters within words; "_" marks a word's edge, so that they never equal a word."""
    for word in text.split():
        padded = f"_{word}_"
        for length in _CHARACTERS:
            for start in range(len(padded) - length + 1):
                yield "_" + padded[start : start + length]


@dataclass(frozen=True)
class Ngrams:
    """The n-grams known, in order, with their inverse document frequencies."""

    grams: tuple[str, ...]
    rarity: npt.NDArray[np.float32]

    @classmethod
    def fit(cls, texts: Sequence[str]) -> Ngrams:
        """Learn n-grams and weights from texts."""
        frequency: Counter[str] = Counter()
        for text in map(plain, texts):
            frequency.update(set(words(text)) | set(characters(text)))
        kept = sorted(frequency)
        rarity = [math.log((1 + len(texts)) / (1 + frequency[gram])) + 1 for gram in kept]
        return cls(tuple(kept), np.array(rarity, dtype=np.float32))

    @property
    def size(self) -> int:
        """Number of n-grams known."""
        return len(self.grams)

    def shares(self) -> dict[str, float]:
        """Return each known word with the share of the texts that hold it, 0..1; one text more is counted for each."""
        return {
            gram: math.exp(1 - float(rarity))
            for gram, rarity in zip(self.grams, self.rarity)
            if " " not in gram and not gram.startswith("_")
        }

    @cached_property
    def _place(self) -> dict[str, int]:
        return {gram: at for at, gram in enumerate(self.grams)}

    def weigh(self, text: str) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float32]]:
        """Return places and weights of the known n-grams of `text`; words and characters each weigh half."""
        text = plain(text)
        places: list[int] = []
        weights: list[float] = []
        for grams in (words(text), characters(text)):
            known = [(self._place[gram], count) for gram, count in Counter(grams).items() if gram in self._place]
            raw = [(1 + math.log(count)) * float(self.rarity[place]) for place, count in known]
            norm = math.sqrt(sum(weight * weight for weight in raw))
            places += [place for place, _ in known]
            weights += [weight * _HALF / norm for weight in raw]
        return np.array(places, dtype=np.intp), np.array(weights, dtype=np.float32)

    def transform(self, texts: Sequence[str]) -> csr_matrix:
        """Return a sparse float32 matrix of shape (len(texts), size)."""
        weighed = [self.weigh(text) for text in texts]
        ends = np.cumsum([0, *(len(places) for places, _ in weighed)])
        places = np.concatenate([p for p, _ in weighed]) if weighed else np.empty(0, dtype=np.intp)
        weights = np.concatenate([w for _, w in weighed]) if weighed else np.empty(0, dtype=np.float32)
        return csr_matrix((weights, places, ends), shape=(len(texts), self.size), dtype=np.float32)

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """Return arrays for `numpy.savez`; see `from_state`."""
        return {"grams": np.frombuffer(json.dumps(self.grams).encode(), dtype=np.uint8), "rarity": self.rarity}

    @classmethod
    def from_state(cls, arrays: Any) -> Ngrams:
        """Restore what `state` gave."""
        return cls(tuple(json.loads(bytes(arrays["grams"]))), arrays["rarity"])

"""Word and character n-grams of a text, weighted by TF-IDF.

They catch what sentence vectors blur: product words, misspellings, codes. The vectorizers are scikit-learn's; they are
stored as vocabulary and weights, never pickled.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer

from tandem.nlu.encoders import plain

_KINDS: tuple[dict[str, Any], ...] = (
    {"analyzer": "word", "ngram_range": (1, 2), "token_pattern": r"\w+"},
    {"analyzer": "char_wb", "ngram_range": (2, 5)},
)


@dataclass(frozen=True)
class Ngrams:
    """Two fitted vectorizers: words and pairs of words; runs of 2 to 5 characters within words."""

    vectorizers: tuple[TfidfVectorizer, ...]

    @classmethod
    def fit(cls, texts: Sequence[str], min_df: int = 1) -> Ngrams:
        """Learn vocabulary and weights; n-grams found in fewer than `min_df` texts are left out.

        Raises ValueError if no text has a word.
        """
        texts = [plain(text) for text in texts]
        return cls(tuple(TfidfVectorizer(sublinear_tf=True, min_df=min_df, **kind).fit(texts) for kind in _KINDS))

    @property
    def size(self) -> int:
        """Number of n-grams known."""
        return sum(len(vectorizer.vocabulary_) for vectorizer in self.vectorizers)

    def transform(self, texts: Sequence[str]) -> csr_matrix:
        """Sparse float32 matrix of shape (len(texts), size); rows have length 1, or 0 where nothing is known."""
        texts = [plain(text) for text in texts]
        parts = [vectorizer.transform(texts) for vectorizer in self.vectorizers]
        return (hstack(parts, format="csr") * np.sqrt(0.5)).astype(np.float32)

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """Arrays for `numpy.savez`; see `from_state`."""
        arrays: dict[str, npt.NDArray[Any]] = {}
        for number, vectorizer in enumerate(self.vectorizers):
            grams = sorted(vectorizer.vocabulary_, key=vectorizer.vocabulary_.__getitem__)
            arrays[f"ngrams{number}"] = np.frombuffer(json.dumps(grams).encode(), dtype=np.uint8)
            arrays[f"weights{number}"] = vectorizer.idf_.astype(np.float32)
        return arrays

    @classmethod
    def from_state(cls, arrays: Any) -> Ngrams:
        """Restore what `state` gave."""
        vectorizers = []
        for number, kind in enumerate(_KINDS):
            grams = json.loads(bytes(arrays[f"ngrams{number}"]))
            vectorizer = TfidfVectorizer(sublinear_tf=True, vocabulary={gram: at for at, gram in enumerate(grams)}, **kind)
            vectorizer.idf_ = arrays[f"weights{number}"].astype(np.float64)
            vectorizers.append(vectorizer)
        return cls(tuple(vectorizers))

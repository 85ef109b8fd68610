"""In which language a message is written, as far as a few words tell.

A logistic model over words and runs of one to four letters, learnt from our own English examples, from the messages in
`data/languages/` and from the words in `data/languages.yml`. Customers write two words, a street or a name, and a wrong
language does more harm than none: one or two words must be known ones, and numbers and addresses say nothing.
"""

from __future__ import annotations

import json
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.linear_model import SGDClassifier

from tandem.nlu.models.language_files import LanguageData

Floats = npt.NDArray[np.float32]

ENGLISH = "en"
FEW = 2
"""Words of a message that is so short that they must be known ones."""
SURE = 0.65
"""How likely English is from which on a message is English."""
_SIZE = 2**15
_LONGEST = 4
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_NO_WORDS = re.compile(r"\S*[\d@_/]\S*")  # order numbers, addresses, links
_PASSES = 15
_PENALTY = 1e-5
_TWICE = 2
_KEPT = 5.0
"""How many times likelier another language must be than the one that the conversation is held in."""


def words_of(text: str) -> list[str]:
    """List the words of a message in lower case, without what is written alike in all languages."""
    return _WORD.findall(_NO_WORDS.sub(" ", text.lower().replace("\u2019", "'")))


@dataclass(frozen=True)
class LanguageIdentifier:
    """A trained model.

    Attributes:
        languages: The tags, in the order of the columns.
        weights: (_SIZE + 1, languages), the last row being the bias.
        known: The words of each language; for English those of its examples.
    """

    languages: tuple[str, ...]
    weights: Floats
    known: Mapping[str, frozenset[str]]

    @classmethod
    def train(cls, english: Sequence[str], others: Mapping[str, LanguageData]) -> LanguageIdentifier:
        """Learn from English messages and from the data of other languages."""
        said = [(text, ENGLISH) for text in english]
        known = {}
        for tag, data in others.items():
            if tag != ENGLISH:
                said += [(text, tag) for text, _ in data] + [(word, tag) for word in data.words]
                known[tag] = data.words | {word for text, _ in data for word in words_of(text)}
        counted = Counter(word for text in english for word in words_of(text))
        listed = others[ENGLISH].words if ENGLISH in others else frozenset()
        known[ENGLISH] = listed | {word for word, count in counted.items() if count >= _TWICE}
        model = SGDClassifier(loss="log_loss", alpha=_PENALTY, max_iter=_PASSES, tol=None, random_state=7)
        model.fit(_features([text for text, _ in said]), [tag for _, tag in said])
        languages = tuple(str(tag) for tag in model.classes_)
        if len(languages) == 2:  # scikit-learn has one column for two classes
            model.coef_, model.intercept_ = (np.vstack([-one, one]) if one.ndim == 2 else np.hstack([-one, one])
                                             for one in (model.coef_, model.intercept_))
        return cls(languages, np.vstack([model.coef_.T, model.intercept_]).astype(np.float32), known)

    def tell(self, text: str, spoken: str = "") -> str:
        """Return the tag of the language; empty if the message does not tell.

        Args:
            spoken: The conversation's language, kept unless another is much likelier: "dank" is of several languages.
        """
        words = words_of(text)
        if not words:
            return ""
        shares = self._shares(words)
        english = self.languages.index(ENGLISH)
        if shares[english] >= SURE or self.known[ENGLISH].issuperset(words):
            return ENGLISH
        shares[english] = 0
        if spoken in self.languages and spoken != ENGLISH:
            shares[self.languages.index(spoken)] *= _KEPT
        if len(words) > FEW:
            return self.languages[int(shares.argmax())]
        known = [(float(share), tag) for share, tag in zip(shares, self.languages)
                 if tag != ENGLISH and self._has_these(tag, words)]
        return max(known)[1] if known else ""

    def _has_these(self, tag: str, words: Sequence[str]) -> bool:
        """Check whether one of a few words is of this language and not English, and none is English alone."""
        own, english = self.known[tag], self.known[ENGLISH]
        return (any(word in own and word not in english for word in words)
                and all(word in own or word not in english for word in words))

    def _shares(self, words: Iterable[str]) -> Floats:
        places, values = _weigh(words)
        logits = values @ self.weights[places] + self.weights[-1]
        shares = 1 / (1 + np.exp(-np.clip(logits, -30, 30)))
        return np.asarray(shares / max(float(shares.sum()), 1e-9), dtype=np.float32)

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """Return arrays for `numpy.savez`; see `from_state`."""
        told = {"languages": self.languages, "known": {tag: sorted(words) for tag, words in self.known.items()}}
        return {"language_weights": self.weights, "language_words": np.frombuffer(json.dumps(told).encode(), np.uint8)}

    @classmethod
    def from_state(cls, arrays: Any) -> LanguageIdentifier:
        """Restore what `state` gave."""
        told = json.loads(bytes(arrays["language_words"]))
        return cls(tuple(told["languages"]), arrays["language_weights"],
                   {tag: frozenset(words) for tag, words in told["known"].items()})


@lru_cache(maxsize=2**15)
def _places(word: str) -> tuple[int, ...]:
    padded = f" {word} "
    runs = [padded[start : start + length] for length in range(1, _LONGEST + 1)
            for start in range(len(padded) - length + 1)]
    return tuple(zlib.crc32(run.encode()) % _SIZE for run in [*runs, *([padded] if len(padded) > _LONGEST else ())])


def _weigh(words: Iterable[str]) -> tuple[npt.NDArray[np.intp], Floats]:
    """Return the places of a message's runs of letters and their weights, of length 1 together."""
    counted = Counter(place for word in words for place in _places(word))
    values = 1 + np.log(np.fromiter(counted.values(), dtype=np.float32))
    return np.fromiter(counted, dtype=np.intp), np.asarray(values / np.linalg.norm(values), dtype=np.float32)


def _features(texts: Sequence[str]) -> csr_matrix:
    weighed = [_weigh(words_of(text) or [""]) for text in texts]
    ends = np.cumsum([0, *(len(places) for places, _ in weighed)])
    return csr_matrix((np.concatenate([values for _, values in weighed]),
                       np.concatenate([places for places, _ in weighed]), ends), shape=(len(texts), _SIZE))

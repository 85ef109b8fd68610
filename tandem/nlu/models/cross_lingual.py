"""What a message in another language means, by the multilingual encoder alone.

Ridge regression on the vectors of the Universal Sentence Encoder, which lie near each other for sentences that mean the
same in any of its sixteen languages. It learns from the English examples of all intents and, weighing more, from the
messages in `data/languages/`. Understood are the meanings that have messages there; all else is told apart from them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tandem.nlu.models.embedding import encode
from tandem.nlu.models.encoders import UNIVERSAL_DIMENSION, Vectors, unit
from tandem.nlu.models.language_files import LanguageData
from tandem.nlu.models.order_mask import masked

Floats = npt.NDArray[np.float32]

ANGRY = "angry"
ELSEWHERE = "out_of_scope"
"""The meaning whose messages are examples of what is not understood."""
WEIGHT = 6.0
"""How much a message in another language weighs, in English ones."""
RIDGE = 16.0
FOLDS = 4
_TEMPERATURES = np.geomspace(0.02, 0.5, 15)


@dataclass(frozen=True)
class CrossLingualModel:
    """A trained model.

    Attributes:
        meanings: The columns: what is understood, and the topics of what is not.
        understood: Which of them have messages in other languages.
        weights: (512 + 1, meanings), the last row being the bias.
        precision: Of messages that were read as angry, unseen, how many are: 0..1.
    """

    meanings: tuple[str, ...]
    understood: frozenset[str]
    weights: Floats
    temperature: float
    precision: float

    @classmethod
    def train(
        cls, english: Sequence[tuple[str, str]], angry: Sequence[str], languages: Mapping[str, LanguageData],
    ) -> CrossLingualModel:
        """Learn from English messages with their intents, from angry ones, and from other languages."""
        foreign = [(masked(text), meaning) for data in languages.values() for text, meaning in data]
        understood = frozenset(meaning for _, meaning in foreign) - {ELSEWHERE}
        said = [(text, _meaning(intent, understood)) for text, intent in english]
        said += [(text, ANGRY) for text in angry if ANGRY in understood]
        meanings = tuple(sorted({meaning for _, meaning in (*said, *foreign)}))
        rows = read_universally([text for text, _ in (*said, *foreign)])
        labels = np.array([meanings.index(meaning) for _, meaning in (*said, *foreign)])
        weights = _weights(labels, len(said))
        held_out = [row for row in range(len(said), len(rows))]
        scores = np.zeros((len(held_out), len(meanings)), dtype=np.float32)
        for fold in range(FOLDS):
            unseen = [row for row in held_out if row % FOLDS == fold]
            seen = np.setdiff1d(np.arange(len(rows)), unseen)
            fitted = _solve(rows[seen], labels[seen], weights[seen], len(meanings))
            scores[[row - len(said) for row in unseen]] = _score(rows[unseen], fitted)
        temperature, precision = _calibrate(scores, labels[held_out], meanings)
        return cls(meanings, understood, _solve(rows, labels, weights, len(meanings)), temperature, precision)

    def read(self, text: str) -> list[tuple[str, float]]:
        """Rank what is understood, best first, with probabilities 0..1; all are 0 if it is something else."""
        scores = _score(read_universally([text]), self.weights)[0]
        shares = _softmax(scores[None, :] / self.temperature)[0]
        fits = self.meanings[int(scores.argmax())] in self.understood
        ranking = [(meaning, float(share) if fits else 0.0) for meaning, share in zip(self.meanings, shares)
                   if meaning in self.understood]
        return sorted(ranking, key=lambda pair: -pair[1])

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """Return arrays for `numpy.savez`; see `from_state`."""
        told = {"meanings": self.meanings, "understood": sorted(self.understood), "temperature": self.temperature,
                "precision": self.precision}
        return {"meaning_weights": self.weights, "meanings": np.frombuffer(json.dumps(told).encode(), np.uint8)}

    @classmethod
    def from_state(cls, arrays: Any) -> CrossLingualModel:
        """Restore what `state` gave."""
        told = json.loads(bytes(arrays["meanings"]))
        return cls(tuple(told["meanings"]), frozenset(told["understood"]), arrays["meaning_weights"],
                   told["temperature"], told["precision"])


def read_universally(texts: Sequence[str]) -> Vectors:
    """Return the multilingual half of the texts' vectors, at length 1: read once for all, and cached."""
    return unit(encode(texts)[:, :UNIVERSAL_DIMENSION])


def _meaning(intent: str, understood: frozenset[str]) -> str:
    """Return an intent that is understood, or the topic of one that is not."""
    return intent if intent in understood else intent.partition("/")[0]


def _weights(labels: npt.NDArray[np.intp], english: int) -> Floats:
    """Weigh other languages more, and rare meanings by the root of their rarity; the mean is 1."""
    weights = np.where(np.arange(len(labels)) < english, 1.0, WEIGHT)
    totals: Counter[int] = Counter()
    for label, weight in zip(labels.tolist(), weights.tolist()):
        totals[label] += weight
    weights = weights / np.sqrt([totals[label] for label in labels.tolist()])
    return np.asarray(weights / weights.mean(), dtype=np.float32)


def _solve(rows: Vectors, labels: npt.NDArray[np.intp], weights: Floats, meanings: int) -> Floats:
    targets = np.eye(meanings, dtype=np.float32)[labels]
    centre, mean = np.average(rows, axis=0, weights=weights), np.average(targets, axis=0, weights=weights)
    moved = rows - centre
    fitted = np.linalg.solve((moved.T * weights) @ moved + RIDGE * np.eye(rows.shape[1]),
                             (moved.T * weights) @ (targets - mean))
    return np.vstack([fitted, mean - centre @ fitted]).astype(np.float32)


def _score(rows: Vectors, weights: Floats) -> Floats:
    return np.asarray(rows @ weights[:-1] + weights[-1], dtype=np.float32)


def _softmax(logits: Floats) -> Floats:
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True), dtype=np.float32)


def _calibrate(scores: Floats, labels: npt.NDArray[np.intp], meanings: Sequence[str]) -> tuple[float, float]:
    """Fit the temperature to unseen messages, and count how often one read as angry is."""
    if not len(scores):
        return 0.1, 0.0
    own = np.arange(len(labels))
    losses = [float(-np.log(_softmax(scores / one)[own, labels] + 1e-9).mean()) for one in _TEMPERATURES]
    read_angry = [meanings[label] == ANGRY for best, label in zip(scores.argmax(axis=1), labels)
                  if meanings[int(best)] == ANGRY]
    return float(_TEMPERATURES[int(np.argmin(losses))]), sum(read_angry) / max(len(read_angry), 1)

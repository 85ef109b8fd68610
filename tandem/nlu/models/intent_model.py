"""Which intent a message has, and how sure that is.

Kernel ridge regression on one column an intent (`kernel.py`). Its scores are no probabilities: a logistic model, fitted
to held-out folds in which some intents were left out altogether, says how often a top score like this one is right, for
messages of which a part has no intent of ours at all.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from tandem.nlu.models import refusals
from tandem.nlu.models.kernel import Floats, KernelRegression, Space, solve
from tandem.nlu.models.spelling import Spelling

Labels = npt.NDArray[np.intp]
Ranking = list[tuple[str, float]]

RANK = 256
NGRAM_SHARE = 0.1
RIDGE = 0.25
FOLDS = 5
STRANGERS = 1 / 3
"""Share of messages without an intent of ours for which confidence is calibrated."""
ALIKE = 0.9
"""How sure, for each of the whole message's confidence, a refused wish must be read to be what misled the reading."""
_TEMPERATURES = np.geomspace(0.02, 0.5, 15)


@dataclass(frozen=True)
class IntentModel:
    """A trained classifier; `calibration` is (slope, intercept) from the best score to the logit of being right."""

    intents: tuple[str, ...]
    reader: KernelRegression
    calibration: Floats
    temperature: float

    @classmethod
    def train(cls, texts: Sequence[str], intents: Sequence[str]) -> IntentModel:
        """Learn from examples. Raises ValueError for fewer than two intents or no words at all."""
        names = tuple(sorted(set(intents)))
        if len(names) < 2:
            raise ValueError("at least two intents are needed to tell them apart")
        labels = np.searchsorted(names, intents)
        space = Space.fit(texts, RANK, NGRAM_SHARE)
        features = space.features(texts)
        kernel = space.kernel(features, features)
        weights = _weights(labels)
        targets = np.eye(len(names), dtype=np.float32)[labels]
        calibration, temperature = _calibrate(kernel, labels, weights, targets)
        dual, mean = solve(kernel, targets, RIDGE, weights)
        return cls(names, KernelRegression.fit(space, features, dual, mean), calibration, temperature)

    def rank(self, texts: Sequence[str]) -> list[Ranking]:
        """Rank all intents of each text, read without misspellings and refusals, with their confidence, best first.

        The best one's confidence is the estimated probability, 0..1, that it is right; the others' stand to it as
        their likelihoods do.
        """
        spelt = [self._spelling.correct(text) for text in texts]
        return [self._without_refusal(text, scores) for text, scores in zip(spelt, self._scores(spelt))]

    def _without_refusal(self, text: str, whole: Floats) -> Ranking:
        """Rank by `whole`, the scores of a text, unless what it refuses, as a wish, reads the same and about as sure:
        then what is wanted is in the rest, or else it is another intent."""
        refusal = refusals.find(text)
        if refusal is None:
            return self._ranking(whole)
        wish, rest = self._scores([refusal.refused, refusal.rest])
        (intent, sure), meant = self._ranking(whole)[0], self._ranking(wish)[0]
        if meant[0] != intent or meant[1] < ALIKE * sure:
            return self._ranking(whole)
        if refusal.rest:
            return self._ranking(rest)
        others = whole.copy()
        others[self.intents.index(intent)] = -np.inf
        return self._ranking(others)

    def _scores(self, texts: Sequence[str]) -> Floats:
        return self.reader.scores(self.reader.space.features(texts))

    def _ranking(self, scores: Floats) -> Ranking:
        slope, intercept = self.calibration
        sure = _sigmoid(slope * scores.max() + intercept)
        confidence = sure * np.exp((scores - scores.max()) / self.temperature)
        return [(self.intents[at], float(confidence[at])) for at in np.argsort(-scores, kind="stable")]

    @cached_property
    def _spelling(self) -> Spelling:
        return Spelling(self.reader.space.ngrams.shares())

    def save(self, path: Path) -> None:
        """Write one .npz file."""
        names = np.frombuffer(json.dumps(self.intents).encode(), dtype=np.uint8)
        temperature = np.array(self.temperature)
        np.savez(path, intents=names, calibration=self.calibration, temperature=temperature, **self.reader.state())

    @classmethod
    def load(cls, path: Path) -> IntentModel:
        """Read what `save` wrote. Raises OSError or ValueError if it is no such file."""
        with np.load(path, allow_pickle=False) as arrays:
            intents = tuple(json.loads(bytes(arrays["intents"])))
            reader = KernelRegression.from_state(arrays)
            return cls(intents, reader, arrays["calibration"], float(arrays["temperature"]))


def _weights(labels: Labels) -> Floats:
    """Weigh examples of rare intents more, by the root of their rarity; the mean is 1."""
    rarity = np.sqrt(1.0 / np.bincount(labels)[labels])
    return (rarity / rarity.mean()).astype(np.float32)


def _calibrate(kernel: Floats, labels: Labels, weights: Floats, targets: Floats) -> tuple[Floats, float]:
    """Fit confidence and temperature on messages the model has not seen.

    In each fold a fifth of the examples and a fifth of the intents are held out: the examples stand for new messages,
    the intents for messages of strangers.
    """
    rng = np.random.RandomState(7)
    fold = _spread(labels, rng)
    group = _spread(np.zeros(targets.shape[1], dtype=np.intp), rng)[labels]
    if targets.shape[1] < FOLDS:
        group = np.full(len(labels), -1)
    best, right, strange, gaps = [], [], [], []
    for number in range(FOLDS):
        known = np.flatnonzero((fold != number) & (group != number))
        unseen = np.flatnonzero((fold == number) | (group == number))
        if not len(known) or not len(unseen):
            continue
        dual, mean = solve(kernel[np.ix_(known, known)], targets[known], RIDGE, weights[known])
        scores = kernel[np.ix_(unseen, known)] @ dual + mean
        best.append(scores.max(axis=1))
        right.append(scores.argmax(axis=1) == labels[unseen])
        strange.append(group[unseen] == number)
        native = unseen[group[unseen] != number]
        rows = np.flatnonzero(group[unseen] != number)
        gaps.append(scores[rows] - scores[rows, labels[native]][:, None])
    inputs, correct, stranger = np.concatenate(best), np.concatenate(right), np.concatenate(strange)
    importance = np.where(stranger, STRANGERS / max(stranger.sum(), 1), (1 - STRANGERS) / max((~stranger).sum(), 1))
    if correct.all() or not correct.any():
        return np.array([10.0, -4.0], dtype=np.float32), 0.1
    fitted = LogisticRegression(C=1e4, max_iter=1000)
    fitted.fit(inputs[:, None], correct, sample_weight=importance * len(inputs))
    leads = np.vstack(gaps)
    losses = [float(np.log(np.exp(np.clip(leads / t, -60, 60)).sum(axis=1)).mean()) for t in _TEMPERATURES]
    calibration = np.array([fitted.coef_[0, 0], fitted.intercept_[0]], dtype=np.float32)
    return calibration, float(_TEMPERATURES[int(np.argmin(losses))])


def _spread(labels: Labels, rng: np.random.RandomState) -> Labels:
    """Deal the members of each class to FOLDS folds in turn."""
    out = np.empty(len(labels), dtype=np.intp)
    offset = 0
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        out[members] = (np.arange(len(members)) + offset) % FOLDS
        offset += len(members)
    return out


def _sigmoid(logits: Floats) -> Floats:
    out: Floats = 1 / (1 + np.exp(-np.clip(logits, -30, 30)))
    return out

"""The mood of one message: how it is learnt from labelled messages, read, and explained.

A kernel ridge regression (`kernel.py`) over sentence vectors, n-grams and the signals of `mood_signals.py` predicts the
labels; small logistic models, fitted to predictions for held-out files, turn them into calibrated numbers.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tandem.nlu.models import mood_signals
from tandem.nlu.models.kernel import Features, Floats, KernelRegression, Space, near, solve
from tandem.nlu.models.mood_data import EMOTIONS, LabelledMood
from tandem.nlu.models.readable_text import is_payload

NAMES = ("negative", "neutral", "positive")
RANK = 512
NGRAM_SHARE = 0.5
RIDGE = 0.5
FOLDS = 5
LEXICON_SHARE = 0.25
"""How much a general lexicon moves severity, so that words outside our examples' world still count."""
_CONTENT = 0.25
"""How far below a neutral message a satisfied one stands on the scale of frustration."""

_HEAT = {  # of an emotion, for polarity: beside frustration it knows fear and joy
    "neutral": 0.0,
    "satisfied": -1.5,
    "confused": 0.7,
    "worried": 0.8,
    "disappointed": 1.5,
    "frustrated": 2.5,
    "angry": 3.2,
}
_SEVERITY, _URGENCY, _HEATED, _EMOTION = 0, 1, 2, 3


@dataclass(frozen=True)
class MoodPrediction:
    """A reading, in the shape of the public contract.

    Attributes:
        name: negative, neutral or positive.
        confidence: probability of `name`, 0..1.
        polarity: -1 (bad) .. 1 (good).
        emotion: one of mood_data.EMOTIONS.
        frustration: probability, 0..1, that a careful agent reads frustration 2 or more of 4 in it; grows with how
            upset the message is.
        urgency: 0..1.
    """

    name: str
    confidence: float
    polarity: float
    emotion: str
    frustration: float
    urgency: float

    def as_dict(self) -> dict[str, Any]:
        """Return the `sentiment` object of a parse."""
        return asdict(self)


NEUTRAL = MoodPrediction("neutral", 1.0, 0.0, "neutral", 0.0, 0.0)


@dataclass(frozen=True)
class MoodModel:
    """A trained reader of moods."""

    reader: KernelRegression
    centre: Floats
    scale: Floats
    upset: Floats
    naming: Floats
    examples: tuple[str, ...]

    @classmethod
    def train(cls, rows: Sequence[LabelledMood]) -> MoodModel:
        """Learn from labelled messages; takes some ten seconds for 5,000."""
        texts = [row.text for row in rows]
        raw = mood_signals.signals(texts)
        centre = raw.mean(axis=0)
        scale = (raw.std(axis=0) + 1e-3) * np.sqrt(np.float32(raw.shape[1]))
        space = Space.fit(texts, RANK, NGRAM_SHARE)
        features = space.features(texts, (raw - centre) / scale)
        targets = _targets(rows)
        kernel = space.kernel(features, features)
        held_out = _held_out(kernel, targets, [row.source for row in rows])
        severity, others = _severity(held_out, raw), _summary(held_out, raw)
        upset = _logistic(severity[:, None], np.array([row.upset for row in rows]))
        naming = _logistic(others, np.array([NAMES.index(row.name) for row in rows]))
        dual, mean = solve(kernel, targets, RIDGE, np.ones(len(rows), dtype=np.float32))
        reader = KernelRegression.fit(space, features, dual, mean)
        return cls(reader, centre, scale, upset, naming, tuple(texts))

    def read(self, texts: Sequence[str]) -> list[MoodPrediction]:
        """Read messages one by one; empty ones and Rasa payloads ("/greet") are neutral."""
        spoken = [text for text in texts if not is_payload(text)]
        read = iter(self._read(spoken) if spoken else [])
        return [NEUTRAL if is_payload(text) else next(read) for text in texts]

    def _read(self, texts: list[str]) -> list[MoodPrediction]:
        raw = mood_signals.signals(texts)
        scores = self.reader.scores(self._features(texts, raw))
        frustration = _sigmoid(_linear(_severity(scores, raw)[:, None], self.upset)[:, 0])
        summary = _summary(scores, raw)
        names = _softmax(_linear(summary, self.naming))
        moods = []
        for row in range(len(texts)):
            best = int(names[row].argmax())
            moods.append(
                MoodPrediction(
                    NAMES[best],
                    round(float(names[row, best]), 4),
                    round(float(np.clip(summary[row, 0], -1, 1)), 4),
                    EMOTIONS[int(scores[row, _EMOTION:].argmax())],
                    round(float(frustration[row]), 4),
                    round(float(np.clip(scores[row, _URGENCY] / 2, 0, 1)), 4),
                )
            )
        return moods

    def _features(self, texts: list[str], raw: Floats) -> Features:
        return self.reader.space.features(texts, (raw - self.centre) / self.scale)

    def explain(self, text: str, most: int = 8) -> list[tuple[str, float]]:
        """Return the strongest reasons for the frustration read, strongest first.

        Returns:
            (reason in words, weight) pairs; the weight is in logits of `frustration`, positive where it upsets. Empty
            for an empty message.
        """
        if is_payload(text):
            return []
        raw = mood_signals.signals([text])
        features = self._features([text], raw)
        steepness = float(self.upset[0, 0])
        reasons: list[tuple[str, float]] = []
        by_signal = features.signals[0] * self.reader.signal_weights[:, _SEVERITY] * steepness
        for name, weight, value in zip(mood_signals.names(), by_signal, raw[0]):
            lexicon = name.startswith("lexicon")
            if name == "lexicon_compound":
                weight -= LEXICON_SHARE * value * steepness
            words = ", ".join(f"“{word}”" for word in mood_signals.evidence(text, name))
            if value or lexicon:
                reasons.append((mood_signals.shows(name) + (f": {words}" if words else ""), float(weight)))
        likeness = near(features.sentence, self.reader.examples)[0]
        share = likeness * self.reader.dual[:, _SEVERITY]
        total = float(share.sum()) * steepness
        closest = int(np.where(share * total > 0, likeness, 0).argmax())
        reasons.append((f"the message as a whole, like “{self.examples[closest]}”", total))
        phrasing = (features.ngrams @ self.reader.ngram_weights[:, [_SEVERITY]]).item() * steepness
        reasons.append(("the choice of words", phrasing))
        return sorted(reasons, key=lambda reason: -abs(reason[1]))[:most]

    def save(self, path: Path) -> None:
        """Write one .npz file."""
        own = {name: getattr(self, name) for name in ("centre", "scale", "upset", "naming")}
        texts = np.frombuffer(json.dumps(self.examples).encode(), dtype=np.uint8)
        np.savez(path, texts=texts, **own, **self.reader.state())

    @classmethod
    def load(cls, path: Path) -> MoodModel:
        """Read what `save` wrote. Raises OSError or ValueError if it is no such file."""
        with np.load(path, allow_pickle=False) as arrays:
            return cls(
                reader=KernelRegression.from_state(arrays),
                centre=arrays["centre"],
                scale=arrays["scale"],
                upset=arrays["upset"],
                naming=arrays["naming"],
                examples=tuple(json.loads(bytes(arrays["texts"]))),
            )


def _targets(rows: Sequence[LabelledMood]) -> Floats:
    """Return the columns severity, urgency, heat (mean of frustration and the emotion's heat), and each emotion."""
    severity = [row.frustration - _CONTENT * (row.emotion == "satisfied") for row in rows]
    heat = [(row.frustration + _HEAT[row.emotion]) / 2 for row in rows]
    emotions = [[float(row.emotion == emotion) for emotion in EMOTIONS] for row in rows]
    urgency = [row.urgency for row in rows]
    return np.column_stack([severity, urgency, heat, np.array(emotions)]).astype(np.float32)


def _held_out(kernel: Floats, targets: Floats, sources: Sequence[str]) -> Floats:
    """Predict each message by a model that has not seen its file (its fold, if there are too few files)."""
    from sklearn.model_selection import GroupKFold, KFold  # takes a second, for training only

    splitter = GroupKFold(FOLDS) if len(set(sources)) >= FOLDS else KFold(FOLDS, shuffle=True, random_state=7)
    out = np.empty_like(targets)
    for known, unseen in splitter.split(kernel, groups=sources):
        ones = np.ones(len(known), dtype=np.float32)
        dual, mean = solve(kernel[np.ix_(known, known)], targets[known], RIDGE, ones)
        out[unseen] = kernel[np.ix_(unseen, known)] @ dual + mean
    return out


def _severity(scores: Floats, raw: Floats) -> Floats:
    return scores[:, _SEVERITY] - LEXICON_SHARE * _lexicon(raw)


def _summary(scores: Floats, raw: Floats) -> Floats:
    """Return the columns polarity before clipping, severity, and one for each emotion."""
    severity = _severity(scores, raw)
    polarity = 0.625 * _lexicon(raw) - 0.25 * (scores[:, _HEATED] - 0.5)
    return np.column_stack([polarity, severity, scores[:, _EMOTION:]]).astype(np.float32)


def _lexicon(raw: Floats) -> Floats:
    column: Floats = raw[:, mood_signals.names().index("lexicon_compound")]
    return column


def _logistic(inputs: Floats, labels: npt.NDArray[Any]) -> Floats:
    """Fit a logistic regression; its weights are (k + 1, classes or 1), the last row the intercept."""
    from sklearn.linear_model import LogisticRegression  # takes a second, for training only

    fitted = LogisticRegression(C=10.0, max_iter=1000).fit(inputs, labels)
    return np.vstack([fitted.coef_.T, fitted.intercept_]).astype(np.float32)


def _linear(inputs: Floats, weights: Floats) -> Floats:
    out: Floats = inputs @ weights[:-1] + weights[-1]
    return out


def _sigmoid(logits: Floats) -> Floats:
    out: Floats = 1 / (1 + np.exp(-np.clip(logits, -30, 30)))
    return out


def _softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    out: Floats = powers / powers.sum(axis=1, keepdims=True)
    return out

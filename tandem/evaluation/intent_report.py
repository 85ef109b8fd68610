"""What cross-validation says of the intents, in figures, and in the sentences behind them."""
from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tandem.evaluation.figures import (
    Bin,
    Figure,
    Flags,
    LabelScore,
    auroc,
    calibration_error,
    label_scores,
    macro_f1,
    measure,
    reliability,
)
from tandem.evaluation.held_out import IntentReading

OUT_OF_SCOPE = "out_of_scope"
FALLBACK = "nlu_fallback"
_CONFUSIONS = 40
_SENTENCES = 5


@dataclass(frozen=True)
class Fallback:
    """From which confidence, and from which lead over the second intent, the pipeline answers at all."""

    threshold: float
    ambiguity: float

    def decide(self, reading: IntentReading) -> str:
        """Return the intent that the dialogue gets to see."""
        ranking = reading.ranking
        is_close = len(ranking) > 1 and ranking[0][1] - ranking[1][1] < self.ambiguity
        return FALLBACK if reading.confidence < self.threshold or is_close else reading.best


@dataclass(frozen=True)
class Confusion:
    """Two intents that are mixed up, with the sentences, the surest mistakes first."""

    label: str
    read: str
    count: int
    readings: tuple[IntentReading, ...]


@dataclass(frozen=True)
class IntentReport:
    """The figures about the intents."""

    figures: tuple[Figure, ...]
    labels: tuple[LabelScore, ...]
    confusions: tuple[Confusion, ...]
    matrix: dict[tuple[str, str], int]
    curve: tuple[Bin, ...]
    histogram: tuple[tuple[int, int], ...]  # right and wrong readings, by tenth of confidence


def report_intents(readings: Sequence[IntentReading], fallback: Fallback) -> IntentReport:
    """Sum up held-out readings of all examples."""
    truth = np.array([reading.example.label for reading in readings])
    best = np.array([reading.best for reading in readings])
    seen = np.array([fallback.decide(reading) for reading in readings])
    sure = np.array([reading.confidence for reading in readings])
    own = np.array([_surest_own(reading) for reading in readings])
    right, is_strange = truth == best, truth == OUT_OF_SCOPE
    inside = np.flatnonzero(~is_strange)
    refused = (seen == FALLBACK) | (seen == OUT_OF_SCOPE)
    count = len(readings)
    figures = (
        measure("intents.accuracy", "Intents read right", lambda rows: float(right[rows].mean()), count),
        measure("intents.in_scope_accuracy", "of messages that have an intent of ours",
                lambda rows: float(right[inside[rows]].mean()), len(inside)),
        measure("intents.macro_f1", "Mean F1 over intents", lambda rows: macro_f1(truth[rows], best[rows]), count,
                rounds=60),
        measure("intents.answered_right", "Right among messages answered (not fallen back on)",
                lambda rows: _share(right[rows], ~refused[rows]), count),
        measure("intents.calibration_error", "Calibration error of confidence",
                lambda rows: calibration_error(sure[rows], right[rows]), count, more_is_better=False),
        measure("out_of_scope.auroc", "Out of scope told from in scope (AUROC)",
                lambda rows: auroc(-own[rows], is_strange[rows]), count),
        measure("out_of_scope.recall", "Out-of-scope messages refused",
                lambda rows: _share(refused[rows], is_strange[rows]), count),
        measure("in_scope.answered", "In-scope messages not refused",
                lambda rows: _share(~refused[rows], ~is_strange[rows]), count),
    )
    return IntentReport(
        figures, tuple(label_scores(truth.tolist(), best.tolist())), confusions(readings),
        dict(Counter(zip(truth.tolist(), best.tolist()))), tuple(reliability(sure.tolist(), right.tolist())),
        histogram(sure.tolist(), right.tolist()),
    )


def confusions(readings: Sequence[IntentReading], most: int = _CONFUSIONS) -> tuple[Confusion, ...]:
    """Find the pairs mixed up most often, each with its surest mistakes."""
    groups: dict[tuple[str, str], list[IntentReading]] = defaultdict(list)
    for reading in readings:
        if not reading.is_right:
            groups[reading.example.label, reading.best].append(reading)
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))[:most]
    return tuple(
        Confusion(label, read, len(wrong), tuple(sorted(wrong, key=lambda item: -item.confidence)[:_SENTENCES]))
        for (label, read), wrong in ordered
    )


def histogram(sure: Sequence[float], right: Sequence[bool], bins: int = 20) -> tuple[tuple[int, int], ...]:
    """Count how many readings of each confidence are right, and how many wrong."""
    counts = [[0, 0] for _ in range(bins)]
    for confidence, hit in zip(sure, right):
        counts[min(int(confidence * bins), bins - 1)][0 if hit else 1] += 1
    return tuple((hits, misses) for hits, misses in counts)


def _surest_own(reading: IntentReading) -> float:
    """Return the highest confidence among the intents in scope."""
    return max((confidence for intent, confidence in reading.ranking if intent != OUT_OF_SCOPE), default=0.0)


def _share(values: Flags, among: Flags) -> float:
    return float(values[among].mean()) if among.any() else float("nan")

"""Figures with their noise: how much a figure may differ from one sample of sentences to the next."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]

ROUNDS = 400
_SPREAD = 1.96  # standard errors in the half width of a 95 % interval


@dataclass(frozen=True)
class Figure:
    """One measured number.

    Attributes:
        key: Its name in the baseline, such as "intents.accuracy".
        title: Its name for people.
        value: What was measured.
        noise: Half the width of its 95 % bootstrap interval: a smaller change says nothing.
        count: How many sentences, messages or conversations it is measured on.
        more_is_better: False for errors.
    """

    key: str
    title: str
    value: float
    noise: float
    count: int
    more_is_better: bool = True

    def as_dict(self) -> dict[str, Any]:
        """Write it for JSON, rounded to what can be told apart."""
        return {**asdict(self), "value": round(self.value, 4), "noise": round(self.noise, 4)}


def measure(
    key: str, title: str, statistic: Callable[[Rows], float], count: int, *, more_is_better: bool = True,
    rounds: int = ROUNDS,
) -> Figure:
    """Measure a statistic and its noise by drawing the rows anew, with replacement.

    Args:
        statistic: From row numbers, which may repeat, to a number; NaN where the rows drawn allow none.
        count: How many rows there are; with none, the value is NaN.
    """
    if not count:
        return Figure(key, title, float("nan"), float("nan"), 0, more_is_better)
    rng = np.random.RandomState(11)
    drawn = [statistic(rng.randint(count, size=count)) for _ in range(rounds)]
    noise = _SPREAD * float(np.nanstd(drawn)) if np.isfinite(drawn).any() else float("nan")
    return Figure(key, title, float(statistic(np.arange(count))), noise, count, more_is_better)


@dataclass(frozen=True)
class Bin:
    """Readings of about the same confidence: how sure they were, how often that was right, how many they are."""

    low: float
    high: float
    sure: float
    right: float
    count: int


def reliability(sure: Sequence[float], right: Sequence[bool], bins: int = 10) -> list[Bin]:
    """Measure how often readings of each confidence, 0..1, are right; bins without readings are left out."""
    confidence, hit = np.asarray(sure, dtype=float), np.asarray(right, dtype=float)
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    return [
        Bin(number / bins, (number + 1) / bins, float(confidence[place == number].mean()),
            float(hit[place == number].mean()), int((place == number).sum()))
        for number in range(bins) if (place == number).any()
    ]


def calibration_error(sure: Sequence[float], right: Sequence[bool]) -> float:
    """Measure the mean gap between confidence and being right, over ten bins weighted by their counts; 0 is perfect."""
    bins = reliability(sure, right)
    total = sum(item.count for item in bins)
    return sum(item.count * abs(item.sure - item.right) for item in bins) / total if total else float("nan")


@dataclass(frozen=True)
class LabelScore:
    """How well one label is found: shares 0..1; precision is 0 if it was never read."""

    label: str
    count: int
    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Return the harmonic mean of precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def label_scores(truth: Sequence[str], read: Sequence[str]) -> list[LabelScore]:
    """Return precision and recall of every label that occurs in the truth, in alphabetical order."""
    true, guess = np.asarray(truth), np.asarray(read)
    scores = []
    for label in np.unique(true):
        found = int(((true == label) & (guess == label)).sum())
        wanted, given = int((true == label).sum()), int((guess == label).sum())
        scores.append(LabelScore(str(label), wanted, found / given if given else 0.0, found / wanted))
    return scores


def macro_f1(truth: Sequence[str], read: Sequence[str]) -> float:
    """Return the mean F1 of the labels that occur in the truth."""
    return float(np.mean([score.f1 for score in label_scores(truth, read)]))


def rank_correlation(left: Sequence[float], right: Sequence[float]) -> float:
    """Measure Spearman's rho; NaN if either side is constant."""
    from scipy.stats import rankdata

    first, second = rankdata(left), rankdata(right)
    if first.std() == 0 or second.std() == 0:
        return float("nan")
    return float(np.corrcoef(first, second)[0, 1])


def auroc(score: Sequence[float], positive: Sequence[bool]) -> float:
    """Return the chance that a positive scores higher than a negative; NaN if either is missing."""
    from scipy.stats import rankdata

    hit = np.asarray(positive, dtype=bool)
    if hit.all() or not hit.any():
        return float("nan")
    ranks, n = rankdata(score), int(hit.sum())
    return float((ranks[hit].sum() - n * (n + 1) / 2) / (n * (len(hit) - n)))

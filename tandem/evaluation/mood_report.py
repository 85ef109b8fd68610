"""What cross-validation says of the mood reader, on our own labelled messages."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tandem.evaluation.figures import (
    Bin,
    Figure,
    LabelScore,
    auroc,
    calibration_error,
    label_scores,
    macro_f1,
    measure,
    rank_correlation,
    reliability,
)
from tandem.evaluation.held_out import MoodReading

_WORST = 40


@dataclass(frozen=True)
class MoodReport:
    """The figures about moods; `worst` are the readings farthest from their labels."""

    figures: tuple[Figure, ...]
    emotions: tuple[LabelScore, ...]
    curve: tuple[Bin, ...]
    worst: tuple[MoodReading, ...]


def report_moods(readings: Sequence[MoodReading]) -> MoodReport:
    """Sum up held-out readings of all labelled messages."""
    labelled = [reading.example.labelled for reading in readings]
    level = np.array([row.frustration for row in labelled], dtype=float)
    upset = np.array([row.upset for row in labelled], dtype=bool)
    read = np.array([reading.mood.frustration for reading in readings])
    emotion = np.array([row.emotion for row in labelled])
    read_emotion = np.array([reading.mood.emotion for reading in readings])
    urgent = np.array([row.urgency > 0 for row in labelled], dtype=bool)
    read_urgent = np.array([reading.mood.urgency for reading in readings])
    near_eight = np.flatnonzero((read >= 0.75) & (read < 0.85))
    count = len(readings)
    figures = (
        measure("mood.frustration", "Frustration read and labelled (Spearman)",
                lambda rows: rank_correlation(read[rows], level[rows]), count, rounds=100),
        measure("mood.upset_auroc", "Upset told from calm (AUROC)", lambda rows: auroc(read[rows], upset[rows]), count,
                rounds=100),
        measure("mood.calibration_error", "Calibration error of frustration",
                lambda rows: calibration_error(read[rows], upset[rows]), count, more_is_better=False),
        measure("mood.emotion_macro_f1", "Mean F1 over emotions",
                lambda rows: macro_f1(emotion[rows], read_emotion[rows]), count, rounds=100),
        # Nine in ten messages have no urgency at all: these ties would hold a rank correlation below .5 for any reader.
        measure("mood.urgency_auroc", "Urgent told from not urgent (AUROC)",
                lambda rows: auroc(read_urgent[rows], urgent[rows]), count, rounds=100),
        measure("mood.upset_at_0.8", "Labelled upset among messages read at about .8",
                lambda rows: float(upset[near_eight[rows]].mean()), len(near_eight)),
    )
    gap = np.abs(read - upset)
    worst = tuple(readings[int(row)] for row in np.argsort(-gap, kind="stable")[:_WORST])
    return MoodReport(figures, tuple(label_scores(emotion.tolist(), read_emotion.tolist())),
                      tuple(reliability(read.tolist(), upset.tolist())), worst)

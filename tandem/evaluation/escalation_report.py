"""Escalation on labelled conversations: is a person brought in when one is needed, and only then?"""
from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tandem.evaluation.figures import Figure, Flags, measure
from tandem.evaluation.replay import Replay


@dataclass(frozen=True)
class EscalationReport:
    """The figures about escalation; `wrong` are the conversations that did not go as labelled."""

    figures: tuple[Figure, ...]
    wrong: tuple[Replay, ...]
    triggers: tuple[tuple[str, int, int], ...]  # signal; how often it came first rightly, and wrongly


def report_escalation(replays: Sequence[Replay]) -> EscalationReport:
    """Sum up replayed conversations."""
    must = np.array([replay.conversation.escalate is not None for replay in replays], dtype=bool)
    did = np.array([replay.escalated_at is not None for replay in replays], dtype=bool)
    right = np.array([replay.is_right for replay in replays], dtype=bool)
    count = len(replays)
    figures = (
        measure("escalation.precision", "A person was needed where one was brought in",
                lambda rows: _share(must[rows], did[rows]), count),
        measure("escalation.recall", "A person was brought in where one was needed",
                lambda rows: _share(did[rows], must[rows]), count),
        measure("escalation.on_time", "Conversations that went as labelled, at the right message",
                lambda rows: float(right[rows].mean()), count),
    )
    first = Counter((replay.trigger, bool(replay.conversation.escalate)) for replay in replays if replay.trigger)
    names = sorted({str(trigger) for trigger, _ in first})
    triggers = tuple((name, first[name, True], first[name, False]) for name in names)
    return EscalationReport(figures, tuple(replay for replay in replays if not replay.is_right), triggers)


def _share(values: Flags, among: Flags) -> float:
    return float(values[among].mean()) if among.any() else float("nan")

"""Mood over a conversation: from the customer's messages to a score, a turning point and the signals that fire.

Pure arithmetic over readings of single messages, so that the policy, the context card, `tandem replay` and the tests
all see the same thing. The score is a leaky sum: each message adds its frustration, each message without feeling lets
some of it go, and a satisfied one lets go most. A rising trend therefore weighs more than the same feelings falling.
"""
from __future__ import annotations

import math
from collections.abc import Sequence

from tandem.sentiment.model import (
    ANGRY,
    CALM,
    FACTS_FIRST,
    GLAD,
    IMMEDIATE,
    UPSET,
    Reading,
    Signal,
    Turn,
    TurnReading,
)
from tandem.sentiment.repetition import Encoder, Repetition
from tandem.sentiment.settings import EscalationSettings
from tandem.sentiment.signals import Evidence, fired, is_extreme

__all__ = ["Encoder", "Reading", "Signal", "Trajectory", "Turn", "TurnReading"]

_UPSET_EMOTIONS = frozenset({"worried", "disappointed", "frustrated", "angry"})
_TURNED = 0.15  # a smaller difference between before and after is no turning point
_CONTRAST = 0.2


class Trajectory:
    """Reads conversations.

    Args:
        settings: Thresholds and weights.
        encode: See `Repetition`.
    """

    def __init__(self, settings: EscalationSettings, encode: Encoder | None = None) -> None:
        self.settings = settings
        self._repetition = Repetition(settings, encode)

    def read(self, turns: Sequence[Turn]) -> Reading:
        """Read a conversation, oldest message first.

        Looked at are the latest `window` messages, or those since the last hand-back if these are fewer.
        """
        start = max(0, len(turns) - self.settings.window)
        for number in range(len(turns) - 1, start, -1):
            if turns[number].handed_back:
                start = number
                break
        seen = turns[start:]
        if not seen:
            return Reading(0, (), None, (), CALM, None, 0.0)
        readings = self._scores(seen)
        signals = tuple(fired(Evidence(seen, readings, self.settings, self._repetition)))
        turned = _turning_point([reading.level if turn.sentiment else None for turn, reading in zip(seen, readings)])
        return Reading(
            start=start, turns=readings, turning_point=None if turned is None else start + turned, signals=signals,
            mood=self._mood(seen[-1], readings[-1]), level=self._level(signals),
            urgency=self._urgency(seen[-1], readings[-1], signals),
        )

    def _scores(self, turns: Sequence[Turn]) -> tuple[TurnReading, ...]:
        settings = self.settings
        readings: list[TurnReading] = []
        accumulated = score = 0.0
        for turn in turns:
            level = turn.frustration
            if turn.emotion == "satisfied":
                keep = min(settings.relief, settings.decay)
            else:
                # Pressing a button or giving the order number that was asked for calms nobody.
                keep = 1.0 if turn.sentiment is None or turn.is_answer else settings.decay
            added = (settings.gain * level + settings.fallback_weight * turn.is_fallback
                     + settings.lookup_weight * turn.failed_lookups)
            accumulated = min(1.0, keep * accumulated + added)
            score = max(level, accumulated, keep * score)
            readings.append(TurnReading(level, accumulated, score))
        return tuple(readings)

    def _mood(self, turn: Turn, reading: TurnReading) -> str:
        if is_extreme(turn, self.settings) and turn.emotion == "angry":
            return ANGRY
        # A trace of a bad feeling is enough where the emotion itself was read.
        least = self.settings.mood_threshold / (2 if turn.emotion in _UPSET_EMOTIONS else 1)
        if turn.emotion == "satisfied" and turn.frustration < self.settings.mood_threshold:
            return GLAD
        return UPSET if turn.frustration >= least or reading.score >= self.settings.mood_threshold else CALM

    def _level(self, signals: Sequence[Signal]) -> str | None:
        if not signals:
            return None
        return FACTS_FIRST if all(signal.name in self.settings.facts_first for signal in signals) else IMMEDIATE

    def _urgency(self, turn: Turn, reading: TurnReading, signals: Sequence[Signal]) -> float:
        settings = self.settings
        base = max((settings.urgency.get(signal.name, settings.urgency_default) for signal in signals), default=0.0)
        calm = (1 - base) * (1 - settings.urgency_frustration * reading.score)
        return round(1 - calm * (1 - settings.urgency_sentiment * turn.urgency), 4)


def _turning_point(levels: Sequence[float | None]) -> int | None:
    """Find the message that best splits the conversation into a calmer and a more upset part.

    A calm moment before the first message is taken for granted, so that the first message can be the one.
    """
    felt = [(number, level) for number, level in enumerate(levels) if level is not None]
    total = sum(level for _, level in felt)
    best, found, before = _CONTRAST, None, 0.0
    for place, (number, level) in enumerate(felt):
        calm, upset = place + 1, len(felt) - place
        difference = (total - before) / upset - before / calm
        contrast = difference * math.sqrt(calm * upset / (calm + upset))
        if difference >= _TURNED and contrast > best:
            best, found = contrast, number
        before += level
    return found

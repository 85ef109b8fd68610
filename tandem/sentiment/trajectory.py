"""Mood over a conversation: from the customer's messages to a score, a turning point and the signals that fire.

Pure arithmetic over readings of single messages, so that the policy, the context card, `tandem replay` and the tests
all see the same thing. The score is a leaky sum: each message adds its frustration, each message without feeling lets
some of it go, and a satisfied one lets go most. A rising trend therefore weighs more than the same feelings falling.
"""
from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from tandem.sentiment import reasons
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
    Vectors,
)
from tandem.sentiment.settings import (
    ANGER,
    DISTRESS,
    FAILED_LOOKUPS,
    FALLBACKS,
    INTENT_PREFIX,
    REPEATED_QUESTION,
    SIGNALS,
    TREND,
    EscalationSettings,
)

__all__ = ["Encoder", "Reading", "Signal", "Trajectory", "Turn", "TurnReading"]

Encoder = Callable[[Sequence[str]], Vectors]

_UPSET_EMOTIONS = frozenset({"worried", "disappointed", "frustrated", "angry"})
_TURNED = 0.15  # a smaller difference between before and after is no turning point
_CONTRAST = 0.2


class Trajectory:
    """Reads conversations.

    Args:
        settings: thresholds and weights.
        encode: embeds sentences as rows of length 1; without it questions are compared by intent alone, unless turns
            bring their own embeddings.
    """

    def __init__(self, settings: EscalationSettings, encode: Encoder | None = None) -> None:
        self.settings = settings
        self._encode = encode
        self._group = {
            intent: number for number, group in enumerate(settings.repeat_groups) for intent in group
        }

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
        signals = tuple(signal for signal in self._signals(seen, readings)
                        if signal.name not in self.settings.disabled_signals)
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

    def _signals(self, turns: Sequence[Turn], readings: Sequence[TurnReading]) -> list[Signal]:
        settings, turn, reading = self.settings, turns[-1], readings[-1]
        fired: list[Signal] = []
        least = settings.person_intents.get(turn.intent or "")
        if least is not None and turn.confidence >= least:
            fired.append(Signal(f"{INTENT_PREFIX}{turn.intent}", min(1.0, turn.confidence), _quote(turn.text),
                                reasons.needs_person(str(turn.intent))))
        for name in SIGNALS:
            signal = self._signal(name, turns, turn, reading)
            if signal is not None:
                fired.append(signal)
        return fired

    def _signal(
        self, name: str, turns: Sequence[Turn], turn: Turn, reading: TurnReading
    ) -> Signal | None:
        settings = self.settings
        if name == ANGER:
            if self._is_extreme(turn):
                reason = reasons.angry if turn.emotion == "angry" else reasons.upset
                return Signal(name, turn.frustration, _quote(turn.text), reason(turn.text))
        elif name == DISTRESS:
            if turn.frustration >= settings.distress_threshold and not self._is_extreme(turn):
                return Signal(name, turn.frustration, _quote(turn.text), reasons.upset(turn.text))
        elif name == TREND:
            # Failures alone are no frustration: the message itself must show a trace of it.
            shows = turn.emotion != "satisfied" and turn.frustration >= settings.mood_threshold / 2
            if shows and reading.accumulated >= settings.trend_threshold:
                return Signal(name, reading.accumulated, f"score {reading.accumulated:.2f}",
                              reasons.built_up(len(turns)))
        elif name == REPEATED_QUESTION:
            same = self._same_questions(turns) if settings.repeats else []
            if same and len(same) >= settings.repeats:
                return Signal(name, _strength(len(same), settings.repeats), " / ".join(_quote(text) for text in same),
                              reasons.asked_again(len(same)))
        elif name == FALLBACKS:
            count = next((back for back, item in enumerate(reversed(turns)) if not item.is_fallback), len(turns))
            if settings.fallbacks and count >= settings.fallbacks:
                return Signal(name, _strength(count, settings.fallbacks), _quote(turn.text),
                              reasons.not_understood(count))
        elif name == FAILED_LOOKUPS:
            count = _failures(turns)
            if settings.failed_lookups and turn.failed_lookups and count >= settings.failed_lookups:
                return Signal(name, _strength(count, settings.failed_lookups), f"{count} failed lookups",
                              reasons.lookups_failed(count))
        return None

    def _is_extreme(self, turn: Turn) -> bool:
        least = self.settings.angry_emotion_threshold if turn.emotion == "angry" else self.settings.anger_threshold
        return turn.sentiment is not None and turn.frustration >= min(least, self.settings.anger_threshold)

    def _is_question(self, turn: Turn) -> bool:
        settings = self.settings
        return not (
            turn.sentiment is None or turn.is_answer or turn.is_fallback or not turn.intent
            or turn.intent in settings.not_questions or turn.intent in settings.answer_intents
            or turn.intent in settings.person_intents
        )

    def _same_questions(self, turns: Sequence[Turn]) -> list[str]:
        """The texts of the messages that ask what the latest asks, itself included; oldest first."""
        latest = turns[-1]
        if not self._is_question(latest):
            return []
        earlier = [turn for turn in turns[:-1] if self._is_question(turn) and not _differ(turn, latest)]
        if len(earlier) + 1 < self.settings.repeats:
            return []
        group = self._group.get(str(latest.intent))
        same = [group is not None and self._group.get(str(turn.intent)) == group for turn in earlier]
        if sum(same) + 1 < self.settings.repeats:
            near = self._similar([turn for turn, known in zip(earlier, same) if not known], latest)
            same = [known or next(near) for known in same]
        return [turn.text for turn, known in zip(earlier, same) if known] + [latest.text]

    def _similar(self, turns: Sequence[Turn], latest: Turn) -> Any:
        vectors = [self._embedding(turn) for turn in (*turns, latest)]
        last = vectors[-1]
        return iter([
            last is not None and vector is not None and float(vector @ last) >= self.settings.similarity
            for vector in vectors[:-1]
        ])

    def _embedding(self, turn: Turn) -> Vectors | None:
        if turn.embedding is not None or self._encode is None or not turn.text:
            return turn.embedding
        row: Vectors = self._encode([turn.text])[0]
        return row

    def _mood(self, turn: Turn, reading: TurnReading) -> str:
        if self._is_extreme(turn) and turn.emotion == "angry":
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


def _strength(count: int, enough: int) -> float:
    """0.5 where a count is just enough, 1 at twice that."""
    return min(1.0, count / (2 * enough))


def _differ(left: Turn, right: Turn) -> bool:
    return bool(left.subjects and right.subjects and not left.subjects & right.subjects)


def _failures(turns: Sequence[Turn]) -> int:
    count = 0
    for turn in turns:
        count = turn.failed_lookups + (0 if turn.lookup_succeeded else count)
    return count


def _turning_point(levels: Sequence[float | None]) -> int | None:
    """The message that best splits the conversation into a calmer and a more upset part.

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


def _quote(text: str, limit: int = 120) -> str:
    return reasons.shorten(text, limit)

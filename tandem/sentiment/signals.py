"""The signals that bring in a person: one small function each, in a table.

A signal looks at a conversation up to its latest message and tells whether it fires. To add one: write its function,
put it into `SIGNALS` at the place of its weight, give it a name and an urgency in `settings.py`, words in `reasons.py`,
and a row in docs/escalation.md.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from tandem.sentiment import reasons, settings
from tandem.sentiment.dangers import read_dangers
from tandem.sentiment.model import Signal, Turn, TurnReading
from tandem.sentiment.repetition import Repetition
from tandem.sentiment.settings import EscalationSettings

DANGER = "safety_hazard"  # the intent of a danger to life or health


@dataclass(frozen=True)
class Evidence:
    """What signals look at: messages and their readings, oldest first, and how to compare questions."""

    turns: Sequence[Turn]
    readings: Sequence[TurnReading]
    settings: EscalationSettings
    repetition: Repetition

    @property
    def turn(self) -> Turn:
        """Return the latest message."""
        return self.turns[-1]

    @property
    def reading(self) -> TurnReading:
        """Return the latest message's reading."""
        return self.readings[-1]

    @property
    def is_extreme(self) -> bool:
        """Check whether the latest message is so strong that it needs no more than itself."""
        return is_extreme(self.turn, self.settings)


Find = Callable[[Evidence], Signal | None]


def anger(evidence: Evidence) -> Signal | None:
    """Fire on one message of extreme frustration."""
    if not evidence.is_extreme:
        return None
    turn = evidence.turn
    reason = reasons.angry if turn.emotion == "angry" else reasons.upset
    return Signal(settings.ANGER, turn.frustration, quote(turn.text), reason(turn.text))


def distress(evidence: Evidence) -> Signal | None:
    """Fire on one message of strong frustration that is not extreme."""
    turn = evidence.turn
    if turn.frustration < evidence.settings.distress_threshold or evidence.is_extreme:
        return None
    return Signal(settings.DISTRESS, turn.frustration, quote(turn.text), reasons.upset(turn.text))


def trend(evidence: Evidence) -> Signal | None:
    """Fire on frustration that has built up; failures alone are none, so the latest message must show a trace of it."""
    turn, built_up = evidence.turn, evidence.reading.accumulated
    shows = turn.emotion != "satisfied" and turn.frustration >= evidence.settings.mood_threshold / 2
    if not shows or built_up < evidence.settings.trend_threshold:
        return None
    return Signal(settings.TREND, built_up, f"score {built_up:.2f}", reasons.built_up(len(evidence.turns)))


def repeated_question(evidence: Evidence) -> Signal | None:
    """Fire on the same question asked again and again."""
    same = evidence.repetition.same_questions(evidence.turns)
    if not same:
        return None
    return Signal(settings.REPEATED_QUESTION, _strength(len(same), evidence.settings.repeats),
                  " / ".join(quote(text) for text in same), reasons.asked_again(len(same)))


def fallbacks(evidence: Evidence) -> Signal | None:
    """Fire on messages in a row that were not understood, the latest included; those read unsurely count less."""
    enough = evidence.settings.fallbacks
    doubts = list(takewhile(bool, (doubt(turn, evidence.settings) for turn in reversed(evidence.turns))))
    if not enough or sum(doubts) < enough:
        return None
    return Signal(settings.FALLBACKS, _strength(sum(doubts), enough), quote(evidence.turn.text),
                  reasons.not_understood(len(doubts)))


def doubt(turn: Turn, thresholds: EscalationSettings) -> float:
    """Return how far a message was not understood: 0 read, 1 not at all, something between if it was read unsurely."""
    if turn.is_answer or turn.sentiment is None:
        return 0.0
    sure = turn.guess_confidence if turn.is_fallback else turn.confidence
    weak = turn.is_fallback or sure < thresholds.weak_confidence
    if turn.intent in thresholds.not_questions:  # gibberish is read as abuse or as out of scope, if as anything
        weak = weak or (turn.unknown_words >= thresholds.nonsense and sure < 2 * thresholds.weak_confidence)
    if not weak:  # words that no dictionary knows may be another language, and were read
        return 0.0
    unread = turn.unknown_words >= thresholds.nonsense / 2 or (turn.is_fallback and sure < thresholds.guess_confidence)
    return 1.0 if unread else thresholds.unsure_weight


def failed_lookups(evidence: Evidence) -> Signal | None:
    """Fire on lookups that keep failing, with one that failed in the latest turn."""
    enough, count = evidence.settings.failed_lookups, 0
    for turn in evidence.turns:
        count = turn.failed_lookups + (0 if turn.lookup_succeeded else count)
    if not enough or not evidence.turn.failed_lookups or count < enough:
        return None
    return Signal(settings.FAILED_LOOKUPS, _strength(count, enough), f"{count} failed lookups",
                  reasons.lookups_failed(count))


def person_intent(evidence: Evidence) -> Signal | None:
    """Fire on an intent that always needs a person."""
    turn = evidence.turn
    intent, sure = turn.intent or "", turn.confidence
    if turn.is_fallback and turn.guess:  # to ask whether a person is meant, where one may be, would only delay them
        intent, sure = turn.guess, 2 * turn.guess_confidence
    if read_dangers().surely_in(turn.text):  # whatever else the message is about
        intent, sure = DANGER, 1.0
    least = evidence.settings.person_intents.get(intent)
    if least is None or sure < least:
        return None
    return Signal(f"{settings.INTENT_PREFIX}{intent}", min(1.0, sure), quote(turn.text), reasons.needs_person(intent))


SIGNALS: Mapping[str, Find] = {  # the first that fires is the trigger
    settings.INTENT_PREFIX: person_intent,
    settings.ANGER: anger,
    settings.REPEATED_QUESTION: repeated_question,
    settings.FAILED_LOOKUPS: failed_lookups,
    settings.FALLBACKS: fallbacks,
    settings.TREND: trend,
    settings.DISTRESS: distress,
}


def fired(evidence: Evidence) -> Iterator[Signal]:
    """Find the signals that fire and are not switched off, the weightiest first."""
    for find in SIGNALS.values():
        signal = find(evidence)
        if signal is not None and signal.name not in evidence.settings.disabled_signals:
            yield signal


def is_extreme(turn: Turn, thresholds: EscalationSettings) -> bool:
    """Check whether a message's frustration is so strong that it needs no more than itself."""
    least = thresholds.angry_emotion_threshold if turn.emotion == "angry" else thresholds.anger_threshold
    return turn.sentiment is not None and turn.frustration >= min(least, thresholds.anger_threshold)


def quote(text: str, limit: int = 120) -> str:
    """Shorten a message for a signal's detail."""
    return reasons.shorten(text, limit)


def _strength(count: float, enough: int) -> float:
    """Return 0.5 where a count is just enough, 1 at twice that."""
    return min(1.0, count / (2 * enough))

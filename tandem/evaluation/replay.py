"""A labelled or recorded conversation, replayed: what the policy would see and decide at each of its messages.

Only the customer's side is needed. What actions do in a running bot (lookups, hand-backs) is told by the conversation.
"""
from __future__ import annotations

from dataclasses import dataclass

from tandem.dialogue.tracker_view import best_guess
from tandem.evaluation.labelled_conversations import LabelledConversation, LabelledMessage
from tandem.evaluation.parser import Parser
from tandem.nlu.context_of_tracker import full_intent
from tandem.nlu.models.unknown_words import share_of_unknown_words
from tandem.sentiment.model import Reading, Signal, Turn
from tandem.sentiment.settings import EscalationSettings
from tandem.sentiment.trajectory import Encoder, Trajectory


@dataclass(frozen=True)
class ReplayedTurn:
    """One message as read: its turn, and what the conversation up to it looks like; `reading` is None for a message
    that the policy passes over (`ignore_intents`)."""

    message: LabelledMessage
    turn: Turn
    reading: Reading | None

    @property
    def signals(self) -> tuple[Signal, ...]:
        """Return the signals that fire at this message, the trigger first."""
        return self.reading.signals if self.reading else ()

    @property
    def score(self) -> float:
        """Return the score after this message, 0..1."""
        return self.reading.score if self.reading else 0.0


@dataclass(frozen=True)
class Replay:
    """A whole conversation, read message by message."""

    conversation: LabelledConversation
    turns: tuple[ReplayedTurn, ...]

    @property
    def heard(self) -> tuple[ReplayedTurn, ...]:
        """Return the messages that the policy looks at; a reading's `turning_point` counts these."""
        return tuple(turn for turn in self.turns if turn.reading is not None)

    @property
    def escalated_at(self) -> int | None:
        """Return the first message, counted from 1, at which a person would come in; None if none would."""
        return next((number for number, turn in enumerate(self.turns, 1) if turn.signals), None)

    @property
    def trigger(self) -> str | None:
        """Return the signal that brings the person in."""
        at = self.escalated_at
        return self.turns[at - 1].signals[0].name if at else None

    @property
    def is_right(self) -> bool:
        """Check whether the person comes in when the label says, or stays out if it says never."""
        return self.conversation.is_right(self.escalated_at)


class Replayer:
    """Reads conversations with a parser, by the given settings.

    Args:
        settings: Those of config.yml.
        parse: The trained pipeline.
        encode: Embeds sentences, to compare questions.
    """

    def __init__(self, settings: EscalationSettings, parse: Parser, encode: Encoder | None = None) -> None:
        self._settings = settings
        self._parse = parse
        self._trajectory = Trajectory(settings, encode)

    def replay(self, conversation: LabelledConversation) -> Replay:
        """Read a conversation to its end, past the message that brings in a person."""
        seen: list[Turn] = []
        replayed = []
        for message in conversation.messages:
            turn = self._turn(message)
            ignored = turn.intent in self._settings.ignore_intents
            if not ignored:
                seen.append(turn)
            replayed.append(ReplayedTurn(message, turn, None if ignored else self._trajectory.read(seen)))
        return Replay(conversation, tuple(replayed))

    def _turn(self, message: LabelledMessage) -> Turn:
        failed = message.failed_lookups or 0
        if message.button is not None:
            return Turn(intent=message.button, confidence=1.0, failed_lookups=failed,
                        lookup_succeeded=message.failed_lookups == 0, handed_back=message.handed_back,
                        is_answer=message.button in self._settings.answer_intents)
        parse = self._parse(message.text)
        best = parse.get("intent") or {}
        intent = full_intent(best) or None
        is_fallback = intent in self._settings.fallback_intents
        guess, sure = best_guess(parse, self._settings) if is_fallback else (None, 0.0)
        return Turn(
            text=message.text,
            sentiment=parse.get("sentiment"),
            intent=intent,
            confidence=float(best.get("confidence") or 0.0),
            guess=guess,
            guess_confidence=sure,
            unknown_words=share_of_unknown_words(message.text),
            is_fallback=is_fallback,
            # What was looked up is what the bot had asked for.
            is_answer=message.failed_lookups is not None or intent in self._settings.answer_intents,
            failed_lookups=failed,
            lookup_succeeded=message.failed_lookups == 0,
            subjects=frozenset(str(entity.get("value")).lower() for entity in parse.get("entities") or ()
                               if entity.get("entity") in self._settings.subject_entities),
            handed_back=message.handed_back,
        )

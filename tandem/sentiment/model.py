"""What the mood over a conversation is made of: the turns that go in, the reading that comes out."""
from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]

IMMEDIATE = "immediate"
FACTS_FIRST = "facts_first"

CALM, GLAD, UPSET, ANGRY = "calm", "glad", "upset", "angry"
MOODS = (CALM, GLAD, UPSET, ANGRY)


@dataclass(frozen=True)
class Turn:
    """One message of the customer, as read.

    `sentiment` is the `sentiment` of the parse contract; None where there is nothing to feel, as for a pressed button.
    """

    text: str = ""
    sentiment: Mapping[str, Any] | None = None
    intent: str | None = None
    confidence: float = 0.0  # of the intent, 0..1
    is_fallback: bool = False
    is_answer: bool = False  # only gives what the bot asked for
    failed_lookups: int = 0  # how many lookups failed in this turn
    lookup_succeeded: bool = False  # one succeeded: earlier failures are over
    subjects: frozenset[str] = frozenset()  # what it asks about, such as an order number
    handed_back: bool = False  # the first message after a person handed back to the bot
    embedding: Vectors | None = None  # of unit length
    guess: str | None = None  # the likeliest intent of a message that was not understood
    guess_confidence: float = 0.0  # of the guess, 0..1
    unknown_words: float = 0.0  # the share of its words that are none, 0..1

    @property
    def frustration(self) -> float:
        """Return a share 0..1; 0 where nothing is known."""
        return _share(self.sentiment, "frustration")

    @property
    def urgency(self) -> float:
        """Return a share 0..1; 0 where nothing is known."""
        return _share(self.sentiment, "urgency")

    @property
    def emotion(self) -> str:
        """Return the emotion's name; "neutral" where nothing is known."""
        return str((self.sentiment or {}).get("emotion") or "neutral")


@dataclass(frozen=True)
class Signal:
    """A reason to bring in a person: its strength 0..1, what it saw, and a short reason for the agent."""

    name: str
    value: float
    detail: str
    reason: str


@dataclass(frozen=True)
class TurnReading:
    """One message in its place: what it feels alone, what has built up, and the score, which is shown; all 0..1."""

    level: float
    accumulated: float
    score: float


@dataclass(frozen=True)
class Reading:
    """A conversation, read up to its latest message.

    `turns` are the readings of the messages looked at; the first of them is number `start` of those given.
    `turning_point` is the number, among those given, of the message with which the mood turned; None if it did not.
    """

    start: int
    turns: tuple[TurnReading, ...]
    turning_point: int | None
    signals: tuple[Signal, ...]
    mood: str  # calm, glad, upset or angry: how to word the reply
    level: str | None  # IMMEDIATE, FACTS_FIRST, or None: no person is needed
    urgency: float  # 0..1, orders the agents' queue

    @property
    def score(self) -> float:
        """Return the score after the latest message, 0..1."""
        return self.turns[-1].score if self.turns else 0.0

    @property
    def trigger(self) -> str | None:
        """Return the name of the strongest signal."""
        return self.signals[0].name if self.signals else None

    @property
    def reason(self) -> str:
        """Return the strongest signal in words for the agent; empty if none fired."""
        return self.signals[0].reason if self.signals else ""


def _share(sentiment: Mapping[str, Any] | None, key: str) -> float:
    value = (sentiment or {}).get(key, 0.0)
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        return 0.0
    return float(min(1.0, max(0.0, value)))

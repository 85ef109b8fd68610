"""What the models say of sentences they have not seen: cross-validation with the pipeline's own parts.

Sentence vectors are computed once and kept by the encoder's cache, so that a fold costs seconds instead of a training.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from tandem.evaluation.examples import Example, MoodExample, fold_of
from tandem.nlu.models.embedding import CACHE_SIZE, encode
from tandem.nlu.models.intent_model import IntentModel
from tandem.nlu.models.mood_model import MoodModel, MoodPrediction

FOLDS = 5


class Ranker(Protocol):
    """A trained intent classifier."""

    def rank(self, texts: Sequence[str]) -> list[list[tuple[str, float]]]:
        """Rank all intents of each text, read without misspellings and refusals, with their confidence, best first."""


@dataclass(frozen=True)
class IntentReading:
    """A held-out example and what a model that never saw it says: intents with confidence 0..1, best first."""

    example: Example
    ranking: tuple[tuple[str, float], ...]
    fold: int

    @property
    def best(self) -> str:
        """Return the likeliest intent."""
        return self.ranking[0][0]

    @property
    def confidence(self) -> float:
        """Return how sure the model is of it, 0..1."""
        return self.ranking[0][1]

    @property
    def is_right(self) -> bool:
        """Check whether it is the intent under which the example stands."""
        return self.best == self.example.label


@dataclass(frozen=True)
class MoodReading:
    """A held-out message and the mood read by a model that never saw it."""

    example: MoodExample
    mood: MoodPrediction
    fold: int


def read_intents_held_out(
    examples: Sequence[Example], folds: Sequence[int] = tuple(range(FOLDS)),
    train: Callable[[Sequence[str], Sequence[str]], Ranker] = IntentModel.train,
) -> Iterator[IntentReading]:
    """Read the examples of the given folds, each by a model trained on all other folds."""
    if len(examples) <= CACHE_SIZE:
        encode([example.text for example in examples])  # in one go: batches are faster
    fold = [fold_of(example.text, FOLDS) for example in examples]
    for number in folds:
        known = [example for example, at in zip(examples, fold) if at != number]
        unseen = [example for example, at in zip(examples, fold) if at == number]
        if not known or not unseen:
            continue
        model = train([example.text for example in known], [example.label for example in known])
        for example, ranking in zip(unseen, model.rank([example.text for example in unseen])):
            yield IntentReading(example, tuple(ranking), number)


def read_moods_held_out(examples: Sequence[MoodExample], *, by_file: bool) -> Iterator[MoodReading]:
    """Read every message by a model trained on other messages.

    Args:
        by_file: Hold out whole files. Messages of one file were written in one go and resemble each other, so this
            tells better how strangers' messages are read; without it, disputes over single labels come out sharper.
    """
    files = sorted({example.place.file for example in examples})
    fold = [files.index(example.place.file) % FOLDS if by_file else fold_of(example.labelled.text, FOLDS)
            for example in examples]
    for number in sorted(set(fold)):
        known = [example.labelled for example, at in zip(examples, fold) if at != number]
        unseen = [example for example, at in zip(examples, fold) if at == number]
        if not known:
            continue
        for example, mood in zip(unseen, MoodModel.train(known).read([item.labelled.text for item in unseen])):
            yield MoodReading(example, mood, number)

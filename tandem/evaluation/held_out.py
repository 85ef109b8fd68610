"""What the models say of sentences they have not seen: cross-validation with the pipeline's own parts.

Sentence vectors are computed once and kept by the encoder's cache, so that a fold costs seconds instead of a training.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tandem.evaluation.examples import Example, MoodExample, fold_of
from tandem.nlu.dialogues import DialogueTurn
from tandem.nlu.models.archives import unpacked
from tandem.nlu.models.context import Topics
from tandem.nlu.models.intent_model import MODEL_FILE, Examples, IntentModel
from tandem.nlu.models.mood_model import MoodModel, MoodPrediction
from tandem.nlu.models.order_mask import masked
from tandem.nlu.models.vector_file import read_ahead

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
    read_ahead([example.text for example in examples], "intents", _say_nothing)
    fold = [fold_of(example.text, FOLDS) for example in examples]
    for number in folds:
        known = [example for example, at in zip(examples, fold) if at != number]
        unseen = [example for example, at in zip(examples, fold) if at == number]
        if not known or not unseen:
            continue
        model = train([example.text for example in known], [example.label for example in known])
        for example, ranking in zip(unseen, model.rank([example.text for example in unseen])):
            yield IntentReading(example, tuple(ranking), number)


@dataclass(frozen=True)
class DialogueReading:
    """A turn of a dialogue, and the three likeliest intents by a model that has not seen the dialogue."""

    turn: DialogueTurn
    likeliest: tuple[str, ...]

    @property
    def is_right(self) -> bool:
        """Tell whether the likeliest intent is the one that the turn is labelled with."""
        return self.likeliest[:1] == (self.turn.intent,)


def read_dialogues_held_out(
    examples: Sequence[Example], turns: Sequence[DialogueTurn], topics: Topics, folds: int = FOLDS,
) -> Iterator[DialogueReading]:
    """Read every turn in its place, by a model trained on all examples and on the dialogues of the other folds."""
    read_ahead([*(example.text for example in examples), *(turn.text for turn in turns)], "intents", _say_nothing)
    alone = Examples.alone([example.text for example in examples], [example.label for example in examples])
    number_of = {name: at % folds for at, name in enumerate(sorted({turn.dialogue for turn in turns}))}
    for fold in range(folds):
        unseen = [turn for turn in turns if number_of[turn.dialogue] == fold]
        if not unseen:
            continue
        known = [turn for turn in turns if number_of[turn.dialogue] != fold]
        model = IntentModel.learn(alone + Examples(
            [turn.text for turn in known], [turn.intent for turn in known], [turn.context for turn in known],
            [turn.dialogue for turn in known]), topics)
        for turn in unseen:
            yield DialogueReading(turn, tuple(intent for intent, _ in model.read(turn.text, turn.context)[:3]))


def read_dialogues_by(model: Path, turns: Sequence[DialogueTurn]) -> Iterator[DialogueReading]:
    """Read every turn in its place, by a trained model; nothing if it has no intent classifier."""
    with unpacked(model, MODEL_FILE) as file:
        reader = IntentModel.load(file) if file else None
    if reader is not None:
        for turn in turns:
            read = reader.read(masked(turn.text), turn.context)
            yield DialogueReading(turn, tuple(intent for intent, _ in read[:3]))


def read_moods_held_out(examples: Sequence[MoodExample], *, by_file: bool) -> Iterator[MoodReading]:
    """Read every message by a model trained on other messages.

    Args:
        by_file: Hold out whole files. Messages of one file were written in one go and resemble each other, so this
            tells better how strangers' messages are read; without it, disputes over single labels come out sharper.
    """
    read_ahead([example.labelled.text for example in examples], "moods", _say_nothing)
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


def _say_nothing(_line: str) -> None:
    """Take progress and leave it: whoever evaluates says what is being done."""

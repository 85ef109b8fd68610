"""All checks of the training data, in one go."""
from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from tandem.evaluation import doubtful_labels, duplicates
from tandem.evaluation.examples import CONVERSATIONS, Example, Place, read_intents, read_moods, read_test_sentences
from tandem.evaluation.findings import Finding
from tandem.evaluation.held_out import read_intents_held_out, read_moods_held_out
from tandem.evaluation.labelled_conversations import load
from tandem.nlu.dialogues import FOLDER, read_dialogues
from tandem.nlu.models.context import Topics
from tandem.nlu.models.embedding import encode, use
from tandem.nlu.models.encoders import configured, trainable

logger = logging.getLogger(__name__)


def lint(root: Path, against: Sequence[Path] = (), *, fast: bool = False) -> list[Finding]:
    """Check `data/nlu`, `data/dialogues` and `data/mood` of the project in `root`.

    Args:
        root: The project.
        against: CSV files of test sentences; those of `tests/conversations` are always looked for.
        fast: Only what needs no sentence vectors and no training.

    Raises:
        DataFileError, DialogueFileError, MoodDataError, ConversationFileError: A file cannot be read.
    """
    tests = [*_conversations(root), *(sentence for path in against for sentence in read_test_sentences(path))]
    intents = read_intents(root / "data" / "nlu", root)
    moods = read_moods(root / "data" / "mood", root)
    turns = _dialogues(root)
    learnt = [*intents, *turns, *(Example(mood.labelled.text, mood.labelled.emotion, mood.place) for mood in moods)]
    findings = [
        *duplicates.exact_duplicates(intents), *doubtful_labels.thin_intents(intents), *duplicates.leaks(learnt, tests),
        *doubtful_labels.mood_duplicates(moods), *doubtful_labels.unknown_intents(turns, intents),
    ]
    if not fast:
        use(trainable(configured(root / "config.yml"), logger.warning))
        findings += duplicates.near_duplicates(intents, encode)
        findings += doubtful_labels.disputed_intents(read_intents_held_out(intents))
        findings += duplicates.near_leaks(learnt, tests, encode)
        findings += doubtful_labels.disputed_moods(read_moods_held_out(moods, by_file=False))
    return findings


def _dialogues(root: Path) -> list[Example]:
    return [Example(turn.text, turn.intent, Place(turn.dialogue.partition(": ")[0], turn.line))
            for turn in read_dialogues(root / FOLDER, Topics.of({}))]


def _conversations(root: Path) -> list[Example]:
    folder = root / CONVERSATIONS
    return [
        Example(message.text, "", Place(f"{CONVERSATIONS.as_posix()} ({conversation.name})", number))
        for conversation in (load(folder) if folder.is_dir() else ())
        for number, message in enumerate(conversation.messages, 1) if message.text
    ]

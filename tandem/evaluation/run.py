"""One evaluation from data and model to figures."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from tandem.evaluation.escalation_report import EscalationReport, report_escalation
from tandem.evaluation.examples import CONVERSATIONS, Example, fold_of, read_intents, read_moods
from tandem.evaluation.figures import Figure, measure
from tandem.evaluation.held_out import (
    DialogueReading,
    read_dialogues_by,
    read_dialogues_held_out,
    read_intents_held_out,
    read_moods_held_out,
)
from tandem.evaluation.intent_report import Fallback, IntentReport, report_intents
from tandem.evaluation.labelled_conversations import load
from tandem.evaluation.mood_report import MoodReport, report_moods
from tandem.evaluation.parser import ModelParser
from tandem.evaluation.replay import Replayer
from tandem.nlu.dialogues import FOLDER, read_dialogues
from tandem.nlu.models.context import Topics
from tandem.nlu.models.embedding import encode
from tandem.sentiment.settings import EscalationSettings

_QUICK_FOLD = 0
HELD_OUT = Path("tests") / "dialogues_held_out"
_WHOSE = {"dialogues": "a dialogue", "others_dialogues": "a dialogue that is never learnt from"}


@dataclass(frozen=True)
class Evaluation:
    """What was measured; `intents` and `moods` are None after a quick evaluation."""

    escalation: EscalationReport
    intents: IntentReport | None
    moods: MoodReport | None
    quick: Figure
    dialogues: tuple[Figure, ...] = ()  # after a quick evaluation those that nothing is learnt from

    @property
    def figures(self) -> list[Figure]:
        """Return all figures, in the order in which they are shown."""
        found = [*(self.intents.figures if self.intents else ()), *(self.moods.figures if self.moods else ())]
        return [*found, *self.dialogues, *self.escalation.figures, self.quick]


def evaluate(root: Path, model: Path, settings: EscalationSettings, say: Callable[[str], None], *,
             quick: bool = False) -> Evaluation:
    """Measure the project in `root`.

    Args:
        model: The trained model, for the conversations.
        settings: When the policy brings in a person.
        say: Told what is being done.
        quick: Conversations and one held-out fold of a part of the examples only.

    Raises:
        DataFileError, MoodDataError, ConversationFileError, ModelUnreadable: Something cannot be read.
    """
    say("replaying the labelled conversations")
    parser = ModelParser(model)
    replayer = Replayer(settings, parser, encode)
    escalation = report_escalation([replayer.replay(conversation) for conversation in load(root / CONVERSATIONS)])
    parser.close()
    say("reading a held-out fold of the examples")
    examples = read_intents(root / "data" / "nlu", root)
    sample = quick_sample(examples)
    readings = list(read_intents_held_out(sample, [_QUICK_FOLD]))
    figure = measure("quick.accuracy", "Intents read right, one fold of half the examples",
                     lambda rows: sum(readings[row].is_right for row in rows) / len(rows), len(readings))
    topics = read_topics(root / "config.yml")
    others = measure_dialogues(
        list(read_dialogues_by(model, read_dialogues(root / HELD_OUT, topics))), "others_dialogues")
    if quick:
        return Evaluation(escalation, None, None, figure, others)
    say("cross-validating the intents")
    intents = report_intents(list(read_intents_held_out(examples)), read_fallback(root / "config.yml"))
    say("cross-validating the dialogues")
    dialogues = measure_dialogues(list(read_dialogues_held_out(
        examples, read_dialogues(root / FOLDER, topics), topics)))
    say("cross-validating the moods")
    moods = read_moods(root / "data" / "mood", root)
    return Evaluation(escalation, intents, report_moods(list(read_moods_held_out(moods, by_file=True))), figure,
                      (*dialogues, *others))


def measure_dialogues(readings: Sequence[DialogueReading], key: str = "dialogues") -> tuple[Figure, ...]:
    """Measure how often messages in the middle of a dialogue are read right; none if there are no dialogues."""
    later = [reading for reading in readings if not reading.turn.context.empty]
    if not later:
        return ()
    among = [reading.turn.intent in reading.likeliest for reading in later]
    return (
        measure(f"{key}.accuracy", f"Messages in the middle of {_WHOSE[key]} read right",
                lambda rows: sum(later[row].is_right for row in rows) / len(rows), len(later)),
        measure(f"{key}.among_three", "the right intent among the three likeliest",
                lambda rows: sum(among[row] for row in rows) / len(rows), len(later)),
    )


def read_topics(config: Path) -> Topics:
    """Return the topics of the intents, as config.yml has them."""
    for component in (yaml.safe_load(config.read_text(encoding="utf-8")) or {}).get("pipeline") or ():
        if str(component.get("name", "")).endswith("KernelIntentClassifier"):
            return Topics.of(component.get("topics") or {})
    return Topics.of({})


def quick_sample(examples: list[Example]) -> list[Example]:
    """Take half of the examples, always the same: what a minute is enough for."""
    return [example for example in examples if fold_of(example.text[::-1], 2) == 0]


def read_fallback(config: Path) -> Fallback:
    """Return the thresholds of the FallbackClassifier in config.yml; none if there is no such component."""
    for component in (yaml.safe_load(config.read_text(encoding="utf-8")) or {}).get("pipeline") or ():
        if str(component.get("name", "")).endswith("FallbackClassifier"):
            return Fallback(float(component.get("threshold", 0.3)), float(component.get("ambiguity_threshold", 0.1)))
    return Fallback(0.0, 0.0)

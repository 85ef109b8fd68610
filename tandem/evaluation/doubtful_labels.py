"""Labels that the rest speaks against: thin intents, and what models trained without an example say of it."""
from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from tandem.evaluation.examples import Example, MoodExample
from tandem.evaluation.findings import ERROR, WARNING, Finding, QuotedExample
from tandem.evaluation.held_out import IntentReading, MoodReading

THIN = 40  # examples below which an intent is hard to learn
THIN_ANSWER = 5  # the same for one small answer among many
SURE = 0.75  # confidence from which another intent disputes a label
CALM, UPSET = 0.08, 0.92  # readings of frustration that dispute the opposite label
_APART = 2  # steps of frustration, of 4, between two copies of one message


def thin_intents(examples: Sequence[Example], least: int = THIN) -> list[Finding]:
    """Find intents with fewer than `least` examples: errors. A small answer (`topic/answer`) needs `THIN_ANSWER`."""
    counts = Counter(example.label for example in examples)
    first = {example.label: example for example in reversed(examples)}
    return [
        Finding(ERROR, "thin", f"{label} has {count} examples; {wanted} are wanted", (QuotedExample.of(first[label]),),
                wanted - count)
        for label, count in counts.items() if count < (wanted := min(least, THIN_ANSWER) if "/" in label else least)
    ]


def unknown_intents(turns: Sequence[Example], examples: Sequence[Example]) -> list[Finding]:
    """Find turns of dialogues whose intent has no examples in `data/nlu`: errors."""
    known = {example.label for example in examples}
    return [Finding(ERROR, "unknown", f"{turn.label} has no examples", (QuotedExample.of(turn),))
            for turn in turns if turn.label not in known]


def disputed_intents(readings: Iterable[IntentReading], sure: float = SURE) -> list[Finding]:
    """Find examples that a model which never saw them confidently gives another intent."""
    return [
        Finding(WARNING, "disputed", f"{reading.example.label} reads as {reading.best} ({reading.confidence:.2f})",
                (QuotedExample.of(reading.example),), reading.confidence)
        for reading in readings if not reading.is_right and reading.confidence >= sure
    ]


def disputed_moods(readings: Iterable[MoodReading]) -> list[Finding]:
    """Find messages labelled calm that read as plainly upset, or labelled strongly upset that read as calm."""
    findings = []
    for reading in readings:
        labelled, read = reading.example.labelled, reading.mood.frustration
        if (labelled.frustration <= 1 and read >= UPSET) or (labelled.frustration >= 3 and read <= CALM):
            gap = abs(read - labelled.upset)
            findings.append(Finding(WARNING, "mood", f"reads as {reading.mood.emotion}, frustration {read:.2f}",
                                    (_said(reading.example),), gap))
    return findings


def mood_duplicates(examples: Sequence[MoodExample]) -> list[Finding]:
    """Find messages with two moods; capitals and punctuation may change a mood."""
    groups: dict[str, list[MoodExample]] = defaultdict(list)
    for example in examples:
        groups[example.labelled.text].append(example)
    findings = []
    for same in groups.values():
        scores = [example.labelled.frustration for example in same]
        if max(scores) - min(scores) >= _APART:
            findings.append(Finding(WARNING, "mood", "one message with two moods", tuple(map(_said, same)), 1.0))
    return findings


def _said(example: MoodExample) -> QuotedExample:
    labelled = example.labelled
    return QuotedExample(example.place, f"{labelled.emotion} {labelled.frustration}", labelled.text)

"""The checks of the training data, on small made-up data; and the cheap ones on the project's own."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tandem.evaluation import doubtful_labels, duplicates
from tandem.evaluation.examples import (
    DataFileError,
    Example,
    MoodExample,
    Place,
    fold_of,
    read_intents,
    read_moods,
    read_test_sentences,
)
from tandem.evaluation.findings import ERROR, WARNING, Finding, in_order, render
from tandem.evaluation.held_out import IntentReading, MoodReading, read_intents_held_out
from tandem.evaluation.lint import lint
from tandem.nlu.models.mood_data import LabelledMood
from tandem.nlu.models.mood_model import MoodPrediction

ROOT = Path(__file__).parents[3]


def example(text: str, label: str = "greet", line: int = 1) -> Example:
    return Example(text, label, Place("nlu.yml", line))


def bag(texts: Sequence[str]) -> np.ndarray:
    """Vectors of unit length over the letters of a text, in place of an encoder."""
    rows = np.array([[text.lower().count(letter) for letter in "abcdefghijklmnopqrstuvwxyz"] for text in texts], float)
    return (rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)).astype(np.float32)


def test_a_turn_of_a_dialogue_whose_intent_nobody_learns_is_an_error() -> None:
    turns = [example("hello"), example("and free?", "returns/whopays")]
    found = doubtful_labels.unknown_intents(turns, [example("hi")])
    assert [(one.level, one.lines[0].label) for one in found] == [(ERROR, "returns/whopays")]


# -- reading --------------------------------------------------------------------------------------------------------


def test_examples_are_read_with_their_lines_and_without_markup(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(
        'version: "3.1"\nnlu:\n- intent: order_status\n  examples: |\n    - where is [TD-1](order_number)\n\n'
        '    - and [that]{"entity": "thing"} one\n- regex: x\n  examples: |\n    - \\d+\n', encoding="utf-8")
    found = read_intents(tmp_path, tmp_path)
    assert [(item.text, item.label, str(item.place)) for item in found] == [
        ("where is TD-1", "order_status", "a.yml:5"), ("and that one", "order_status", "a.yml:7"),
    ]


def test_every_line_of_our_own_data_is_where_it_is_said_to_be() -> None:
    files = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8").splitlines()
             for path in (ROOT / "data").rglob("*") if path.suffix in {".yml", ".tsv"}}
    for item in read_intents(ROOT / "data" / "nlu", ROOT):
        assert item.text[:8] in files[item.place.file][item.place.line - 1] or "[" in files[item.place.file][
            item.place.line - 1]
    for mood in read_moods(ROOT / "data" / "mood", ROOT):
        assert files[mood.place.file][mood.place.line - 1].startswith(mood.labelled.text)


def test_test_sentences_are_found_by_their_column(tmp_path: Path) -> None:
    file = tmp_path / "test.csv"
    file.write_text("label,sentence\nx,\"hello, you\"\ny,\nz,bye\n", encoding="utf-8")
    assert [(item.text, item.place.line) for item in read_test_sentences(file)] == [("hello, you", 2), ("bye", 4)]


def test_a_missing_test_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match=r"none\.csv"):
        read_test_sentences(tmp_path / "none.csv")


def test_a_sentence_keeps_its_fold_whatever_its_case() -> None:
    assert fold_of("Where is it?", 5) == fold_of("where is it", 5)
    assert {fold_of(f"sentence {number}", 5) for number in range(100)} == set(range(5))


# -- duplicates -----------------------------------------------------------------------------------------------------


def test_the_same_sentence_under_two_intents_is_an_error_naming_both_lines() -> None:
    found = duplicates.exact_duplicates(
        [example("Stop!", "never_mind", 3), example("stop", "unsubscribe", 9), example("go", "x")])
    assert [(item.level, [str(line.place) for line in item.lines]) for item in found] == [
        (ERROR, ["nlu.yml:3", "nlu.yml:9"])]


def test_case_and_punctuation_within_an_intent_are_variety_but_a_copy_is_not() -> None:
    assert duplicates.exact_duplicates([example("stop"), example("STOP!")]) == []
    assert [item.level for item in duplicates.exact_duplicates([example("stop"), example("stop")])] == [WARNING]


def test_emoji_are_not_all_the_same_sentence() -> None:
    assert duplicates.exact_duplicates([example("👍", "affirm"), example("👎", "deny")]) == []


def test_near_duplicates_are_told_once_and_only_across_intents() -> None:
    found = duplicates.near_duplicates(
        [example("swap the colour", "a"), example("swap the colours", "b"), example("swap that colour", "a"),
         example("quiz", "b")], bag, near=0.97)
    assert [{line.text for line in item.lines} for item in found] == [{"swap the colour", "swap the colours"}]


def test_a_leaked_sentence_is_an_error_unless_anybody_might_type_it() -> None:
    learnt = [example("where on earth is my green lamp"), example("thanks")]
    tests = [Example("where on earth is my green lamp?", "", Place("t.csv", 2)),
             Example("Thanks!", "", Place("t.csv", 3)),
             Example("quite another thing altogether", "", Place("t.csv", 4))]
    assert [item.level for item in duplicates.leaks(learnt, tests)] == [ERROR, WARNING]


def test_a_near_leak_names_the_nearest_example() -> None:
    learnt = [example("where on earth is my green lamp", line=1), example("where on earth is my green lamps", line=2)]
    asked = Example("where on earth is my green lampss", "", Place("t.csv", 2))
    (found,) = duplicates.near_leaks(learnt, [asked], bag, near=0.9)
    assert found.level == WARNING and found.lines[1].place.line == 2
    assert duplicates.near_leaks([], [], bag) == []


# -- disputes -------------------------------------------------------------------------------------------------------


def test_a_thin_intent_is_an_error() -> None:
    rich = [example(str(n), "rich") for n in range(5)]
    found = doubtful_labels.thin_intents([*rich, example("x", "poor", 7)], least=3)
    assert [(item.level, item.lines[0].label, item.lines[0].place.line) for item in found] == [(ERROR, "poor", 7)]


def test_only_a_confident_other_intent_is_a_dispute() -> None:
    readings = [IntentReading(example("a"), (("thanks", 0.9), ("greet", 0.1)), 0),
                IntentReading(example("b"), (("thanks", 0.5),), 0), IntentReading(example("c"), (("greet", 0.99),), 0)]
    assert [item.lines[0].text for item in doubtful_labels.disputed_intents(readings, sure=0.75)] == ["a"]


def mood_reading(label: int, read: float) -> MoodReading:
    labelled = LabelledMood("text", "frustrated" if label else "neutral", label, 0, "m.tsv")
    return MoodReading(MoodExample(labelled, Place("m.tsv", 2)), MoodPrediction("neutral", 1, 0, "neutral", read, 0), 0)


@pytest.mark.parametrize(("label", "read", "count"), [(0, 0.97, 1), (4, 0.02, 1), (2, 0.02, 0), (1, 0.6, 0)])
def test_a_mood_is_disputed_by_an_opposite_reading(label: int, read: float, count: int) -> None:
    assert len(doubtful_labels.disputed_moods([mood_reading(label, read)])) == count


def test_one_message_with_two_moods_is_told() -> None:
    rows = [MoodExample(LabelledMood("same", "neutral", score, 0, "m.tsv"), Place("m.tsv", score)) for score in (0, 2)]
    assert len(doubtful_labels.mood_duplicates(rows)) == 1
    assert doubtful_labels.mood_duplicates(rows[:1]) == []


def test_no_example_is_read_by_a_model_that_saw_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tandem.evaluation.held_out.read_ahead", lambda *_: None)
    examples = [example(f"number {n}", "even" if n % 2 == 0 else "odd") for n in range(40)]

    class Memory:
        def __init__(self, texts: Sequence[str]) -> None:
            self.texts = set(texts)

        def rank(self, texts: Sequence[str]) -> list[list[tuple[str, float]]]:
            assert not self.texts & set(texts)
            return [[("even", 0.5)] for _ in texts]

    readings = list(read_intents_held_out(examples, train=lambda texts, labels: Memory(texts)))
    assert {reading.example.text for reading in readings} == {item.text for item in examples}


# -- findings -------------------------------------------------------------------------------------------------------


def test_errors_come_first_and_are_counted() -> None:
    findings = [Finding(WARNING, "leak", "w"), Finding(ERROR, "thin", "e")]
    assert [item.level for item in in_order(findings)] == [ERROR, WARNING]
    assert render(findings).splitlines()[-1] == "1 error, 1 warnings"


def test_our_own_data_has_no_errors() -> None:
    """Exact duplicates across intents, thin intents, and sentences of tests/conversations that are trained on."""
    errors = [item for item in lint(ROOT, fast=True) if item.level == ERROR]
    assert not errors, render(errors)

"""The arithmetic of the evaluation: figures, noise, curves, comparison with the baseline, and the page."""
from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from tandem.evaluation import baseline, page
from tandem.evaluation.baseline import BaselineError, Change, compare
from tandem.evaluation.charts import trajectory_chart
from tandem.evaluation.escalation_report import report_escalation
from tandem.evaluation.examples import Example, MoodExample, Place
from tandem.evaluation.figures import (
    Figure,
    auroc,
    calibration_error,
    label_scores,
    macro_f1,
    measure,
    rank_correlation,
    reliability,
)
from tandem.evaluation.held_out import IntentReading, MoodReading
from tandem.evaluation.intent_report import FALLBACK, Fallback, confusions, histogram, report_intents
from tandem.evaluation.labelled_conversations import LabelledConversation, LabelledMessage
from tandem.evaluation.mood_report import report_moods
from tandem.evaluation.replay import Replay, Replayer
from tandem.evaluation.run import Evaluation, read_fallback
from tandem.nlu.models.mood_data import LabelledMood
from tandem.nlu.models.mood_model import MoodPrediction
from tandem.sentiment.settings import EscalationSettings

SETTINGS = EscalationSettings()


# -- figures --------------------------------------------------------------------------------------------------------


def test_precision_recall_and_f1_of_a_label() -> None:
    scores = {score.label: score for score in label_scores(["a", "a", "a", "b"], ["a", "a", "b", "b"])}
    assert (scores["a"].precision, scores["a"].recall) == (1.0, pytest.approx(2 / 3))
    assert (scores["b"].precision, scores["b"].recall, scores["b"].count) == (0.5, 1.0, 1)
    assert macro_f1(["a", "a", "a", "b"], ["a", "a", "b", "b"]) == pytest.approx((0.8 + 2 / 3) / 2)


def test_a_label_that_is_never_read_has_no_f1() -> None:
    assert label_scores(["a", "b"], ["b", "b"])[0].f1 == 0.0


def test_perfect_confidence_has_no_calibration_error() -> None:
    sure, right = [0.75] * 4, [True, True, True, False]
    assert calibration_error(sure, right) == pytest.approx(0.0)
    assert calibration_error([1.0] * 4, right) == pytest.approx(0.25)


def test_reliability_puts_full_confidence_into_the_last_bin() -> None:
    (low, high) = reliability([0.05, 1.0], [False, True])
    assert (low.low, low.right, high.high, high.right) == (0.0, 0.0, 1.0, 1.0)


def test_auroc_counts_ties_half_and_needs_both_kinds() -> None:
    assert auroc([0.9, 0.8, 0.1], [True, True, False]) == 1.0
    assert auroc([0.5, 0.5], [True, False]) == 0.5
    assert math.isnan(auroc([0.5], [True]))


def test_rank_correlation_is_of_ranks() -> None:
    assert rank_correlation([1, 2, 300], [1, 2, 3]) == pytest.approx(1.0)
    assert math.isnan(rank_correlation([1, 1], [1, 2]))


def test_noise_shrinks_with_the_count_and_is_the_same_every_time() -> None:
    def share(count: int) -> Figure:
        return measure("x", "x", lambda rows: float((rows % 2 == 0).mean()), count)

    assert share(50).noise == share(50).noise
    assert share(50).noise == pytest.approx(1.96 * 0.5 / math.sqrt(50), rel=0.2)
    assert share(5000).noise < share(50).noise / 5
    assert math.isnan(share(0).value)


# -- the baseline ---------------------------------------------------------------------------------------------------


def figure(value: float, more_is_better: bool = True) -> Figure:
    return Figure("x", "X", value, 0.02, 100, more_is_better)


@pytest.mark.parametrize(("value", "more", "worse", "better"), [
    (0.79, True, False, False), (0.76, True, True, False), (0.84, True, False, True),
    (0.84, False, True, False), (0.76, False, False, True), (float("nan"), True, True, False),
])
def test_only_a_change_beyond_the_noise_counts(value: float, more: bool, worse: bool, better: bool) -> None:
    (change,) = compare([figure(value, more)], {"x": (0.8, 0.03)})
    assert (change.is_worse, change.is_better) == (worse, better)


def test_a_new_figure_is_neither_better_nor_worse() -> None:
    (change,) = compare([figure(0.1)], {})
    assert (change.before, change.is_worse, change.is_better, change.difference) == (None, False, False, 0.0)


def test_a_baseline_is_read_as_it_was_written(tmp_path: Path) -> None:
    baseline.write(tmp_path / "b.json", [figure(0.81239)])
    assert baseline.read(tmp_path / "b.json") == {"x": (0.8124, 0.02)}
    assert baseline.read(tmp_path / "none.json") == {}


def test_a_damaged_baseline_names_the_fix(tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text("[]", encoding="utf-8")
    with pytest.raises(BaselineError, match="--baseline"):
        baseline.read(tmp_path / "b.json")


# -- intents and moods ----------------------------------------------------------------------------------------------


def reading(label: str, *ranking: tuple[str, float], text: str = "text") -> IntentReading:
    return IntentReading(Example(text, label, Place("f.yml", 1)), ranking, 0)


READINGS = [
    reading("a", ("a", 0.9), ("b", 0.1)), reading("a", ("b", 0.8), ("a", 0.2), text="<b>sure</b>"),
    reading("a", ("b", 0.4), ("a", 0.2), text="less"), reading("b", ("b", 0.7), ("a", 0.1)),
    reading("out_of_scope", ("out_of_scope", 0.6), ("a", 0.1)), reading("out_of_scope", ("a", 0.2), ("b", 0.1)),
]
FALL = Fallback(0.3, 0.05)


def test_an_unsure_or_ambiguous_reading_falls_back() -> None:
    assert FALL.decide(READINGS[0]) == "a"
    assert FALL.decide(reading("a", ("a", 0.29))) == FALLBACK
    assert FALL.decide(reading("a", ("a", 0.5), ("b", 0.46))) == FALLBACK


def test_confusions_are_told_with_their_surest_sentences_first() -> None:
    first = confusions(READINGS)[0]
    assert (first.label, first.read, first.count) == ("a", "b", 2)
    assert [item.example.text for item in first.readings] == ["<b>sure</b>", "less"]


def test_the_intents_figures() -> None:
    found = {item.key: item.value for item in report_intents(READINGS, FALL).figures}
    assert found["intents.accuracy"] == pytest.approx(3 / 6)
    assert found["intents.in_scope_accuracy"] == pytest.approx(2 / 4)
    assert found["intents.answered_right"] == pytest.approx(2 / 4)
    assert found["out_of_scope.recall"] == 1.0  # one by its intent, one by the threshold
    assert found["in_scope.answered"] == 1.0
    assert found["out_of_scope.auroc"] == 1.0


def test_the_histogram_counts_right_and_wrong() -> None:
    assert histogram([0.04, 0.06, 0.99, 1.0], [True, False, True, True], bins=10) == (
        (1, 1), *[(0, 0)] * 8, (2, 0))


def test_the_moods_figures() -> None:
    def felt(label: int, read: float, emotion: str = "angry") -> MoodReading:
        row = LabelledMood("text", "angry" if label else "neutral", label, label // 2, "m.tsv")
        mood = MoodPrediction("neutral", 1, 0, emotion, read, label / 4)
        return MoodReading(MoodExample(row, Place("m.tsv", 2)), mood, 0)

    report = report_moods([felt(0, 0.1, "neutral"), felt(2, 0.8), felt(3, 0.82), felt(0, 0.79), felt(4, 0.99)])
    found = {item.key: item.value for item in report.figures}
    assert found["mood.upset_at_0.8"] == pytest.approx(2 / 3)
    assert found["mood.upset_auroc"] == 1.0
    assert 0.9 < found["mood.frustration"] < 1.0
    assert report.worst[0].mood.frustration == 0.79


def test_the_fallback_is_read_from_the_configuration(tmp_path: Path) -> None:
    config = tmp_path / "config.yml"
    config.write_text("pipeline:\n- name: FallbackClassifier\n  threshold: 0.4\n  ambiguity_threshold: 0.02\n",
                      encoding="utf-8")
    assert read_fallback(config) == Fallback(0.4, 0.02)
    config.write_text("pipeline: []\n", encoding="utf-8")
    assert read_fallback(config) == Fallback(0.0, 0.0)


# -- escalation -----------------------------------------------------------------------------------------------------


def parse(text: str) -> Mapping[str, Any]:
    """"angry ..." is angry, "agent" asks for one; the rest is a calm question about an order."""
    furious = text.startswith("angry")
    return {
        "intent": {"name": "ask_for_human" if text == "agent" else "order_status", "confidence": 0.9},
        "entities": [{"entity": "order_number", "value": word} for word in text.split() if word.startswith("TD-")],
        "sentiment": {"emotion": "angry" if furious else "neutral", "frustration": 0.95 if furious else 0.05,
                      "urgency": 0.0},
    }


def replay(*texts: str, escalate: tuple[int, int] | None = None, **message: Any) -> Replay:
    messages = tuple(LabelledMessage(text, **message) for text in texts)
    return Replayer(SETTINGS, parse).replay(LabelledConversation("<i>name</i>", messages, escalate))


def test_a_replay_stops_at_the_first_message_that_brings_in_a_person() -> None:
    found = replay("hello", "angry now", "agent", escalate=(2, 2))
    assert (found.escalated_at, found.trigger, found.is_right) == (2, "anger", True)


def test_the_same_question_counts_as_repeated_but_not_about_other_orders() -> None:
    assert replay("where", "where", "where").trigger == "repeated_question"
    assert replay("where TD-1", "where TD-2", "where TD-3").escalated_at is None


def test_a_hand_back_begins_anew_and_buttons_are_no_questions() -> None:
    once = [LabelledMessage("where"), LabelledMessage("where"), LabelledMessage("where", handed_back=True)]
    replayer = Replayer(SETTINGS, parse)
    assert replayer.replay(LabelledConversation("x", tuple(once), None)).escalated_at is None
    buttons = tuple(LabelledMessage(button="order_status") for _ in range(4))
    assert replayer.replay(LabelledConversation("x", buttons, None)).escalated_at is None


def test_what_answers_the_bot_is_no_question_asked_again() -> None:
    assert replay("where", "where", "where", failed_lookups=0).escalated_at is None


def test_messages_that_the_policy_ignores_have_no_reading() -> None:
    replayer = Replayer(SETTINGS, parse)
    found = replayer.replay(LabelledConversation("x", (LabelledMessage(button="restart"),), None))
    assert found.turns[0].reading is None and found.heard == ()


def test_escalation_is_counted_by_need_and_by_time() -> None:
    replays = [
        replay("angry", escalate=(1, 1)),  # right
        replay("hello", "angry", escalate=(1, 1)),  # a person came, but late
        replay("hello", escalate=(1, 1)),  # missed
        replay("angry"),  # not needed
        replay("hello"),  # right
    ]
    report = report_escalation(replays)
    found = {item.key: item.value for item in report.figures}
    assert found["escalation.precision"] == pytest.approx(2 / 3)
    assert found["escalation.recall"] == pytest.approx(2 / 3)
    assert found["escalation.on_time"] == pytest.approx(2 / 5)
    assert report.triggers == (("anger", 2, 1),)
    assert len(report.wrong) == 3


# -- the page -------------------------------------------------------------------------------------------------------


def test_the_page_shows_what_customers_wrote_as_text_and_loads_nothing() -> None:
    measured = Evaluation(
        report_escalation([replay("angry <script>alert(1)</script>")]), report_intents(READINGS, FALL), None,
        figure(0.5),
    )
    changes = [Change(item, None, item.noise) for item in measured.figures]
    html = page.render(measured, changes, SETTINGS, datetime(2026, 1, 2, tzinfo=timezone.utc))
    assert "<script" not in html and "&lt;script&gt;" in html
    assert "<b>sure</b>" not in html and "<i>name</i>" not in html
    assert "http" not in html.replace("http://www.w3.org/2000/svg", "")
    assert "prefers-color-scheme:dark" in html


def test_a_trajectory_names_the_signal_and_marks_the_message() -> None:
    svg = trajectory_chart(replay("hello", "angry"), SETTINGS, alone=True)
    assert "a person: anger" in svg and svg.count('class="alarm"') == 1 and "<style>" in svg

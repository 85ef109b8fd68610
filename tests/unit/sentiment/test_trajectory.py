"""The mood over a conversation: scores, turning point, signals, urgency."""
from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.sentiment.model import FACTS_FIRST, IMMEDIATE
from tandem.sentiment.settings import EscalationSettings
from tandem.sentiment.trajectory import Reading, Trajectory, Turn

SETTINGS = EscalationSettings()


def said(frustration: float, emotion: str = "frustrated", text: str = "words", **rest: Any) -> Turn:
    sentiment = {"name": "negative", "confidence": 0.9, "polarity": -frustration, "emotion": emotion,
                 "frustration": frustration, "urgency": rest.pop("urgency", 0.0)}
    return Turn(text=text, sentiment=sentiment, **{"intent": "complaint", "confidence": 0.9, **rest})


def asked(text: str, intent: str = "order_status", **rest: Any) -> Turn:
    return said(0.05, "neutral", text, intent=intent, **rest)


BUTTON = Turn(text="/order_status", intent="order_status", confidence=1.0)


def read(*turns: Turn, **settings: Any) -> Reading:
    return Trajectory(SETTINGS.copy(update=settings)).read(turns)


def names(reading: Reading) -> list[str]:
    return [signal.name for signal in reading.signals]


# -- one message ----------------------------------------------------------------------------------------------------


def test_an_angry_message_needs_a_person_at_once() -> None:
    reading = read(said(0.8, "angry", "I'm really angry that my item is delayed."))
    assert (reading.trigger, reading.level, reading.mood) == ("anger", IMMEDIATE, "angry")
    assert reading.reason == "Angry: “I'm really angry that my item is delayed.”"


def test_extreme_frustration_is_anger_whatever_the_emotion() -> None:
    reading = read(said(0.9, "frustrated", "I can't go on"))
    assert (reading.trigger, reading.level) == ("anger", IMMEDIATE)
    assert (reading.reason, reading.mood) == ("Upset: “I can't go on”", "upset")
    assert read(said(0.89, "frustrated")).trigger == "distress"


def test_an_upset_message_gets_its_facts_first() -> None:
    reading = read(said(0.8, "disappointed", "I'm really upset that my package hasn't arrived on time."))
    assert (names(reading), reading.level, reading.mood) == (["distress"], FACTS_FIRST, "upset")


def test_a_mildly_disappointed_message_only_changes_the_wording() -> None:
    reading = read(said(0.3, "disappointed"))
    assert (reading.signals, reading.level, reading.mood) == ((), None, "upset")


@pytest.mark.parametrize(("turn", "mood"), [
    (said(0.02, "neutral"), "calm"),
    (said(0.0, "satisfied"), "glad"),
    (said(0.13, "worried"), "upset"),
    (said(0.13, "confused"), "calm"),
    (said(0.3, "confused"), "upset"),
    (said(0.5, "angry"), "upset"),
    (said(0.6, "angry"), "angry"),
])
def test_the_mood_words_the_reply(turn: Turn, mood: str) -> None:
    assert read(turn).mood == mood


@pytest.mark.parametrize("intent", ["ask_for_human", "legal_threat", "safety_hazard", "fraud_report", "bereavement"])
def test_some_intents_always_need_a_person(intent: str) -> None:
    reading = read(asked("please", intent))
    assert (reading.trigger, reading.level) == (f"intent:{intent}", IMMEDIATE)
    assert "intent" not in reading.reason and "_" not in reading.reason


def test_an_intent_that_is_hardly_believed_needs_nobody() -> None:
    assert read(asked("hm", "ask_for_human", confidence=0.34)).level is None
    assert read(asked("hm", "ask_for_human", confidence=0.35)).level == IMMEDIATE


def test_an_own_intent_can_be_added_and_reads_as_words() -> None:
    reading = read(asked("press office", "press_request"), person_intents={"press_request": 0.3})
    assert reading.reason == "Needs a person: press request"


def test_the_strongest_signal_is_the_trigger_and_all_are_kept() -> None:
    reading = read(said(0.97, "angry", intent="legal_threat"))
    assert names(reading) == ["intent:legal_threat", "anger"]


def test_one_immediate_signal_skips_the_facts() -> None:
    assert read(said(0.8, "frustrated", intent="ask_for_human")).level == IMMEDIATE


def test_a_disabled_signal_is_silent() -> None:
    assert read(said(0.9, "angry"), disabled_signals=("anger",)).level is None


# -- over the conversation ------------------------------------------------------------------------------------------


def test_mild_messages_with_a_rising_trend_add_up() -> None:
    rising = [said(level) for level in (0.3, 0.4, 0.5, 0.6, 0.65)]
    readings = [read(*rising[:count]) for count in range(1, 6)]
    assert [reading.level for reading in readings[:3]] == [None, None, None]
    assert readings[-1].trigger == "trend"
    assert readings[-1].reason == "Frustration built up over 5 messages"


def test_a_calm_message_does_not_set_off_the_trend() -> None:
    before = [said(0.6)] * 3
    assert read(*before, said(0.6)).trigger == "trend"
    assert read(*before, said(0.1, "neutral", is_answer=True), trend_threshold=0.5).level is None


def test_failures_add_to_frustration() -> None:
    turns = (said(0.5), said(0.5), said(0.5))
    missed = tuple(replace(turn, failed_lookups=2, is_fallback=True) for turn in turns)
    assert read(*missed).score > read(*turns).score


def test_a_rising_trend_weighs_more_than_a_falling_one() -> None:
    levels = (0.2, 0.3, 0.4, 0.5, 0.6)
    rising, falling = read(*map(said, levels)), read(*map(said, reversed(levels)))
    assert rising.turns[-1].accumulated > falling.turns[-1].accumulated


def test_a_satisfied_message_lets_frustration_go_faster_than_a_neutral_one() -> None:
    before = (said(0.6), said(0.6))
    neutral, glad = read(*before, said(0.0, "neutral")), read(*before, said(0.0, "satisfied"))
    assert glad.score < neutral.score < read(*before).score


def test_giving_an_order_number_or_pressing_a_button_calms_nobody() -> None:
    before = (said(0.5), said(0.5))
    answered = read(*before, said(0.0, "neutral", intent="inform", is_answer=True))
    assert answered.score == read(*before, BUTTON).score == read(*before).score
    assert answered.mood == "upset"


def test_a_hand_back_begins_anew() -> None:
    before = [said(0.6) for _ in range(6)]
    reading = read(*before, replace(said(0.1, "neutral"), handed_back=True))
    assert (reading.start, len(reading.turns), reading.score, reading.level) == (6, 1, 0.1, None)


def test_the_turning_point_is_where_calm_turned_into_upset() -> None:
    levels = (0.0, 0.05, 0.0, 0.5, 0.4, 0.6)
    assert read(*map(said, levels)).turning_point == 3


def test_the_first_message_can_be_the_turning_point() -> None:
    assert read(said(0.9)).turning_point == 0


def test_a_calm_conversation_has_no_turning_point() -> None:
    assert read(*[said(0.05, "neutral")] * 8).turning_point is None
    assert read().turning_point is None


def test_the_turning_point_counts_from_the_first_message_given() -> None:
    turns = [said(0.0, "neutral")] * 40 + [said(0.8)] * 2
    assert read(*turns, window=10).turning_point == 40


# -- the same again -------------------------------------------------------------------------------------------------


def test_the_third_time_of_the_same_question_in_other_words_needs_a_person() -> None:
    turns = [asked("where is my order"), asked("any news?"), asked("so when does it come")]
    assert read(*turns[:2]).level is None
    reading = read(*turns)
    assert (reading.trigger, reading.reason) == ("repeated_question", "Asked the same three times")
    assert reading.signals[0].detail == "where is my order / any news? / so when does it come"


def test_intents_of_one_group_ask_the_same() -> None:
    assert read(asked("a"), asked("b", "track_parcel"), asked("c")).trigger == "repeated_question"


def test_other_questions_between_do_not_hide_the_repeat() -> None:
    turns = [asked("a"), asked("how do I pay", "payment_methods"), asked("b"), asked("hi", "greet"), asked("c")]
    assert read(*turns).trigger == "repeated_question"


def test_questions_about_different_orders_are_different_questions() -> None:
    turns = [asked("where is it", subjects=frozenset({f"td-1000{number}"})) for number in range(3)]
    assert read(*turns).level is None


def test_general_questions_of_one_intent_are_no_repeat() -> None:
    turns = [asked(text, "stock_question") for text in ("in blue?", "in red?", "in size M?")]
    assert read(*turns).level is None


def test_like_sentences_are_a_repeat_whatever_their_intent() -> None:
    near, far = np.eye(512, dtype=np.float32)[:2]
    close = (0.8 * near + 0.6 * far).astype(np.float32)
    turns = [
        asked("in blue?", "stock_question", embedding=near), asked("in blue??", "product_question", embedding=close),
        asked("blue?", "stock_question", embedding=near),
    ]
    assert read(*turns).trigger == "repeated_question"
    assert read(*turns, similarity=0.9).level is None


def test_sentences_are_embedded_only_if_there_are_enough_of_them() -> None:
    seen: list[str] = []

    def encode(texts: Any) -> Any:
        seen.extend(texts)
        return np.eye(512, dtype=np.float32)[: len(texts)]

    trajectory = Trajectory(SETTINGS, encode)
    trajectory.read([asked("a", "stock_question"), asked("b", "stock_question")])
    assert seen == []
    assert trajectory.read([asked(text, "stock_question") for text in "abc"]).trigger == "repeated_question"


def test_buttons_answers_and_small_talk_are_no_questions() -> None:
    assert read(BUTTON, BUTTON, BUTTON).level is None
    assert read(*[asked("TD-10421", is_answer=True)] * 4).level is None
    assert read(*[asked("hello", "greet")] * 4).level is None


@pytest.mark.parametrize(("doubts", "fires"), [
    ([{"is_fallback": True, "guess_confidence": 0.1}] * 2, True),
    ([{"is_fallback": True, "guess_confidence": 0.15}] * 2, False),
    ([{"is_fallback": True, "guess_confidence": 0.15}] * 3, True),
    ([{"confidence": 0.18}] * 2, False),
    ([{"confidence": 0.18}] * 3, True),
    ([{"confidence": 0.3, "unknown_words": 0.6, "intent": "abuse"}] * 2, True),
    ([{"confidence": 0.3, "unknown_words": 0.9}, {"is_fallback": True, "guess_confidence": 0.1}], False),
    ([{"confidence": 0.18, "unknown_words": 0.3}, {"is_fallback": True, "guess_confidence": 0.1}], True),
    ([{"confidence": 0.3, "unknown_words": 0.3}] * 4, False),
    ([{"confidence": 0.8, "unknown_words": 1.0}] * 4, False),
    ([{"confidence": 0.18, "is_answer": True}] * 4, False),
    ([{"is_fallback": True}, {"confidence": 0.6}, {"is_fallback": True}], False),
])
def test_messages_count_as_not_understood_by_how_surely_they_were_read(
    doubts: list[dict[str, Any]], fires: bool,
) -> None:
    turns = [replace(asked(f"words {number}", f"intent_{number}"), **doubt) for number, doubt in enumerate(doubts)]
    assert (read(*turns).trigger == "fallbacks") is fires


def test_a_wish_for_a_person_that_is_half_understood_needs_no_question_back() -> None:
    lost = replace(asked("someone who knows", "nlu_fallback"), is_fallback=True, guess="ask_for_human")
    assert read(replace(lost, guess_confidence=0.2)).trigger == "intent:ask_for_human"
    assert read(replace(lost, guess_confidence=0.1)).level is None


def test_a_small_answer_is_the_same_question_as_what_stands_in_one_list_with_it() -> None:
    where, town = asked("where is it", "order_status"), asked("which town", "order_fact/last_seen")
    together = [["order_status", "order_fact/last_seen"]]
    assert read(where, town, where, repeat_groups=together).trigger == "repeated_question"
    assert read(where, town, where).level is None


def test_the_second_fallback_in_a_row_needs_a_person() -> None:
    lost = replace(asked("blorp", "nlu_fallback"), is_fallback=True)
    assert read(lost).level is None
    assert read(lost, asked("where is it"), lost).level is None
    assert read(asked("where is it"), lost, lost).reason == "Not understood twice in a row"


def test_lookups_that_keep_failing_need_a_person() -> None:
    miss = replace(asked("TD-1"), is_answer=True, failed_lookups=1)
    assert read(*[miss] * 7).level is None
    assert read(*[miss] * 4, asked("hm", "help"), *[miss] * 4).reason == "An order lookup failed 8 times"
    assert read(*[miss] * 7, replace(miss, failed_lookups=0, lookup_succeeded=True), miss).level is None
    assert read(*[miss] * 8, asked("what about returns", "return_policy")).level is None


def test_a_count_of_zero_is_off() -> None:
    lost = replace(asked("blorp", "nlu_fallback"), is_fallback=True)
    assert read(*[lost] * 4, fallbacks=0).level is None
    assert read(*[asked("where")] * 4, repeats=0).level is None
    assert read(*[replace(asked("x"), failed_lookups=1, is_answer=True)] * 7, failed_lookups=0).level is None


# -- the queue ------------------------------------------------------------------------------------------------------


def test_danger_comes_before_anger_before_a_calm_wish() -> None:
    danger, anger = read(asked("it burns", "safety_hazard")), read(said(0.8, "angry"))
    wish = read(asked("a person please", "ask_for_human"))
    assert danger.urgency > anger.urgency > wish.urgency > 0


def test_frustration_and_haste_raise_the_urgency() -> None:
    calm = read(asked("a person please", "ask_for_human"))
    upset = read(said(0.6, intent="ask_for_human"))
    hasty = read(asked("a person please", "ask_for_human", urgency=1.0))
    assert upset.urgency > calm.urgency and hasty.urgency > calm.urgency


# -- whatever comes in ----------------------------------------------------------------------------------------------

LEVELS = st.floats(0, 1)
EMOTIONS = st.sampled_from(["neutral", "satisfied", "confused", "worried", "disappointed", "frustrated", "angry"])
TURNS = st.lists(
    st.builds(
        said, LEVELS, EMOTIONS, st.text(max_size=20), urgency=LEVELS,
        intent=st.sampled_from(["order_status", "complaint", "greet", "ask_for_human", "nlu_fallback", None]),
        confidence=LEVELS, is_fallback=st.booleans(), is_answer=st.booleans(), failed_lookups=st.integers(0, 3),
        handed_back=st.booleans(),
    ) | st.just(BUTTON),
    max_size=50,
)


@given(TURNS)
def test_all_figures_stay_between_0_and_1(turns: list[Turn]) -> None:
    reading = read(*turns)
    figures = [reading.urgency, *(signal.value for signal in reading.signals)]
    figures += [figure for turn in reading.turns for figure in (turn.level, turn.accumulated, turn.score)]
    assert all(0 <= figure <= 1 for figure in figures)
    assert reading.turning_point is None or reading.start <= reading.turning_point < len(turns)


@given(TURNS.filter(bool), st.data())
def test_more_frustration_never_lowers_the_score(turns: list[Turn], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(turns) - 1))
    turn = turns[place]
    if turn.sentiment is None:
        return
    more = data.draw(st.floats(turn.frustration, 1))
    worse = [*turns]
    worse[place] = replace(turn, sentiment={**turn.sentiment, "frustration": more})
    before, after = read(*turns), read(*worse)
    assert after.score >= before.score - 1e-12
    assert after.turns[-1].accumulated >= before.turns[-1].accumulated - 1e-12


@given(TURNS, st.integers(1, 12))
def test_nothing_before_the_window_counts(turns: list[Turn], window: int) -> None:
    whole, cut = read(*turns, window=window), read(*turns[-window:], window=window)
    assert whole.turns == cut.turns and whole.signals == cut.signals and whole.level == cut.level
    assert len(whole.turns) <= window


@pytest.mark.parametrize("sentiment", [
    {}, {"frustration": None}, {"frustration": "high"}, {"frustration": float("nan"), "emotion": None},
    {"frustration": 7, "urgency": -3, "emotion": "unheard_of"}, {"frustration": True},
])
def test_an_unexpected_sentiment_is_taken_as_it_can_be(sentiment: dict[str, Any]) -> None:
    reading = read(Turn(text="x", sentiment=sentiment, intent="order_status"))
    assert 0 <= reading.score <= 1


def test_three_questions_about_one_order_are_no_repeat() -> None:
    """A general question and two small ones ask for three answers, though their sentences are alike."""
    near = np.eye(512, dtype=np.float32)[0]
    turns = [asked(text, intent, embedding=near) for text, intent in (
        ("when will it come?", "order_status"), ("how long does it take?", "delivery_time"),
        ("what time will it come?", "order_fact/arrival_time"))]
    assert read(*turns).level is None

"""When the policy speaks and when it is silent, in a turn and over several."""
from __future__ import annotations

import pytest
from rasa.core.policies.ensemble import DefaultPolicyPredictionEnsemble
from rasa.core.policies.policy import PolicyPrediction
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActiveLoop,
    Event,
    Restarted,
    SessionStarted,
    SlotSet,
)

from tests.unit.dialogue.policies import (
    DOMAIN,
    LISTEN,
    angry,
    chosen,
    make,
    over,
    predict,
    slots,
    tracked,
    upset,
    user,
)

# -- silence --------------------------------------------------------------------------------------------------------


def test_a_calm_message_is_left_to_the_other_policies() -> None:
    prediction = predict(make(), user())
    assert chosen(prediction) is None and not prediction.is_no_user_prediction


def test_nothing_is_predicted_before_a_message_or_after_the_turn() -> None:
    assert chosen(predict(make())) is None
    assert chosen(predict(make(), angry(), ActionExecuted("utter_greet"), LISTEN)) is None


@pytest.mark.parametrize("intent", ["back_to_bot", "restart", "session_start", "back"])
def test_ignored_intents_never_escalate(intent: str) -> None:
    assert chosen(predict(make(), user(f"/{intent}", intent, 0.99, "angry"))) is None


def test_a_reminder_is_no_message_of_the_customer() -> None:
    assert chosen(predict(make(), angry(is_external=True))) is None


# -- acting ---------------------------------------------------------------------------------------------------------


def test_anger_is_handed_off_as_the_first_action() -> None:
    prediction = predict(make(), angry(seq=4))
    assert chosen(prediction) == "action_handoff"
    escalation = slots(prediction.optional_events)["escalation"]
    assert escalation["trigger"] == "anger" and escalation["turning_point"] == 4
    assert escalation["reason"].startswith("Angry: ")
    assert escalation["signals"][0] == {"name": "anger", "value": 0.9, "detail": "I'm really angry"}
    assert 0 < escalation["urgency"] <= 1 and 0 < escalation["score"] <= 1


@pytest.mark.parametrize("intent", ["greet", "inform", "stock_question", "nlu_fallback", "complaint"])
def test_anger_is_handed_off_for_every_intent(intent: str) -> None:
    assert chosen(predict(make(), angry(intent=intent))) == "action_handoff"


def test_a_person_is_reached_by_button_too() -> None:
    prediction = predict(make(), user("/ask_for_human", "ask_for_human"))
    assert chosen(prediction) == "action_handoff"
    assert slots(prediction.optional_events)["escalation"]["signals"][0]["detail"] == ""


def test_the_form_is_interrupted_and_nothing_of_it_runs() -> None:
    policy, ensemble = make(), DefaultPolicyPredictionEnsemble()
    tracker = tracked(
        user(), ActiveLoop("order_status_form"), ActionExecuted("order_status_form"),
        SlotSet("requested_slot", "order_number"), LISTEN, angry(),
    )
    form = [0.0] * DOMAIN.num_actions
    form[DOMAIN.index_for_action("order_status_form")] = 1.0
    rules = PolicyPrediction(form, "RulePolicy", policy_priority=6, is_no_user_prediction=True)
    ours = policy.predict_action_probabilities(tracker, DOMAIN)
    best = ensemble.combine_predictions([rules, ours], tracker, DOMAIN)
    assert DOMAIN.action_names_or_texts[best.max_confidence_index] == "action_handoff"
    assert slots(best.events)["mood"] == "angry" and "escalation" in slots(best.events)


def test_an_upset_question_gets_facts_then_a_person_then_silence() -> None:
    policy = make()
    assert chosen(predict(policy, upset())) == "action_order_facts"
    shown: tuple[Event, ...] = (upset(), ActionExecuted("action_order_facts"))
    assert chosen(predict(policy, *shown)) == "action_handoff"
    done = (*shown, ActionExecuted("action_handoff"), SlotSet("handoff", {"id": "h1"}))
    assert chosen(predict(policy, *done)) == "action_listen"


def test_facts_are_shown_for_the_listed_intents_only() -> None:
    assert chosen(predict(make(), upset(intent="stock_question"))) == "action_handoff"
    assert chosen(predict(make(facts_action=""), upset())) == "action_handoff"


def test_the_best_guess_is_enough_to_show_facts() -> None:
    lost = upset(intent="nlu_fallback")
    lost.parse_data["intent_ranking"] = [
        {"name": "nlu_fallback", "confidence": 0.4}, {"name": "order_status", "confidence": 0.3},
    ]
    assert chosen(predict(make(), lost)) == "action_order_facts"


def test_facts_that_cannot_be_shown_do_not_keep_the_person_away() -> None:
    rejected = ActionExecutionRejected("action_order_facts")
    assert chosen(predict(make(), upset(), rejected)) == "action_handoff"


def test_a_lookup_that_fails_during_the_turn_escalates_in_it() -> None:
    policy = make(failed_lookups=2)
    looked_up = ActionExecuted("action_order_status")
    first: tuple[Event, ...] = (user(number="TD-1"), looked_up, SlotSet("failed_lookups", 1.0))
    second = (*first, LISTEN, user(number="TD-2"))
    assert chosen(predict(policy, *second)) is None
    after = (*second, looked_up, SlotSet("failed_lookups", 2.0))
    assert chosen(predict(policy, *after)) == "action_handoff"
    found = (*second, looked_up, SlotSet("failed_lookups", 0.0))
    assert chosen(predict(policy, *found)) is None


def test_failures_before_a_hand_back_are_forgotten() -> None:
    policy = make(failed_lookups=2)
    before = (user(), SlotSet("failed_lookups", 5.0), ActionExecuted("action_handoff"), SlotSet("handoff", 1), LISTEN)
    again = (user(handed_back=True), ActionExecuted("action_order_status"), SlotSet("failed_lookups", 6.0))
    assert chosen(predict(policy, *before, *again)) is None


# -- over several turns ---------------------------------------------------------------------------------------------


def test_the_second_fallback_in_a_row_is_handed_off() -> None:
    lost = user("blorp", "nlu_fallback")
    assert over(make(), [lost]) is None
    assert over(make(), [lost, user("zip", "nlu_fallback")]) == "action_handoff"
    assert over(make(fallbacks=3), [lost, user("zip", "nlu_fallback")]) is None


def test_an_answer_that_a_form_took_is_no_fallback() -> None:
    asked = SlotSet("requested_slot", "order_number")
    taken = [user("blorp", "nlu_fallback"), ActionExecuted("utter_greet"), asked, LISTEN,
             user("zip", "nlu_fallback"), SlotSet("order_number", "zip")]
    assert chosen(predict(make(), *taken)) is None
    assert chosen(predict(make(), *taken[:-1])) == "action_handoff"


def test_the_third_question_is_handed_off_unless_it_asks_of_another_order() -> None:
    assert over(make(), [user("a"), user("b"), user("c")]) == "action_handoff"
    assert over(make(), [user("a", number="1"), user("b", number="2"), user("c", number="3")]) is None


def test_the_same_words_are_the_same_question() -> None:
    turns = [user(text, "stock_question") for text in ("in blue?", "hello?", "in blue?", "in blue?")]
    assert over(make(), turns) == "action_handoff"
    assert over(make(), turns[:3]) is None


def test_what_a_form_asked_for_is_an_answer_and_no_question() -> None:
    ask: tuple[Event, ...] = (ActiveLoop("order_status_form"), ActionExecuted("order_status_form"),
                              SlotSet("requested_slot", "order_number"), LISTEN)
    answer: tuple[Event, ...] = (user("my order is TD-1"), SlotSet("order_number", "TD-1"))
    refused: tuple[Event, ...] = (ActionExecuted("order_status_form"), SlotSet("order_number", None), LISTEN)
    assert chosen(predict(make(), user("where"), *ask, *answer, *refused, *answer)) is None


def test_frustration_that_builds_up_is_handed_off_with_its_turning_point() -> None:
    levels = [0.0, 0.0, 0.45, 0.5, 0.55, 0.6, 0.6]
    turns = [user(str(seq), "complaint", level, "frustrated", seq=seq) for seq, level in enumerate(levels, 10)]
    events: list[Event] = [event for turn in turns[:-1] for event in (turn, ActionExecuted("utter_greet"), LISTEN)]
    prediction = predict(make(), *events, turns[-1])
    escalation = slots(prediction.optional_events)["escalation"]
    assert (escalation["trigger"], escalation["turning_point"]) == ("trend", 12)


@pytest.mark.parametrize("boundary", [
    [SlotSet("handoff", {"id": "h1"})], [SessionStarted()], [Restarted()],
])
def test_a_handoff_a_new_session_or_a_restart_begins_anew(boundary: list[Event]) -> None:
    before: list[Event] = []
    for _ in range(2):
        before += [user("where"), ActionExecuted("utter_greet"), LISTEN]
    assert chosen(predict(make(), *before, user("where"))) == "action_handoff"
    assert chosen(predict(make(), *before[:-1], *boundary, LISTEN, user("where"))) is None


def test_a_message_that_rasa_logs_twice_counts_once() -> None:
    lost, again = (user("blorp", "nlu_fallback", message_id="m1") for _ in range(2))
    assert chosen(predict(make(), lost, ActionExecuted("utter_greet"), LISTEN, again)) is None

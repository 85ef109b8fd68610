"""The policy over real trackers, a real domain and Rasa's own ensemble."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from rasa.core.policies.ensemble import DefaultPolicyPredictionEnsemble
from rasa.core.policies.policy import PolicyPrediction
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.resource import Resource
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActionReverted,
    ActiveLoop,
    Event,
    Restarted,
    SessionStarted,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.exceptions import InvalidConfigException

from tandem.dialogue import escalation_policy
from tandem.dialogue.escalation_policy import EscalationPolicy

DOMAIN = Domain.from_yaml("""
version: "3.1"
intents: [order_status, stock_question, complaint, ask_for_human, greet, inform, back_to_bot, nlu_fallback]
entities: [order_number]
slots:
  mood:
    type: categorical
    values: [calm, glad, upset, angry]
    influence_conversation: false
    mappings: [{type: custom}]
  escalation: {type: any, mappings: [{type: custom}]}
  handoff: {type: any, mappings: [{type: custom}]}
  last_handoff: {type: any, mappings: [{type: custom}]}
  failed_lookups: {type: float, initial_value: 0.0, influence_conversation: false, mappings: [{type: custom}]}
  order_number: {type: text, influence_conversation: false, mappings: [{type: from_entity, entity: order_number}]}
forms:
  order_status_form: {required_slots: [order_number]}
responses:
  utter_handoff_failed: [{text: sorry}]
  utter_greet: [{text: hi}]
actions: [action_handoff, action_order_facts, action_order_status, action_after_handback]
""")
LISTEN = ActionExecuted("action_listen")
HANDED_BACK = {"outcome": "handed_back", "note_for_bot": "refund sent", "agent": "maya", "reason": "Angry"}


@pytest.fixture(autouse=True)
def no_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sentences resemble only themselves; the real encoder has tests of its own."""
    known: dict[str, int] = {}

    def vector(text: str) -> Any:
        row = np.zeros(512, dtype=np.float32)
        row[known.setdefault(text, len(known)) % 512] = 1
        return row

    monkeypatch.setattr(escalation_policy, "_vector", vector)


def make(**config: Any) -> EscalationPolicy:
    context = ExecutionContext(GraphSchema({}), "model")
    return EscalationPolicy({**EscalationPolicy.get_default_config(), **config}, None, Resource("policy"), context)


def user(
    text: str = "words", intent: str = "order_status", frustration: float = 0.05, emotion: str = "neutral",
    seq: int = 0, handed_back: bool = False, number: str | None = None, message_id: str | None = None, **metadata: Any,
) -> UserUttered:
    sentiment = {"name": "neutral", "confidence": 0.9, "polarity": 0.0, "emotion": emotion, "frustration": frustration,
                 "urgency": 0.0}
    tandem = {"seq": seq, **({"handed_back": HANDED_BACK} if handed_back else {})}
    parsed = {"name": intent, "confidence": 0.9}
    return UserUttered(
        text, parsed, [{"entity": "order_number", "value": number}] if number else [],
        {"intent": parsed, "entities": [], "text": text, "sentiment": sentiment},
        metadata={"tandem": tandem, **metadata}, message_id=message_id,
    )


def angry(**rest: Any) -> UserUttered:
    return user("I'm really angry", frustration=0.9, emotion="angry", **rest)


def upset(**rest: Any) -> UserUttered:
    return user("I'm so upset", frustration=0.8, emotion="disappointed", **rest)


def tracked(*events: Event) -> DialogueStateTracker:
    return DialogueStateTracker.from_events("ana", [LISTEN, *events], DOMAIN.slots, domain=DOMAIN)


def predict(policy: EscalationPolicy, *events: Event) -> PolicyPrediction:
    return policy.predict_action_probabilities(tracked(*events), DOMAIN)


def chosen(prediction: PolicyPrediction) -> str | None:
    if prediction.max_confidence == 0:
        return None
    assert prediction.max_confidence == 1.0 and prediction.is_no_user_prediction
    return str(DOMAIN.action_names_or_texts[prediction.max_confidence_index])


def slots(events: Sequence[Event]) -> dict[str, Any]:
    return {event.key: event.value for event in events if isinstance(event, SlotSet)}


def over(policy: EscalationPolicy, turns: Sequence[UserUttered]) -> str | None:
    """What is predicted at the latest of these messages, the bot having answered each before."""
    events: list[Event] = []
    for turn in turns[:-1]:
        events += [turn, ActionExecuted("utter_greet"), LISTEN]
    return chosen(predict(policy, *events, turns[-1]))


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


# -- slots ----------------------------------------------------------------------------------------------------------


def test_the_mood_is_set_whichever_policy_wins_and_only_when_it_changes() -> None:
    assert slots(predict(make(), user(frustration=0.3, emotion="disappointed")).events) == {"mood": "upset"}
    assert slots(predict(make(), SlotSet("mood", "calm"), user()).events) == {}
    assert slots(predict(make(), SlotSet("mood", "upset"), user(emotion="satisfied")).events) == {"mood": "glad"}


def test_a_button_keeps_the_mood() -> None:
    assert slots(predict(make(), SlotSet("mood", "upset"), user("/greet", "greet")).events) == {}


def test_the_first_message_after_a_hand_back_tells_what_happened() -> None:
    events = predict(make(), SlotSet("escalation", {"reason": "old"}), user(handed_back=True)).events
    assert slots(events)["last_handoff"] == HANDED_BACK
    assert slots(events)["escalation"] is None


AFTER = "action_after_handback"


def test_a_persons_word_comes_first_and_once() -> None:
    assert chosen(predict(make(), user(handed_back=True))) == AFTER
    said = (user(handed_back=True), ActionExecuted(AFTER), ActionReverted())
    assert chosen(predict(make(), *said)) is None
    assert "last_handoff" not in slots(predict(make(), *said).events), "what the action wrote into the slot stays"
    assert chosen(predict(make(), *said, ActionExecuted("utter_greet"), LISTEN, user())) is None


def test_who_needs_a_person_again_gets_one_at_once() -> None:
    assert chosen(predict(make(), angry(handed_back=True))) == "action_handoff"


@pytest.mark.parametrize(("told", "expected"), [
    ({"note_for_bot": ""}, None), ({"note_for_bot": "", "resume": True}, AFTER), ({"resume": False}, AFTER),
])
def test_only_a_line_or_a_wish_comes_before_the_answer(told: dict[str, Any], expected: str | None) -> None:
    message = user(handed_back=True)
    message.metadata["tandem"]["handed_back"] = {**HANDED_BACK, **told}
    assert chosen(predict(make(), message)) == expected


def test_going_back_to_the_bot_tells_it_too() -> None:
    prediction = predict(make(), user("/back_to_bot", "back_to_bot", handed_back=True))
    assert slots(prediction.events)["last_handoff"] == HANDED_BACK and chosen(prediction) is None


def test_a_domain_without_the_slots_is_served() -> None:
    bare = Domain.from_yaml("version: '3.1'\nintents: [order_status]\nactions: [action_handoff]\n")
    tracker = DialogueStateTracker.from_events("ana", [LISTEN, user(frustration=0.4)], bare.slots)
    assert make().predict_action_probabilities(tracker, bare).events == []


@pytest.mark.parametrize("metadata", [None, {"tandem": "x"}, {"tandem": {"handed_back": None, "seq": "7"}}])
def test_metadata_of_another_shape_does_no_harm(metadata: Any) -> None:
    message = angry()
    message.metadata = metadata
    prediction = predict(make(), message)
    assert slots(prediction.optional_events)["escalation"]["turning_point"] is None


def test_a_message_without_a_reading_is_neutral() -> None:
    assert chosen(predict(make(), UserUttered("where is it", {"name": "order_status", "confidence": 0.9}))) is None
    assert chosen(predict(make(), UserUttered(None, {}))) is None


# -- the handoff fails ----------------------------------------------------------------------------------------------


def test_a_handoff_that_does_not_open_is_tried_again_twice_and_then_said() -> None:
    policy, events = make(), [angry()]
    said = []
    for _ in range(6):
        action = chosen(predict(policy, *events))
        assert action is not None
        said.append(action)
        events.append(ActionExecuted(action))
        if action == "action_listen":
            break
    assert said == ["action_handoff"] * 3 + ["utter_handoff_failed", "action_listen"]


def test_a_handoff_that_opens_at_the_second_try_is_fine() -> None:
    tried = ActionExecuted("action_handoff")
    assert chosen(predict(make(), angry(), tried, tried, SlotSet("handoff", {"id": 1}))) == "action_listen"


def test_a_handoff_that_refuses_to_run_is_said_at_once() -> None:
    assert chosen(predict(make(), angry(), ActionExecutionRejected("action_handoff"))) == "utter_handoff_failed"


def test_a_handoff_that_a_rule_chose_is_watched_too() -> None:
    events = [user(intent="greet"), ActionExecuted("action_handoff")]
    assert chosen(predict(make(), *events)) == "action_handoff"
    assert chosen(predict(make(), *events, SlotSet("handoff", {"id": 1}))) == "action_listen"


# -- configuration --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("key", "value"), [
    ("anger_treshold", 0.5), ("anger_threshold", 2), ("handoff_action", ""), ("facts_action", None),
    ("handoff_retries", 9), ("priority", "high"),
])
def test_a_wrong_key_stops_the_training_and_is_named(key: str, value: Any) -> None:
    with pytest.raises(InvalidConfigException, match=key):
        make(**{key: value})


def test_training_names_an_action_that_the_domain_lacks() -> None:
    with pytest.raises(InvalidConfigException, match=r"'facts_action': .*'action_other'"):
        make(facts_action="action_other").train([], DOMAIN)


def test_training_warns_of_intents_that_the_domain_lacks() -> None:
    with pytest.warns(UserWarning, match="'person_intents' .*: ask_humman"):
        make(person_intents={"ask_humman": 0.4}).train([], DOMAIN)


def test_it_stands_above_the_rules() -> None:
    assert make().priority == 7


# -- speed ----------------------------------------------------------------------------------------------------------

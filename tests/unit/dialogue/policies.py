"""The policy over real trackers and a real domain, and messages for it."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rasa.core.policies.policy import PolicyPrediction
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.resource import Resource
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    Event,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker

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

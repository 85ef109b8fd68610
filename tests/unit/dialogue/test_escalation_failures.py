"""Handoffs that fail, and configurations that are wrong."""
from __future__ import annotations

from typing import Any

import pytest
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    SlotSet,
)
from rasa.shared.exceptions import InvalidConfigException

from tests.unit.dialogue.policies import (
    DOMAIN,
    angry,
    chosen,
    make,
    predict,
    user,
)

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


@pytest.mark.parametrize(("key", "value", "told"), [
    ("anger_treshold", 0.5, "anger_treshold is not known, did you mean anger_threshold"),
    ("handoff_acton", "x", "handoff_acton is not known, did you mean handoff_action"),
    ("anger_threshold", 2, "anger_threshold must be a number from 0 to 1, not 2"),
    ("handoff_action", "", "handoff_action must be an action's name, not ''"),
    ("facts_action", None, "facts_action must be an action's name, and is empty"),
    ("handoff_retries", 9, "handoff_retries must be a whole number from 0 to 5, not 9"),
    ("priority", "high", "priority must be a whole number from 0 to 1000, not 'high'"),
])
def test_a_wrong_key_stops_the_training_and_is_named(key: str, value: Any, told: str) -> None:
    with pytest.raises(InvalidConfigException, match=f"config.yml: EscalationPolicy: {told}.*; see docs/escalation.md"):
        make(**{key: value})


def test_training_names_an_action_that_the_domain_lacks() -> None:
    with pytest.raises(InvalidConfigException, match=r"facts_action: .*'action_other'"):
        make(facts_action="action_other").train([], DOMAIN)


def test_training_warns_of_intents_that_the_domain_lacks() -> None:
    with pytest.warns(UserWarning, match="'person_intents' .*: ask_humman"):
        make(person_intents={"ask_humman": 0.4}).train([], DOMAIN)


def test_it_stands_above_the_rules() -> None:
    assert make().priority == 7

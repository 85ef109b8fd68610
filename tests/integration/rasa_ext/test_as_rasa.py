"""What stands in for parts of Rasa answers as Rasa does, over conversations and rules by chance."""
from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from rasa.core.policies.rule_policy import RulePolicy
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.shared.core.trackers import DialogueStateTracker, EventVerbosity

from tandem.rasa_ext.cached_tracker import shortened, state_of
from tandem.rasa_ext.rule_policy import IndexedRulePolicy
from tests.fakes.talk import DOMAIN, by_chance
from tests.unit.rasa_ext.test_cached_tracker import both


@pytest.mark.parametrize("seed", range(25))
def test_a_cached_tracker_answers_as_rasas_after_every_event(seed: int) -> None:
    kept, rasas = both()
    for events in by_chance(Random(seed), 30):
        for event in events:
            kept.update(event)
            rasas.update(event)
            assert kept.applied_events() == rasas.applied_events()
            assert kept.past_states(DOMAIN) == rasas.past_states(DOMAIN)
            assert state_of(kept) == state_of(rasas)
            assert kept.current_state(EventVerbosity.ALL) == rasas.current_state(EventVerbosity.ALL)
        assert state_of(kept.copy()) == state_of(rasas.copy())


@pytest.mark.parametrize("seed", range(40))
def test_folding_leaves_the_state_and_the_latest_turns(seed: int) -> None:
    kept, rasas = both()
    for events in by_chance(Random(seed), 120):
        for event in events:
            kept.update(event)
            rasas.update(event)
        kept = shortened(kept)
        assert state_of(kept) == state_of(rasas)
        assert kept.past_states(DOMAIN)[-3:] == rasas.past_states(DOMAIN)[-3:]


LISTEN, SHOP, FORM = ({"action_name": name} for name in ("action_listen", "utter_shop", "order_form"))
STATES = [
    {"user": {"intent": intent}, "prev_action": action, **slots, **loop}
    for intent in ("greet", "shop", "bye") for action in (LISTEN, SHOP, FORM)
    for slots in ({}, {"slots": {"mood": (1.0, 0.0)}}) for loop in ({}, {"active_loop": {"name": "order_form"}})
] + [{"prev_action": action} for action in (LISTEN, SHOP)]
RULE_STATES = [
    *STATES, {"prev_action": LISTEN, "user": {"intent": "should_not_be_set"}}, {"user": {"intent": "greet"}},
    {"prev_action": LISTEN, "active_loop": {"name": "should_not_be_set"}}, {"slots": {"mood": (0.0, 1.0)}},
]


@pytest.mark.parametrize("seed", range(20))
def test_the_indexed_policy_finds_the_rules_that_rasas_policy_finds(seed: int) -> None:
    rng = Random(seed)

    def rule() -> str:
        started: list[Any] = [{}] if rng.random() < 0.3 else []
        return json.dumps([*started, *rng.choices(RULE_STATES, k=rng.randint(1, 3))])

    lookup = {"rules": {rule(): f"action_{number}" for number in range(150)},
              "rules_for_loop_unhappy_path": {rule(): "do_not_predict" for _ in range(10)}}
    rasas = RulePolicy.__new__(RulePolicy)
    rasas.lookup = lookup
    near = RulePolicy.__new__(RulePolicy)
    near.lookup = lookup
    IndexedRulePolicy.make(near)
    found = 0
    for _ in range(300):
        states = [{}, *rng.choices(STATES, k=rng.randint(0, 8))]
        for rules in lookup.values():
            expected = rasas._get_possible_keys(rules, states)
            assert near._get_possible_keys(rules, states[-near._reach:]) == expected
            found += len(expected)
    assert found > 100


TALK_RULES = {
    "rules": {
        '[{"prev_action": {"action_name": "action_listen"}, "user": {"intent": "greet"}}]': "utter_greet",
        '[{"prev_action": {"action_name": "action_listen"}, "user": {"intent": "order_status"}}]': "order_form",
        '[{"prev_action": {"action_name": "utter_greet"}, "user": {"intent": "greet"}}]': "action_listen",
        '[{"prev_action": {"action_name": "order_form"}, "user": {"intent": "inform"}, '
        '"active_loop": {"name": "should_not_be_set"}}]': "action_order",
    },
    "rules_for_loop_unhappy_path": {
        '[{"prev_action": {"action_name": "utter_greet"}, "active_loop": {"name": "order_form"}}]':
            "loop was interrupted",
    },
    "rule_only_slots": [], "rule_only_loops": [], "rules_not_in_stories": [],
}
BY_TEXT = '[{"prev_action": {"action_name": "action_listen"}, "user": {"text": "hello 3.0"}}]'


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("more", [{}, {BY_TEXT: "action_order"}], ids=["by intent", "by text too"])
def test_the_indexed_policy_predicts_what_rasas_policy_predicts(seed: int, more: dict[str, str]) -> None:
    lookup = {**TALK_RULES, "rules": {**TALK_RULES["rules"], **more}}
    rasas, near = (
        RulePolicy(RulePolicy.get_default_config(), None, None, ExecutionContext(GraphSchema({})), lookup=lookup)
        for _ in range(2)
    )
    IndexedRulePolicy.make(near)
    tracker, chosen = DialogueStateTracker("c", DOMAIN.slots), set()
    for events in by_chance(Random(seed), 30):
        for event in events:
            tracker.update(event)
            expected = rasas.predict_action_probabilities(tracker, DOMAIN)
            found = near.predict_action_probabilities(tracker, DOMAIN)
            assert found == expected
            chosen.add(expected.max_confidence_index)
    assert len(chosen) > 2

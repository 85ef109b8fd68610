"""Look up the rules that can apply, where Rasa tries all of them."""
from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from rasa.core.policies.rule_policy import RULES, RULES_FOR_LOOP_UNHAPPY_PATH, RulePolicy
from rasa.shared.core.constants import ACTION_LISTEN_NAME, PREVIOUS_ACTION, SHOULD_NOT_BE_SET, USER
from rasa.shared.core.domain import Domain, State
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.constants import ACTION_NAME, INTENT


class IndexedRulePolicy(RulePolicy):
    """A loaded RulePolicy that looks at the rules that can apply and at the states that these look back to.

    Rasa's tries every rule on the state of every turn, and writes all of them into a log message that nobody reads.
    """

    _reach: int
    _near: dict[int, Mapping[tuple[Any, Any], dict[str, str]]]

    @classmethod
    def make(cls, policy: RulePolicy) -> None:
        """Turn a policy into one of these."""
        policy.__class__ = cls
        rules = [key for lookup in _LOOKUPS for key in policy.lookup.get(lookup, ())]
        policy._reach = 1 + max((len(json.loads(key)) for key in rules), default=0)
        policy._near = {}

    def _prediction_states(self, *arguments: Any, **named: Any) -> list[State]:
        states: list[State] = super()._prediction_states(*arguments, **named)
        return states[-self._reach:]

    def _find_action_from_rules(
        self, tracker: DialogueStateTracker, domain: Domain, use_text_for_last_user_input: bool,
    ) -> tuple[str | None, str | None, bool]:
        if use_text_for_last_user_input and tracker.active_loop_name is None:
            rules = self._index(self.lookup[RULES])
            if (ACTION_LISTEN_NAME, None) not in rules and (None, None) not in rules:
                return None, None, False  # every rule about a message asks for its intent
        found: tuple[str | None, str | None, bool] = super()._find_action_from_rules(
            tracker, domain, use_text_for_last_user_input)
        return found

    def _index(self, lookup: Mapping[str, str]) -> Mapping[tuple[Any, Any], dict[str, str]]:
        if id(lookup) not in self._near:
            self._near[id(lookup)] = dict(_by_last_state(lookup))
        return self._near[id(lookup)]

    def _get_possible_keys(self, lookup: dict[str, str], states: list[State]) -> set[str]:
        near, (action, intent) = self._index(lookup), _signs(states[-1])
        if not states[-1].get(PREVIOUS_ACTION):  # a beginning matches whatever begins
            near, action, intent = {(None, None): lookup}, None, None
        found: dict[str, str] = {}
        for signs in {(action, intent), (action, None), (None, intent), (None, None)}:
            found.update(near.get(signs, {}))
        keys: set[str] = super()._get_possible_keys(found, states)
        return keys


IndexedRulePolicy.__name__ = IndexedRulePolicy.__qualname__ = RulePolicy.__name__  # its predictions bear it

_LOOKUPS = (RULES, RULES_FOR_LOOP_UNHAPPY_PATH)


def _by_last_state(lookup: Mapping[str, str]) -> dict[tuple[Any, Any], dict[str, str]]:
    """Index the rules by the action and the intent that they ask for in the last state; None where they ask none."""
    found: dict[tuple[Any, Any], dict[str, str]] = defaultdict(dict)
    for key, action in lookup.items():
        found[_signs(json.loads(key)[-1])][key] = action
    return found


def _signs(state: State) -> tuple[Any, Any]:
    found = (state.get(PREVIOUS_ACTION, {}).get(ACTION_NAME), state.get(USER, {}).get(INTENT))
    action, intent = (None if sign == SHOULD_NOT_BE_SET else sign for sign in found)
    return action, intent

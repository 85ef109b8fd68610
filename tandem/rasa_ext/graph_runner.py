"""What Rasa works out anew at each message although it never changes, worked out once.

Each stands in for a part of Rasa by its own name, and does the same (tests/unit/rasa_ext/test_graph_runner.py).
"""
from __future__ import annotations

import copy
import functools
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from jsonschema import ValidationError
from jsonschema.validators import validator_for
from rasa.core import processor as rasa_processor
from rasa.core.actions import forms
from rasa.core.actions.action import RemoteAction
from rasa.core.agent import Agent
from rasa.core.nlg import interpolator
from rasa.core.policies import rule_policy
from rasa.core.policies.rule_policy import RULES, RULES_FOR_LOOP_UNHAPPY_PATH, RulePolicy
from rasa.engine.exceptions import GraphRunError
from rasa.engine.graph import ExecutionContext, GraphNode, GraphNodeHook, GraphSchema
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.engine.runner.interface import GraphRunner
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.core.constants import (
    ACTION_LISTEN_NAME,
    PREVIOUS_ACTION,
    REQUESTED_SLOT,
    SHOULD_NOT_BE_SET,
    USER,
)
from rasa.shared.core.domain import Domain, State
from rasa.shared.core.events import ActionExecuted, Event, SlotSet
from rasa.shared.core.slots import Slot
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.constants import ACTION_NAME, INTENT

from tandem.rasa_ext.cached_tracker import CachedTracker


class SequentialGraphRunner(GraphRunner):
    """Runs a loaded model's nodes one after the other; Rasa's runner plans the way anew each time, with Dask."""

    def __init__(self, schema: GraphSchema, nodes: Mapping[str, GraphNode]) -> None:
        self._schema = schema
        self.nodes = nodes
        self._plans: dict[tuple[str, ...], list[tuple[str, GraphNode, tuple[str, ...]]]] = {}

    @classmethod
    def create(
        cls, graph_schema: GraphSchema, model_storage: ModelStorage, execution_context: ExecutionContext,
        hooks: list[GraphNodeHook] | None = None,
    ) -> SequentialGraphRunner:
        """Load the nodes as Rasa's runner does."""
        return cls.instead_of(DaskGraphRunner(graph_schema, model_storage, execution_context, hooks))

    @classmethod
    def instead_of(cls, runner: DaskGraphRunner) -> SequentialGraphRunner:
        """A runner of the same nodes."""
        return cls(runner._graph_schema, runner._instantiated_nodes)

    def run(self, inputs: dict[str, Any] | None = None, targets: list[str] | None = None) -> dict[str, Any]:
        """Run what the targets need; see `GraphRunner.run`.

        Raises:
            GraphRunError: A node raised RuntimeError.
        """
        wanted = tuple(targets or self._schema.target_names)
        if wanted not in self._plans:
            self._plans[wanted] = self._plan(wanted)
        done: dict[str, Any] = {name: (name, value) for name, value in (inputs or {}).items()}
        try:
            for name, node, needs in self._plans[wanted]:
                done[name] = node(*(done.get(need, need) for need in needs))
        except RuntimeError as error:
            raise GraphRunError("Error running runner.") from error
        return {name: done[name][1] for name in wanted}

    def _plan(self, targets: Sequence[str]) -> list[tuple[str, GraphNode, tuple[str, ...]]]:
        """The nodes that the targets need, each after those that it needs itself."""
        schema = self._schema.minimal_graph_schema(list(targets))
        plan: dict[str, tuple[str, ...]] = {}

        def visit(name: str) -> None:
            if name in plan or name not in schema.nodes:
                return
            needs = tuple(schema.nodes[name].needs.values())
            for need in needs:
                visit(need)
            plan[name] = needs

        for name in schema.nodes:
            visit(name)
        return [(name, self.nodes[name], needs) for name, needs in plan.items()]


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
    """The rules by the action and the intent that they ask for in the last state; None where they ask for none."""
    found: dict[tuple[Any, Any], dict[str, str]] = defaultdict(dict)
    for key, action in lookup.items():
        found[_signs(json.loads(key)[-1])][key] = action
    return found


def _signs(state: State) -> tuple[Any, Any]:
    found = (state.get(PREVIOUS_ACTION, {}).get(ACTION_NAME), state.get(USER, {}).get(INTENT))
    action, intent = (None if sign == SHOULD_NOT_BE_SET else sign for sign in found)
    return action, intent


def install_graph_runner(agent: Agent) -> None:
    """Put the parts of this module into an agent; again after it has loaded another model."""
    processor: Any = getattr(agent, "processor", None)
    if type(getattr(processor, "graph_runner", None)) is not DaskGraphRunner:
        return
    processor.graph_runner = SequentialGraphRunner.instead_of(processor.graph_runner)
    for node in processor.graph_runner.nodes.values():
        if type(getattr(node, "_component", None)) is RulePolicy:
            IndexedRulePolicy.make(node._component)
    domain, empty = processor.domain, processor.domain.is_empty()
    domain.is_empty = lambda: empty  # Rasa writes out the whole domain to answer this, at each message
    RemoteAction._validate_action_result = _is_action_result
    Event.resolve_by_type = staticmethod(_kind_of_event)
    Slot.__copy__ = _copy_of
    forms.FormAction._temporary_tracker = _temporary_tracker
    for module in COPYING:
        module.copy = SimpleNamespace(copy=copy.copy, deepcopy=_as_it_is)


# These copy whatever they write into a log message, also where nobody reads the log; they copy nothing else deeply.
COPYING: tuple[Any, ...] = (rasa_processor, forms, rule_policy, interpolator)
_rasas_kind_of_event = Event.resolve_by_type


def _as_it_is(value: Any) -> Any:
    return value


@functools.cache
def _kind_of_event(type_name: str, default: type[Event] | None = None) -> type[Event] | None:
    """Rasa looks through all classes of events for each event that it reads."""
    kind: type[Event] | None = _rasas_kind_of_event(type_name, default)
    return kind


def _temporary_tracker(
    form: forms.FormAction, tracker: DialogueStateTracker, more: list[Event], domain: Domain,
) -> DialogueStateTracker:
    """Rasa's tracker for the validation of a form, which otherwise replays all events of the session."""
    asked = SlotSet(REQUESTED_SLOT, form.get_slot_to_fill(tracker))
    if isinstance(tracker, CachedTracker) and not tracker.idx_after_latest_restart():
        twin = tracker.copy()
        twin.model_id = twin.assistant_id = None
    else:
        twin = CachedTracker.from_events(tracker.sender_id, tracker.events_after_latest_restart(), domain.slots)
    for event in (asked, ActionExecuted(form.name()), *more):
        twin.update(event)
    return twin


def _copy_of(slot: Slot) -> Slot:
    """What `copy.copy` gives, which otherwise takes a slot to pieces; every copy of a tracker copies all slots."""
    twin: Slot = object.__new__(type(slot))
    twin.__dict__.update(slot.__dict__)
    return twin


def _validators() -> tuple[Any, dict[str, Any]]:
    """Of the answer as a whole, and of each kind of event: Rasa's schema has an event tried against every kind."""
    schema = copy.deepcopy(RemoteAction.action_response_format_spec())
    kinds = schema["properties"]["events"]["items"].pop("oneOf")
    make = validator_for(schema)
    return make(schema), {kind["properties"]["event"]["const"]: make(kind) for kind in kinds}


_ANSWER, _EVENTS = _validators()


def _is_action_result(action: RemoteAction, result: Any) -> bool:
    """Rasa's check of what the action server answers, which otherwise checks its own schema first."""
    error = None if _is_plainly_right(result) else next(_errors(result), None)
    if error is not None:
        raise ValidationError(f"The action server's answer to {action.name()} cannot be read: {error}")
    return True


def _is_plainly_right(result: Any) -> bool:
    """Whether it can be seen without the schema, as of what most actions answer: slots to set and responses."""
    events, responses = (result.get("events"), result.get("responses")) if isinstance(result, dict) else (None, None)
    return (
        isinstance(events, list) and isinstance(responses, list) and all(isinstance(one, dict) for one in responses)
        and all(isinstance(one, dict) and one.get("event") == SlotSet.type_name and isinstance(one.get("name"), str)
                and "value" in one and isinstance(one.get("timestamp"), (float, type(None))) for one in events)
    )


def _errors(result: Any) -> Iterator[str]:
    wrong = False
    for error in _ANSWER.iter_errors(result):
        wrong = True
        yield error.message
    for event in result.get("events", ()) if not wrong else ():
        kind = _EVENTS.get(event["event"])
        if kind is None:
            yield f"there is no event {event['event']!r}"
        else:
            yield from (error.message for error in kind.iter_errors(event))

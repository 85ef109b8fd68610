"""What stands in for parts of Rasa does what they do."""
from __future__ import annotations

import ast
import copy
import inspect
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from jsonschema import ValidationError, validate
from rasa.core.actions.action import RemoteAction, extract_slot_value_from_predefined_mapping
from rasa.core.actions.forms import FormAction
from rasa.engine.exceptions import GraphRunError
from rasa.engine.graph import GraphSchema, SchemaNode
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import Event, SlotSet, UserUttered
from rasa.shared.core.slot_mappings import SlotMapping, SlotMappingType
from rasa.shared.core.slots import CategoricalSlot, Slot
from rasa.shared.core.trackers import DialogueStateTracker, EventVerbosity

from tandem.rasa_ext.cached_tracker import CachedTracker
from tandem.rasa_ext.graph_runner import SequentialGraphRunner
from tandem.rasa_ext.install import install_extensions
from tandem.rasa_ext.shortcuts import COPYING, intent_is_desired
from tests.fakes.talk import DOMAIN, by_chance

NEEDS = {"tokens": {"message": "said"}, "intent": {"tokens": "tokens"}, "mood": {"tokens": "tokens"},
         "reply": {"intent": "intent", "mood": "mood"}, "lonely": {"message": "said"}}


class Node:
    """Tells what it was given; `ran` tells in which order the nodes ran."""

    def __init__(self, name: str, ran: list[str]) -> None:
        self.name, self.ran = name, ran

    def __call__(self, *inputs: Any) -> tuple[str, str]:
        self.ran.append(self.name)
        if ("said", "boom") in inputs:
            raise RuntimeError("boom")
        return self.name, f"{self.name}({', '.join(value for _, value in inputs)})"


def runners() -> tuple[DaskGraphRunner, SequentialGraphRunner, list[str]]:
    ran: list[str] = []
    schema = GraphSchema({
        name: SchemaNode(needs=needs, uses=object, constructor_name="create", fn="run", config={},
                         is_target=name == "reply")
        for name, needs in reversed(NEEDS.items())
    })
    dask = DaskGraphRunner.__new__(DaskGraphRunner)
    dask._graph_schema, dask._execution_context = schema, None
    dask._instantiated_nodes = {name: Node(name, ran) for name in NEEDS}
    return dask, SequentialGraphRunner.instead_of(dask), ran


@pytest.mark.parametrize("targets", [None, ["reply"], ["intent"], ["mood", "lonely"]])
def test_the_sequential_runner_gives_what_rasas_runner_gives(targets: list[str] | None) -> None:
    dask, straight, _ = runners()
    assert straight.run({"said": "hi"}, targets) == dask.run({"said": "hi"}, targets)


def test_it_runs_what_is_needed_once_and_in_order() -> None:
    _, straight, ran = runners()
    for _ in range(2):
        ran.clear()
        straight.run({"said": "hi"})
        assert sorted(ran) == ["intent", "mood", "reply", "tokens"] and ran[0] == "tokens" and ran[-1] == "reply"


def test_an_error_in_a_node_is_rasas_error() -> None:
    dask, straight, _ = runners()
    for runner in (dask, straight):
        with pytest.raises(GraphRunError):
            runner.run({"said": "boom"})


def test_an_agent_is_tuned_once_and_again_with_another_model() -> None:
    dask, _, _ = runners()
    agent = SimpleNamespace(processor=SimpleNamespace(graph_runner=dask, domain=Domain.empty()))
    install_extensions(agent)
    first = agent.processor.graph_runner
    install_extensions(agent)
    assert isinstance(first, SequentialGraphRunner) and agent.processor.graph_runner is first
    assert agent.processor.domain.is_empty()
    agent.processor.graph_runner = dask
    install_extensions(agent)
    assert isinstance(agent.processor.graph_runner, SequentialGraphRunner)
    install_extensions(SimpleNamespace())  # an agent without a model


@pytest.mark.parametrize("module", COPYING, ids=lambda module: module.__name__)
def test_what_is_no_longer_copied_deeply_was_copied_for_log_messages_alone(module: Any) -> None:
    tree = ast.parse(inspect.getsource(module))
    logged = {id(inner) for call in ast.walk(tree) if _calls(call, "structlogger") for inner in ast.walk(call)}
    copies = [call for call in ast.walk(tree) if _calls(call, "copy")]
    assert copies and all(id(call) in logged for call in copies)


def _calls(node: ast.AST, name: str) -> bool:
    """Whether this is a call of something in `name`."""
    return (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name) and node.func.value.id == name)


def test_a_slot_is_copied_as_ever() -> None:
    slot = CategoricalSlot("mood", [], values=["calm", "upset"], initial_value="calm")
    as_ever = object.__reduce_ex__(slot, 4)
    dask, _, _ = runners()
    install_extensions(SimpleNamespace(processor=SimpleNamespace(graph_runner=dask, domain=Domain.empty())))
    twin = copy.copy(slot)
    assert Slot.__copy__ and as_ever[2] == vars(twin) == vars(slot) and type(twin) is CategoricalSlot
    twin.value = "upset"
    assert slot.value == "calm"


RASAS_INTENT_IS_DESIRED = SlotMapping.intent_is_desired


@pytest.mark.parametrize("mapping", [
    {"type": "from_entity", "entity": "order_number"}, {"type": "from_entity", "entity": "city", "role": "from"},
    {"type": "from_entity", "entity": "order_number", "not_intent": ["greet"]}, {"type": "from_text"},
    {"type": "from_intent", "value": True, "intent": "inform"}, {"type": "custom"},
])
@pytest.mark.parametrize("entities", [[], [{"entity": "order_number", "value": "TD-1"}],
                                      [{"entity": "city", "value": "Riga", "role": "to"}]])
@pytest.mark.parametrize("intent", ["inform", "greet"])
def test_a_mapping_is_passed_over_only_if_it_fills_nothing(
    mapping: dict[str, Any], entities: list[dict[str, Any]], intent: str,
) -> None:
    tracker = DialogueStateTracker("c", DOMAIN.slots)
    tracker.update(UserUttered("words", {"name": intent}, entities))
    if RASAS_INTENT_IS_DESIRED(mapping, tracker, DOMAIN) and not intent_is_desired(mapping, tracker, DOMAIN):
        kind = SlotMappingType(mapping["type"])
        assert kind.is_predefined_type() and not extract_slot_value_from_predefined_mapping(kind, mapping, tracker)
    else:
        assert RASAS_INTENT_IS_DESIRED(mapping, tracker, DOMAIN) == intent_is_desired(mapping, tracker, DOMAIN)
    assert not intent_is_desired(mapping, tracker, DOMAIN) or entities or mapping["type"] != "from_entity"


RASAS_TEMPORARY_TRACKER = FormAction._temporary_tracker


@pytest.mark.parametrize("seed", range(6))
def test_a_form_is_validated_over_the_tracker_that_rasa_makes(seed: int) -> None:
    dask, _, _ = runners()
    install_extensions(SimpleNamespace(processor=SimpleNamespace(graph_runner=dask, domain=Domain.empty())))
    form, more = FormAction("order_form", None), [SlotSet("order_number", "TD-1", timestamp=1.0)]
    kept, rasas = CachedTracker("c", DOMAIN.slots), DialogueStateTracker("c", DOMAIN.slots)
    kept.model_id = kept.assistant_id = None
    for events in by_chance(Random(seed), 30):
        for event in events:
            kept.update(event)
            rasas.update(event)
        expected = RASAS_TEMPORARY_TRACKER(form, rasas, more, DOMAIN).current_state(EventVerbosity.ALL)
        found = form._temporary_tracker(kept, more, DOMAIN).current_state(EventVerbosity.ALL)
        for state in (expected, found):
            for event in state["events"][-3:-1]:
                event.pop("timestamp")  # made just now
        assert found == expected


def test_kinds_of_events_are_found_as_ever() -> None:
    dask, _, _ = runners()
    install_extensions(SimpleNamespace(processor=SimpleNamespace(graph_runner=dask, domain=Domain.empty())))
    assert Event.resolve_by_type("slot").type_name == "slot" and Event.resolve_by_type("topic") is None
    for _ in range(2):
        with pytest.raises(ValueError, match="made up"):
            Event.resolve_by_type("made up")


@pytest.mark.parametrize("result", [
    {"events": [], "responses": []}, {},
    {"events": [{"event": "slot", "name": "mood", "value": "calm", "timestamp": None}], "responses": [{"text": "hi"}]},
])
def test_what_rasa_takes_from_an_action_is_taken(result: dict[str, Any]) -> None:
    dask, _, _ = runners()
    install_extensions(SimpleNamespace(processor=SimpleNamespace(graph_runner=dask, domain=Domain.empty())))
    assert RemoteAction("action_order", None)._validate_action_result(result)


@pytest.mark.parametrize("result", [
    [], {"events": {}}, {"events": [{"name": "no event"}]}, {"responses": ["hi"]}, {"events": [{"event": "slot"}]},
    {"events": [{"event": "slot", "value": 1}], "responses": []}, {"events": [{"event": "slot", "name": "a"}]},
    {"events": [{"event": "slot", "name": 1, "value": 1}], "responses": []}, {"events": [], "responses": ["hi"]},
    {"events": [{"event": "slot", "name": "a", "value": 1, "timestamp": "late"}], "responses": []},
    {"events": [{"event": "made up"}]}, {"events": [{"event": "action", "confidence": "much"}]}, {"events": ["slot"]},
])
def test_what_rasa_refuses_from_an_action_is_refused(result: Any) -> None:
    dask, _, _ = runners()
    install_extensions(SimpleNamespace(processor=SimpleNamespace(graph_runner=dask, domain=Domain.empty())))
    with pytest.raises(ValidationError):
        validate(result, RemoteAction.action_response_format_spec())
    with pytest.raises(ValidationError, match="action_order"):
        RemoteAction("action_order", None)._validate_action_result(result)

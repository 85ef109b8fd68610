"""What Rasa works out anew at each message although it never changes, worked out once.

Each stands in for a part of Rasa by its own name, and does the same (tests/unit/channels/test_engine.py).
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jsonschema import ValidationError  # type: ignore[import-untyped]
from jsonschema.validators import validator_for  # type: ignore[import-untyped]
from rasa.core.actions.action import RemoteAction
from rasa.core.agent import Agent
from rasa.engine.exceptions import GraphRunError
from rasa.engine.graph import ExecutionContext, GraphNode, GraphNodeHook, GraphSchema
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.engine.runner.interface import GraphRunner
from rasa.engine.storage.storage import ModelStorage
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]


class StraightRunner(GraphRunner):
    """Runs a loaded model's nodes one after the other; Rasa's runner plans the way anew each time, with Dask."""

    def __init__(self, schema: GraphSchema, nodes: Mapping[str, GraphNode]) -> None:
        self._schema = schema
        self._nodes = nodes
        self._plans: dict[tuple[str, ...], list[tuple[str, GraphNode, tuple[str, ...]]]] = {}

    @classmethod
    def create(
        cls, graph_schema: GraphSchema, model_storage: ModelStorage, execution_context: ExecutionContext,
        hooks: list[GraphNodeHook] | None = None,
    ) -> StraightRunner:
        """Load the nodes as Rasa's runner does."""
        return cls.instead_of(DaskGraphRunner(graph_schema, model_storage, execution_context, hooks))

    @classmethod
    def instead_of(cls, runner: DaskGraphRunner) -> StraightRunner:
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
        return [(name, self._nodes[name], needs) for name, needs in plan.items()]


def spare_cores() -> None:
    """Let linear algebra run on one core.

    One message is too little to share out: the other cores would wait for it busily, in the time of other messages.
    """
    threadpool_limits(limits=1, user_api="blas")


def tune(agent: Agent) -> None:
    """Put the parts of this module into an agent; again after it has loaded another model."""
    processor: Any = getattr(agent, "processor", None)
    if type(getattr(processor, "graph_runner", None)) is not DaskGraphRunner:
        return
    processor.graph_runner = StraightRunner.instead_of(processor.graph_runner)
    domain, empty = processor.domain, processor.domain.is_empty()
    domain.is_empty = lambda: empty  # Rasa writes out the whole domain to answer this, at each message
    RemoteAction._validate_action_result = _is_action_result


_schema = RemoteAction.action_response_format_spec()
_validator = validator_for(_schema)(_schema)


def _is_action_result(action: RemoteAction, result: Any) -> bool:
    """Rasa's check of what the action server answers, which otherwise checks its own schema first."""
    error = next(_validator.iter_errors(result), None)
    if error is not None:
        raise ValidationError(f"The action server's answer to {action.name()} cannot be read: {error.message}")
    return True

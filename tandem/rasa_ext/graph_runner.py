"""Run a loaded model's graph in one go."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rasa.engine.exceptions import GraphRunError
from rasa.engine.graph import ExecutionContext, GraphNode, GraphNodeHook, GraphSchema
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.engine.runner.interface import GraphRunner
from rasa.engine.storage.storage import ModelStorage


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
        """Make a runner of the same nodes."""
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
        """Return the nodes that the targets need, each after those that it needs itself."""
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

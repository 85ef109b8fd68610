"""Put what Rasa works out anew at each message, although it never changes, into an agent as worked out once.

Each part stands in for one of Rasa's by its own name, and does the same (tests/unit/rasa_ext/test_graph_runner.py).
"""
from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any

from rasa.core.actions import forms
from rasa.core.actions.action import RemoteAction
from rasa.core.agent import Agent
from rasa.core.nlg import TemplatedNaturalLanguageGenerator
from rasa.core.policies.rule_policy import RulePolicy
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.shared.core.events import Event
from rasa.shared.core.slot_mappings import SlotMapping
from rasa.shared.core.slots import Slot

from tandem.rasa_ext import shortcuts, translations
from tandem.rasa_ext.action_endpoint import install_action_endpoint
from tandem.rasa_ext.action_result import is_action_result
from tandem.rasa_ext.cached_tracker import copy_of
from tandem.rasa_ext.graph_runner import SequentialGraphRunner
from tandem.rasa_ext.locks import install_locks
from tandem.rasa_ext.rule_policy import IndexedRulePolicy


def install_all(agent: Agent) -> None:
    """Put every part of this package into an agent; again after it has loaded another model."""
    install_action_endpoint(agent)
    install_extensions(agent)
    install_locks(agent)


def install_extensions(agent: Agent) -> None:
    """Put the parts of this package that answer turns into an agent; again after it has loaded another model."""
    processor: Any = getattr(agent, "processor", None)
    if type(getattr(processor, "graph_runner", None)) is not DaskGraphRunner:
        return
    processor.graph_runner = SequentialGraphRunner.instead_of(processor.graph_runner)
    for node in processor.graph_runner.nodes.values():
        if type(getattr(node, "_component", None)) is RulePolicy:
            IndexedRulePolicy.make(node._component)
    domain, empty = processor.domain, processor.domain.is_empty()
    domain.is_empty = lambda: empty  # Rasa writes out the whole domain to answer this, at each message
    RemoteAction._validate_action_result = is_action_result
    Event.resolve_by_type = staticmethod(shortcuts.kind_of_event)
    Slot.__copy__ = copy_of
    SlotMapping.intent_is_desired = staticmethod(shortcuts.intent_is_desired)
    forms.FormAction._temporary_tracker = shortcuts.temporary_tracker
    TemplatedNaturalLanguageGenerator.generate = translations.generate
    for module in shortcuts.COPYING:
        module.copy = SimpleNamespace(copy=copy.copy, deepcopy=shortcuts.as_it_is)

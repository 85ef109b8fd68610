"""Do in one step what Rasa does at length for every message: copies, replays, and finding the classes of events."""
from __future__ import annotations

import functools
from typing import Any

from rasa.core import processor as rasa_processor
from rasa.core.actions import forms
from rasa.core.nlg import interpolator
from rasa.core.policies import rule_policy
from rasa.shared.core.constants import REQUESTED_SLOT
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, Event, SlotSet
from rasa.shared.core.slot_mappings import SlotMapping, SlotMappingType
from rasa.shared.core.trackers import DialogueStateTracker

from tandem.rasa_ext.cached_tracker import CachedTracker

# These copy whatever they write into a log message, also where nobody reads the log; they copy nothing else deeply.
COPYING: tuple[Any, ...] = (rasa_processor, forms, rule_policy, interpolator)
_rasas_kind_of_event = Event.resolve_by_type
_rasas_intent_is_desired = SlotMapping.intent_is_desired
_FROM_ENTITY = SlotMappingType.FROM_ENTITY.value


def as_it_is(value: Any) -> Any:
    return value


@functools.cache
def kind_of_event(type_name: str, default: type[Event] | None = None) -> type[Event] | None:
    """Cache the class of an event's type name: Rasa looks through all classes for each event that it reads."""
    kind: type[Event] | None = _rasas_kind_of_event(type_name, default)
    return kind


def temporary_tracker(
    form: forms.FormAction, tracker: DialogueStateTracker, more: list[Event], domain: Domain,
) -> DialogueStateTracker:
    """Make Rasa's tracker for the validation of a form, which otherwise replays all events of the session."""
    asked = SlotSet(REQUESTED_SLOT, form.get_slot_to_fill(tracker))
    if isinstance(tracker, CachedTracker) and not tracker.idx_after_latest_restart():
        twin = tracker.copy()
        twin.model_id = twin.assistant_id = None
    else:
        twin = CachedTracker.from_events(tracker.sender_id, tracker.events_after_latest_restart(), domain.slots)
    for event in (asked, ActionExecuted(form.name()), *more):
        twin.update(event)
    return twin


def intent_is_desired(mapping: dict[str, Any], tracker: DialogueStateTracker, domain: Domain) -> bool:
    """Do what Rasa's does, but refuse a mapping from an entity that the message has not: it would fill nothing.

    Rasa otherwise goes through all checks of every slot's mappings, twice for a message that begins a form.
    """
    if mapping.get("type") == _FROM_ENTITY and tracker.latest_message is not None:
        wanted = mapping.get("entity")
        if all(entity.get("entity") != wanted for entity in tracker.latest_message.entities):
            return False
    return bool(_rasas_intent_is_desired(mapping, tracker, domain))

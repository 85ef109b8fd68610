"""A Rasa tracker that lives from turn to turn, and stays short however long the conversation is.

Rasa's own is made anew from all events of the session at each message, replays them for each copy, and reads all of
them again for each policy. This one goes on where it was: copies take over its state, and what was worked out for
earlier events is kept. Every answer is the one that Rasa's would give (tests/unit/rasa_ext/test_cached_tracker.py).
"""
from __future__ import annotations

import copy
import dataclasses
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from operator import is_
from typing import Any

from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain, State
from rasa.shared.core.events import (
    ActionExecuted,
    ActionReverted,
    ActiveLoop,
    ConversationPaused,
    Event,
    Restarted,
    SessionStarted,
    SlotSet,
    UserUtteranceReverted,
    UserUttered,
)
from rasa.shared.core.slots import Slot
from rasa.shared.core.trackers import ACTIVE_LOOP, DialogueStateTracker, EventVerbosity, TrackerActiveLoop

KEEP = 30  # messages of the customer that stay in the tracker
SLACK = 6  # further ones before the oldest are folded: folding replays what stays

_REWRITES = frozenset(kind.type_name for kind in (Restarted, SessionStarted, ActionReverted, UserUtteranceReverted))
_USER, _ACTION, _LOOP = UserUttered.type_name, ActionExecuted.type_name, ActiveLoop.type_name


class CachedTracker(DialogueStateTracker):
    """A tracker that remembers what it has worked out."""

    active_loop: TrackerActiveLoop | None

    def __init__(self, sender_id: str, slots: Iterable[Slot] | None, *arguments: Any, **named: Any) -> None:
        super().__init__(sender_id, slots, *arguments, **named)
        self._forget()

    @classmethod
    def adopt(cls, tracker: DialogueStateTracker) -> CachedTracker:
        """Take over the state of another tracker, which must not be used any more."""
        if isinstance(tracker, cls):
            return tracker
        kept = cls.__new__(cls)
        kept.__dict__.update(tracker.__dict__)
        kept._forget()
        return kept

    def _forget(self) -> None:
        self._applied: list[Event] = []
        self._looked_at = 0  # events that `_applied` is made of
        self._loops: set[str] = set()
        self._history: _History | None = None

    def copy(self) -> CachedTracker:
        """Copy the tracker with its events and state; Rasa's replays the events."""
        twin = copy.copy(self)
        twin.events = deque(self.events)
        twin.slots = {name: copy_of(slot) for name, slot in self.slots.items()}
        if self.active_loop is not None:
            twin.active_loop = dataclasses.replace(self.active_loop)
        twin._forget()
        return twin

    def current_state(self, event_verbosity: EventVerbosity = EventVerbosity.NONE) -> dict[str, Any]:
        """Do what Rasa's does, which copies all that was read in the message that began a form: do not change it."""
        loop, self.active_loop = self.active_loop, None
        try:
            state: dict[str, Any] = super().current_state(event_verbosity)
        finally:
            self.active_loop = loop
        return {**state, ACTIVE_LOOP: dict(vars(loop)) if loop is not None else {}}

    def applied_events(self) -> list[Event]:
        """Do what Rasa's does, looking at new events only, unless one of them changes what earlier ones count for."""
        for event in islice(self.events, self._looked_at, None):
            kind = event.type_name
            if kind in _REWRITES or (kind == _LOOP and event.name and event.name not in self._loops) \
                    or (kind == _ACTION and event.action_name in self._loops):
                self._applied = super().applied_events()
                self._loops = {one.name for one in self.events if one.type_name == _LOOP and one.name}
                self._looked_at = len(self.events)
                break
            self._applied.append(event)
            self._looked_at += 1
        return list(self._applied)

    def past_states(
        self, domain: Domain, omit_unset_slots: bool = False, ignore_rule_only_turns: bool = False,
        rule_only_data: dict[str, Any] | None = None,
    ) -> list[State]:
        """Do what Rasa's does; states of earlier turns are worked out once."""
        if omit_unset_slots or ignore_rule_only_turns:
            return super().past_states(domain, omit_unset_slots, ignore_rule_only_turns, rule_only_data)
        applied = self.applied_events()
        if self._history is None or not self._history.goes_on(domain, applied):
            self._history = _History(domain, self.init_copy())
        return self._history.states(applied)


class _History:
    """The states before each action, as far as they have been worked out."""

    def __init__(self, domain: Domain, tracker: DialogueStateTracker) -> None:
        self._domain = domain
        self._tracker = tracker
        self._seen: list[Event] = []
        self._states: list[State] = []

    def goes_on(self, domain: Domain, applied: Sequence[Event]) -> bool:
        """Check whether these events begin with those that were looked at."""
        return domain is self._domain and len(applied) >= len(self._seen) and all(map(is_, self._seen, applied))

    def states(self, applied: Sequence[Event]) -> list[State]:
        """Return the states before each action and the present one; they are copies, for policies write into them."""
        for event in applied[len(self._seen):]:
            if event.type_name == _ACTION:
                self._states.append(self._state())
            self._tracker.update(event)
            self._seen.append(event)
        return [_copied(state) for state in (*self._states, self._state())]

    def _state(self) -> State:
        return self._domain._clean_state(self._domain.get_active_state(self._tracker))


def _copied(state: State) -> State:
    return {kind: dict(part) for kind, part in state.items()}


def from_events(sender_id: str, events: Iterable[Event], slots: Iterable[Slot]) -> CachedTracker:
    """Make a tracker in the state to which the events lead."""
    tracker = CachedTracker(sender_id, slots)
    for event in events:
        tracker.update(event)
    return tracker


def shortened(tracker: CachedTracker, keep: int = KEEP, slack: int = SLACK) -> CachedTracker:
    """Shorten a tracker to the last session, its oldest turns folded into the slots that they have left.

    Folded is what lies before the last `keep` messages of the customer, as soon as there are `slack` more, and back to
    a moment when the bot listened and no form was active. What is cut off is replaced by the beginning of a session
    that carries its slots over. If the state is not the same afterwards, which a rewind may bring about, the tracker
    stays as long as it is.
    """
    events = _last_session(tracker.events)
    kept = tracker
    if len(events) < len(tracker.events):
        kept = tracker.copy()  # the beginning of a session resets all, so that it is in the state its events lead to
        kept.events = deque(events)
    said = [place for place, event in enumerate(events) if event.type_name == _USER]
    if len(said) < keep + slack:
        return kept
    for place in reversed(said[1 : len(said) - keep + 1]):
        before = from_events(tracker.sender_id, events[:place], tracker.slots.values())
        if before.active_loop is None and before.latest_action_name == ACTION_LISTEN_NAME:
            short = _like(tracker, [*_head(before, events[place].timestamp), *events[place:]])
            return short if state_of(short) == state_of(tracker) else kept
    return kept


def _last_session(events: Iterable[Event]) -> list[Event]:
    found = list(events)
    for place in range(len(found) - 1, 0, -1):
        if found[place].type_name == SessionStarted.type_name:
            return found[place:]
    return found


def _like(tracker: CachedTracker, events: Iterable[Event]) -> CachedTracker:
    made = from_events(tracker.sender_id, events, tracker.slots.values())
    made.model_id, made.assistant_id = tracker.model_id, tracker.assistant_id
    return made


def _head(before: DialogueStateTracker, timestamp: float) -> list[Event]:
    """Return events that lead to the state of `before`, as at the beginning of a session."""
    changed = [SlotSet(name, slot.value, timestamp=timestamp) for name, slot in before.slots.items()
               if slot.value != slot.initial_value]
    paused = [ConversationPaused(timestamp=timestamp)] if before.is_paused() else []
    return [SessionStarted(timestamp=timestamp), *changed, *paused,
            ActionExecuted(ACTION_LISTEN_NAME, timestamp=timestamp)]


def state_of(tracker: DialogueStateTracker) -> Mapping[str, Any]:
    """Return all that the next turn depends on, but for the events themselves."""
    loop, message = tracker.active_loop, tracker.latest_message
    said = message.as_dict() if message is not None else {}
    return {
        "slots": tracker.current_slot_values(),
        "active_loop": dataclasses.asdict(loop) if loop is not None else None,
        "latest_message": {key: value for key, value in said.items() if key != "timestamp"},  # of none: when asked
        "latest_action": tracker.latest_action,
        "followup_action": tracker.followup_action,
        "paused": tracker.is_paused(),
    }


def copy_of(slot: Slot) -> Slot:
    """Copy a slot as `copy.copy` does, without taking it to pieces; every copy of a tracker copies all slots."""
    twin: Slot = object.__new__(type(slot))
    twin.__dict__.update(slot.__dict__)
    return twin

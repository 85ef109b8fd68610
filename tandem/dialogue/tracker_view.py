"""From a Rasa tracker to the turns of a conversation: the customer's messages, and how far the present turn has got."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rasa.shared.core.constants import ACTION_LISTEN_NAME, IS_EXTERNAL, REQUESTED_SLOT
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    Event,
    Restarted,
    SessionStarted,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker

from tandem.nlu.context_of_tracker import full_intent
from tandem.nlu.models.unknown_words import share_of_unknown_words
from tandem.sentiment.model import Turn
from tandem.sentiment.settings import EscalationSettings

HANDOFF_SLOT = "handoff"  # set by the handoff action once a handoff is open
FAILED_LOOKUPS_SLOT = "failed_lookups"  # counted up by actions whose lookup failed, set to 0 by success
_SLOT, _USER = SlotSet.type_name, UserUttered.type_name  # told by name: isinstance on Rasa's events is slow
_DONE = frozenset({ActionExecuted.type_name, ActionExecutionRejected.type_name})
_BEGINNINGS = frozenset({SessionStarted.type_name, Restarted.type_name})
METADATA = "tandem"  # where the channels put what they know: seq, handed_back


@dataclass(frozen=True)
class TrackerView:
    """What the policy needs of a tracker."""

    turns: tuple[Turn, ...]  # since the last hand-back, the latest last
    seqs: tuple[int | None, ...]  # the messages' numbers in the ledger
    latest: UserUttered | None  # the message that is being answered; None if there is none
    executed: tuple[str, ...]  # the actions since, oldest first; rejected ones too
    rejected: str | None  # the action that has just refused to run
    handed_off: bool  # the handoff action has run in this turn and opened a handoff


def facts_of(message: UserUttered) -> Mapping[str, Any]:
    """Return what the channel said about a message: `metadata["tandem"]`, or nothing."""
    facts = message.metadata.get(METADATA) if isinstance(message.metadata, dict) else None
    return facts if isinstance(facts, dict) else {}


def read_conversation(tracker: DialogueStateTracker, settings: EscalationSettings, handoff_action: str) -> TrackerView:
    """Read the latest turns of a tracker: at most `settings.window`, none before a hand-back, handoff or restart.

    The cost does not grow with the conversation's length.
    """
    segments = _segments(tracker, settings.window)
    if not segments:
        return TrackerView((), (), None, (), None, False)
    turns: list[Turn] = []
    seqs: list[int | None] = []
    requested: str | None = None
    failures: float | None = None
    for message, events in segments:
        filled = {event.key for event in events if event.type_name == _SLOT and event.value is not None}
        failed, succeeded, failures = _lookups(events, failures)
        if not _is_ignored(message, settings):
            turns.append(_turn(message, settings, requested is not None and requested in filled, failed, succeeded))
            seq = facts_of(message).get("seq")
            seqs.append(seq if isinstance(seq, int) else None)
        requested = next(
            (event.value for event in reversed(events) if event.type_name == _SLOT and event.key == REQUESTED_SLOT),
            requested,
        )
    latest, events = segments[-1]
    done = [event for event in events if event.type_name in _DONE]
    executed = tuple(str(event.action_name) for event in done)
    rejected = executed[-1] if done and done[-1].type_name == ActionExecutionRejected.type_name else None
    return TrackerView(tuple(turns), tuple(seqs), latest, executed, rejected, _handed_off(events, handoff_action))


def is_listening(conversation: TrackerView) -> bool:
    """Tell whether the turn is over: the bot waits for the customer."""
    return ACTION_LISTEN_NAME in conversation.executed


def is_ignored(conversation: TrackerView, settings: EscalationSettings) -> bool:
    """Tell whether the latest message is none that the policy has to look at."""
    return conversation.latest is None or _is_ignored(conversation.latest, settings)


def _segments(tracker: DialogueStateTracker, window: int) -> list[tuple[UserUttered, list[Event]]]:
    """Split the tracker into the latest messages, each with the events that follow it; oldest first."""
    segments: list[tuple[UserUttered, list[Event]]] = []
    after: list[Event] = []
    ids: set[str] = set()
    for event in reversed(tracker.events):
        if event.type_name in _BEGINNINGS:
            break
        if event.type_name != _USER:
            if segments and event.type_name == _SLOT and event.key == HANDOFF_SLOT and event.value is not None:
                break  # a person dealt with what was said up to here
            after.append(event)
            continue
        if event.message_id and event.message_id in ids:
            after = []  # Rasa logs a rephrased message once more; the later entry is the one being answered
            continue
        ids.add(event.message_id or "")
        segments.append((event, after[::-1]))
        after = []
        if len(segments) == window or facts_of(event).get("handed_back"):
            break
    return segments[::-1]


def _turn(message: UserUttered, settings: EscalationSettings, is_answer: bool, failed: int, succeeded: bool) -> Turn:
    parse = message.parse_data
    sentiment = parse.get("sentiment")
    words = not (message.text or "").lstrip().startswith("/")
    intent = full_intent(message.intent) or None
    confidence = message.intent.get("confidence")
    is_fallback = intent in settings.fallback_intents and not is_answer  # what a form took was understood
    guess, sure = best_guess(message.parse_data, settings) if is_fallback else (None, 0.0)
    return Turn(
        text=(message.text or "") if words else "",
        sentiment=sentiment if words and isinstance(sentiment, dict) else None,
        intent=intent,
        confidence=float(confidence) if isinstance(confidence, (int, float)) else 1.0,
        guess=guess, guess_confidence=sure,
        unknown_words=share_of_unknown_words(message.text or "") if words and not parse.get("language") else 0.0,
        is_fallback=is_fallback,
        is_answer=is_answer or intent in settings.answer_intents,
        failed_lookups=failed,
        lookup_succeeded=succeeded,
        subjects=_subjects(message.entities, settings),
        handed_back=bool(facts_of(message).get("handed_back")),
    )


def best_guess(parse: Mapping[str, Any], settings: EscalationSettings) -> tuple[str | None, float]:
    """Return the likeliest intent of a message that was not understood, with its confidence."""
    ranking = parse.get("intent_ranking") or ()
    found = next((rank for rank in ranking if rank.get("name") not in settings.fallback_intents), None)
    return (str(found["name"]), float(found.get("confidence") or 0.0)) if found and found.get("name") else (None, 0.0)


def _subjects(entities: Iterable[Mapping[str, Any]], settings: EscalationSettings) -> frozenset[str]:
    return frozenset(
        str(entity.get("value")).lower() for entity in entities if entity.get("entity") in settings.subject_entities
    )


def _lookups(events: Iterable[Event], before: float | None) -> tuple[int, bool, float | None]:
    """Count the lookups that failed in a turn, tell whether one succeeded, and give the count after it."""
    failed, succeeded = 0.0, False
    for event in events:
        if event.type_name != _SLOT or event.key != FAILED_LOOKUPS_SLOT:
            continue
        value = float(event.value) if isinstance(event.value, (int, float)) else 0.0
        if value <= 0:
            failed, succeeded = 0.0, True
        elif before is None:
            failed += 1  # the count began before the turns that are looked at
        elif value > before:
            failed += value - before
        before = max(0.0, value)
    return round(failed), succeeded, before


def _is_ignored(message: UserUttered, settings: EscalationSettings) -> bool:
    metadata = message.metadata if isinstance(message.metadata, dict) else {}
    return bool(metadata.get(IS_EXTERNAL)) or message.intent.get("name") in settings.ignore_intents


def _handed_off(events: Iterable[Event], handoff_action: str) -> bool:
    ran = False
    for event in events:
        if event.type_name == ActionExecuted.type_name and event.action_name == handoff_action:
            ran = True
        elif ran and event.type_name == _SLOT and event.key == HANDOFF_SLOT and event.value is not None:
            return True
    return False

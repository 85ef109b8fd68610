"""From a Rasa tracker to the place of the next message in its conversation."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rasa.shared.core.constants import REQUESTED_SLOT
from rasa.shared.core.events import BotUttered, SessionStarted, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from tandem.nlu.models.context import Context, Topics

_LOOK_BACK = 400  # events; some twenty turns with all their slots
_USER, _BOT, _SESSION = UserUttered.type_name, BotUttered.type_name, SessionStarted.type_name


def context_of(tracker: DialogueStateTracker | None, topics: Topics) -> Context:
    """Tell what the conversation is about, before a message that the tracker does not hold yet.

    The cost does not grow with the conversation's length.
    """
    if tracker is None or not tracker.events:
        return Context()
    latest, answered, offers, is_heard = "", "", None, False
    for count, event in enumerate(reversed(tracker.events)):
        if event.type_name == _SESSION or count >= _LOOK_BACK:
            break
        if event.type_name == _BOT and not is_heard:
            if offers is None:  # the latest thing the bot said, or the one with buttons among those of one turn
                offers = _intents_of(event.data.get("buttons"))
            else:
                offers = offers or _intents_of(event.data.get("buttons"))
        elif event.type_name == _USER:
            is_heard = True
            intent = full_intent(event.intent)
            latest = latest or intent
            if topics[intent]:
                answered = intent
                break
    asks = tracker.get_slot(REQUESTED_SLOT) if tracker.active_loop_name else None
    return Context(answered, topics[answered], latest, str(asks or ""), tuple(offers or ()))


def full_intent(intent: Mapping[str, Any]) -> str:
    """Return the name of an intent, with the answer that is wanted if it is a retrieval intent: `returns/who_pays`."""
    return str(intent.get("full_retrieval_intent_name") or intent.get("name") or "")


def _intents_of(buttons: Sequence[Mapping[str, Any]] | None) -> tuple[str, ...]:
    payloads = [str(button.get("payload") or "") for button in buttons or () if isinstance(button, Mapping)]
    found = [payload[1:].partition("{")[0].partition("#")[0] for payload in payloads if payload.startswith("/")]
    return tuple(dict.fromkeys(name for name in found if name))

"""One turn of a conversation as an action sees it."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from rasa_sdk import Tracker

from actions.base.message_text import is_refused
from tandem.conversations.consent import OTHERS, Verdict

REQUESTED_SLOT = "requested_slot"


class CurrentTurn:
    """Reads a tracker: what this message said, what it filled, and what was known before it."""

    def __init__(self, tracker: Tracker) -> None:
        self.tracker = tracker
        self.verdict: Verdict | None = None  # on the question for a yes, where a form has asked one
        self.rest: str | None = None  # what still goes back, where the message keeps a part of it
        self.orders_meant: tuple[str, ...] = ()  # instead of those asked about: more of them, or fewer

    @property
    def conversation_id(self) -> str:
        return str(self.tracker.sender_id)

    @property
    def message_id(self) -> str:
        """Return the message's id: the same when an interrupted turn is run again."""
        return str((self.tracker.latest_message or {}).get("message_id") or "")

    @property
    def seq(self) -> int:
        """Return the message's number in the ledger; 0 for one that did not come through a channel of ours."""
        return int(self._facts.get("seq") or 0)

    @property
    def has_pending_wishes(self) -> bool:
        """Check whether the customer wants something besides, which is taken up after this."""
        return bool(self._facts.get("wishes"))

    @property
    def has_left_queue(self) -> bool:
        """Check whether this is the customer's first message to the bot since a handoff."""
        return bool(self._facts.get("handed_back"))

    @property
    def left_open(self) -> str:
        """Tell what is open of the time in the queue: `open` (it is taken up next), `needs_person`, or nothing."""
        return str(self._facts.get("left_open") or "")

    @property
    def _facts(self) -> Mapping[str, Any]:
        return ((self.tracker.latest_message or {}).get("metadata") or {}).get("tandem") or {}

    @property
    def intent(self) -> str:
        return str(((self.tracker.latest_message or {}).get("intent") or {}).get("name") or "")

    @property
    def answer(self) -> str:
        """Tell the small answer that is wanted, `returns/who_pays`; empty for an intent that is none."""
        return str(((self.tracker.latest_message or {}).get("intent") or {}).get("full_retrieval_intent_name") or "")

    @property
    def likeliest(self) -> list[tuple[str, float]]:
        """Return how the message may be read, in full (`topic/answer`) with the confidence, the likeliest first."""
        message = self.tracker.latest_message or {}
        answers = message.get("response_selector") or {}
        found = []
        for rank in message.get("intent_ranking") or ():
            name = str(rank.get("name") or "")
            chosen = ((answers.get(name) or {}).get("response") or {}).get("intent_response_key")
            found.append((str(chosen or name), float(rank.get("confidence") or 0.0)))
        return found

    @property
    def text(self) -> str:
        return str((self.tracker.latest_message or {}).get("text") or "")

    @property
    def active_form(self) -> str:
        return str((self.tracker.active_loop or {}).get("name") or "")

    def slot(self, name: str) -> Any:
        return self.tracker.get_slot(name)

    def entity(self, name: str) -> str | None:
        """Return the last value of an entity in this message, of those that are meant."""
        found = self.meant(name)
        return found[-1] if found else None

    def meant(self, name: str) -> list[str]:
        """Return the values of an entity in this message that are meant: "10402, not 10417"."""
        all_found = [e for e in (self.tracker.latest_message or {}).get("entities") or () if e.get("entity") == name]
        meant = [e for e in all_found if not is_refused(self.text, int(e.get("start") or 0))]
        return [str(e["value"]) for e in meant or all_found if e.get("value") is not None]

    def entities(self, *names: str) -> list[str]:
        """Return all values of these entities in this message, in the order of the names."""
        return [str(e.get("value")) for name in names for e in (self.tracker.latest_message or {}).get("entities") or ()
                if e.get("entity") == name]

    def says_only(self, *names: str) -> bool:
        """Check whether the message is nothing but values of these entities, such as an e-mail address."""
        rest = list(self.text)
        for entity in (self.tracker.latest_message or {}).get("entities") or ():
            if entity.get("entity") in names:
                start, end = int(entity.get("start") or 0), int(entity.get("end") or 0)
                rest[start:end] = " " * len(rest[start:end])
        return rest != list(self.text) and not any(sign.isalnum() for sign in rest)

    @cached_property
    def _events(self) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
        """Return the events before this message and since."""
        events = list(self.tracker.events)
        start = next((place for place in range(len(events) - 1, -1, -1) if events[place].get("event") == "user"), 0)
        return events[:start], events[start:]

    @cached_property
    def filled(self) -> dict[str, Any]:
        """Return what was put into slots since this message, by slot."""
        return {str(event.get("name")): event.get("value") for event in self._events[1] if event.get("event") == "slot"}

    def before(self, slot: str) -> Any:
        """Return a slot's value when this message came."""
        return next((event.get("value") for event in reversed(self._events[0])
                     if event.get("event") == "slot" and event.get("name") == slot), None)

    @property
    def form_before(self) -> str:
        """Return the form that was open when this message came; empty if none was."""
        names = (event.get("name") for event in reversed(self._events[0])
                 if event.get("event") in ("active_loop", "form"))
        return str(next(names, "") or "")

    @property
    def messages_since_note(self) -> int:
        """Count the customer's messages since a person handed back with a note, this one included; 0 if none did.

        `last_handoff` is set in the turn of the first of them.
        """
        if not self.note:
            return 0
        count = 1
        for event in reversed(self.tracker.events):
            if event.get("event") == "slot" and event.get("name") == "last_handoff":
                break
            count += event.get("event") == "user"
        return count

    @property
    def earlier_intents(self) -> list[str]:
        """Return what the customer's messages before this one were read as, the latest first."""
        return [str(((event.get("parse_data") or {}).get("intent") or {}).get("name") or "")
                for event in reversed(self._events[0]) if event.get("event") == "user"]

    @property
    def earlier_texts(self) -> list[str]:
        """Return the customer's messages before this one, the latest first."""
        return [str(event.get("text") or "") for event in reversed(self._events[0]) if event.get("event") == "user"]

    @property
    def earlier_messages(self) -> list[tuple[str, str]]:
        """Return the customer's messages before this one with what each was read as, in full, the latest first."""
        found = []
        for event in reversed(self._events[0]):
            if event.get("event") == "user":
                intent = (event.get("parse_data") or {}).get("intent") or {}
                found.append((str(event.get("text") or ""),
                              str(intent.get("full_retrieval_intent_name") or intent.get("name") or "")))
        return found

    @property
    def note(self) -> str:
        """Return what a person left for the bot to say, without its full stop; empty if nothing."""
        told = self.slot("last_handoff")
        return str((told.get("note_for_bot") if isinstance(told, Mapping) else "") or "").strip().rstrip(".")

    def values_before(self, slot: str) -> list[Any]:
        """Return all values that a slot has had before this message, the latest first."""
        values = (event.get("value") for event in reversed(self._events[0])
                  if event.get("event") == "slot" and event.get("name") == slot)
        return [value[-1] if isinstance(value, list) else value for value in values if value not in (None, [])]

    def texts_in_form(self, slot: str) -> list[str]:
        """Return what a slot was given in the open form before this message, the latest first."""
        events = self._events[0]
        start = max((place for place, event in enumerate(events) if event.get("event") == "active_loop"), default=0)
        return [str(event["value"]) for event in reversed(events[start:])
                if event.get("event") == "slot" and event.get("name") == slot and event.get("value")]

    def activates(self, form: str) -> bool:
        """Check whether the form begins in this turn."""
        return any(event.get("event") in ("active_loop", "form") and event.get("name") == form
                   for event in self._events[1])

    def resumes(self, form: str) -> bool:
        """Check whether a person handed back so that the form, which they had interrupted, goes on where it was."""
        last = self.slot("last_handoff")
        return isinstance(last, Mapping) and bool(last.get("resume")) and bool(form) and last.get("flow") == form

    def rejected(self, form: str) -> bool:
        """Check whether the form has already stepped aside in this turn."""
        return any(event.get("event") == "action_execution_rejected" and event.get("name") == form
                   for event in self._events[1])

    def says(self, *responses: str) -> bool:
        """Check whether one of these responses has been said since this message."""
        return any(_response(event) in responses for event in self._events[1])

    def said_before(self, response: str) -> bool:
        """Check whether a response was said before this message, in this session."""
        return any(_response(event) == response for event in self.bot_messages)

    def times_said(self, *responses: str) -> int:
        """Count how often these responses were said in the open form before this message."""
        events = self._events[0]
        start = max((place for place, event in enumerate(events) if event.get("event") == "active_loop"), default=0)
        return sum(_response(event) in responses for event in events[start:])

    @property
    def buttons(self) -> Sequence[Mapping[str, Any]]:
        """Return the buttons under the bot's last message before this one."""
        return (self.last_bot_message.get("data") or {}).get("buttons") or ()

    @property
    def bot_messages(self) -> Sequence[Mapping[str, Any]]:
        """Return what the bot said before this message, the latest first."""
        return [event for event in reversed(self._events[0]) if event.get("event") == "bot"]

    @property
    def last_bot_message(self) -> Mapping[str, Any]:
        """Return what the bot said last before this message: the event, with `data` and `metadata`."""
        return next((event for event in reversed(self._events[0]) if event.get("event") == "bot"), {})


def _response(event: Mapping[str, Any]) -> str:
    """Return the name of the response that the bot said; empty for any other event."""
    return str((event.get("metadata") or {}).get("utter_action") or "") if event.get("event") == "bot" else ""


def others_of(turn: CurrentTurn) -> tuple[str, ...]:
    """Return the orders that are meant besides the one in `order_number`."""
    return tuple(filter(None, str(turn.slot(OTHERS) or "").split(",")))

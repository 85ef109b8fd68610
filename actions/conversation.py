"""Answers that depend on what was said before: greetings after a person, a yes to an offer, details out of the blue."""
from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.order_form import starts_a_flow
from actions.reply import Reply
from actions.turn import Turn


class ActionGreet(Action):
    """Greets; whoever comes from a person is greeted with that in mind."""

    def name(self) -> str:
        return "action_greet"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Mapping[str, Any]
    ) -> list[EventType]:
        _after_handoff_or("utter_greet", Turn(tracker)).say(dispatcher)
        return []


class ActionThanks(Action):
    """Answers thanks; thanks for a person's help are passed on."""

    def name(self) -> str:
        return "action_thanks"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Mapping[str, Any]
    ) -> list[EventType]:
        _after_handoff_or("utter_thanks", Turn(tracker)).say(dispatcher)
        return []


class ActionAcceptOffer(Action):
    """Does what the first button under the bot's last message would do; without one there is nothing to accept."""

    def name(self) -> str:
        return "action_accept_offer"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Mapping[str, Any]
    ) -> list[EventType]:
        turn = Turn(tracker)
        if turn.active_form:
            return []  # the form asks its question again
        buttons = (turn.last_bot_message.get("data") or {}).get("buttons") or ()
        intent, slots = _read_payload(str(buttons[0].get("payload") or "")) if buttons else ("", {})
        if intent == "ask_for_human":
            return [FollowupAction("action_handoff")]
        if starts_a_flow(intent):
            return [*(SlotSet(slot, value) for slot, value in slots.items()), FollowupAction(f"{intent}_form")]
        Reply("utter_affirm").say(dispatcher)
        return []


class ActionInform(Action):
    """Takes an order number or an address that nobody asked for as a question about that order."""

    def name(self) -> str:
        return "action_inform"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Mapping[str, Any]
    ) -> list[EventType]:
        turn = Turn(tracker)
        tracking = turn.entity("tracking_number")
        if turn.active_form and not tracking:
            return []  # the form asks its question again
        if not turn.active_form and (turn.entity("order_number") or turn.entity("email")):
            return [FollowupAction("order_status_form")]
        (Reply("utter_inform_tracking_number") if tracking else Reply("utter_inform")).say(dispatcher)
        return []


def _read_payload(payload: str) -> tuple[str, dict[str, Any]]:
    """The intent and the entities of a button: `/return_item{"return_reason": "damaged"}`."""
    intent, brace, rest = payload.removeprefix("/").partition("{")
    try:
        entities = json.loads(brace + rest) if brace else {}
    except ValueError:
        entities = {}
    return intent, entities if isinstance(entities, dict) else {}


def _after_handoff_or(response: str, turn: Turn) -> Reply:
    """The policy sets `last_handoff` on the first message after a person."""
    handed_back = turn.filled.get("last_handoff")
    if not isinstance(handed_back, Mapping) or not handed_back.get("agent"):
        return Reply(response)
    suffix = "resolved" if handed_back.get("outcome") == "resolved" else "handed_back"
    return Reply(f"{response}_{suffix}")

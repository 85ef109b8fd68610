"""Answers that depend on what was said before: greetings after a person, a yes to an offer, details out of the blue."""
from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActionReverted, EventType, FollowupAction
from rasa_sdk.executor import CollectingDispatcher

from actions.base.choices import means_the_other, place_in
from actions.base.consent import regret_reply, unchanged_reply
from actions.base.customer_orders import accessible_orders, offered_numbers
from actions.base.late_orders import late_order
from actions.base.message_text import bare_numbers, corrects, read_payload
from actions.base.offers import start_offer, take_offer
from actions.base.order_context import OrderContext
from actions.base.order_form import starts_a_flow
from actions.base.order_threads import with_orders
from actions.base.order_updates import answer_to_offer, follows_an_update, stop_updates
from actions.base.repeated_questions import ask_again
from actions.base.reply import Reply
from actions.base.reply_action import ReplyAction
from actions.base.services import services
from actions.base.status import status_reply
from actions.base.turn import CurrentTurn
from actions.facts.changes import not_yet
from tandem.orders.errors import OrderSystemUnavailable
from tandem.services import Services


class ActionGreet(ReplyAction):
    """Greets; whoever comes from a person is greeted with that in mind."""

    def name(self) -> str:
        return "action_greet"

    def reply(self, turn: CurrentTurn) -> Reply:
        return _after_handoff_or("utter_greet", turn)


class ActionThanks(ReplyAction):
    """Answers thanks; thanks for a person's help are passed on."""

    def name(self) -> str:
        return "action_thanks"

    def reply(self, turn: CurrentTurn) -> Reply:
        return answer_to_offer(self._open, turn, only_yes=True) or _after_handoff_or("utter_thanks", turn)


class ActionFactsInEnglish(Action):
    """Says, in the customer's language, that the answer comes in English and that a person can help.

    LanguagePolicy predicts it before the answer. It undoes itself, so that rules see the message as it came.
    """

    def name(self) -> str:
        return "action_facts_in_english"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Mapping[str, Any]
    ) -> list[EventType]:
        Reply("utter_facts_in_english").say(dispatcher)
        return [ActionReverted()]


class ActionTalk(ReplyAction):
    """Answers what is said about the conversation itself; praise meant as mockery gets the facts of a late order."""

    asks_orders = True
    _LATE: ClassVar[frozenset[str]] = frozenset({"talk/mock_praise"})

    def name(self) -> str:
        return "action_talk"

    def reply(self, turn: CurrentTurn) -> Reply:
        waits = not_yet(turn) if turn.answer == "talk/what_next" else None
        if waits is not None:
            return waits
        order = late_order(self._open, turn) if turn.answer in self._LATE else None
        if order is None:
            return Reply(f"utter_{turn.answer}" if turn.answer else "utter_help")
        opened = self._open()
        facts = status_reply(order, OrderContext.of(opened, turn).dates)
        return Reply("utter_mock_praise_late", then=facts)


class ActionAcceptOffer(Action):
    """Does what the button that the yes names would do, else the first; without buttons there is nothing to accept.

    A yes to being told of an order's changes is read by the gate.
    """

    def __init__(self, open_services: Callable[[], Services] = services) -> None:
        self._open = open_services

    def name(self) -> str:
        return "action_accept_offer"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Mapping[str, Any]
    ) -> list[EventType]:
        turn = CurrentTurn(tracker)
        if turn.active_form:
            return []  # the form asks its question again
        answered = await asyncio.to_thread(lambda: answer_to_offer(self._open, turn))
        if answered is not None:
            answered.say(dispatcher)
            return []
        first = str(turn.buttons[0].get("payload") or "") if turn.buttons else ""
        events = take_offer(turn) or start_offer(first)
        if events:
            return events
        Reply("utter_affirm").say(dispatcher)
        return []


class ActionDeny(Action):
    """Accepts a no; "no, the other one" and "no, 10417" ask about another order.

    A no right after an act comes too late, and is told what can still be done.
    """

    def __init__(self, open_services: Callable[[], Services] = services) -> None:
        self._open = open_services

    def name(self) -> str:
        return "action_deny"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Mapping[str, Any]
    ) -> list[EventType]:
        turn = CurrentTurn(tracker)
        if not turn.active_form:
            taken = take_offer(turn)
            if taken:
                return taken
            if _names_another_order(turn):
                return [FollowupAction("order_status_form")]
        declined = await asyncio.to_thread(lambda: answer_to_offer(self._open, turn) or _stops(self._open(), turn))
        if declined is not None:
            declined.say(dispatcher)
            return []
        too_late = await asyncio.to_thread(lambda: regret_reply(self._open(), turn))
        again = [] if too_late else await with_orders(_asked_again, self._open, turn)
        if again:
            return again
        (too_late or Reply("utter_deny")).say(dispatcher)
        return []


class ActionNeverMind(ReplyAction):
    """Leaves what was going on, and says what stays as it is; after an act, what can still be done instead."""

    def name(self) -> str:
        return "action_never_mind"

    def reply(self, turn: CurrentTurn) -> Reply:
        opened = self._open()
        return (regret_reply(opened, turn) or unchanged_reply(opened, turn) or answer_to_offer(self._open, turn)
                or _stops(opened, turn) or Reply("utter_never_mind"))


class ActionInform(Action):
    """Takes an order number or an address that nobody asked for as a question about that order."""

    def __init__(self, open_services: Callable[[], Services] = services) -> None:
        self._open = open_services

    def name(self) -> str:
        return "action_inform"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Mapping[str, Any]
    ) -> list[EventType]:
        turn = CurrentTurn(tracker)
        tracking = turn.entity("tracking_number")
        if turn.active_form and not tracking:
            return []  # the form asks its question again
        taken = [] if turn.active_form else take_offer(turn)
        if taken:
            return taken
        flow = next(iter(turn.earlier_intents), "")
        if not turn.active_form and corrects(turn.text) and _names_an_order(turn) and starts_a_flow(flow):
            return [FollowupAction(f"{flow}_form")]  # "oops, 10402": what was wished is wished of that one
        if not turn.active_form and (_names_another_order(turn) or turn.entity("email")):
            return [FollowupAction("order_status_form")]
        again = [] if tracking else await with_orders(_asked_again, self._open, turn)
        if again:
            return again
        (Reply("utter_inform_tracking_number") if tracking else Reply("utter_inform")).say(dispatcher)
        return []


def _asked_again(open_services: Callable[[], Services], turn: CurrentTurn) -> list[EventType]:
    """Return what asks the same as before of the thing that a message names: "the mugs, not the towel"."""
    try:
        return ask_again(turn, accessible_orders(open_services(), turn))
    except OrderSystemUnavailable:
        return []


def _stops(services: Services, turn: CurrentTurn) -> Reply | None:
    """Stop telling of orders where a bare "stop" comes right after an update."""
    return stop_updates(services, turn) if follows_an_update(services, turn) else None


def _names_an_order(turn: CurrentTurn) -> bool:
    return bool(turn.entity("order_number") or bare_numbers(turn.text))


def _names_another_order(turn: CurrentTurn) -> bool:
    if _names_an_order(turn):
        return True
    offered = any("order_number" in read_payload(str(button.get("payload") or ""))[1] for button in turn.buttons)
    return (offered and means_the_other(turn.text)) or place_in(turn.text, len(offered_numbers(turn))) is not None


def _after_handoff_or(response: str, turn: CurrentTurn) -> Reply:
    """Choose the response after a handoff: the policy sets `last_handoff` on the first message after a person."""
    handed_back = turn.filled.get("last_handoff")
    if not isinstance(handed_back, Mapping) or not handed_back.get("agent"):
        return Reply(response)
    suffix = "resolved" if handed_back.get("outcome") == "resolved" else "handed_back"
    return Reply(f"{response}_{suffix}")

"""Messages that no flow takes.

The name of something that the customer has ordered still leads to its order, and who writes in a language that the
assistant does not know is told so.
"""
from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, FollowupAction
from rasa_sdk.executor import CollectingDispatcher

from actions.base.consent import regret_reply
from actions.base.customer_orders import accessible_orders, named_by_item, offered_by_place
from actions.base.offers import take_offer
from actions.base.order_action import NOTE_COUNTS
from actions.base.order_threads import with_orders
from actions.base.repeated_questions import ask_again
from actions.base.reply import Reply
from actions.base.services import services
from actions.base.turn import CurrentTurn
from tandem.orders.errors import OrderSystemUnavailable
from tandem.services import Services
from tandem.wording.language import detect
from tandem.wording.offers import read_offers

KNOWN = "en"  # the language of data/
_UNFIT_IN_GRIEF = frozenset({"complaint", "review"})  # offered to nobody who has written of a death
_FEW_WORDS = 8  # a longer message is about more than the thing that it names


class _NotUnderstood(Action, ABC):
    """Says `response`, unless a short message names one of the customer's things: "and the kettle?" """

    response: ClassVar[str]

    def __init__(self, open_services: Callable[[], Services] = services) -> None:
        self._open = open_services

    @abstractmethod
    def name(self) -> str:
        """Return the name as the rule has it; without it the SDK would take this class for an action."""

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Mapping[str, Any]
    ) -> list[EventType]:
        turn = CurrentTurn(tracker)
        taken = [] if turn.active_form else take_offer(turn)
        if taken:
            return taken
        named = [] if turn.active_form else await with_orders(self._names_a_thing, turn)
        if named:
            return named
        too_late = await asyncio.to_thread(lambda: regret_reply(self._open(), turn))
        if too_late is not None:
            too_late.say(dispatcher)
            return []
        foreign = turn.slot("language") or detect([turn.text]) not in ("", KNOWN)
        (Reply("utter_other_language") if foreign else self.reply(turn)).say(dispatcher)
        return []

    def reply(self, turn: CurrentTurn) -> Reply:
        """Return what is said if the message leads nowhere."""
        return Reply(self.response)

    def _names_a_thing(self, turn: CurrentTurn) -> list[EventType]:
        """Return what the name of a thing leads to: what was wanted of another before, else where its order is."""
        if len(turn.text.split()) > _FEW_WORDS:
            return []
        try:
            accessible = accessible_orders(self._open(), turn)
        except OrderSystemUnavailable:
            return []
        again = ask_again(turn, accessible)
        named = named_by_item(turn.text, accessible.orders) or offered_by_place(turn, accessible)
        return again or ([FollowupAction("order_status_form")] if named else [])


class ActionNotUnderstood(_NotUnderstood):
    """Offers what was likeliest meant; where nothing is likely, asks to put it in other words."""

    response = "utter_please_rephrase"

    def name(self) -> str:
        return "action_not_understood"

    def reply(self, turn: CurrentTurn) -> Reply:
        if turn.active_form:
            return Reply(self.response)
        bereaved = "bereavement" in (turn.intent, *turn.earlier_intents)
        likely = read_offers().buttons([one for one in turn.likeliest if not (bereaved and one[0] in _UNFIT_IN_GRIEF)])
        if 0 < turn.messages_since_note <= NOTE_COUNTS:  # what a person left may be the answer, and is the newest word
            noted = "utter_please_rephrase_noted" if turn.messages_since_note == 1 else "utter_please_rephrase_by_note"
            return Reply(noted, {"note": turn.note}, buttons=likely)
        return Reply("utter_please_rephrase_likely", buttons=likely) if likely else Reply(self.response)


class ActionOutOfScope(_NotUnderstood):
    """Says what is beyond the assistant."""

    response = "utter_out_of_scope"

    def name(self) -> str:
        return "action_out_of_scope"

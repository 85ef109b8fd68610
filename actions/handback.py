"""The first answer after a person or the queue: what was left for the bot, and the way back to what was interrupted."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActionReverted, EventType, FollowupAction
from rasa_sdk.executor import CollectingDispatcher

from actions.base.late_orders import late_order
from actions.base.order_context import OrderContext
from actions.base.order_form import ANSWERS, starts_a_flow
from actions.base.reply import Reply
from actions.base.reply_action import ReplyAction
from actions.base.status import status_reply
from actions.base.turn import CurrentTurn

_LEFT_OPEN = {"open": "utter_back_to_bot_open", "needs_person": "utter_back_to_bot_needs_person"}
_UPSET = ("upset", "angry")
_STATUS = "order_status"  # in the names of the responses that tell how an order stands
SMALL_TALK = frozenset({"greet", "thanks", "how_are_you", "praise", "help"})


class ActionAfterHandback(Action):
    """Passes on a person's line for the bot and, if they wished so, takes up the interrupted form again.

    EscalationPolicy predicts it before the normal answer to the first message after a person. It undoes itself, so that
    rules see the message as if freshly asked; only the form's question takes the place of an answer to small talk.
    """

    def name(self) -> str:
        return "action_after_handback"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Mapping[str, Any]
    ) -> list[EventType]:
        turn = CurrentTurn(tracker)
        told = turn.slot("last_handoff") or {}
        if turn.note:
            Reply("utter_after_handback", {"note": turn.note}).say(dispatcher)
        form = str(told.get("flow") or "")
        if not turn.resumes(form) or not starts_a_flow(form.removesuffix("_form")):
            return [ActionReverted()]
        intent = form.removesuffix("_form")
        if turn.intent in ANSWERS | SMALL_TALK | {intent}:
            Reply("utter_resume").say(dispatcher)
            return [FollowupAction(form)]
        if not starts_a_flow(turn.intent):
            Reply("utter_resume_offer", {"intent": intent}).say(dispatcher)
        return [ActionReverted()]


def _told_status(turn: CurrentTurn) -> bool:
    """Check whether the bot's last words tell how an order stands."""
    return any(_STATUS in str((said.get("metadata") or {}).get("utter_action") or "")
               for said in turn.bot_messages[:3])


class ActionBackToBot(ReplyAction):
    """Welcomes back who leaves the queue; what they still want to know is answered next, as a message of its own."""

    asks_orders = True

    def name(self) -> str:
        return "action_back_to_bot"

    def reply(self, turn: CurrentTurn) -> Reply:
        if not turn.left_open and turn.has_left_queue and turn.slot("mood") in _UPSET and not _told_status(turn):
            order = late_order(self._open, turn)  # anger that asked nothing is mostly about it
            if order is not None:
                dates = OrderContext.of(self._open(), turn).dates
                return Reply("utter_back_to_bot_open", then=status_reply(order, dates))
        nothing = "utter_back_to_bot" if turn.has_left_queue else "utter_no_person"
        return Reply(_LEFT_OPEN.get(turn.left_open, nothing))

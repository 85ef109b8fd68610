"""The first answer after a person: what they left for the bot, and the way back to what was interrupted."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActionReverted, EventType, FollowupAction
from rasa_sdk.executor import CollectingDispatcher

from actions.base.order_form import ANSWERS, starts_a_flow
from actions.base.reply import Reply
from actions.base.turn import CurrentTurn

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

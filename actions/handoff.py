"""The way to a person."""
from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActiveLoop, EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.base.reply import Reply
from actions.base.services import dates_of, services
from actions.base.turn import REQUESTED_SLOT, CurrentTurn
from tandem.conversations.model import ConversationNotFound, NotAllowed
from tandem.handoff.service import OpenedHandoff
from tandem.logs import about
from tandem.services import Services
from tandem.wording.dates import Dates
from tandem.wording.phrases import notice, wait_in_words

logger = logging.getLogger(__name__)

DANGERS = frozenset({"safety_hazard"})  # what gets safety advice first
ASKED = frozenset({"ask_for_human", "ask_for_call"})
FLOW_SLOTS = frozenset({"order_number", "contact", "confirmed", "new_address", "return_item", "return_reason"})


class ActionHandoff(Action):
    """Hands the conversation to people, tells the customer, and leaves the dialogue clean. Run twice, it opens one.

    Without a `handoff` slot in its events nothing was opened; EscalationPolicy then tries again.
    """

    def __init__(self, open_services: Callable[[], Services] = services) -> None:
        self._open = open_services

    def name(self) -> str:
        return "action_handoff"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Mapping[str, Any]
    ) -> list[EventType]:
        turn = CurrentTurn(tracker)
        try:
            services, reply = await asyncio.to_thread(self._hand_off, turn)
        except ConversationNotFound:
            logger.error("A conversation is not in the ledger: its channel has no router",
                         extra=about(turn.conversation_id))
            return []
        except NotAllowed as error:
            logger.warning("A late or repeated call opened no handoff: %s", error, extra=about(turn.conversation_id))
            return []
        reply.say(dispatcher)
        # What the message filled is forgotten, or it would answer a form's question after the hand-back.
        forgotten = [SlotSet(slot, None) for slot in turn.filled if slot in FLOW_SLOTS]
        return [SlotSet("handoff", {"id": services.handoff_id, "state": "waiting"}), *forgotten, ActiveLoop(None),
                SlotSet(REQUESTED_SLOT, None)]

    def _hand_off(self, turn: CurrentTurn) -> tuple[OpenedHandoff, Reply]:
        services_now = self._open()
        services = services_now.handoff.open(turn.tracker.current_state())
        return services, announcement(services, turn, dates_of(services_now))


def announcement(handoff: OpenedHandoff, turn: CurrentTurn, dates: Dates) -> Reply:
    """Return what the customer is told. `announces` lets it pass although the conversation waits for a person."""
    values = {"announces": handoff.handoff_id, "position": str(handoff.queue_position)}
    # What to do in danger comes first, whoever is on duty.
    danger = "_danger" if turn.intent in DANGERS else ""
    if not handoff.on_duty:
        if handoff.opens_at is None:
            return Reply(f"utter_handoff{danger}_off_duty_no_time", values)
        return Reply(f"utter_handoff{danger}_off_duty", {**values, "opens_at": dates.opening(handoff.opens_at)})
    # A sentence of its own, or nothing: no response has to be written twice for it.
    values["expected"] = f" {notice('expected', wait=wait_in_words(handoff.expected))}" if handoff.expected else ""
    if danger:
        return Reply("utter_handoff_danger", values)
    response = "utter_handoff_asked" if turn.intent in ASKED else "utter_handoff"
    if handoff.queue_position > 1:
        return Reply(f"{response}_queued", {**values, "ahead": str(handoff.queue_position - 1)})
    return Reply(response, values)

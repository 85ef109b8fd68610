"""The way to a person."""
from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActiveLoop, EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.base.reply import Reply
from actions.base.services import dates_of, services
from actions.base.turn import REQUESTED_SLOT, CurrentTurn
from tandem.conversations.model import ConversationNotFound, NotAllowed
from tandem.handoff.safety import advice
from tandem.handoff.service import OpenedHandoff
from tandem.logs import about
from tandem.services import Services
from tandem.wording.dates import Dates
from tandem.wording.phrases import notice, wait_in_words

logger = logging.getLogger(__name__)

REASON_SLOT = "handoff_reason"  # the responses of a handoff have conditions on it
_LOOK_BACK = 3  # messages before this one in which a danger may have been told
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
            opened, reply = await asyncio.to_thread(self._hand_off, turn)
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
        return [SlotSet("handoff", {"id": opened.handoff_id, "state": "waiting"}),
                SlotSet(REASON_SLOT, opened.reason or None), *forgotten, ActiveLoop(None),
                SlotSet(REQUESTED_SLOT, None)]

    def _hand_off(self, turn: CurrentTurn) -> tuple[OpenedHandoff, Reply]:
        services = self._open()
        opened = services.handoff.open(turn.tracker.current_state())
        return opened, announcement(opened, dates_of(services), (turn.text, *turn.earlier_texts[:_LOOK_BACK]))


def announcement(handoff: OpenedHandoff, dates: Dates, texts: Sequence[str] = ()) -> Reply:
    """Return what the customer is told: why a person comes and what that person knows, then how things stand.

    `announces` lets it pass although the conversation waits for a person.

    Args:
        texts: What the customer wrote, the latest first.
    """
    values = {"announces": handoff.handoff_id, REASON_SLOT: handoff.reason, "safety": advice(texts)}
    if not handoff.on_duty:
        return Reply("utter_handoff_off_duty", {**values, "standing": _standing_off_duty(handoff, dates)})
    told = []
    if handoff.queue_position > 1:
        told.append(notice("handoff_queued", ahead=str(handoff.queue_position - 1)))
    if handoff.expected:
        told.append(notice("expected", wait=wait_in_words(handoff.expected)))
    # Sentences of their own, or nothing: no response has to be written twice for them.
    return Reply("utter_handoff", {**values, "standing": "".join(f" {sentence}" for sentence in told)})


def _standing_off_duty(handoff: OpenedHandoff, dates: Dates) -> str:
    position = str(handoff.queue_position)
    if handoff.opens_at is None:
        return f" {notice('handoff_off_duty_no_time', position=position)}"
    return f" {notice('handoff_off_duty', position=position, opens_at=dates.opening(handoff.opens_at))}"

"""Opens handoffs: builds the card, chooses the live-agent channel, moves the owner. Asked twice, it opens one."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tandem.conversations.casefile import CaseFile
from tandem.conversations.context_card import number_of
from tandem.conversations.ledger import Ledger
from tandem.conversations.model import HandoffRequest
from tandem.conversations.ownership import Ownership
from tandem.conversations.queue import expected_wait, place_of
from tandem.handoff.business_hours import BusinessHours
from tandem.handoff.card_builder import build_card
from tandem.handoff.routing import Routing
from tandem.sentiment.trajectory import Trajectory
from tandem.wording.language import language_of


@dataclass(frozen=True)
class OpenedHandoff:
    """The opened handoff, and what the customer may hear of it.

    `queue_position` counts from 1 in order of opening; `opens_at` is the next opening in the shop's time zone when
    nobody is on duty. `expected` is how long the wait may be, while somebody is; None if too little is known. `reason`
    is why, a name under `reasons` in config.yml; empty where none fits.
    """

    handoff_id: str
    created: bool
    on_duty: bool
    queue_position: int
    opens_at: datetime | None
    expected: timedelta | None = None
    reason: str = ""


class HandoffService:
    """What `action_handoff` calls; blocking."""

    def __init__(
        self, ledger: Ledger, ownership: Ownership, case_file: CaseFile, routing: Routing, duty: BusinessHours,
        trajectory: Trajectory, verified_orders: Callable[[str], Sequence[str]],
    ) -> None:
        self._ledger = ledger
        self._ownership = ownership
        self._case_file = case_file
        self._routing = routing
        self._duty = duty
        self._trajectory = trajectory
        self._verified_orders = verified_orders

    def open(self, tracker: Mapping[str, Any]) -> OpenedHandoff:
        """Hand the conversation of this tracker to people.

        Args:
            tracker: The tracker's state: `sender_id`, `slots` (with `escalation`: reason, trigger, signals, urgency),
                `events`, `active_loop`, `latest_message` (whose metadata tell in which epoch the bot turn began).

        Raises:
            ConversationNotFound: The ledger does not know the conversation.
            NotAllowed: People have had the conversation since.
        """
        conversation_id = str(tracker["sender_id"])
        why = _why(tracker)
        conversation = self._ledger.conversation(conversation_id)
        transcript = self._ledger.transcript(conversation_id)
        language = language_of(transcript)
        card = build_card(
            conversation, transcript,
            self._case_file.read(conversation_id), self._ledger.handoffs(conversation_id), tracker,
            self._verified_orders(conversation_id), self._trajectory, why["reason"], why["trigger"], why["signals"],
            language,
        )
        handoff, created = self._ownership.open_handoff(HandoffRequest(
            conversation_id, why["reason"], why["trigger"], why["urgency"], card,
            self._routing.choose(why["trigger"], self._ledger.clock(), language), _epoch(tracker),
        ))
        now = self._ledger.clock()
        on_duty, place = self._duty.on_duty(now), self.queue_position(conversation_id)
        expected = expected_wait(self._ledger, place) if on_duty and place else None
        reason = self._trajectory.settings.reason_of(why["trigger"], _intent(tracker))
        return OpenedHandoff(handoff.id, created, on_duty, place, self._duty.opens_at(now), expected, reason)

    def queue_position(self, conversation_id: str) -> int:
        """Return the place among those who wait, counted from 1; 0 if the customer does not wait."""
        return place_of(self._ledger, conversation_id)


def _why(tracker: Mapping[str, Any]) -> dict[str, Any]:
    escalation = (tracker.get("slots") or {}).get("escalation")
    if isinstance(escalation, Mapping) and escalation.get("trigger"):
        return {
            "reason": str(escalation.get("reason") or escalation["trigger"]), "trigger": str(escalation["trigger"]),
            "signals": _signals(escalation.get("signals")), "urgency": number_of(escalation.get("urgency")),
        }
    intent = _intent(tracker) or "unknown"
    return {"reason": f"The dialogue asked for a person at intent {intent}", "trigger": f"rule:{intent}", "signals": [],
            "urgency": 0.3}


def _intent(tracker: Mapping[str, Any]) -> str:
    return str(((tracker.get("latest_message") or {}).get("intent") or {}).get("name") or "")


def _epoch(tracker: Mapping[str, Any]) -> int | None:
    """Return the epoch in which the bot turn began that asks for a person; None outside a turn, as in a reminder."""
    told = ((tracker.get("latest_message") or {}).get("metadata") or {}).get("tandem")
    epoch = told.get("epoch") if isinstance(told, Mapping) else None
    return epoch if isinstance(epoch, int) else None


def _signals(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else []

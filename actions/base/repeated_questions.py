"""What is asked again of another thing: "and the towel?" after the price of the pan asks for the price of the towel."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.base.bare_names import only_names
from actions.base.customer_orders import AccessibleOrders, accessible_orders
from actions.base.order_action import OrderAction
from actions.base.order_form import ANSWERS, starts_a_flow
from actions.base.order_threads import with_orders
from actions.base.turn import CurrentTurn
from tandem.orders.errors import OrderSystemUnavailable

FACT = "order_fact"  # the intent of a fact of an order, and the slot that keeps which one
_LOOKED_BACK = 4  # messages
# What is asked of the shop, and of one thing is told from its order.
_OF_AN_ORDER = {"returns/window": "order_fact/return_deadline", "return_policy": "order_fact/return_deadline",
                "order_fact/order_list": "order_status", "delivery_time": "order_status",
                "refunds/how_long": "order_fact/refund_date"}


def wanted_before(turn: CurrentTurn, accessible: AccessibleOrders) -> str:
    """Return the intent of an earlier message that one which only names a thing repeats; empty if there is none."""
    things = _things(accessible)
    if turn.active_form or not only_names(turn.text, things):
        return ""
    for text, intent in turn.earlier_messages[:_LOOKED_BACK]:
        if intent not in ANSWERS and not only_names(text, things):
            wanted = _OF_AN_ORDER.get(intent, intent)
            return wanted if starts_a_flow(wanted) or wanted.startswith(f"{FACT}/") else ""
    return ""


def ask_again(turn: CurrentTurn, accessible: AccessibleOrders, now: str = "") -> list[EventType]:
    """Return what asks the same again of the thing that a message names; nothing where it says more than that.

    Args:
        now: What the message was taken for and is being answered as; asked again of the thing, that is no other.
    """
    wanted = wanted_before(turn, accessible)
    if not wanted or wanted in (now, turn.answer or turn.intent) or turn.activates(f"{wanted}_form"):
        return []
    if not wanted.startswith(f"{FACT}/"):
        return [FollowupAction(f"{wanted}_form")]
    return [SlotSet(FACT, wanted.partition("/")[2]), FollowupAction(f"{FACT}_form")]


class RepeatingAction(OrderAction):
    """Answers about an order, unless the message only names a thing: then what was wanted before is wanted of that."""

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Mapping[str, Any]
    ) -> list[EventType]:
        again = await with_orders(self._again, CurrentTurn(tracker))
        return again or await super().run(dispatcher, tracker, domain)

    def _again(self, turn: CurrentTurn) -> list[EventType]:
        try:
            return ask_again(turn, accessible_orders(self._open(), turn), self.name().removeprefix("action_"))
        except OrderSystemUnavailable:
            return []


def _things(accessible: AccessibleOrders) -> Sequence[str]:
    return [item.name for order in accessible.orders for item in order.items]

"""The facts of the customer's order for the moment before a person takes over."""
from __future__ import annotations

from actions.base.customer_orders import AccessibleOrders, accessible_orders, number_in
from actions.base.order_context import OrderContext
from actions.base.reply import Reply
from actions.base.reply_action import ReplyAction
from actions.base.status import refund_reply, status_reply
from actions.base.turn import CurrentTurn
from tandem.orders.errors import OrderSystemUnavailable
from tandem.orders.model import Order

REFUND_INTENTS = frozenset({"refund_status", "get_refund"})


class ActionOrderFacts(ReplyAction):
    """Acknowledges the feeling and gives the facts of the order in question, asking nothing.

    Only orders that may be shown already are looked at; to anybody else it says nothing about orders.
    """

    asks_orders = True

    def name(self) -> str:
        return "action_order_facts"

    def reply(self, turn: CurrentTurn) -> Reply:
        services = self._open()
        try:
            order = order_in_question(turn, accessible_orders(services, turn, f"{turn.intent}_form"))
        except OrderSystemUnavailable:
            order = None
        if order is None:
            return Reply("utter_acknowledge")
        services.record_order(turn.conversation_id, order, turn.message_id)
        dates = OrderContext.of(services, turn).dates
        if turn.intent in REFUND_INTENTS and order.refund is not None:
            return refund_reply(order, dates)
        return status_reply(order, dates)


def order_in_question(turn: CurrentTurn, accessible: AccessibleOrders) -> Order | None:
    """Find the order named just now, else the one talked about, else the only or most delayed one that is open."""
    named = turn.entity("order_number")
    if named:
        return accessible.find(number_in(named))
    remembered = accessible.find(number_in(turn.slot("order_number")))
    if remembered is not None:
        return remembered
    if len(accessible.relevant) == 1:
        return accessible.relevant[0]
    waiting = [order for order in accessible.orders if order.status.open]
    late = [order for order in waiting if order.delayed and order.promised_by]
    if late:
        return min(late, key=lambda order: order.promised_by or order.placed_at)
    return next(iter(waiting or accessible.orders), None)

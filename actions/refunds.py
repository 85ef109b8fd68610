"""Money on its way back."""
from __future__ import annotations

from actions.base.order_action import OrderAction
from actions.base.order_context import OrderContext
from actions.base.order_form import OrderForm
from actions.base.reply import Reply
from actions.base.return_replies import not_returnable
from actions.base.status import refund_reply
from actions.facts.item import named_item
from tandem.orders.errors import ReturnRefusal
from tandem.orders.model import Order, OrderStatus
from tandem.orders.policies import return_refusal


class ValidateRefundStatusForm(OrderForm):
    form = "refund_status_form"


class ActionRefundStatus(OrderAction):
    """Tells how far the refund is."""

    def name(self) -> str:
        return "action_refund_status"

    def answer(self, order: Order, context: OrderContext) -> Reply:
        nothing_came = order.refund is None and order.delivered_at is None
        return way_to_the_money(order, context) if nothing_came else refund_reply(order, context.dates)


class ValidateGetRefundForm(OrderForm):
    form = "get_refund_form"


class ActionGetRefund(OrderAction):
    """Names the way to the money that this order allows: cancel, send back, a search, or a person."""

    def name(self) -> str:
        return "action_get_refund"

    def answer(self, order: Order, context: OrderContext) -> Reply:
        return way_to_the_money(order, context)


def way_to_the_money(order: Order, context: OrderContext) -> Reply:
    """Return what this order allows: cancel, send back, a search, or a person; or how far its refund is."""
    number = {"number": order.number}
    if order.refund is not None or order.status is OrderStatus.CANCELLED:
        return refund_reply(order, context.dates)
    if order.status is OrderStatus.PAYMENT_FAILED:
        return refund_reply(order, context.dates)
    if order.can_cancel:
        return Reply("utter_get_refund_by_cancelling", number)
    if not order.status.shipped:
        return Reply("utter_cancel_order_by_people", number)
    if order.status is OrderStatus.LOST:
        return Reply("utter_get_refund_lost", {**number, "amount": context.formats.money(order.total)})
    if order.delivered_at is None:
        return Reply("utter_get_refund_on_its_way", number)
    refused = return_refusal(order, context.dates.at)
    if refused in (ReturnRefusal.ALREADY_REQUESTED, ReturnRefusal.ALREADY_RETURNED):
        return not_returnable(order, refused, context)
    if order.status.open:
        return _of_a_part(order, context)
    day = context.dates.day(order.return_until) if order.return_until else ""
    if refused is None:
        return Reply("utter_get_refund_by_returning", {**number, "deadline": day})
    if refused is ReturnRefusal.BY_PEOPLE:
        return Reply("utter_return_item_by_people", {**number, "deadline": day})
    return Reply("utter_get_refund_too_late", {**number, "deadline": day})


def _of_a_part(order: Order, context: OrderContext) -> Reply:
    """Return the way to the money of an order of which a part has come: of that it is another than of the rest."""
    item, came = named_item(context.turn.text, order), order.delivered_items
    rest = [one for one in order.items if one not in came]
    values = {"number": order.number, "came": context.formats.items(came), "rest": context.formats.items(rest),
              "deadline": context.dates.day(order.return_until) if order.return_until else ""}
    if item is not None and item in rest:
        return Reply("utter_get_refund_rest", {**values, "rest": context.formats.items([item])})
    if return_refusal(order, context.dates.at) is None:
        return Reply("utter_get_refund_partly", values)
    return Reply("utter_get_refund_rest", values)

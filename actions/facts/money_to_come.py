"""What would come back of an order for which no refund is on record: by what may still be done to it."""
from __future__ import annotations

from collections.abc import Mapping

from actions.base.order_context import OrderContext
from actions.base.reply import Reply
from actions.base.return_replies import not_returnable
from actions.base.status import refund_reply, status_reply
from actions.facts.delivery_service import extra_service
from tandem.orders.errors import ReturnRefusal
from tandem.orders.model import Order, OrderStatus
from tandem.orders.policies import return_refusal

CANCEL, RETURN = "cancel_order_form", "return_item_form"  # in which money is asked for as that of their act
SHIPPED, DELIVERED = "shipped", "delivered"
AMOUNT: Mapping[str, str] = {
    "": "utter_fact_refund_would_be", CANCEL: "utter_fact_refund_would_be_cancel_order",
    RETURN: "utter_fact_refund_would_be_return_item", SHIPPED: "utter_fact_refund_would_be_shipped",
    DELIVERED: "utter_fact_refund_would_be_delivered"}
DATE: Mapping[str, str] = {
    "": "utter_fact_refund_date_would_be", CANCEL: "utter_fact_refund_date_would_be_cancel_order",
    RETURN: "utter_fact_refund_date_would_be_return_item", SHIPPED: "utter_fact_refund_date_would_be_back",
    DELIVERED: "utter_fact_refund_date_would_be_back"}


def no_refund_yet(order: Order, context: OrderContext, words: Mapping[str, str] = AMOUNT) -> Reply:
    """Tell how much would come back, or when: of an order that has left by sending it back, never by cancelling it."""
    values = {"number": order.number, "total": context.formats.money(order.total),
              "method": context.dates.method(order.payment_method), "items": context.formats.items(order.items),
              "days": context.formats.span(*context.policies.refund_business_days)}
    form = context.turn.active_form
    if order.status in (OrderStatus.CANCELLED, OrderStatus.PAYMENT_FAILED, OrderStatus.LOST):
        return refund_reply(order, context.dates)
    if order.can_cancel:
        return Reply(words[CANCEL if form == CANCEL else ""], values)
    if not order.status.shipped:
        return Reply("utter_cancel_order_by_people", values)
    refused = return_refusal(order, context.dates.at)
    if refused is ReturnRefusal.NOT_DELIVERED:
        return _sent_back(SHIPPED, order, values, words) if order.status.open else status_reply(order, context.dates)
    if refused is not None:
        return not_returnable(order, refused, context)
    return Reply(words[RETURN], values) if form == RETURN else _sent_back(DELIVERED, order, values, words)


def _sent_back(state: str, order: Order, values: Mapping[str, str], words: Mapping[str, str]) -> Reply:
    extra = extra_service(order)
    if extra and words is AMOUNT:  # which is not paid back, so that no whole sum is promised
        return Reply("utter_fact_refund_would_be_without_extra", {**values, "service": extra})
    return Reply(words[state], values)

"""What a rule of the shop comes to for one order; None where the rule says it already.

A rule may be wrong of an order: what came back cannot be kept, what was delivered cannot be refused at the door.
"""
from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal

from actions.base.order_context import OrderContext
from actions.base.reply import Reply
from actions.base.status import refund_reply, status_reply
from actions.facts.changes import can_be_cancelled, keep_after_all, return_until
from actions.facts.delivery_service import extra_service
from actions.facts.money import delivery_fee_of, how_to_pay, last_day_of, pay_by, why_unpaid
from actions.refunds import way_to_the_money
from tandem.orders.business_days import SATURDAY
from tandem.orders.model import Order, OrderStatus, RefundState
from tandem.orders.money import Money

OwnAnswer = Callable[[Order, OrderContext], Reply | None]
_USED = re.compile(r"\b(?:wash(?:ed|ing)?|laundered|used|worn|wore|wear(?:ing)?|stain(?:s|ed)?|scratch(?:es|ed)?|"
                   r"cooked|dirty|tumble|slept)\b", re.IGNORECASE)
_UNUSED = re.compile(r"\b(?:un(?:used|worn|washed)|(?:not|never|n't|without)\s+(?:\w+\s+)?(?:used|worn|washed|wore|"
                     r"wear(?:ing)?|wash(?:ing)?))\b", re.IGNORECASE)


def opened(order: Order, context: OrderContext) -> Reply | None:
    """Tell of what is back with the shop that the check decides, and never that all is fine."""
    refund, request = order.refund, order.return_request
    if refund is not None and refund.state in (RefundState.ISSUED, RefundState.REFUSED):
        return refund_reply(order, context.dates)
    if request is not None and request.received_at is not None:
        return Reply("utter_own_opened_checked", {"number": order.number})
    return None


def refuse(order: Order, context: OrderContext) -> Reply | None:
    """Tell what is done instead where no driver will come with it, or nothing has left yet."""
    if not order.status.open:
        return return_until(order, context) if order.status is OrderStatus.DELIVERED else (
            status_reply(order, context.dates))
    if order.status is OrderStatus.LOST:
        return status_reply(order, context.dates)
    return None if order.status.shipped else can_be_cancelled(order, context)


def faster(order: Order, context: OrderContext) -> Reply | None:
    """Tell of money that the bank does not have yet what it waits for."""
    if order.refund is None or order.refund.state is RefundState.ISSUED:
        return None
    if order.refund.state is RefundState.PENDING_INSPECTION:
        return Reply("utter_own_faster_check", {"number": order.number})
    return refund_reply(order, context.dates)


def not_arrived(order: Order, context: OrderContext) -> Reply | None:
    """Tell until when the bank has time, or why no money is with it."""
    refund = order.refund
    if refund is None:
        return way_to_the_money(order, context) if order.delivered_at is None else refund_reply(order, context.dates)
    if refund.issued_at is None or refund.state is not RefundState.ISSUED:
        return refund_reply(order, context.dates)
    latest = last_day_of(refund, context)
    values = {"number": order.number, "amount": context.formats.money(refund.amount),
              "issued": context.dates.ago(refund.issued_at), "latest": context.dates.day(latest)}
    return Reply("utter_own_refund_due" if latest >= context.dates.at else "utter_own_refund_overdue", values)


def notify(order: Order, context: OrderContext) -> Reply | None:
    """Tell of a refund that is decided what came of it."""
    decided = order.refund is not None and order.refund.state in (RefundState.ISSUED, RefundState.REFUSED)
    return refund_reply(order, context.dates) if decided else None


def store_credit(order: Order, context: OrderContext) -> Reply | None:
    """Tell that money which is paid already can hardly become a gift card."""
    paid = order.refund is not None and order.refund.state is RefundState.ISSUED
    return Reply("utter_own_store_credit_paid", {"number": order.number}) if paid else None


def why_less(order: Order, context: OrderContext) -> Reply | None:
    """Tell what the refund is made of, and leave to people what the record does not explain."""
    refund = order.refund
    if refund is None:
        return None
    if refund.state is RefundState.REFUSED:
        return refund_reply(order, context.dates)
    gap = Money(order.total.amount - refund.amount.amount, order.total.currency)
    values = {"number": order.number, "amount": context.formats.money(refund.amount),
              "total": context.formats.money(order.total), "gap": context.formats.money(gap)}
    if gap.amount <= 0:
        return Reply("utter_own_refund_whole", values)
    skus = order.return_request.skus if order.return_request is not None else tuple(one.sku for one in order.items)
    back = [one for one in order.items if one.sku in skus]
    goods = sum((one.price.amount for one in back), Decimal(0))
    if len(back) < len(order.items) and goods == refund.amount.amount:
        return Reply("utter_own_refund_part", {**values, "items": context.formats.items(back)})
    fee = delivery_fee_of(order)
    extra = extra_service(order)
    if len(back) == len(order.items) and fee is not None and fee.amount == gap.amount:
        response = "utter_own_refund_without_extra" if extra else "utter_own_refund_without_delivery"
        return Reply(response, {**values, "service": extra})
    return Reply("utter_own_refund_gap", values)


def weekend(order: Order, context: OrderContext) -> Reply | None:
    """Tell who has a Saturday or Sunday named for their parcel that this one is as the carrier says."""
    parcel = order.shipment
    awaited = order.status.open and order.status is not OrderStatus.LOST and parcel is not None
    expected = parcel.expected_by if awaited and parcel is not None and parcel.delivered_at is None else None
    if expected is None or expected < context.dates.at or context.dates.local(expected).weekday() < SATURDAY:
        return None
    return Reply("utter_own_weekend", {"number": order.number, "when": context.dates.when(expected)})


def insured(order: Order, context: OrderContext) -> Reply | None:
    """Tell of a parcel that is lost what becomes of the money."""
    return refund_reply(order, context.dates) if order.status is OrderStatus.LOST else None


def another_way_to_pay(order: Order, context: OrderContext) -> Reply | None:
    """Tell of an order that is not paid how, and with what, it can be."""
    return how_to_pay(order, context) if order.status is OrderStatus.PAYMENT_FAILED else None


def declined(order: Order, context: OrderContext) -> Reply | None:
    """Tell of an order whose payment failed until when another way is open."""
    return why_unpaid(order, context) if order.status is OrderStatus.PAYMENT_FAILED else None


def kept_until(order: Order, context: OrderContext) -> Reply | None:
    """Tell of an order that is not paid until when it waits."""
    return pay_by(order, context) if order.status is OrderStatus.PAYMENT_FAILED else None


def tells_use(text: str) -> bool:
    """Check whether a text says that something was washed, worn or used: more than opening and trying it."""
    return bool(_USED.search(_UNUSED.sub(" ", text.replace("’", "'"))))


OWN_ANSWERS: Mapping[str, OwnAnswer] = {
    "returns/opened": opened, "returns/keep_after_all": keep_after_all, "returns/refuse": refuse,
    "refunds/faster": faster, "refunds/not_arrived": not_arrived, "refunds/notify": notify,
    "refunds/store_credit": store_credit, "refunds/why_less": why_less, "delivery/weekend": weekend,
    "delivery/insured": insured, "payment/change_method": another_way_to_pay, "payment/paypal": another_way_to_pay,
    "payment/failed_why": declined, "products/reserve": kept_until,
}

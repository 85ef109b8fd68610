"""Facts about what an order costs, how it is paid, and what comes back."""
from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

from actions.base.order_context import OrderContext
from actions.base.reply import Reply
from actions.base.status import refund_reply, status_reply
from actions.facts.item import named_item
from tandem.orders.model import Order, OrderStatus
from tandem.orders.money import Money
from tandem.orders.shipments import DeliveryService

# Said of money that may come back one day, by the form in which it is asked.
_WOULD_BE = {"": "utter_fact_refund_would_be", "cancel_order_form": "utter_fact_refund_would_be_cancel_order",
             "return_item_form": "utter_fact_refund_would_be_return_item"}
_DATE_WOULD_BE = {"": "utter_fact_refund_date_would_be",
                  "cancel_order_form": "utter_fact_refund_date_would_be_cancel_order",
                  "return_item_form": "utter_fact_refund_date_would_be_return_item"}
_WEEKEND = 5  # Saturday, by datetime.weekday


def contents(order: Order, context: OrderContext) -> Reply:
    """Tell what was ordered, with prices."""
    return Reply("utter_fact_contents", {**_paid(order, context), "items": context.formats.priced(order.items)})


def item_price(order: Order, context: OrderContext) -> Reply:
    """Tell what one item cost; the whole list where none is named."""
    item = named_item(context.turn.text, order) or (order.items[0] if len(order.items) == 1 else None)
    if item is None:
        return contents(order, context)
    return Reply("utter_fact_item_price", {"number": order.number, "item": context.formats.items([item]),
                                           "price": context.formats.money(item.price)})


def total(order: Order, context: OrderContext) -> Reply:
    """Tell what the order came to, with delivery."""
    values = _paid(order, context)
    if order.status is OrderStatus.PAYMENT_FAILED:
        return Reply("utter_fact_total_unpaid", values)
    fee = _fee(order)
    if fee is not None and fee.amount:
        return Reply("utter_fact_total_with_delivery", {**values, "fee": context.formats.money(fee)})
    return Reply("utter_fact_total", values)


def delivery_fee(order: Order, context: OrderContext) -> Reply:
    """Tell the delivery fee."""
    fee = _fee(order)
    if fee is None:
        return Reply("utter_fact_unknown", {"number": order.number})
    express = any(parcel.service is DeliveryService.EXPRESS for parcel in order.shipments)
    values = {"number": order.number, "fee": context.formats.money(fee)}
    if not fee.amount:
        return Reply("utter_fact_delivery_free_express" if express else "utter_fact_delivery_free", values)
    return Reply("utter_fact_delivery_fee_express" if express else "utter_fact_delivery_fee", values)


def payment_method(order: Order, context: OrderContext) -> Reply:
    """Tell what it was paid with."""
    if order.status is OrderStatus.PAYMENT_FAILED:
        return payment_state(order, context)
    return Reply("utter_fact_payment_method", _paid(order, context))


def payment_state(order: Order, context: OrderContext) -> Reply:
    """Tell whether it is paid."""
    if order.status is OrderStatus.PAYMENT_FAILED:
        return status_reply(order, context.dates)
    if order.status is OrderStatus.CANCELLED:
        return refund_reply(order, context.dates)
    return Reply("utter_fact_paid", _paid(order, context))


def pay_by(order: Order, context: OrderContext) -> Reply:
    """Until when it must be paid."""
    if order.status is not OrderStatus.PAYMENT_FAILED:
        return payment_state(order, context)
    if order.payment_due_by is None:
        return status_reply(order, context.dates)
    return Reply("utter_fact_pay_by", {"number": order.number, "due": context.dates.day(order.payment_due_by),
                                       "total": context.formats.money(order.total)})


def how_to_pay(order: Order, context: OrderContext) -> Reply:
    """Tell where and with what an open order is paid."""
    return _if_unpaid("utter_fact_how_to_pay", order, context)


def why_unpaid(order: Order, context: OrderContext) -> Reply:
    """Tell why the payment failed: the bank's secret."""
    return _if_unpaid("utter_fact_why_unpaid", order, context)


def unpaid_consequence(order: Order, context: OrderContext) -> Reply:
    """Tell what happens without a payment."""
    return _if_unpaid("utter_fact_unpaid_consequence", order, context)


def refund_amount(order: Order, context: OrderContext) -> Reply:
    """Tell how much comes back."""
    if order.refund is None:
        return _no_refund_yet(order, context)
    whole = order.refund.amount == order.total
    return Reply("utter_fact_refund_amount_all" if whole else "utter_fact_refund_amount",
                 {**_refund(order, context), "total": context.formats.money(order.total)})


def refund_date(order: Order, context: OrderContext) -> Reply:
    """Tell by when it has arrived at the latest."""
    if order.refund is None:
        return _no_refund_yet(order, context, _DATE_WOULD_BE)
    if order.refund.issued_at is None:
        return Reply("utter_fact_refund_date_open", _refund(order, context))
    latest = order.refund.issued_at
    for _ in range(order.refund.business_days[1]):
        latest += timedelta(days=1)
        while latest.weekday() >= _WEEKEND:
            latest += timedelta(days=1)
    return Reply("utter_fact_refund_date", {**_refund(order, context), "latest": context.dates.day(latest)})


def refund_to(order: Order, context: OrderContext) -> Reply:
    """Tell where the money goes."""
    if order.refund is None:
        return _no_refund_yet(order, context)
    return Reply("utter_fact_refund_to", _refund(order, context))


def membership(order: Order, context: OrderContext) -> Reply:
    """Tell the customer's tier, as the order has it."""
    return Reply(f"utter_fact_membership_{order.membership.value}", {"number": order.number})


def _fee(order: Order) -> Money | None:
    """Delivery: what the total has more than its items; None where something else is in it."""
    goods = sum((item.price.amount for item in order.items), Decimal(0))
    rest = order.total.amount - goods
    return Money(rest, order.total.currency) if rest >= 0 else None


def _paid(order: Order, context: OrderContext) -> dict[str, str]:
    return {"number": order.number, "total": context.formats.money(order.total),
            "method": context.dates.method(order.payment_method)}


def _refund(order: Order, context: OrderContext) -> dict[str, str]:
    assert order.refund is not None
    least, most = order.refund.business_days
    return {"number": order.number, "amount": context.formats.money(order.refund.amount),
            "days": context.formats.span(least, most),
            "method": context.dates.method(order.refund.method),
            "issued": context.dates.ago(order.refund.issued_at) if order.refund.issued_at else ""}


def _no_refund_yet(order: Order, context: OrderContext, words: Mapping[str, str] = _WOULD_BE) -> Reply:
    """Tell what is known where no refund is on record; of an order that could bring one, how much that would be."""
    if order.status in (OrderStatus.PROCESSING, OrderStatus.DELIVERED, OrderStatus.SHIPPED,
                        OrderStatus.OUT_FOR_DELIVERY, OrderStatus.PARTLY_SHIPPED):
        days = context.formats.span(*context.policies.refund_business_days)
        response = words.get(context.turn.active_form, words[""])
        return Reply(response, {**_paid(order, context), "days": days})
    return refund_reply(order, context.dates)


def _if_unpaid(response: str, order: Order, context: OrderContext) -> Reply:
    if order.status is not OrderStatus.PAYMENT_FAILED:
        return payment_state(order, context)
    due = context.dates.day(order.payment_due_by) if order.payment_due_by else ""
    return Reply(response, {"number": order.number, "total": context.formats.money(order.total), "due": due})


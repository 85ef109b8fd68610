"""Facts about what an order costs, how it is paid, and what comes back."""
from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from actions.base.order_context import OrderContext
from actions.base.reply import Reply
from actions.base.status import refund_reply, status_reply
from actions.facts.delivery_service import named_service
from actions.facts.item import named_item
from actions.facts.money_to_come import DATE, no_refund_yet
from tandem.orders.business_days import business_days_after
from tandem.orders.model import Order, OrderStatus, Refund, RefundState
from tandem.orders.money import Money


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
    if _never_paid(order):
        return refund_reply(order, context.dates)
    fee = delivery_fee_of(order)
    if fee is None:  # a discount, or something else that is no item: what delivery was cannot be told from the total
        return Reply("utter_fact_payment_method", values)
    if fee.amount:
        return Reply("utter_fact_total_with_delivery", {**values, "fee": context.formats.money(fee)})
    return Reply("utter_fact_total", values)


def delivery_fee(order: Order, context: OrderContext) -> Reply:
    """Tell the delivery fee."""
    fee = delivery_fee_of(order)
    if fee is None:
        return Reply("utter_fact_unknown", {"number": order.number})
    service = named_service(order)
    values = {"number": order.number, "fee": context.formats.money(fee), "service": service}
    if order.status is OrderStatus.PARTLY_SHIPPED:
        return Reply("utter_fact_delivery_fee_for_all" if fee.amount else "utter_fact_delivery_free_for_all", values)
    if not fee.amount:
        return Reply("utter_fact_delivery_free_by_service" if service else "utter_fact_delivery_free", values)
    return Reply("utter_fact_delivery_fee_by_service" if service else "utter_fact_delivery_fee", values)


def payment_method(order: Order, context: OrderContext) -> Reply:
    """Tell what it was paid with."""
    if order.status is OrderStatus.PAYMENT_FAILED:
        return status_reply(order, context.dates)
    if _never_paid(order):
        return refund_reply(order, context.dates)
    return Reply("utter_fact_payment_method", _paid(order, context))


def payment_state(order: Order, context: OrderContext) -> Reply:
    """Tell whether it is paid."""
    if order.status is OrderStatus.PAYMENT_FAILED:
        return Reply("utter_fact_not_paid_yet", _paid(order, context))
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
        return no_refund_yet(order, context)
    if order.refund.state is RefundState.REFUSED:
        return refund_reply(order, context.dates)
    values = {**_refund(order, context), "total": context.formats.money(order.total)}
    if order.refund.state is not RefundState.ISSUED:
        return Reply("utter_fact_refund_amount_after_check", values)
    whole = order.refund.amount == order.total
    return Reply("utter_fact_refund_amount_all" if whole else "utter_fact_refund_amount", values)


def refund_date(order: Order, context: OrderContext) -> Reply:
    """Tell by when it has arrived at the latest."""
    if order.refund is None:
        return no_refund_yet(order, context, DATE)
    if order.refund.state in (RefundState.REFUSED, RefundState.PENDING_RETURN):
        return refund_reply(order, context.dates)
    if order.refund.issued_at is None:
        return Reply("utter_fact_refund_date_open", _refund(order, context))
    latest = last_day_of(order.refund, context)
    return Reply("utter_fact_refund_date", {**_refund(order, context), "latest": context.dates.day(latest)})


def last_day_of(refund: Refund, context: OrderContext) -> datetime:
    """Tell the last of the business days that the bank takes for a refund which is paid, by the shop's calendar."""
    issued = context.dates.local(refund.issued_at or refund.requested_at)
    return datetime.combine(business_days_after(issued.date(), refund.business_days[1]), issued.timetz())


def refund_to(order: Order, context: OrderContext) -> Reply:
    """Tell where the money goes."""
    if order.refund is None:
        return no_refund_yet(order, context)
    if order.refund.state is RefundState.REFUSED:
        return refund_reply(order, context.dates)
    return Reply("utter_fact_refund_to", _refund(order, context))


def membership(order: Order, context: OrderContext) -> Reply:
    """Tell the customer's tier, as the order has it."""
    return Reply(f"utter_fact_membership_{order.membership.value}", {"number": order.number})


def delivery_fee_of(order: Order) -> Money | None:
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


def _never_paid(order: Order) -> bool:
    return order.status is OrderStatus.CANCELLED and order.refund is None


def _if_unpaid(response: str, order: Order, context: OrderContext) -> Reply:
    if order.status is not OrderStatus.PAYMENT_FAILED:
        return payment_state(order, context)
    due = context.dates.day(order.payment_due_by) if order.payment_due_by else ""
    return Reply(response, {"number": order.number, "total": context.formats.money(order.total), "due": due})


"""Facts about what a customer may count on with an order: days, tries, the warranty, a card."""
from __future__ import annotations

from datetime import datetime, timedelta

from actions.base.order_context import OrderContext
from actions.base.reply import Reply
from actions.base.status import refund_reply, status_reply
from actions.facts.changes import can_be_cancelled, return_until
from actions.facts.item import named_item
from actions.facts.money import last_day_of, payment_state
from tandem.orders.model import Order, OrderStatus, PaymentMethod, RefundState
from tandem.shop.shop_file import current_shop


def in_warranty(order: Order, context: OrderContext) -> Reply:
    """Tell until when the warranty of this order, or of the item that is named, holds."""
    if order.status in (OrderStatus.CANCELLED, OrderStatus.LOST, OrderStatus.RETURNED):
        return status_reply(order, context.dates)
    item = named_item(context.turn.text, order)
    items = context.formats.items([item] if item is not None else order.items)
    values = {"number": order.number, "items": items}
    parcel = next((one for one in order.shipments if item is not None and one.id == item.shipment_id), None)
    delivered = parcel.delivered_at if parcel is not None else order.delivered_at
    if delivered is None:
        return Reply("utter_fact_warranty_to_come", values)
    ends = _years_later(delivered, current_shop().warranty.years.least)
    held = ends >= context.dates.at
    return Reply("utter_fact_in_warranty" if held else "utter_fact_warranty_over",
                 {**values, "ends": context.formats.date(context.dates.local(ends)), "year": str(ends.year)})


def counted_from(order: Order, context: OrderContext) -> Reply:
    """Tell from which day the wait is counted: for the money, else for the parcel."""
    refund, request = order.refund, order.return_request
    if refund is not None and refund.state is RefundState.REFUSED:
        return refund_reply(order, context.dates)
    if refund is not None and refund.issued_at is not None:
        return Reply("utter_fact_counted_from_refund", {
            "number": order.number, "day": context.dates.day(refund.issued_at),
            "days": context.formats.span(*refund.business_days),
            "latest": context.dates.day(last_day_of(refund, context))})
    if request is not None and request.received_at is not None:
        return Reply("utter_fact_counted_from_check", {
            "number": order.number, "day": context.dates.day(request.received_at),
            "days": context.formats.span(*context.policies.refund_business_days)})
    parcel = order.shipment
    awaited = order.status.open and order.status not in (OrderStatus.LOST, OrderStatus.PAYMENT_FAILED)
    if not awaited or parcel is None or parcel.expected_by is None or parcel.expected_by < context.dates.at:
        return Reply("utter_fact_counted_from_any", {"number": order.number})
    return Reply("utter_fact_counted_from_shipping", {
        "number": order.number, "when": context.dates.when(parcel.expected_by)})


def if_refund_late(order: Order, context: OrderContext) -> Reply:
    """Tell what can be done when the money is not there on its last day."""
    if order.refund is None:
        return Reply("utter_fact_if_refund_late_any", {"number": order.number})
    if order.refund.issued_at is None or order.refund.state is not RefundState.ISSUED:
        return refund_reply(order, context.dates)
    latest = last_day_of(order.refund, context)
    response = "utter_fact_if_refund_late" if latest >= context.dates.at else "utter_fact_refund_is_late"
    return Reply(response, {"number": order.number, "amount": context.formats.money(order.refund.amount),
                            "latest": context.dates.day(latest)})


def card_digits(order: Order, context: OrderContext) -> Reply:
    """Tell that only the kind of payment is known, never a card's number."""
    if order.payment_method is not PaymentMethod.CARD:
        return Reply("utter_fact_no_card", {"number": order.number,
                                            "method": context.dates.method(order.payment_method)})
    return Reply("utter_fact_card_digits", {"number": order.number})


def pay_twice(order: Order, context: OrderContext) -> Reply:
    """Tell whether a second try is charged on top of the first."""
    if order.status is not OrderStatus.PAYMENT_FAILED:
        return payment_state(order, context)
    return Reply("utter_fact_pay_twice", {"number": order.number, "total": context.formats.money(order.total)})


def cancel_part(order: Order, context: OrderContext) -> Reply:
    """Tell whether a part can be cancelled while the rest stays."""
    values = {"number": order.number, "items": context.formats.items(order.items)}
    if order.status is OrderStatus.PARTLY_SHIPPED:
        waiting = [item for one in order.shipments if one.delivered_at is None for item in order.items_in(one)]
        return Reply("utter_fact_cancel_part_rest", {**values, "rest": context.formats.items(waiting)})
    if order.delivered_items:
        return Reply("utter_fact_cancel_part_delivered", values)
    if order.status.shipped:
        return can_be_cancelled(order, context)
    return Reply("utter_fact_cancel_part" if len(order.items) > 1 else "utter_fact_cancel_part_single", values)


def send_by(order: Order, context: OrderContext) -> Reply:
    """Tell until when the parcel with a return must be on its way, and so how long its label is good."""
    request = order.return_request
    if request is None:
        return return_until(order, context)
    if request.received_at is not None:
        return refund_reply(order, context.dates)
    return Reply("utter_fact_send_by", {"number": order.number, "return_id": request.id,
                                        "send_by": context.dates.day(request.send_by)})


def has_item(order: Order, context: OrderContext) -> Reply:
    """Tell whether what the message names is in the order."""
    item = named_item(context.turn.text, order)
    if item is not None:
        return Reply("utter_fact_has_item", {"number": order.number, "item": context.formats.items([item])})
    if not order.items:
        return status_reply(order, context.dates)
    return Reply("utter_fact_has_only", {"number": order.number, "items": context.formats.items(order.items)})


def _years_later(day: datetime, years: int) -> datetime:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # February 29
        return day + timedelta(days=365 * years)

"""Which response tells where an order stands, by its status."""
from __future__ import annotations

from collections.abc import Callable, Mapping

from actions.base.reply import Reply
from tandem.orders.model import Order, OrderStatus, Refund
from tandem.orders.shipments import Shipment, ShipmentState
from tandem.wording.dates import Dates


def status_reply(order: Order, dates: Dates) -> Reply:
    """Return the response for this order, with its facts."""
    reply = _BY_STATUS[order.status](order, dates)
    return Reply(reply.response, {"number": order.number, "items": dates.formats.items(order.items), **reply.values})


def refund_reply(order: Order, dates: Dates) -> Reply:
    """Return the response that tells how far this order's refund is."""
    if order.refund is None:
        if order.status is OrderStatus.LOST:
            return status_reply(order, dates)
        if order.status is OrderStatus.PAYMENT_FAILED:
            return Reply("utter_get_refund_unpaid", {"number": order.number})
        if order.status is OrderStatus.CANCELLED:
            return Reply("utter_refund_nothing_paid", {"number": order.number})
        return Reply("utter_refund_none", {"number": order.number})
    return Reply(f"utter_refund_{order.refund.state.value}", _refund_values(order, order.refund, dates))


def _processing(order: Order, dates: Dates) -> Reply:
    parcel = order.shipment
    if parcel is None or parcel.ships_by is None or parcel.expected_by is None:
        return Reply("utter_order_status_processing_no_date")
    values = {"ships": dates.when(parcel.ships_by), "when": dates.when(parcel.expected_by)}
    return Reply("utter_order_status_processing_delayed" if order.delayed else "utter_order_status_processing", values)


def _payment_failed(order: Order, dates: Dates) -> Reply:
    if order.payment_due_by is None:
        return Reply("utter_order_status_payment_failed_no_date")
    return Reply("utter_order_status_payment_failed", {"due": dates.day(order.payment_due_by)})


def _shipped(order: Order, dates: Dates) -> Reply:
    parcel = order.shipment
    if parcel is None or parcel.expected_by is None:
        return _without_estimate(parcel, dates)
    values = {"when": dates.when(parcel.expected_by)}
    if parcel.expected_by < dates.at:
        return Reply("utter_order_status_overdue", {"expected": dates.ago(parcel.expected_by)})
    if parcel.held_at:
        return Reply("utter_order_status_held", {**values, "place": parcel.held_at})
    if parcel.delayed and parcel.promised_by:
        return Reply("utter_order_status_delayed", {**values, "promised": dates.day(parcel.promised_by)})
    return Reply("utter_order_status_shipped", values)


def _without_estimate(parcel: Shipment | None, dates: Dates) -> Reply:
    """Tell of a parcel whose carrier names no day: what its delivery service promises, or that it should be there."""
    if parcel is None or parcel.promised_by is None or parcel.shipped_at is None:
        return Reply("utter_order_status_shipped_no_date")
    if parcel.promised_by < dates.at:
        return Reply("utter_order_status_overdue", {"expected": dates.ago(parcel.promised_by)})
    return Reply("utter_order_status_shipped_promised", {
        "shipped": dates.ago(parcel.shipped_at), "promised": dates.day(parcel.promised_by)})


def _partly_shipped(order: Order, dates: Dates) -> Reply:
    parcel = order.shipment
    if parcel is None or parcel.expected_by is None:
        return _without_estimate(parcel, dates)
    values = {"rest": dates.formats.items(order.items_in(parcel)), "when": dates.when(parcel.expected_by)}
    if not order.delivered_items or order.delivered_at is None:
        return Reply("utter_order_status_partly_shipped", values)
    values.update(came=dates.formats.items(order.delivered_items), delivered=dates.ago(order.delivered_at))
    if parcel.state is ShipmentState.BACK_ORDERED:
        return Reply("utter_order_status_back_ordered", values)
    return Reply("utter_order_status_partly_delivered", values)


def _out_for_delivery(order: Order, dates: Dates) -> Reply:
    parcel = order.shipment
    if parcel is None or parcel.expected_by is None or parcel.expected_by < dates.at:
        return Reply("utter_order_status_out_for_delivery_no_time")
    return Reply("utter_order_status_out_for_delivery", {"when": dates.when(parcel.expected_by)})


def _delivered(order: Order, dates: Dates) -> Reply:
    if order.delivered_at is None:
        return Reply("utter_order_status_delivered_no_date")
    return Reply("utter_order_status_delivered", {"delivered": dates.ago(order.delivered_at)})


def _lost(order: Order, dates: Dates) -> Reply:
    searched: Shipment | None = next((s for s in order.shipments if s.investigation_since), None)
    if searched is None or searched.investigation_since is None:
        return Reply("utter_order_status_lost_no_date")
    return Reply("utter_order_status_lost", {"since": dates.day(searched.investigation_since)})


def _cancelled(order: Order, dates: Dates) -> Reply:
    cancelled = dates.ago(order.cancelled_at) if order.cancelled_at else dates.day(order.placed_at)
    if order.refund is None:
        return Reply("utter_order_status_cancelled", {"cancelled": cancelled})
    return Reply("utter_order_status_cancelled_refunded",
                 {**_refund_values(order, order.refund, dates), "cancelled": cancelled})


def _refund_values(order: Order, refund: Refund, dates: Dates) -> dict[str, str]:
    request = order.return_request
    return {
        "number": order.number, "amount": dates.formats.money(refund.amount), "method": dates.method(refund.method),
        "days": dates.formats.span(*refund.business_days),
        "issued": dates.ago(refund.issued_at) if refund.issued_at else "",
        "received": dates.ago(request.received_at) if request and request.received_at else "",
        "send_by": dates.day(request.send_by) if request else "",
    }


_BY_STATUS: Mapping[OrderStatus, Callable[[Order, Dates], Reply]] = {
    OrderStatus.PROCESSING: _processing,
    OrderStatus.PAYMENT_FAILED: _payment_failed,
    OrderStatus.SHIPPED: _shipped,
    OrderStatus.PARTLY_SHIPPED: _partly_shipped,
    OrderStatus.OUT_FOR_DELIVERY: _out_for_delivery,
    OrderStatus.DELIVERED: _delivered,
    OrderStatus.LOST: _lost,
    OrderStatus.RETURNED: refund_reply,
    OrderStatus.CANCELLED: _cancelled,
}

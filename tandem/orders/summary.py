"""An order's facts as labelled lines, for people at the desk. Customers get theirs from data/responses/."""
from __future__ import annotations

from datetime import datetime, tzinfo

from tandem.orders.model import Order, OrderStatus
from tandem.orders.shipments import Shipment


def summarise(order: Order, zone: tzinfo) -> dict[str, str]:
    """Write an order's facts, label to value; what the order lacks is left out. Times are in `zone`."""
    facts = {
        "Status": _words(order.status.value) + (", delayed" if order.delayed else ""),
        "Customer": order.customer_name,
        "E-mail": order.email,
        "Items": ", ".join(f"{item.quantity} × {item.name}" for item in order.items),
        "Total": str(order.total),
        "Placed": _time(order.placed_at, zone),
        "Address": str(order.shipping_address),
        "Payment due by": _time(order.payment_due_by, zone),
        "Cancelled": _time(order.cancelled_at, zone),
    }
    closed = order.status is OrderStatus.CANCELLED
    for number, shipment in enumerate(order.shipments, 1):
        prefix = f"Parcel {number}: " if len(order.shipments) > 1 else ""
        facts.update({_label(prefix, label): value for label, value in _shipment(shipment, zone, closed).items()})
    if order.return_request is None and order.status is not OrderStatus.RETURNED:
        facts["Can be sent back until"] = _time(order.return_until, zone)
    if order.return_request is not None:
        facts["Return"] = f"{order.return_request.id}, {_words(order.return_request.reason.value)}"
        facts["Return received"] = _time(order.return_request.received_at, zone)
    if order.refund is not None:
        facts["Refund"] = f"{order.refund.amount}, {_words(order.refund.state.value)}"
        facts["Refund issued"] = _time(order.refund.issued_at, zone)
    return {label: value for label, value in facts.items() if value}


def _shipment(shipment: Shipment, zone: tzinfo, closed: bool) -> dict[str, str]:
    scan = shipment.last_scan
    to_come = {} if closed else {  # nothing is promised any more of what was cancelled
        "Ships by": _time(shipment.ships_by, zone) if shipment.shipped_at is None else "",
        "Promised by": _time(shipment.promised_by, zone),
        "Expected by": _time(shipment.expected_by, zone) if shipment.delivered_at is None else "",
    }
    return {
        "Parcel": _words(shipment.state.value),
        "Carrier": " ".join(part for part in (shipment.carrier, shipment.tracking_number) if part),
        **to_come,
        "Delivered": _time(shipment.delivered_at, zone),
        "Last scan": f"{_words(scan.event.value)}, {scan.place}, {_time(scan.at, zone)}" if scan else "",
        "Carrier searches since": _time(shipment.investigation_since, zone),
    }


def _label(prefix: str, label: str) -> str:
    return f"{prefix}{label[0].lower()}{label[1:]}" if prefix else label


def _words(value: str) -> str:
    return value.replace("_", " ")


def _time(moment: datetime | None, zone: tzinfo) -> str:
    return f"{moment.astimezone(zone):%a %d %b %Y, %H:%M %Z}" if moment else ""

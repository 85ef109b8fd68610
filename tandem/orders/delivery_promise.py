"""When a parcel should be there whose carrier names no day: by its delivery service in data/shop.yml."""
from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, tzinfo

from tandem.orders.business_days import business_days_after
from tandem.orders.shipments import Shipment, ShipmentState
from tandem.shop.delivery import DeliverySettings

_OVER = (ShipmentState.DELIVERED, ShipmentState.LOST, ShipmentState.CANCELLED, ShipmentState.BACK_ORDERED)


def with_promise(shipment: Shipment, delivery: DeliverySettings, zone: tzinfo) -> Shipment:
    """Promise a parcel that has left for the last of its service's business days, counted from the day after it left.

    What the engine has promised or estimated stands. Of a parcel that has not left nothing is promised, because nobody
    knows when it will, and of a service that the file does not have, neither. Business days are Monday to Friday: a
    file has no holidays.
    """
    service = delivery.service(shipment.service)
    known = shipment.promised_by or shipment.expected_by
    if known or service is None or shipment.shipped_at is None or shipment.state in _OVER:
        return shipment
    day = business_days_after(shipment.shipped_at.astimezone(zone).date(), service.days.most)
    return replace(shipment, promised_by=datetime.combine(day, time(23, 59, 59), zone))

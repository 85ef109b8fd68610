"""When a parcel should be there whose carrier names no day."""
from __future__ import annotations

from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import pytest

from tandem.orders.delivery_promise import with_promise
from tandem.orders.demo_orders import demo_orders
from tandem.orders.model import Order
from tandem.orders.policies import DEFAULT_POLICIES, ShopPolicies
from tandem.orders.shipments import Shipment, ShipmentState
from tandem.shop.delivery import DeliveryServiceSettings, DeliverySettings

ZONE = ZoneInfo("America/New_York")
DELIVERY = DeliverySettings(services={"standard": DeliveryServiceSettings(days="3-5"),
                                      "express": DeliveryServiceSettings(days=1)})
THURSDAY = datetime(2025, 3, 13, 20, 0, tzinfo=timezone.utc)
FRIDAY_LATE = datetime(2025, 3, 15, 2, 0, tzinfo=timezone.utc)  # still Friday in New York


def parcel(shipped: datetime | None, **fields: object) -> Shipment:
    return Shipment("p", **{"state": ShipmentState.IN_TRANSIT, "shipped_at": shipped, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(("shipped", "service", "day"), [
    (THURSDAY, "standard", "2025-03-20"),
    (THURSDAY, "express", "2025-03-14"),
    (FRIDAY_LATE, "express", "2025-03-17"),
    (FRIDAY_LATE, "standard", "2025-03-21"),
])
def test_the_last_business_day_of_the_service_is_promised(
    shipped: datetime, service: str, day: str,
) -> None:
    promised = with_promise(parcel(shipped, service=service), DELIVERY, ZONE).promised_by
    assert promised is not None and promised.tzinfo is ZONE and promised.isoformat()[:19] == f"{day}T23:59:59"


@pytest.mark.parametrize("known", [
    parcel(THURSDAY, promised_by=FRIDAY_LATE), parcel(THURSDAY, expected_by=FRIDAY_LATE), parcel(None),
    parcel(THURSDAY, state=ShipmentState.DELIVERED, delivered_at=FRIDAY_LATE),
    parcel(THURSDAY, state=ShipmentState.LOST),
])
def test_nothing_is_promised_beside_what_is_known_nor_before_it_leaves(known: Shipment) -> None:
    assert with_promise(known, DELIVERY, ZONE) is known


def test_a_service_that_the_shop_does_not_name_promises_nothing() -> None:
    express = parcel(THURSDAY, service="express")
    assert with_promise(express, DeliverySettings(), ZONE).promised_by is None


def test_every_order_that_is_read_carries_the_promise() -> None:
    order: Order = next(one for one in demo_orders(THURSDAY, timezone.utc) if one.number == "TD-10421")
    bare = Order(**{**vars(order), "shipments": (parcel(THURSDAY),)})
    assert ShopPolicies(zone=ZONE, delivery=DELIVERY).applied_to(bare).promised_by is not None
    assert DEFAULT_POLICIES.applied_to(bare).promised_by is None

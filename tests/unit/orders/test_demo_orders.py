"""The demo shop tells the stories it should, whenever it is seeded."""
from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from tandem.orders.demo_orders import demo_orders
from tandem.orders.errors import ReturnRefusal
from tandem.orders.model import Membership, Order, OrderStatus, PaymentMethod, RefundState
from tandem.orders.money import Money
from tandem.orders.policies import ShopPolicies, return_refusal
from tandem.orders.shipments import ScanEvent, ShipmentState

ZONE = ZoneInfo("America/New_York")
POLICIES = ShopPolicies(zone=ZONE)
STORIES = {
    "TD-10421": ("on-time@example.com", "94107", OrderStatus.SHIPPED),
    "TD-10388": ("late@example.com", "60614", OrderStatus.SHIPPED),
    "TD-10402": ("two-orders@example.com", "73301", OrderStatus.PROCESSING),
    "TD-10417": ("two-orders@example.com", "73301", OrderStatus.OUT_FOR_DELIVERY),
    "TD-10300": ("delivered@example.com", "30301", OrderStatus.DELIVERED),
    "TD-10190": ("old@example.com", "02108", OrderStatus.DELIVERED),
    "TD-10433": ("new@example.com", "98101", OrderStatus.PROCESSING),
    "TD-10350": ("refund@example.com", "33101", OrderStatus.RETURNED),
    "TD-10360": ("refund-pending@example.com", "75201", OrderStatus.RETURNED),
    "TD-10377": ("cancelled@example.com", "80202", OrderStatus.CANCELLED),
    "TD-10405": ("lost@example.com", "85001", OrderStatus.LOST),
    "TD-10410": ("payment@example.com", "19019", OrderStatus.PAYMENT_FAILED),
    "TD-10299": ("partial@example.com", "97201", OrderStatus.PARTLY_SHIPPED),
    "TD-10444": ("vip@example.com", "10001", OrderStatus.OUT_FOR_DELIVERY),
}
MOMENTS = [
    datetime(2025, 3, 12, 15, 0, tzinfo=timezone.utc),
    datetime(2025, 3, 8, 5, 30, tzinfo=timezone.utc),  # after midnight, the night before the clocks change
    datetime(2024, 2, 29, 3, 59, tzinfo=timezone.utc),  # still the 28th in New York
    datetime(2025, 1, 1, 4, 59, tzinfo=timezone.utc),
]


@pytest.fixture(params=MOMENTS, ids=str)
def at(request: pytest.FixtureRequest) -> datetime:
    moment: datetime = request.param
    return moment


@pytest.fixture
def orders(at: datetime) -> Mapping[str, Order]:
    return {order.number: order for order in demo_orders(at, ZONE)}


@pytest.fixture
def today(at: datetime) -> date:
    return at.astimezone(ZONE).date()


def _local(moment: datetime | None) -> tuple[date, int]:
    assert moment is not None
    local = moment.astimezone(ZONE)
    return local.date(), local.hour


def test_every_order_has_its_customer_and_status(orders: Mapping[str, Order]) -> None:
    for number, (email, postcode, status) in STORIES.items():
        order = orders[number]
        assert (order.email, order.postcode, order.status) == (email, postcode, status)


def test_one_order_is_on_time_and_its_customers_only_open_one(orders: Mapping[str, Order], today: date) -> None:
    order = orders["TD-10421"]
    assert _local(order.expected_by) == (today + timedelta(days=1), 15)
    assert len(order.items) == 1 and not order.delayed
    assert [o.number for o in orders.values() if o.email == order.email and o.status.open] == ["TD-10421"]


def test_one_is_delayed_and_held(orders: Mapping[str, Order], today: date) -> None:
    order = orders["TD-10388"]
    assert order.delayed
    assert _local(order.promised_by)[0] == today - timedelta(days=4)
    assert _local(order.expected_by)[0] == today + timedelta(days=3)
    assert order.shipment and order.shipment.held_at and order.shipment.last_scan
    assert order.shipment.last_scan.event is ScanEvent.HELD


def test_two_orders_of_one_customer(orders: Mapping[str, Order], today: date) -> None:
    processing, coming = orders["TD-10402"], orders["TD-10417"]
    assert _local(processing.placed_at)[0] == today - timedelta(days=1)
    assert processing.shipment and _local(processing.shipment.ships_by)[0] == today + timedelta(days=2)
    assert _local(coming.expected_by) == (today, 20)


def test_returns_inside_and_outside_the_window(orders: Mapping[str, Order], today: date, at: datetime) -> None:
    inside, outside = orders["TD-10300"], orders["TD-10190"]
    assert _local(inside.delivered_at)[0] == today - timedelta(days=5) and len(inside.items) == 2
    assert return_refusal(POLICIES.applied_to(inside), at) is None
    assert _local(outside.delivered_at)[0] == today - timedelta(days=61)
    assert return_refusal(POLICIES.applied_to(outside), at) is ReturnRefusal.WINDOW_CLOSED


def test_a_new_order_can_still_be_changed(orders: Mapping[str, Order], at: datetime) -> None:
    order = POLICIES.applied_to(orders["TD-10433"])
    assert order.placed_at == at - timedelta(hours=2)
    assert order.can_cancel and order.can_change_address


def test_refunds(orders: Mapping[str, Order], today: date) -> None:
    issued, pending, cancelled = (orders[n].refund for n in ("TD-10350", "TD-10360", "TD-10377"))
    assert issued and pending and cancelled
    assert issued.amount == Money(Decimal("59.90")) and issued.method is PaymentMethod.CARD
    assert issued.business_days == (5, 7) and _local(issued.issued_at)[0] == today - timedelta(days=2)
    request = orders["TD-10360"].return_request
    assert request and _local(request.received_at)[0] == today - timedelta(days=1)
    assert pending.state is RefundState.PENDING_INSPECTION and pending.issued_at is None
    assert cancelled.state is RefundState.ISSUED
    assert _local(orders["TD-10377"].cancelled_at)[0] == today - timedelta(days=3)


def test_things_gone_wrong(orders: Mapping[str, Order], today: date, at: datetime) -> None:
    lost = orders["TD-10405"].shipment
    assert lost and lost.state is ShipmentState.LOST
    assert _local(lost.investigation_since)[0] == today - timedelta(days=6)
    assert orders["TD-10410"].payment_due_by == at + timedelta(days=2)


def test_a_partly_shipped_order(orders: Mapping[str, Order], today: date) -> None:
    order = orders["TD-10299"]
    assert len(order.items) == 2 and len(order.delivered_items) == 1
    assert _local(order.delivered_at)[0] == today - timedelta(days=2)
    assert order.shipment and order.shipment.state is ShipmentState.BACK_ORDERED
    assert _local(order.expected_by)[0] == today + timedelta(days=6)
    assert order.items_in(order.shipment) == (order.items[1],)


def test_a_gold_member_gets_express(orders: Mapping[str, Order], today: date) -> None:
    order = orders["TD-10444"]
    assert order.membership is Membership.GOLD and _local(order.expected_by) == (today, 18)
    assert order.shipment and order.shipment.service == "express"


def test_nothing_has_happened_in_the_future(orders: Mapping[str, Order], at: datetime) -> None:
    for order in orders.values():
        happened = [order.placed_at, order.cancelled_at, order.delivered_at]
        for shipment in order.shipments:
            happened += [shipment.shipped_at, shipment.last_scan and shipment.last_scan.at]
        if order.refund:
            happened += [order.refund.requested_at, order.refund.issued_at]
        if order.return_request:
            happened += [order.return_request.created_at, order.return_request.received_at]
        assert all(moment <= at for moment in happened if moment), order.number


def test_every_line_travels_in_a_parcel_of_its_order(orders: Mapping[str, Order]) -> None:
    for order in orders.values():
        assert {item.shipment_id for item in order.items} == {shipment.id for shipment in order.shipments}
        assert order.total.amount >= sum(item.price.amount for item in order.items)

"""What agents read about an order."""
from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone

import pytest

from tandem.orders.demo_orders import demo_orders
from tandem.orders.model import Order, OrderStatus
from tandem.orders.policies import DEFAULT_POLICIES
from tandem.orders.summary import summarise

ORDERS = {order.number: order for order in demo_orders(datetime(2025, 6, 24, 15, 0, tzinfo=timezone.utc), timezone.utc)}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_every_order_has_a_summary_without_gaps(order: Order) -> None:
    facts = summarise(order, timezone.utc)
    assert facts["E-mail"] == order.email
    assert all(facts.values())


def test_a_delay_shows_in_the_status_and_the_dates() -> None:
    facts = summarise(ORDERS["TD-10388"], timezone.utc)
    assert facts["Status"] == "shipped, delayed"
    assert facts["Expected by"] == "Fri 27 Jun 2025, 20:00 UTC"
    assert facts["Last scan"].startswith("held, Gary, IN")


def test_several_parcels_are_numbered_in_the_facts() -> None:
    facts = summarise(ORDERS["TD-10299"], timezone.utc)
    assert facts["Parcel 1: parcel"] == "delivered"
    assert facts["Parcel 2: parcel"] == "back ordered"


def test_a_cancelled_order_promises_nothing() -> None:
    cancelled = [order for order in ORDERS.values() if order.status is OrderStatus.CANCELLED]
    kept = replace(ORDERS["TD-10388"], status=OrderStatus.CANCELLED)  # its parcel still carries the old promise
    for order in (*cancelled, kept):
        facts = " ".join(summarise(order, timezone.utc))
        assert "romised by" not in facts and "xpected by" not in facts and "hips by" not in facts
    assert cancelled and "Promised by" in summarise(ORDERS["TD-10388"], timezone.utc)


def test_until_when_an_order_can_be_sent_back_is_said_as_long_as_that_is_open() -> None:
    delivered, returned = (DEFAULT_POLICIES.applied_to(ORDERS[number]) for number in ("TD-10300", "TD-10350"))
    assert summarise(delivered, timezone.utc)["Can be sent back until"] == "Sat 19 Jul 2025, 23:59 UTC"
    assert returned.return_until and "Can be sent back until" not in summarise(returned, timezone.utc)

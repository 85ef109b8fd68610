"""Every state of an order has its words."""
from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone

from babel import Locale

from actions.base.status import refund_reply, status_reply
from tandem.orders.model import Order, OrderStatus, PaymentMethod, Refund, RefundState
from tandem.orders.money import Money
from tandem.orders.shipments import Shipment, ShipmentState
from tandem.wording.dates import Dates
from tandem.wording.formats import Formats
from tests.unit.actions.conftest import RESPONSES, Shop, check_values


def test_the_shipped_order_is_told_in_the_agreed_words(shop: Shop) -> None:
    [calm] = [variation for variation in RESPONSES["utter_order_status_shipped"] if "condition" not in variation]
    assert calm["text"].format(when="tomorrow by 3 PM") == (
        "Your order was shipped and is expected to arrive tomorrow by 3 PM."
    )


def _states(order: Order) -> list[Order]:
    """The order in every status, with and without the dates it might lack."""
    full = order.shipments[0]
    parcels = [
        (full,), (), (Shipment("bare", ShipmentState.PENDING),),
        (replace(full, expected_by=full.promised_by and full.promised_by - timedelta(days=30)),),
        (replace(full, state=ShipmentState.IN_TRANSIT, expected_by=(full.promised_by or order.placed_at)
                 + timedelta(days=9)),),
        (replace(full, state=ShipmentState.DELIVERED, delivered_at=order.placed_at),),
        (replace(full, state=ShipmentState.LOST, investigation_since=order.placed_at),),
    ]
    refunds = [None, *(Refund(Money(order.total.amount), state, PaymentMethod.PAYPAL, order.placed_at)
                       for state in RefundState)]
    return [replace(order, status=status, shipments=shipments, refund=refund)
            for status in OrderStatus for shipments in parcels for refund in refunds]


def test_every_state_has_words_and_all_their_values(shop: Shop) -> None:
    dates = Dates(shop.clock(), timezone.utc, Formats(Locale("en", "US")))
    for order in _states(shop.orders.orders["TD-10388"]) + _states(shop.orders.orders["TD-10360"]):
        for reply in (status_reply(order, dates), refund_reply(order, dates)):
            check_values(reply.response, reply.values)

"""Every state of an order has its words."""
from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from actions.customer_orders import accessible_orders
from actions.dates import Dates
from actions.order_facts import ActionOrderFacts
from actions.order_status import ActionOrderStatus, ActionTrackParcel, ValidateOrderStatusForm
from actions.refunds import ActionRefundStatus
from actions.status import refund_reply, status_reply
from actions.turn import Turn
from tandem.orders.model import (
    Money,
    Order,
    OrderStatus,
    PaymentMethod,
    Refund,
    RefundState,
    Shipment,
    ShipmentState,
)
from tests.unit.actions.conftest import CONVERSATION, RESPONSES, Scene, Shop, act, check_values


async def show(shop: Shop, number: str) -> tuple[str, dict[str, str]]:
    shop.match(number, shop.orders.orders[number].postcode)
    outcome = await act(ActionOrderStatus(shop.open), Scene(slots={"order_number": number}))
    assert outcome.slots["failed_lookups"] == 0.0
    return outcome.said[0], outcome.messages[0]


@pytest.mark.parametrize(("number", "response", "values"), [
    ("TD-10421", "utter_order_status_shipped", {"when": "tomorrow by 3 PM"}),
    ("TD-10388", "utter_order_status_held", {"when": "in 3 days (Friday, June 27)", "place": "Gary, IN"}),
    ("TD-10402", "utter_order_status_processing", {"ships": "in 2 days (Thursday, June 26)"}),
    ("TD-10417", "utter_order_status_out_for_delivery", {"when": "today by 8 PM"}),
    ("TD-10300", "utter_order_status_delivered", {"delivered": "5 days ago"}),
    ("TD-10350", "utter_refund_issued", {"amount": "$59.90", "issued": "2 days ago", "method": "your card"}),
    ("TD-10360", "utter_refund_pending_inspection", {"received": "yesterday"}),
    ("TD-10377", "utter_order_status_cancelled_refunded", {"cancelled": "3 days ago", "days": "5 to 7"}),
    ("TD-10405", "utter_order_status_lost", {"since": "Wednesday, June 18"}),
    ("TD-10410", "utter_order_status_payment_failed", {"due": "Thursday, June 26"}),
    ("TD-10299", "utter_order_status_back_ordered", {"came": "Wall clock, 30 cm, walnut", "rest": "Folding oak chair"}),
])
async def test_each_demo_order_is_told_as_it_stands(
    shop: Shop, number: str, response: str, values: dict[str, str]
) -> None:
    said, message = await show(shop, number)
    assert said == response
    assert {name: message[name] for name in values} == values


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
    dates = Dates(shop.clock(), timezone.utc)
    for order in _states(shop.orders.orders["TD-10388"]) + _states(shop.orders.orders["TD-10360"]):
        for reply in (status_reply(order, dates), refund_reply(order, dates)):
            check_values(reply.response, reply.values)


async def test_an_order_that_is_not_the_customers_is_not_shown(shop: Shop) -> None:
    slots = {"order_number": "TD-10421", "contact": "on-time@example.com", "order_items": "Enamel kettle"}
    outcome = await act(ActionOrderStatus(shop.open), Scene(slots=slots))
    assert outcome.said == ["utter_not_identified"]


async def test_orders_are_told_as_long_as_the_customer_is_known_and_no_longer(shop: Shop) -> None:
    shop.know("on-time@example.com", until=shop.clock() + timedelta(minutes=10))
    scene = Scene(slots={"order_number": "TD-10421"})
    assert (await act(ActionOrderStatus(shop.open), scene)).said != ["utter_not_identified"]
    shop.clock.advance(minutes=10)
    later = replace(scene, message_id="m2")
    assert (await act(ActionOrderStatus(shop.open), later)).said == ["utter_not_identified"]
    assert accessible_orders(shop.services, Turn(later.tracker())).orders == ()


async def test_an_address_that_nobody_said_proves_nothing_once_the_identity_has_ended(shop: Shop) -> None:
    """The form must not keep the identity's address, nor one from an earlier question, and match the order with it."""
    shop.know("on-time@example.com", until=shop.clock() + timedelta(minutes=10))
    form = ValidateOrderStatusForm(shop.open)
    first = await act(form, Scene(form="order_status_form", starts=True))
    assert first.slots["order_number"] == "TD-10421"
    shop.clock.advance(minutes=10)
    for number, contact in enumerate((first.slots["contact"], "on-time@example.com")):
        slots = {"order_number": "TD-10421", "contact": contact}
        again = await act(form, Scene(slots=slots, form="order_status_form", starts=True, message_id=f"later {number}"))
        assert again.slots.get("contact") is None and "order_items" not in again.slots
    assert shop.services.identification.verified_orders(CONVERSATION) == ()


async def test_other_open_orders_are_offered(shop: Shop) -> None:
    shop.know("two-orders@example.com")
    outcome = await act(ActionOrderStatus(shop.open), Scene(slots={"order_number": "TD-10417"}))
    assert outcome.payloads() == ['/order_status{"order_number": "TD-10402"}']


async def test_tracking_hands_over_number_and_link(shop: Shop) -> None:
    shop.know("on-time@example.com")
    outcome = await act(ActionTrackParcel(shop.open), Scene(slots={"order_number": "TD-10421"}))
    assert outcome.said == ["utter_track_parcel_link_scanned"]
    assert outcome.messages[0]["url"].startswith("https://track.example.com/")


async def test_tracking_of_an_unshipped_order_tells_its_status(shop: Shop) -> None:
    shop.know("new@example.com")
    outcome = await act(ActionTrackParcel(shop.open), Scene(slots={"order_number": "TD-10433"}))
    assert outcome.said == ["utter_order_status_processing"]


async def test_a_refund_that_nobody_started_is_said_to_be_none(shop: Shop) -> None:
    shop.know("delivered@example.com")
    outcome = await act(ActionRefundStatus(shop.open), Scene(slots={"order_number": "TD-10300"}))
    assert outcome.said == ["utter_refund_none"]


@pytest.mark.parametrize(("email", "number", "response"), [
    ("on-time@example.com", "TD-10421", "utter_get_refund_on_its_way"),
    ("new@example.com", "TD-10433", "utter_get_refund_by_cancelling"),
])
async def test_before_delivery_the_way_to_the_money_is_named(
    shop: Shop, email: str, number: str, response: str
) -> None:
    shop.know(email)
    assert (await act(ActionRefundStatus(shop.open), Scene(slots={"order_number": number}))).said == [response]


async def test_a_missing_order_system_is_told_and_counted(shop: Shop) -> None:
    shop.know("on-time@example.com")
    shop.orders.down = True
    outcome = await act(ActionOrderStatus(shop.open), Scene(slots={"order_number": "TD-10421", "failed_lookups": 1.0}))
    assert outcome.said == ["utter_order_system_unavailable"]
    assert outcome.slots["failed_lookups"] == 2.0


# -- the facts before a person takes over -----------------------------------------------------------------------


async def test_the_facts_of_the_late_order_are_given_without_asking(shop: Shop) -> None:
    shop.know("late@example.com")
    outcome = await act(ActionOrderFacts(shop.open), Scene(intent="order_status"))
    assert outcome.said == ["utter_order_status_held"]


async def test_a_stranger_gets_empathy_and_no_facts(shop: Shop) -> None:
    outcome = await act(ActionOrderFacts(shop.open), Scene(
        intent="order_status", entities={"order_number": "TD-10388", "email": "late@example.com"},
        filled={"order_number": "TD-10388", "contact": "late@example.com"}))
    assert outcome.said == ["utter_acknowledge"]


async def test_the_order_named_beats_the_one_talked_about(shop: Shop) -> None:
    shop.know("two-orders@example.com")
    outcome = await act(ActionOrderFacts(shop.open), Scene(
        intent="order_status", slots={"order_number": "TD-10402"}, entities={"order_number": "TD-10417"}))
    assert outcome.messages[0]["number"] == "TD-10417"


async def test_the_facts_of_a_refund_are_given_when_it_is_about_money(shop: Shop) -> None:
    shop.know("refund-pending@example.com")
    outcome = await act(ActionOrderFacts(shop.open), Scene(intent="get_refund"))
    assert outcome.said == ["utter_refund_pending_inspection"]


async def test_without_the_order_system_there_is_still_empathy(shop: Shop) -> None:
    shop.know("late@example.com")
    shop.orders.down = True
    outcome = await act(ActionOrderFacts(shop.open), Scene(intent="order_status"))
    assert outcome.said == ["utter_acknowledge"]

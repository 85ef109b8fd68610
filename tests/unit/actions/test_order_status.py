"""The status of each order, told to whom it belongs."""
from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from actions.base.customer_orders import accessible_orders
from actions.base.turn import CurrentTurn
from actions.order_status import ActionOrderStatus, ActionTrackParcel, ValidateOrderStatusForm
from tests.unit.actions.conftest import CONVERSATION, Scene, Shop, act


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
    assert accessible_orders(shop.services, CurrentTurn(later.tracker())).orders == ()


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


async def test_a_missing_order_system_is_told_and_counted(shop: Shop) -> None:
    shop.know("on-time@example.com")
    shop.orders.down = True
    outcome = await act(ActionOrderStatus(shop.open), Scene(slots={"order_number": "TD-10421", "failed_lookups": 1.0}))
    assert outcome.said == ["utter_order_system_unavailable"]
    assert outcome.slots["failed_lookups"] == 2.0


@pytest.mark.parametrize(("slots", "filled", "lead"), [
    ({}, {"last_handoff": {"note_for_bot": "A new lamp is on its way."}}, ["utter_note_said"]),
    ({"last_handoff": {"note_for_bot": "A new lamp is on its way."}}, {}, ["utter_note_first"]),
    ({"last_handoff": {"note_for_bot": None}}, {}, []),
])
async def test_a_note_of_a_person_comes_before_older_facts(
    shop: Shop, slots: dict[str, Any], filled: dict[str, Any], lead: list[str]
) -> None:
    shop.know("on-time@example.com")
    scene = Scene(intent="order_status", slots={"order_number": "TD-10421", **slots}, filled=filled)
    outcome = await act(ActionOrderStatus(shop.open), scene)
    assert outcome.said == [*lead, "utter_order_status_shipped"]


@pytest.mark.parametrize(("promised_in", "response", "values"), [
    (timedelta(days=2), "utter_order_status_shipped_promised", {"promised": "Thursday, June 26"}),
    (-timedelta(days=2), "utter_order_status_overdue", {"expected": "2 days ago"}),
    (None, "utter_order_status_shipped_no_date", {}),
])
async def test_where_the_carrier_names_no_day_the_services_promise_is_told(
    shop: Shop, promised_in: timedelta | None, response: str, values: dict[str, str],
) -> None:
    order = shop.orders.orders["TD-10421"]
    promised = None if promised_in is None else shop.clock() + promised_in
    parcel = replace(order.shipments[0], expected_by=None, promised_by=promised,
                     shipped_at=shop.clock() - timedelta(days=1))
    shop.orders.orders["TD-10421"] = replace(order, shipments=(parcel,))
    said, message = await show(shop, "TD-10421")
    assert said == response
    assert {name: message[name] for name in values} == values

"""Each question about an order is answered by the state of the order."""
from __future__ import annotations

import pytest

from actions.change_order import ActionChangeOrder
from actions.exchange_item import ActionExchangeItem
from actions.order_status import ActionTrackParcel
from actions.parcel_problems import (
    ActionDamagedItem,
    ActionDeliveredNotReceived,
    ActionMissingItem,
    ActionWrongItem,
)
from actions.payment import ActionInvoice
from actions.refunds import ActionGetRefund, ActionRefundStatus
from tests.unit.actions.conftest import Scene, Shop, act


@pytest.mark.parametrize(("action", "email", "number", "response"), [
    (ActionExchangeItem, "delivered@example.com", "TD-10300", "utter_exchange_item"),
    (ActionExchangeItem, "old@example.com", "TD-10190", "utter_return_item_window_closed"),
    (ActionGetRefund, "new@example.com", "TD-10433", "utter_get_refund_by_cancelling"),
    (ActionGetRefund, "delivered@example.com", "TD-10300", "utter_get_refund_by_returning"),
    (ActionGetRefund, "late@example.com", "TD-10388", "utter_get_refund_on_its_way"),
    (ActionGetRefund, "old@example.com", "TD-10190", "utter_get_refund_too_late"),
    (ActionGetRefund, "refund@example.com", "TD-10350", "utter_refund_issued"),
    (ActionGetRefund, "lost@example.com", "TD-10405", "utter_get_refund_lost"),
    (ActionDamagedItem, "delivered@example.com", "TD-10300", "utter_damaged_item"),
    (ActionDamagedItem, "old@example.com", "TD-10190", "utter_damaged_item_person"),
    (ActionDamagedItem, "on-time@example.com", "TD-10421", "utter_order_status_shipped utter_not_delivered_yet"),
    (ActionWrongItem, "delivered@example.com", "TD-10300", "utter_wrong_item"),
    (ActionMissingItem, "partial@example.com", "TD-10299", "utter_order_status_back_ordered"),
    (ActionMissingItem, "delivered@example.com", "TD-10300", "utter_missing_item_offer_person"),
    (ActionDeliveredNotReceived, "delivered@example.com", "TD-10300", "utter_delivered_not_received"),
    (ActionDeliveredNotReceived, "late@example.com", "TD-10388", "utter_order_status_held utter_not_delivered_yet"),
    (ActionDamagedItem, "refund@example.com", "TD-10350", "utter_refund_issued"),
    (ActionWrongItem, "cancelled@example.com", "TD-10377", "utter_order_status_cancelled_refunded"),
    (ActionExchangeItem, "cancelled@example.com", "TD-10377", "utter_order_status_cancelled_refunded"),
    (ActionExchangeItem, "lost@example.com", "TD-10405", "utter_exchange_item_by_person"),
    (ActionGetRefund, "payment@example.com", "TD-10410", "utter_get_refund_unpaid"),
    (ActionRefundStatus, "payment@example.com", "TD-10410", "utter_get_refund_unpaid"),
    (ActionRefundStatus, "lost@example.com", "TD-10405", "utter_get_refund_lost"),
    (ActionTrackParcel, "on-time@example.com", "TD-10421", "utter_track_parcel_link_scanned"),
    (ActionTrackParcel, "delivered@example.com", "TD-10300", "utter_track_parcel_delivered"),
    (ActionTrackParcel, "refund@example.com", "TD-10350", "utter_track_parcel_delivered utter_refund_issued"),
    (ActionTrackParcel, "lost@example.com", "TD-10405", "utter_track_parcel_link_scanned utter_order_status_lost"),
    (ActionChangeOrder, "delivered@example.com", "TD-10300", "utter_change_order_delivered"),
    (ActionChangeOrder, "refund@example.com", "TD-10350", "utter_change_order_closed"),
    (ActionChangeOrder, "lost@example.com", "TD-10405", "utter_order_status_lost"),
    (ActionInvoice, "on-time@example.com", "TD-10421", "utter_invoice_by_mail"),
    (ActionInvoice, "payment@example.com", "TD-10410", "utter_invoice_not_ready"),
])
async def test_the_answer_follows_from_the_order(
    shop: Shop, action: type, email: str, number: str, response: str
) -> None:
    shop.know(email)
    assert (await act(action(shop.open), Scene(slots={"order_number": number}))).said == response.split()


@pytest.mark.parametrize(("action", "response"), [
    (ActionDeliveredNotReceived, "utter_delivered_not_received"),
    (ActionMissingItem, "utter_missing_item_offer_person"),
    (ActionDamagedItem, "utter_damaged_item"), (ActionWrongItem, "utter_wrong_item")])
async def test_who_comes_back_with_the_same_problem_is_offered_a_person_in_place_of_the_same_words(
    shop: Shop, action: type, response: str
) -> None:
    shop.know("delivered@example.com")
    scene = Scene(slots={"order_number": "TD-10300"}, said_before=(response,))
    assert (await act(action(shop.open), scene)).said == ["utter_parcel_problem_again"]

"""Cancelling, changing and sending back: only what was asked for, once, and only while it may be."""
from __future__ import annotations

import pytest

from actions.cancel_order import ActionCancelOrder, ValidateCancelOrderForm
from actions.change_order import ActionChangeAddress, ActionChangeOrder, ValidateChangeAddressForm
from actions.order_status import ActionTrackParcel
from actions.parcel_problems import (
    ActionDamagedItem,
    ActionDeliveredNotReceived,
    ActionMissingItem,
    ActionWrongItem,
)
from actions.payment import ActionInvoice, ActionPaymentProblem
from actions.refunds import ActionGetRefund, ActionRefundStatus
from actions.returns import ActionExchangeItem, ActionReturnItem, ValidateReturnItemForm
from tandem.orders.model import OrderStatus, ReturnReason
from tests.unit.actions.conftest import Outcome, Scene, Shop, act

# -- cancelling -------------------------------------------------------------------------------------------------


async def cancel(shop: Shop, number: str, confirmed: bool | None = True, message_id: str = "m1") -> Outcome:
    return await act(ActionCancelOrder(shop.open), Scene(
        intent="affirm", slots={"order_number": number, "confirmed": confirmed}, message_id=message_id))


async def test_cancel_asks_for_a_yes_first(shop: Shop) -> None:
    shop.know("new@example.com")
    outcome = await act(ValidateCancelOrderForm(shop.open), Scene(
        intent="cancel_order", form="cancel_order_form", starts=True))
    assert outcome.slots["requested_slot"] == "confirmed"
    assert outcome.slots["order_items"] == "Canvas weekend bag, navy"


async def test_a_yes_of_an_earlier_round_does_not_cancel(shop: Shop) -> None:
    shop.know("new@example.com")
    outcome = await act(ValidateCancelOrderForm(shop.open), Scene(
        intent="cancel_order", form="cancel_order_form", starts=True, slots={"confirmed": True}))
    assert outcome.slots["requested_slot"] == "confirmed"


async def test_cancel_refuses_a_shipped_order_before_asking(shop: Shop) -> None:
    shop.know("on-time@example.com")
    outcome = await act(ValidateCancelOrderForm(shop.open), Scene(
        intent="cancel_order", form="cancel_order_form", starts=True, entities={"order_number": "TD-10421"},
        filled={"order_number": "TD-10421"}))
    assert outcome.said == ["utter_cancel_order_too_late"]
    assert outcome.followed_by == ["action_listen"]


async def test_cancel_after_a_yes(shop: Shop) -> None:
    shop.know("new@example.com")
    outcome = await cancel(shop, "TD-10433")
    assert outcome.said == ["utter_cancel_order_done"]
    assert outcome.slots["confirmed"] is None
    assert shop.orders.orders["TD-10433"].status is OrderStatus.CANCELLED
    assert "Refund of $84.00" in str(shop.case())


async def test_the_same_message_again_cancels_once(shop: Shop) -> None:
    shop.know("new@example.com")
    await cancel(shop, "TD-10433")
    assert (await cancel(shop, "TD-10433")).said == ["utter_cancel_order_done"]


@pytest.mark.parametrize("answer", [False, None])
async def test_without_a_yes_the_order_stays(shop: Shop, answer: bool | None) -> None:
    shop.know("new@example.com")
    assert (await cancel(shop, "TD-10433", answer)).said == ["utter_cancel_order_kept"]
    assert shop.orders.orders["TD-10433"].status is OrderStatus.PROCESSING


async def test_an_unsure_yes_is_asked_again(shop: Shop) -> None:
    shop.know("new@example.com")
    scene = {"form": "cancel_order_form", "requested": "confirmed", "intent": "affirm",
             "slots": {"order_number": "TD-10433", "contact": "new@example.com"}, "filled": {"confirmed": True}}
    sure = await act(ValidateCancelOrderForm(shop.open), Scene(text="yes", **scene))
    assert sure.slots.get("confirmed", True) is True
    assert sure.slots["requested_slot"] is None
    unsure = await act(ValidateCancelOrderForm(shop.open), Scene(
        text="?", confidence=0.4, **scene))
    assert unsure.slots["confirmed"] is None
    assert unsure.slots["requested_slot"] == "confirmed"


async def test_nobody_cancels_someone_elses_order(shop: Shop) -> None:
    shop.know("on-time@example.com")
    assert (await cancel(shop, "TD-10433")).said == ["utter_not_identified"]
    assert shop.orders.orders["TD-10433"].status is OrderStatus.PROCESSING


@pytest.mark.parametrize(("number", "response"), [
    ("TD-10421", "utter_cancel_order_too_late"), ("TD-10300", "utter_cancel_order_delivered"),
    ("TD-10350", "utter_cancel_order_returned"), ("TD-10377", "utter_cancel_order_already"),
    ("TD-10190", "utter_cancel_order_delivered_closed"), ("TD-10299", "utter_cancel_order_partly"),
    ("TD-10405", "utter_order_status_lost"),
])
async def test_an_order_that_changed_meanwhile_is_refused_by_its_state(shop: Shop, number: str, response: str) -> None:
    shop.match(number, shop.orders.orders[number].postcode)
    assert (await cancel(shop, number)).said == [response]


# -- changing ---------------------------------------------------------------------------------------------------


async def address(shop: Shop, text: str, requested: str = "new_address", **scene: object) -> Outcome:
    shop.know("new@example.com")
    filled = {"new_address": text} if requested == "new_address" else {}
    given = {"intent": "inform", "text": text, "filled": filled, "slots": {"order_number": "TD-10433"}, **scene}
    return await act(ValidateChangeAddressForm(shop.open), Scene(
        form="change_address_form", requested=requested, **given))


async def test_a_whole_address_is_read_back(shop: Shop) -> None:
    outcome = await address(shop, "send it to 12 oak street, Springfield, il 62704", intent="store_location")
    assert outcome.slots["new_address"] == "12 oak street, Springfield, IL 62704"
    assert outcome.slots["requested_slot"] == "confirmed"


async def test_the_new_postcode_does_not_replace_the_contact(shop: Shop) -> None:
    outcome = await address(shop, "12 Oak St, Springfield, IL 62704",
                            slots={"order_number": "TD-10433", "contact": "98101"},
                            filled={"new_address": "12 Oak St, Springfield, IL 62704", "contact": "62704"})
    assert outcome.slots["contact"] == "98101"


@pytest.mark.parametrize(("text", "missing"), [
    ("Springfield, IL 62704", "street"), ("12 Oak Street, Springfield", "postcode"), ("12 Oak Street 62704", "city"),
])
async def test_a_missing_part_is_named(shop: Shop, text: str, missing: str) -> None:
    outcome = await address(shop, text)
    assert outcome.said == [f"utter_address_without_{missing}"]
    assert outcome.slots["requested_slot"] == "new_address"


async def test_a_question_is_no_address(shop: Shop) -> None:
    outcome = await address(shop, "how long does delivery take?", intent="delivery_time")
    assert outcome.stepped_aside
    assert outcome.slots["new_address"] is None


async def test_a_no_asks_for_the_address_again(shop: Shop) -> None:
    slots = {"order_number": "TD-10433", "new_address": "12 Oak St, Springfield, IL 62704"}
    outcome = await address(shop, "no", "confirmed", intent="deny", slots=slots, filled={"confirmed": False})
    assert not outcome.stepped_aside
    assert outcome.slots["requested_slot"] == "new_address"


async def test_another_address_instead_of_a_yes_is_a_correction(shop: Shop) -> None:
    slots = {"order_number": "TD-10433", "new_address": "12 Oak St, Springfield, IL 62704"}
    outcome = await address(shop, "no wait, 98 Elm Ave, Dayton, OH 45402", "confirmed", slots=slots)
    assert outcome.slots["new_address"] == "98 Elm Ave, Dayton, OH 45402"
    assert outcome.slots["requested_slot"] == "confirmed"


async def test_the_address_is_changed(shop: Shop) -> None:
    shop.know("new@example.com")
    outcome = await act(ActionChangeAddress(shop.open), Scene(slots={
        "order_number": "TD-10433", "new_address": "12 Oak St, Springfield, IL 62704", "confirmed": True}))
    assert outcome.said == ["utter_change_address_done"]
    assert shop.orders.orders["TD-10433"].shipping_address.city == "Springfield"
    assert shop.orders.orders["TD-10433"].shipping_address.name == "Noah Lindqvist"


async def test_the_address_of_a_shipped_order_stays(shop: Shop) -> None:
    shop.know("on-time@example.com")
    outcome = await act(ActionChangeAddress(shop.open), Scene(slots={
        "order_number": "TD-10421", "new_address": "12 Oak St, Springfield, IL 62704", "confirmed": True}))
    assert outcome.said == ["utter_change_address_too_late"]


@pytest.mark.parametrize(("email", "number", "response"), [
    ("new@example.com", "TD-10433", "utter_change_order_possible"),
    ("on-time@example.com", "TD-10421", "utter_change_order_too_late"),
])
async def test_items_are_changed_by_people_before_shipping(shop: Shop, email: str, number: str, response: str) -> None:
    shop.know(email)
    assert (await act(ActionChangeOrder(shop.open), Scene(slots={"order_number": number}))).said == [response]


# -- sending back -----------------------------------------------------------------------------------------------


async def returning(shop: Shop, email: str = "delivered@example.com", **scene: object) -> Outcome:
    shop.know(email)
    given = {"intent": "return_item", **scene}
    return await act(ValidateReturnItemForm(shop.open), Scene(form="return_item_form", **given))


async def test_the_item_is_asked_when_there_are_several(shop: Shop) -> None:
    assert (await returning(shop, starts=True)).slots["requested_slot"] == "return_item"


async def test_what_goes_back_may_be_named_at_once(shop: Shop) -> None:
    outcome = await returning(shop, starts=True, text="I'd like to send the mugs back")
    assert outcome.slots["return_item"] == "MUG-004"
    assert outcome.slots["returning"] == "Stoneware mug, set of four"
    assert (await returning(shop, starts=True, text="return both please")).slots["return_item"] == "all"


async def test_another_item_named_at_the_question_why_is_no_reason(shop: Shop) -> None:
    outcome = await returning(shop, requested="return_reason", text="no, the towel", intent="deny",
                              slots={"order_number": "TD-10300", "return_item": "MUG-004"},
                              filled={"return_reason": "no, the towel"})
    assert outcome.slots["return_item"] == "TWL-012"
    assert outcome.slots["requested_slot"] == "return_reason"


async def test_a_mere_no_is_no_reason(shop: Shop) -> None:
    outcome = await returning(shop, requested="return_reason", text="no", intent="deny",
                              slots={"order_number": "TD-10300", "return_item": "MUG-004"},
                              filled={"return_reason": "no"})
    assert outcome.stepped_aside


@pytest.mark.parametrize(("text", "intent", "reason"), [
    ("I changed my mind", "never_mind", "changed_mind"), ("it just doesn't fit", "return_item", "does_not_fit"),
])
async def test_a_button_may_be_typed(shop: Shop, text: str, intent: str, reason: str) -> None:
    buttons = [{"title": "I changed my mind", "payload": '/inform{"return_reason": "changed_mind"}'},
               {"title": "It doesn't fit", "payload": '/inform{"return_reason": "does_not_fit"}'}]
    outcome = await returning(shop, requested="return_reason", text=text, intent=intent,
                              slots={"order_number": "TD-10300", "return_item": "MUG-004"},
                              filled={"return_reason": text}, last_bot={"data": {"buttons": buttons}})
    assert outcome.slots["return_reason"] == reason


async def test_a_single_item_is_not_asked(shop: Shop) -> None:
    shop.clock.advance(days=-1)
    outcome = await returning(shop, "two-orders@example.com", starts=True)
    assert outcome.slots["return_item"] == "TWL-012"
    assert outcome.slots["requested_slot"] == "return_reason"


@pytest.mark.parametrize(("text", "sku"), [("the towels", "TWL-012"), ("mugs? the mug!", "MUG-004"), ("both", "all")])
async def test_an_item_may_be_named_in_words(shop: Shop, text: str, sku: str) -> None:
    outcome = await returning(shop, requested="return_item", intent="nlu_fallback", text=text,
                              slots={"order_number": "TD-10300"}, filled={"return_item": text})
    assert outcome.slots["return_item"] == sku


async def test_a_question_is_no_item(shop: Shop) -> None:
    outcome = await returning(shop, requested="return_item", intent="return_policy", text="how long do I have?",
                              slots={"order_number": "TD-10300"}, filled={"return_item": "how long do I have?"})
    assert outcome.stepped_aside


@pytest.mark.parametrize(("filled", "intent", "reason"), [
    ("damaged", "damaged_item", "damaged"), ("does_not_fit", "inform", "does_not_fit"),
    ("my wife hates it", "nlu_fallback", "other"),
])
async def test_reasons_come_from_buttons_intents_and_words(shop: Shop, filled: str, intent: str, reason: str) -> None:
    outcome = await returning(shop, requested="return_reason", intent=intent, filled={"return_reason": filled},
                              slots={"order_number": "TD-10300", "return_item": "TWL-012"})
    assert outcome.slots.get("return_reason", filled) == reason
    assert outcome.slots["requested_slot"] is None


async def test_the_return_window_is_checked_before_asking(shop: Shop) -> None:
    outcome = await returning(shop, "old@example.com", starts=True)
    assert outcome.said == ["utter_return_item_window_closed"]
    assert outcome.messages[0]["deadline"] == "Saturday, May 24"


async def test_the_return_is_announced_once(shop: Shop) -> None:
    shop.know("delivered@example.com")
    scene = Scene(slots={"order_number": "TD-10300", "return_item": "TWL-012", "return_reason": "damaged"})
    assert (await act(ActionReturnItem(shop.open), scene)).said == ["utter_return_item_label_by_mail"]
    request = shop.orders.orders["TD-10300"].return_request
    assert request is not None
    assert (request.skus, request.reason) == (("TWL-012",), ReturnReason.DAMAGED)
    assert (await act(ActionReturnItem(shop.open), scene)).said == ["utter_return_item_label_by_mail"]
    again = Scene(slots=scene.slots, message_id="m2")
    assert (await act(ActionReturnItem(shop.open), again)).said == ["utter_return_item_already_requested"]


# -- thinner flows ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("action", "email", "number", "response"), [
    (ActionExchangeItem, "delivered@example.com", "TD-10300", "utter_exchange_item"),
    (ActionExchangeItem, "old@example.com", "TD-10190", "utter_return_item_window_closed"),
    (ActionGetRefund, "new@example.com", "TD-10433", "utter_get_refund_by_cancelling"),
    (ActionGetRefund, "delivered@example.com", "TD-10300", "utter_get_refund_by_returning"),
    (ActionGetRefund, "late@example.com", "TD-10388", "utter_get_refund_on_its_way"),
    (ActionGetRefund, "old@example.com", "TD-10190", "utter_get_refund_too_late"),
    (ActionGetRefund, "refund@example.com", "TD-10350", "utter_refund_issued"),
    (ActionGetRefund, "lost@example.com", "TD-10405", "utter_order_status_lost"),
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
    (ActionExchangeItem, "lost@example.com", "TD-10405", "utter_order_status_lost"),
    (ActionGetRefund, "payment@example.com", "TD-10410", "utter_get_refund_unpaid"),
    (ActionRefundStatus, "payment@example.com", "TD-10410", "utter_get_refund_unpaid"),
    (ActionRefundStatus, "lost@example.com", "TD-10405", "utter_order_status_lost"),
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


async def test_an_order_on_hold_is_told_when_a_payment_fails(shop: Shop) -> None:
    shop.know("payment@example.com")
    outcome = await act(ActionPaymentProblem(shop.open), Scene(intent="payment_problem"))
    assert outcome.said == ["utter_order_status_payment_failed"]


async def test_a_stranger_gets_advice_when_a_payment_fails(shop: Shop) -> None:
    outcome = await act(ActionPaymentProblem(shop.open), Scene(intent="payment_problem"))
    assert outcome.said == ["utter_payment_problem"]

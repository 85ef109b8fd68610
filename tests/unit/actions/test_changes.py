"""Cancelling and changing: only what was asked for, once, and only while it may be."""
from __future__ import annotations

import pytest

from actions.cancel_order import ActionCancelOrder, ValidateCancelOrderForm
from actions.change_order import ActionChangeAddress, ActionChangeOrder, ValidateChangeAddressForm
from tandem.orders.model import OrderStatus
from tests.unit.actions.conftest import Outcome, Scene, Shop, act

# -- cancelling -------------------------------------------------------------------------------------------------


async def cancel(shop: Shop, number: str, answer: str = "yes") -> Outcome:
    """The bot has asked whether to cancel, and the customer answers."""
    shop.asks("cancel_order", number)
    return await act(ActionCancelOrder(shop.open), Scene(
        intent="affirm", slots={"order_number": number, "confirmed": True}, seq=shop.says(answer)))


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
    shop.asks("cancel_order", "TD-10433")
    scene = Scene(slots={"order_number": "TD-10433", "confirmed": True}, seq=shop.says("yes"))
    for _ in range(2):
        assert (await act(ActionCancelOrder(shop.open), scene)).said == ["utter_cancel_order_done"]


async def test_a_filled_slot_is_no_yes(shop: Shop) -> None:
    shop.know("new@example.com")
    for seq in (0, shop.says("yes")):  # no question was asked
        scene = Scene(intent="affirm", slots={"order_number": "TD-10433", "confirmed": True}, seq=seq)
        assert (await act(ActionCancelOrder(shop.open), scene)).said == ["utter_cancel_order_kept"]
    for answer in ("no", "yes, but when do I get my money?", "hm", "ok unless it has shipped"):
        assert (await cancel(shop, "TD-10433", answer)).said == ["utter_cancel_order_kept"]
    assert shop.orders.orders["TD-10433"].status is OrderStatus.PROCESSING


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
    shop.know("new@example.com")
    shop.asks("change_address", "TD-10433", new_address=slots["new_address"])
    outcome = await address(shop, "no", "confirmed", intent="deny", slots=slots, seq=shop.says("no"))
    assert not outcome.stepped_aside
    assert outcome.slots["requested_slot"] == "new_address"


async def test_another_address_instead_of_a_yes_is_a_correction(shop: Shop) -> None:
    slots = {"order_number": "TD-10433", "new_address": "12 Oak St, Springfield, IL 62704"}
    shop.know("new@example.com")
    shop.asks("change_address", "TD-10433", new_address=slots["new_address"])
    text = "no wait, 98 Elm Ave, Dayton, OH 45402"
    outcome = await address(shop, text, "confirmed", slots=slots, seq=shop.says(text))
    assert outcome.slots["new_address"] == "98 Elm Ave, Dayton, OH 45402"
    assert outcome.slots["requested_slot"] == "confirmed"


async def test_the_address_is_changed(shop: Shop) -> None:
    shop.know("new@example.com")
    shop.asks("change_address", "TD-10433", new_address="12 Oak St, Springfield, IL 62704")
    outcome = await act(ActionChangeAddress(shop.open), Scene(seq=shop.says("yes"), slots={
        "order_number": "TD-10433", "new_address": "12 Oak St, Springfield, IL 62704", "confirmed": True}))
    assert outcome.said == ["utter_change_address_done"]
    assert shop.orders.orders["TD-10433"].shipping_address.city == "Springfield"
    assert shop.orders.orders["TD-10433"].shipping_address.name == "Noah Lindqvist"


async def test_the_address_of_a_shipped_order_stays(shop: Shop) -> None:
    shop.know("on-time@example.com")
    shop.asks("change_address", "TD-10421", new_address="12 Oak St, Springfield, IL 62704")
    outcome = await act(ActionChangeAddress(shop.open), Scene(seq=shop.says("yes"), slots={
        "order_number": "TD-10421", "new_address": "12 Oak St, Springfield, IL 62704", "confirmed": True}))
    assert outcome.said == ["utter_change_address_too_late"]


@pytest.mark.parametrize(("email", "number", "response"), [
    ("new@example.com", "TD-10433", "utter_change_order_possible"),
    ("on-time@example.com", "TD-10421", "utter_change_order_too_late"),
])
async def test_items_are_changed_by_people_before_shipping(shop: Shop, email: str, number: str, response: str) -> None:
    shop.know(email)
    assert (await act(ActionChangeOrder(shop.open), Scene(slots={"order_number": number}))).said == [response]

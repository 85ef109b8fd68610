"""Changing an order: what was asked for, once, and while it may be."""
from __future__ import annotations

import pytest

from actions.change_order import ActionAskNewAddress, ActionChangeAddress, ActionChangeOrder, ValidateChangeAddressForm
from tests.unit.actions.conftest import RESPONSES, Outcome, Scene, Shop, act


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


async def test_a_part_that_stays_missing_is_not_asked_for_for_ever(shop: Shop) -> None:
    outcome = await address(shop, "apartment 4", said_before=("utter_address_without_postcode",) * 2,
                            emptied=("new_address",),
                            slots={"order_number": "TD-10433", "new_address": "12 Oak Street"})
    assert outcome.said == ["utter_address_in_one_line"]
    assert "/ask_for_human" in [button["payload"] for button in RESPONSES[outcome.said[0]][0]["buttons"]]


@pytest.mark.parametrize("asked", [(), ("utter_address_without_city",), ("utter_address_in_one_line",)])
async def test_one_message_asks_once_where_an_order_goes(shop: Shop, asked: tuple[str, ...]) -> None:
    outcome = await act(ActionAskNewAddress(shop.open), Scene(
        form="change_address_form", requested="new_address", slots={"order_number": "TD-10433"}, said_since=asked))
    assert outcome.said == ([] if asked else ["utter_ask_for_new_address"])


async def test_a_yes_is_no_part_of_an_address(shop: Shop) -> None:
    outcome = await address(shop, "Springfield, IL 62704", emptied=("new_address",),
                            slots={"order_number": "TD-10433", "new_address": "yes"})
    assert outcome.said == ["utter_address_without_street"]


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


@pytest.mark.parametrize(("text", "whole"), [
    ("it's apartment 5", "12 Oak St, apartment 5, Springfield, IL 62704"),
    ("no, 98 Elm Ave, same city", "98 Elm Ave, Springfield, IL 62704"),
])
async def test_a_piece_completes_the_address_that_was_read_back(shop: Shop, text: str, whole: str) -> None:
    slots = {"order_number": "TD-10433", "new_address": "12 Oak St, Springfield, IL 62704"}
    shop.know("new@example.com")
    shop.asks("change_address", "TD-10433", new_address=slots["new_address"])
    outcome = await address(shop, text, "confirmed", slots=slots, seq=shop.says(text))
    assert outcome.slots["new_address"] == whole
    assert outcome.slots["requested_slot"] == "confirmed"


async def test_an_address_may_come_in_two_messages(shop: Shop) -> None:
    outcome = await address(shop, "Springfield, IL 62704", emptied=("new_address",),
                            slots={"order_number": "TD-10433", "new_address": "12 Oak Street"})
    assert outcome.slots["new_address"] == "12 Oak Street, Springfield, IL 62704"
    assert outcome.slots["requested_slot"] == "confirmed"


@pytest.mark.parametrize("text", [
    "please send order TD-10433 to 9 Mill Lane, Tacoma, WA 98402 instead",
    "my new address is 9 Mill Lane, Tacoma, WA 98402",
    "it should go to my dad, 9 Mill Lane, Tacoma, WA 98402, thanks",
])
async def test_an_address_in_the_wish_itself_is_read_back_at_once(shop: Shop, text: str) -> None:
    shop.know("new@example.com")
    outcome = await act(ValidateChangeAddressForm(shop.open), Scene(
        intent="change_address", form="change_address_form", starts=True, text=text, filled={"contact": "98402"}))
    assert outcome.slots["new_address"] == "9 Mill Lane, Tacoma, WA 98402"
    assert outcome.slots["requested_slot"] == "confirmed"


@pytest.mark.parametrize("text", ["change where it goes", "I moved to Tacoma, WA 98402",
                                  "it goes to 12 Pine, is that right?"])
async def test_a_wish_without_a_whole_address_is_asked_for_it(shop: Shop, text: str) -> None:
    shop.know("new@example.com")
    outcome = await act(ValidateChangeAddressForm(shop.open), Scene(
        intent="change_address", form="change_address_form", starts=True, text=text))
    assert outcome.slots["requested_slot"] == "new_address"

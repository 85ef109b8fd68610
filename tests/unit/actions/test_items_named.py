"""The thing that the customer names decides; where it cannot be had, that is said of it and of no other."""
from __future__ import annotations

import pytest

from actions.exchange_item import ActionExchangeItem
from actions.parcel_problems import ActionDamagedItem, ActionWrongItem
from actions.returns import ValidateReturnItemForm
from tandem.orders.model import ReturnReason
from tests.unit.actions.conftest import Outcome, Scene, Shop, act

PARTLY = {"order_number": "TD-10299"}  # the clock has come, the chair has not
BOTH = {"order_number": "TD-10300"}  # mugs and towel


async def returning(shop: Shop, email: str, text: str, **scene: object) -> Outcome:
    shop.know(email)
    return await act(ValidateReturnItemForm(shop.open), Scene(
        form="return_item_form", **{"intent": "return_item", "text": text, **scene}))


@pytest.mark.parametrize("text", [
    "once the chair arrives it goes straight back", "may i give the folding chair back later",
    "the clock is fine, the chair i want to send back", "send the oak chair back please"])
async def test_what_has_not_come_cannot_go_back_and_nothing_else_does(shop: Shop, text: str) -> None:
    outcome = await returning(shop, "partial@example.com", text, starts=True)
    assert outcome.said == ["utter_return_item_not_come"]
    assert outcome.messages[0]["item"] == "Folding oak chair"


@pytest.mark.parametrize("text", [
    "i'd return the clock, the chair may come", "give both back", "send it all back, clock and chair",
    "return something"])
async def test_what_has_come_goes_back_whatever_is_said_of_the_rest(shop: Shop, text: str) -> None:
    outcome = await returning(shop, "partial@example.com", text, starts=True)
    assert outcome.said == [] and outcome.slots["return_item"] == "CLK-009"


@pytest.mark.parametrize(("requested", "before"), [
    ("return_reason", {"return_item": "CLK-009"}),
    ("confirmed", {"return_item": "CLK-009", "return_reason": "other"})])
@pytest.mark.parametrize("text", ["oh no, the chair", "i meant the oak chair", "not the clock, the chair please"])
async def test_a_correction_to_what_has_not_come_is_no_reason(
    shop: Shop, text: str, requested: str, before: dict[str, str]
) -> None:
    outcome = await returning(shop, "partial@example.com", text, requested=requested, intent="inform",
                              slots={**PARTLY, **before}, filled={requested: text})
    assert outcome.said == ["utter_return_item_not_come"]
    assert outcome.slots["requested_slot"] is None


async def test_a_reason_may_speak_of_what_has_not_come(shop: Shop) -> None:
    text = "without the chair it's no use to me"
    outcome = await returning(shop, "partial@example.com", text, requested="return_reason", intent="inform",
                              slots={**PARTLY, "return_item": "CLK-009"}, filled={"return_reason": text})
    assert outcome.said == [] and outcome.slots.get("return_item", "CLK-009") == "CLK-009"


@pytest.mark.parametrize(("text", "thing"), [
    ("the mugs are nice but could i swap them for green ones", "mug"), ("swap the towel", "towel"),
    ("i'd like the mugs in another colour, the towel is fine", "mug"),
    ("the towel is fine but i'd change the mugs for blue ones", "mug")])
async def test_what_is_exchanged_is_what_is_named(shop: Shop, text: str, thing: str) -> None:
    shop.know("delivered@example.com")
    outcome = await act(ActionExchangeItem(shop.open), Scene(intent="exchange_item", text=text, slots=BOTH))
    assert outcome.said == ["utter_exchange_item"]
    assert thing in outcome.messages[0]["items"].lower() and " and " not in outcome.messages[0]["items"]


async def test_what_has_not_come_is_not_exchanged(shop: Shop) -> None:
    shop.know("partial@example.com")
    outcome = await act(ActionExchangeItem(shop.open), Scene(
        intent="exchange_item", text="could i get a darker chair instead", slots=PARTLY))
    assert outcome.said == ["utter_return_item_not_come"]


@pytest.mark.parametrize(("text", "said", "thing"), [
    ("the mugs came in the wrong colour", "utter_wrong_item_beside_return", "mug"),
    ("that was the towel, now it's the mugs: not what i chose", "utter_wrong_item_beside_return", "mug"),
    ("you sent me something wrong", "utter_wrong_item_or_returned", "mug")])
async def test_the_return_of_one_thing_does_not_stand_in_the_way_of_another(
    shop: Shop, text: str, said: str, thing: str
) -> None:
    shop.know("delivered@example.com")
    shop.orders.start_return("TD-10300", skus=("TWL-012",), reason=ReturnReason.DAMAGED, idempotency_key="k")
    outcome = await act(ActionWrongItem(shop.open), Scene(intent="wrong_item", text=text, slots=BOTH))
    assert outcome.said == [said]
    assert thing in outcome.messages[0]["items"] and "towel" not in outcome.messages[0]["items"].lower()


async def test_a_claim_about_what_goes_back_is_told_of_its_return(shop: Shop) -> None:
    shop.know("delivered@example.com")
    shop.orders.start_return("TD-10300", skus=("TWL-012",), reason=ReturnReason.DAMAGED, idempotency_key="k")
    outcome = await act(ActionDamagedItem(shop.open), Scene(
        intent="damaged_item", text="the towel is torn", slots=BOTH))
    assert outcome.said == ["utter_return_item_already_requested"]
    assert "towel" in outcome.messages[0]["returned"].lower()


async def test_who_names_nothing_beside_a_return_is_told_what_is_in_it(shop: Shop) -> None:
    shop.orders.start_return("TD-10300", skus=("TWL-012",), reason=ReturnReason.DAMAGED, idempotency_key="k")
    outcome = await returning(shop, "delivered@example.com", "i have something to send back", starts=True, slots=BOTH)
    assert outcome.said == ["utter_return_item_part"]
    assert "towel" in outcome.messages[0]["returned"].lower() and "mug" in outcome.messages[0]["rest"]

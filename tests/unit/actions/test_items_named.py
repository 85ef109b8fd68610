"""The thing that the customer names decides; where it cannot be had, that is said of it and of no other."""
from __future__ import annotations

import pytest
from rasa_sdk import Action

from actions.cancel_order import ActionCancelOrder
from actions.conversation import ActionDeny, ActionInform
from actions.exchange_item import ActionExchangeItem
from actions.order_fact import ActionOrderFact
from actions.parcel_problems import ActionDamagedItem, ActionWrongItem
from actions.payment import ActionInvoice, ValidateInvoiceForm
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


async def _cancelled(shop: Shop) -> None:
    """The blanket's order of a customer with a pan on its way has just been cancelled."""
    shop.know("two-orders@example.com")
    shop.asks("cancel_order", "TD-10402")
    seq = shop.says("yes")
    await act(ActionCancelOrder(shop.open), Scene(intent="affirm", seq=seq, slots={"order_number": "TD-10402"}))


@pytest.mark.parametrize(("fact", "text", "number"), [
    ("cancelled_on", "so it's off now?", "TD-10402"), ("cancel_fee", "and that cost me nothing?", "TD-10402"),
    ("can_cancel", "could it be taken back", "TD-10402"), ("refund_amount", "how much do i see again", "TD-10402"),
    ("cancelled_on", "is the pan cancelled as well", "TD-10417"), ("done", "did you stop the pan", "TD-10417"),
    ("arrival_time", "what time does it get here", "TD-10417")])
async def test_right_after_an_act_its_order_is_meant_unless_another_is_named(
    shop: Shop, fact: str, text: str, number: str
) -> None:
    await _cancelled(shop)
    outcome = await act(ActionOrderFact(shop.open), Scene(
        intent=f"order_fact/{fact}", text=text, seq=shop.says(text), slots={"order_number": "TD-10402"}))
    assert outcome.slots["order_number"] == number


@pytest.mark.parametrize(("text", "numbers"), [
    ("the bills of both orders", ["TD-10402", "TD-10417"]), ("receipt for the pan and the blanket",
                                                             ["TD-10402", "TD-10417"])])
async def test_invoices_of_several_orders_are_handed_over_together(shop: Shop, text: str, numbers: list[str]) -> None:
    shop.know("two-orders@example.com")
    outcome = await act(ValidateInvoiceForm(shop.open), Scene(
        intent="invoice", text=text, form="invoice_form", starts=True))
    several = [outcome.slots["order_number"], *outcome.slots["other_orders"].split(",")]
    assert sorted(several) == numbers
    told = await act(ActionInvoice(shop.open), Scene(
        intent="invoice", slots={"order_number": several[0], "other_orders": ",".join(several[1:])}))
    assert sorted(str(message["number"]) for message in told.messages) == numbers


@pytest.mark.parametrize(("kind", "intent", "text", "form"), [
    (ActionInform, "inform", "the mugs, not the towel", "exchange_item_form"),
    (ActionDeny, "deny", "no, the mugs", "exchange_item_form"), (ActionDeny, "deny", "no thanks", None)])
async def test_a_thing_named_after_an_answer_is_what_was_asked_about(
    shop: Shop, kind: type[Action], intent: str, text: str, form: str | None
) -> None:
    shop.know("delivered@example.com")
    outcome = await act(kind(shop.open), Scene(
        intent=intent, text=text, slots=BOTH, heard=(("can i get it in blue instead", "exchange_item"),)))
    assert outcome.followed_by == ([form] if form else [])

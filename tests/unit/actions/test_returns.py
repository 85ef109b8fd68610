"""Sending things back."""
from __future__ import annotations

from dataclasses import replace

import pytest

from actions.returns import ActionReturnItem, ValidateReturnItemForm
from tandem.orders.model import ReturnReason
from tests.unit.actions.conftest import Outcome, Scene, Shop, act


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
    assert outcome.slots["requested_slot"] == "confirmed", "nothing is registered before a yes"


@pytest.mark.parametrize(("text", "entity"), [
    ("jo@example.com", "email"), ("  JO@example.com!", "email"), ("94107", "postcode"), ("TD-10300.", "order_number")])
async def test_an_answer_to_an_earlier_question_said_twice_is_no_reason(shop: Shop, text: str, entity: str) -> None:
    outcome = await returning(shop, requested="return_reason", intent="inform", text=text,
                              entities={entity: text.strip(" !.")},
                              filled={"return_reason": text},
                              slots={"order_number": "TD-10300", "return_item": "TWL-012"})
    assert outcome.slots["return_reason"] is None


async def test_a_reason_may_hold_a_number(shop: Shop) -> None:
    text = "it does not suit flat 94107"
    outcome = await returning(shop, requested="return_reason", intent="inform", text=text,
                              entities={"postcode": "94107"}, filled={"return_reason": text},
                              slots={"order_number": "TD-10300", "return_item": "TWL-012"})
    assert outcome.slots["return_reason"] == "other"


@pytest.mark.parametrize("text", ["do I have to pay for that?", "can you pick it up", "what if I lost the box"])
async def test_a_question_is_no_reason(shop: Shop, text: str) -> None:
    outcome = await returning(shop, requested="return_reason", intent="nlu_fallback", text=text,
                              filled={"return_reason": text},
                              slots={"order_number": "TD-10300", "return_item": "TWL-012"})
    assert outcome.stepped_aside


async def test_the_return_window_is_checked_before_asking(shop: Shop) -> None:
    outcome = await returning(shop, "old@example.com", starts=True)
    assert outcome.said == ["utter_return_item_window_closed"]
    assert outcome.messages[0]["deadline"] == "Saturday, May 24"


async def test_the_return_is_announced_once(shop: Shop) -> None:
    shop.know("delivered@example.com")
    slots = {"order_number": "TD-10300", "return_item": "TWL-012", "return_reason": "damaged"}
    shop.asks("return_item", "TD-10300", return_item="TWL-012", return_reason="damaged")
    scene = Scene(slots=slots, seq=shop.says("yes please"))
    assert (await act(ActionReturnItem(shop.open), scene)).said == ["utter_return_item_label_by_mail"]
    request = shop.orders.orders["TD-10300"].return_request
    assert request is not None
    assert (request.skus, request.reason) == (("TWL-012",), ReturnReason.DAMAGED)
    assert (await act(ActionReturnItem(shop.open), scene)).said == ["utter_return_item_label_by_mail"]
    shop.asks("return_item", "TD-10300", return_item="TWL-012", return_reason="damaged")
    again = Scene(slots=slots, seq=shop.says("yes"))
    assert (await act(ActionReturnItem(shop.open), again)).said == ["utter_return_item_already_requested"]


# -- what goes back, in words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "chosen"), [
    ("not the mugs, the towel", "TWL-012"), ("everything but the mugs", "TWL-012"), ("the second", "TWL-012"),
    ("the first one please", "MUG-004"), ("the mugs and the towel", "all"),
])
async def test_what_goes_back_may_be_chosen_in_words(shop: Shop, text: str, chosen: str) -> None:
    outcome = await returning(shop, requested="return_item", intent="inform", text=text,
                              slots={"order_number": "TD-10300"}, filled={"return_item": text})
    assert outcome.slots["return_item"] == chosen


async def test_neither_leaves_all_as_it_is(shop: Shop) -> None:
    outcome = await returning(shop, requested="return_item", intent="deny", text="neither of them, none of those",
                              slots={"order_number": "TD-10300"}, filled={"return_item": "neither"})
    assert outcome.said == ["utter_return_item_kept"]
    assert outcome.followed_by == ["action_listen"]


async def test_several_items_are_named_in_the_question_and_go_back_together(shop: Shop) -> None:
    shop.know("delivered@example.com")
    order = shop.orders.orders["TD-10300"]
    third = replace(order.items[0], sku="RUG-118", name="Woven jute rug")
    parcel = replace(order.shipments[0], skus=None) if hasattr(order.shipments[0], "skus") else order.shipments[0]
    shop.orders.orders["TD-10300"] = replace(order, items=(*order.items, third), shipments=(parcel,))
    outcome = await returning(shop, requested="return_item", intent="inform", text="all except the mugs",
                              slots={"order_number": "TD-10300"}, filled={"return_item": "all except the mugs"})
    assert outcome.slots["return_item"] == "TWL-012,RUG-118"
    slots = {"order_number": "TD-10300", "return_item": "TWL-012,RUG-118", "return_reason": "damaged"}
    shop.asks("return_item", "TD-10300", return_item="TWL-012,RUG-118", return_reason="damaged")
    await act(ActionReturnItem(shop.open), Scene(slots=slots, seq=shop.says("yes please")))
    request = shop.orders.orders["TD-10300"].return_request
    assert request is not None and request.skus == ("TWL-012", "RUG-118")


async def test_another_item_of_an_order_with_a_return_gets_a_person(shop: Shop) -> None:
    shop.orders.start_return("TD-10300", skus=("TWL-012",), reason=ReturnReason.DAMAGED, idempotency_key="k")
    again = await returning(shop, starts=True, text="the towel goes back", slots={"order_number": "TD-10300"})
    assert again.said == ["utter_return_item_already_requested"]
    other = await returning(shop, starts=True, text="the mugs go back as well", slots={"order_number": "TD-10300"})
    assert other.said == ["utter_return_item_beside"]
    assert "mug" in other.messages[0]["item"]


@pytest.mark.parametrize(("text", "intent", "goes_on"), [
    ("no, leave it. how late are you there", "opening_hours", True),
    ("leave it, i keep the towels", "deny", False),
])
async def test_a_question_beside_a_no_is_answered_amid_the_details(
    shop: Shop, text: str, intent: str, goes_on: bool
) -> None:
    shop.know("delivered@example.com")
    outcome = await act(ValidateReturnItemForm(shop.open), Scene(
        intent=intent, text=text, form="return_item_form", requested="return_reason",
        slots={"order_number": "TD-10300", "return_item": "all"}))
    assert outcome.said == ["utter_return_item_kept"]
    assert outcome.stepped_aside is goes_on
    assert outcome.followed_by == ([] if goes_on else ["action_listen"])


@pytest.mark.parametrize("intent", ["refund_status", "get_refund", "order_fact/refund_date"])
async def test_money_of_a_return_that_is_only_asked_for_is_not_on_its_way(shop: Shop, intent: str) -> None:
    slots = {"order_number": "TD-10300", "return_item": "TWL-012", "return_reason": "damaged"}
    shop.know("delivered@example.com")
    shop.asks("return_item", "TD-10300", return_item="TWL-012", return_reason="damaged")
    text = "and where is my refund?"
    outcome = await returning(shop, requested="confirmed", intent=intent, text=text, seq=shop.says(text), slots=slots)
    assert outcome.said == ["utter_return_item_not_set_up_yet"]
    assert not outcome.stepped_aside
    assert outcome.slots["requested_slot"] == "confirmed"


async def test_an_answer_with_a_question_beside_it_is_taken_and_the_question_left_to_the_rules(shop: Shop) -> None:
    shop.know("delivered@example.com")
    scene = {"form": "return_item_form", "requested": "return_item", "slots": {"order_number": "TD-10300"}}
    text = "the towel, and who pays for the parcel?"
    outcome = await act(ValidateReturnItemForm(shop.open), Scene(
        intent="returns/who_pays", text=text, filled={"return_item": text}, **scene))
    assert outcome.slots["return_item"] == "TWL-012" and outcome.slots["requested_slot"] == "return_reason"
    assert outcome.stepped_aside
    text = "who pays for the parcel?"
    outcome = await act(ValidateReturnItemForm(shop.open), Scene(
        intent="returns/who_pays", text=text, filled={"return_item": text}, **scene))
    assert outcome.stepped_aside and outcome.slots["return_item"] is None

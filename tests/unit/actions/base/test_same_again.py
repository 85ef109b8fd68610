"""Messages that only name a thing ask the same of it again."""
from __future__ import annotations

import pytest

from actions.base.bare_names import only_names
from actions.order_fact import ActionOrderFact
from actions.order_status import ActionOrderStatus, ValidateOrderStatusForm
from actions.parcel_problems import ActionMissingItem
from tests.unit.actions.conftest import Outcome, Scene, Shop, act

THINGS = ("Woven jute rug", "Brass desk lamp")


@pytest.mark.parametrize(("text", "names"), [
    ("and the rug?", True), ("just the lamp!", True), ("no, not the rug, the lamp", True),
    ("what about my other order", True),
    ("the rug in it too?", True), ("and 10402?", True), ("where is the rug", False), ("the rug is torn", False),
    ("thanks", False), ("not that", False), ("put the rug back", False),
])
def test_a_bare_name_is_told_from_what_says_more(text: str, names: bool) -> None:
    assert only_names(text, THINGS) is names


async def status(shop: Shop, **scene: object) -> Outcome:
    shop.know("two-orders@example.com")
    return await act(ActionOrderStatus(shop.open), Scene(intent="order_status", **scene))


async def test_a_thing_named_after_a_wish_is_wished_for(shop: Shop) -> None:
    outcome = await status(shop, text="ok, the blanket then", slots={"order_number": "TD-10402"},
                           heard=(("a part of my order was not there", "missing_item"),))
    assert outcome.followed_by == ["missing_item_form"] and outcome.said == []


async def test_a_thing_named_after_a_fact_is_told_that_fact(shop: Shop) -> None:
    outcome = await status(shop, text="and the towel?", slots={"order_number": "TD-10325"},
                           heard=(("what did the pan cost", "order_fact/item_price"), ("and the blanket?", "inform")))
    assert outcome.slots["order_fact"] == "item_price" and outcome.followed_by == ["order_fact_form"]


async def test_what_is_asked_of_the_shop_is_told_of_the_thing(shop: Shop) -> None:
    shop.know("two-orders@example.com")
    outcome = await act(ActionOrderFact(shop.open), Scene(
        intent="order_fact/item_price", text="I mean the towel",
        heard=(("till when can I return things", "returns/window"),)))
    assert outcome.said == ["utter_fact_return_until"]


async def test_a_name_taken_for_something_missing_is_about_what_was_said(shop: Shop) -> None:
    shop.know("two-orders@example.com")
    outcome = await act(ActionMissingItem(shop.open), Scene(
        intent="missing_item", text="only the towel", slots={"order_number": "TD-10325"},
        heard=(("something has a stain", "damaged_item"), ("no", "deny"))))
    assert outcome.followed_by == ["damaged_item_form"]


@pytest.mark.parametrize("scene", [
    {"text": "and the towel?", "heard": (("where's the pan", "order_status"),)},
    {"text": "the towel", "heard": (("where is my parcel", "order_status"),), "form_before": "order_status_form"},
    {"text": "and the towel?", "heard": (("what have I ordered", "order_fact/order_list"),)},
    {"text": "and the towel?", "heard": (("thank you", "thanks"),)},
    {"text": "where's the towel", "heard": (("cancel the pan", "cancel_order"),)},
])
async def test_nothing_else_is_asked_again(shop: Shop, scene: dict[str, object]) -> None:
    outcome = await status(shop, slots={"order_number": "TD-10325"}, **scene)
    assert outcome.followed_by == [] and outcome.said == ["utter_order_status_delivered"]


async def started(shop: Shop, text: str) -> Outcome:
    """The form begins while the slots still hold the order before, as Rasa fills it in then."""
    shop.know("two-orders@example.com")
    known = {"order_number": "TD-10417", "contact": "known"}
    return await act(ValidateOrderStatusForm(shop.open), Scene(
        intent="order_status", text=text, form="order_status_form", starts=True, slots=known, filled=known))


@pytest.mark.parametrize(("text", "number"), [
    ("and my other order?", "TD-10402"), ("where is the blanket", "TD-10402"), ("what about the towel", "TD-10325"),
    ("and my latest order", "TD-10402"), ("is there news", "TD-10417"),
])
async def test_the_order_before_is_no_choice_of_the_message(shop: Shop, text: str, number: str) -> None:
    assert (await started(shop, text)).slots.get("order_number", "TD-10417") == number


async def test_what_never_changes_is_told_of_the_order_that_is_talked_about(shop: Shop) -> None:
    shop.know("on-time@example.com")
    outcome = await act(ActionOrderFact(shop.open), Scene(
        intent="order_fact/placed_on", text="when did I buy it", slots={"order_number": "TD-10210"}))
    assert outcome.messages[0]["number"] == "TD-10210"

"""Several orders meant at once: one question and one yes for all of them, and each is told."""
from __future__ import annotations

from typing import Any

import pytest

from actions.cancel_order import ActionAskCancelOrder, ActionCancelOrder, ValidateCancelOrderForm
from actions.conversation import ActionDeny, ActionNeverMind
from actions.order_fact import ActionOrderFact
from actions.order_status import ActionOrderStatus, ValidateOrderStatusForm
from tandem.orders.model import OrderStatus
from tests.unit.actions.conftest import Outcome, Scene, Shop, act

BAG, RUG, BLANKET, PAN = "TD-10433", "TD-10436", "TD-10402", "TD-10417"
FORM = "cancel_order_form"
BOTH = {"order_number": BAG, "other_orders": RUG, "contact": "known"}


@pytest.fixture
def both(shop: Shop) -> Shop:
    """A customer with two orders that can be cancelled."""
    shop.match(RUG, "70112")
    shop.match(BAG, "98101")
    return shop


async def starts(shop: Shop, text: str, form: type = ValidateCancelOrderForm, **scene: Any) -> Outcome:
    return await act(form(shop.open), Scene(intent=form.form.removesuffix("_form"), form=form.form, starts=True,
                                            text=text, seq=shop.says(text), **scene))


async def answers(shop: Shop, text: str, slots: dict[str, Any], intent: str = "inform", **scene: Any) -> Outcome:
    """The bot has asked for a yes to cancel what the slots name, and the customer answers."""
    details = {"other_orders": slots["other_orders"]} if slots.get("other_orders") else {}
    shop.asks("cancel_order", slots["order_number"], **details)
    return await act(ValidateCancelOrderForm(shop.open), Scene(
        intent=intent, form=FORM, requested="confirmed", text=text, seq=shop.says(text), slots=slots, **scene))


def meant(outcome: Outcome, slots: dict[str, Any] | None = None) -> tuple[str, ...]:
    now = {**(slots or {}), **outcome.slots}
    return (now["order_number"], *filter(None, str(now.get("other_orders") or "").split(",")))


@pytest.mark.parametrize("text", [
    "cancel both", "please cancel all my orders", "cancel both of them", "I want to cancel the bag and the rug",
    "cancel every order", "cancel 10433 and 10436", "my two orders can be cancelled",
])
async def test_one_question_names_all_of_them_and_their_sum(both: Shop, text: str) -> None:
    outcome = await starts(both, text)
    assert set(meant(outcome)) == {BAG, RUG}
    assert outcome.slots["requested_slot"] == "confirmed" and outcome.said == []
    assert all(part in outcome.slots["order_items"] for part in (BAG, "weekend bag", RUG, "Wool rug"))
    orders = both.orders.orders
    assert outcome.slots["order_total"] == f"${(orders[BAG].total + orders[RUG].total).amount}"
    [asked] = (await act(ActionAskCancelOrder(both.open), Scene(
        form=FORM, starts=True, seq=both.says(text), slots=outcome.slots))).messages
    assert asked["response"] == "utter_ask_cancel_order_form_confirmed_several"
    assert {asked["question"]["number"], asked["question"]["details"]["other_orders"]} == {BAG, RUG}


@pytest.mark.parametrize("text", ["cancel the bag", "cancel the whole order with the bag", "cancel 10433, not 10436",
                                  "cancel the bag but not the rug"])
async def test_one_is_one(both: Shop, text: str) -> None:
    outcome = await starts(both, text)
    assert meant(outcome) == (BAG,)


@pytest.mark.parametrize("text", ["cancel an order", "cancel all of it", "cancel both mugs"])
async def test_what_is_not_plain_is_asked(both: Shop, text: str) -> None:
    assert (await starts(both, text)).slots["requested_slot"] == "order_number"


async def test_both_answers_which_order(both: Shop) -> None:
    buttons = [{"title": f"{number} · …", "payload": f'/inform{{"order_number": "{number}"}}'} for number in (RUG, BAG)]
    outcome = await act(ValidateCancelOrderForm(both.open), Scene(
        form=FORM, requested="order_number", text="both of them", seq=both.says("both of them"),
        last_bot={"data": {"buttons": buttons}}))
    assert set(meant(outcome)) == {RUG, BAG} and outcome.slots["requested_slot"] == "confirmed"


async def test_a_stranger_names_both_before_the_address_on_them(shop: Shop) -> None:
    text = "cancel TD-10402 and TD-10417"
    outcome = await act(ValidateCancelOrderForm(shop.open), Scene(
        intent="cancel_order", form=FORM, starts=True, text=text, seq=shop.says(text), entities={"order_number": PAN},
        filled={"order_number": PAN}, reading={"entities": [
            {"entity": "order_number", "value": number, "start": text.find(number)} for number in (BLANKET, PAN)]}))
    assert meant(outcome) == (BLANKET, PAN) and outcome.slots["requested_slot"] == "contact"
    outcome = await act(ValidateCancelOrderForm(shop.open), Scene(
        form=FORM, requested="contact", text="73301", seq=shop.says("73301"), filled={"contact": "73301"},
        slots={"order_number": BLANKET, "other_orders": PAN}))
    assert outcome.said == ["utter_cancel_order_too_late"], "the pan is on its way"
    assert meant(outcome, {"order_number": BLANKET}) == (BLANKET,) and outcome.slots["requested_slot"] == "confirmed"


async def test_an_order_of_somebody_else_is_left_out(shop: Shop) -> None:
    shop.match(BAG, "98101")
    outcome = await starts(shop, "cancel 10433 and TD-10436", entities={"order_number": RUG},
                           filled={"order_number": RUG})
    assert outcome.said == ["utter_order_left_out"]
    assert meant(outcome) == (BAG,)


@pytest.mark.parametrize("text", ["both please", "and the rug as well", "yes, and the rug too", "TD-10436 too",
                                  "yes, and the other one as well"])
async def test_another_one_is_added_and_asked_about_anew(both: Shop, text: str) -> None:
    slots = {"order_number": BAG, "other_orders": None, "contact": "known"}
    entities = {"order_number": RUG} if RUG in text else {}
    outcome = await answers(both, text, slots, entities=entities, filled=entities)
    assert set(meant(outcome, slots)) == {BAG, RUG}
    assert (outcome.slots.get("confirmed"), outcome.slots["requested_slot"]) == (None, "confirmed")


@pytest.mark.parametrize("text", ["only the bag", "no, only the bag", "yes, the bag", "keep the rug", "not the rug",
                                  "just the first", "10433 only"])
async def test_fewer_of_them_are_asked_about_anew(both: Shop, text: str) -> None:
    outcome = await answers(both, text, BOTH)
    assert meant(outcome, BOTH) == (BAG,)
    assert (outcome.slots.get("confirmed"), outcome.slots["requested_slot"]) == (None, "confirmed")


@pytest.mark.parametrize(("text", "confirmed"), [("yes", True), ("yes, cancel both", True), ("yes, cancel it", None),
                                                 ("no", False), ("neither", False), ("keep both", False)])
async def test_a_yes_is_to_all_and_a_no_to_none(both: Shop, text: str, confirmed: bool | None) -> None:
    outcome = await answers(both, text, BOTH, intent="affirm")
    assert outcome.slots.get("confirmed") is confirmed
    assert meant(outcome, BOTH) == (BAG, RUG)


async def test_a_question_about_one_of_them_changes_nothing(both: Shop) -> None:
    outcome = await answers(both, "when does the rug come?", BOTH, intent="order_fact")
    assert outcome.stepped_aside


async def does(shop: Shop, text: str, slots: dict[str, Any] = BOTH) -> Outcome:
    shop.asks("cancel_order", str(slots["order_number"]), other_orders=str(slots["other_orders"]))
    return await act(ActionCancelOrder(shop.open), Scene(seq=shop.says(text), slots={**slots, "confirmed": True}))


async def test_a_plain_yes_does_both_and_tells_each(both: Shop) -> None:
    outcome = await does(both, "yes")
    assert outcome.said[0] == "utter_cancel_order_done" and len(outcome.said) == 2
    assert [message["number"] for message in outcome.messages] == [BAG, RUG]
    assert {both.orders.orders[number].status for number in (BAG, RUG)} == {OrderStatus.CANCELLED}
    assert outcome.slots["other_orders"] is None
    asked = await act(ActionOrderFact(both.open), Scene(intent="order_fact/done", text="did that work?",
                                                       slots={"order_number": BAG}))
    assert [message["number"] for message in asked.messages] == [BAG, RUG]


@pytest.mark.parametrize("text", ["no", "yes, the bag", "yes, cancel it", "yes?", "hm"])
async def test_what_is_no_plain_yes_does_neither(both: Shop, text: str) -> None:
    assert (await does(both, text)).said == ["utter_cancel_order_kept_several"]
    assert {both.orders.orders[number].status for number in (BAG, RUG)} == {OrderStatus.PROCESSING}


async def test_a_yes_to_one_is_none_to_two(both: Shop) -> None:
    both.asks("cancel_order", BAG)
    seq = both.says("yes")
    outcome = await act(ActionCancelOrder(both.open), Scene(seq=seq, slots={**BOTH, "confirmed": True}))
    assert outcome.said == ["utter_cancel_order_kept_several"]
    assert both.orders.orders[BAG].status is OrderStatus.PROCESSING


@pytest.mark.parametrize("kind", [ActionNeverMind, ActionDeny])
async def test_a_regret_is_told_of_all_of_them(both: Shop, kind: type) -> None:
    await does(both, "yes")
    outcome = await act(kind(both.open), Scene(seq=both.says("no, undo that"), text="no, undo that"))
    assert outcome.said == ["utter_cancel_order_way_back_several"]
    assert outcome.messages[0]["numbers"] == f"{BAG} and {RUG}"


async def test_who_leaves_it_hears_that_all_stay(both: Shop) -> None:
    outcome = await act(ActionNeverMind(both.open), Scene(text="never mind", form_before=FORM, slots=BOTH))
    assert outcome.said == ["utter_cancel_order_kept_several"]


@pytest.mark.parametrize("text", ["where are both of my parcels?", "where are the blanket and the pan?",
                                  "where are 10402 and 10417"])
async def test_two_orders_that_are_asked_about_at_once_are_both_told(shop: Shop, text: str) -> None:
    shop.know("two-orders@example.com")
    outcome = await starts(shop, text, ValidateOrderStatusForm)
    assert set(meant(outcome)) == {BLANKET, PAN} and outcome.slots["requested_slot"] is None
    told = await act(ActionOrderStatus(shop.open), Scene(text=text, slots=outcome.slots))
    assert {message["number"] for message in told.messages if "number" in message} | set(told.said) >= {
        "utter_order_status_processing", "utter_order_status_out_for_delivery"}
    assert told.payloads() == [], "no button for what is told already"


async def test_a_fact_is_told_of_both(shop: Shop) -> None:
    shop.know("two-orders@example.com")
    outcome = await act(ActionOrderFact(shop.open), Scene(intent="order_fact/total", text="the total of the two?"))
    assert len(outcome.said) == 2

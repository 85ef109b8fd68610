"""Matters of other things of an order while one goes back, what is kept of a return, and what is chosen instead."""
from __future__ import annotations

from typing import Any

import pytest

from actions.base.message_text import bare_numbers
from actions.base.turn import CurrentTurn
from actions.cancel_order import ValidateCancelOrderForm
from actions.conversation import ActionInform
from actions.exchange_item import ActionExchangeItem
from actions.parcel_problems import ActionDamagedItem, ActionMissingItem
from actions.refunds import ActionGetRefund
from actions.returns import ValidateReturnItemForm
from tests.unit.actions.conftest import Outcome, Scene, Shop, act

TOWEL_GOES = {"order_number": "TD-10300", "return_item": "TWL-012", "return_reason": "changed_mind"}


async def returning(shop: Shop, **scene: object) -> Outcome:
    shop.know("delivered@example.com")
    return await act(ValidateReturnItemForm(shop.open), Scene(form="return_item_form", **scene))


@pytest.mark.parametrize(("text", "intent"), [
    ("oh, and one of the mugs has a crack", "damaged_item"), ("the mugs are the wrong colour", "wrong_item"),
    ("wait, the mugs weren't in the box at all", "missing_item"), ("could I swap the mugs for bowls", "exchange_item"),
])
@pytest.mark.parametrize("requested", ["return_reason", "confirmed"])
async def test_what_is_said_of_another_thing_is_answered_and_the_return_stays_as_it_was(
    shop: Shop, text: str, intent: str, requested: str,
) -> None:
    before = {**TOWEL_GOES, "return_reason": None if requested == "return_reason" else "changed_mind"}
    outcome = await returning(shop, requested=requested, text=text, intent=intent, slots=before)
    assert outcome.said == [f"utter_{intent}_beside"]
    assert outcome.slots.get("return_item", "TWL-012") == "TWL-012"
    assert outcome.slots.get("return_reason", before["return_reason"]) == before["return_reason"]
    assert outcome.slots["requested_slot"] == requested


@pytest.mark.parametrize(("text", "reading", "said"), [
    ("hang on, the mugs are chipped", [("inform", 0.4), ("returns/packaging", 0.1), ("damaged_item", 0.05)],
     "utter_damaged_item_beside"),
    ("what of the mugs, they are cracked, no?", [("returns/opened", 0.3), ("damaged_item", 0.2)],
     "utter_damaged_item_beside"),
    ("the mugs have a funny smell", [("inform", 0.4)], "utter_item_beside"),
    ("anyway, those aren't the mugs I picked", [("deny", 0.3), ("wrong_item", 0.1)], "utter_wrong_item_beside"),
])
async def test_what_is_said_of_another_thing_never_turns_the_return_to_it(
    shop: Shop, text: str, reading: list[tuple[str, float]], said: str,
) -> None:
    ranking = [{"name": name, "confidence": sure} for name, sure in reading]
    outcome = await returning(shop, requested="confirmed", text=text, intent="inform", slots=TOWEL_GOES,
                              reading={"intent_ranking": ranking})
    assert outcome.said == [said]
    assert outcome.slots.get("return_item", "TWL-012") == "TWL-012"


async def test_a_question_that_names_another_thing_is_left_to_its_answer(shop: Shop) -> None:
    text, intent = "what did the mugs cost?", "order_fact/item_price"
    outcome = await returning(shop, requested="confirmed", text=text, intent=intent, slots=TOWEL_GOES)
    assert outcome.stepped_aside and not outcome.said


@pytest.mark.parametrize("text", ["no, the mugs", "I meant the mugs, not the towel", "send the mugs back instead"])
async def test_a_choice_of_another_thing_turns_the_return_to_it(shop: Shop, text: str) -> None:
    outcome = await returning(shop, requested="confirmed", text=text, intent="inform", slots=TOWEL_GOES)
    assert outcome.slots["return_item"] == "MUG-004" and outcome.slots["requested_slot"] == "confirmed"


@pytest.mark.parametrize("text", ["can the mugs go into the same box?", "could you add the mugs"])
async def test_another_thing_is_put_into_the_same_parcel_by_a_question(shop: Shop, text: str) -> None:
    outcome = await returning(shop, requested="confirmed", text=text, intent="returns/partial", slots=TOWEL_GOES)
    assert outcome.slots["return_item"] == "all" and outcome.slots["requested_slot"] == "confirmed"


@pytest.mark.parametrize(("text", "intent", "said"), [
    ("I'd like new ones of those", "exchange_item", "utter_replacement_beside"),
    ("do I get the money for them?", "get_refund", "utter_get_refund_beside"),
])
async def test_a_wish_after_such_a_claim_is_about_what_was_claimed(
    shop: Shop, text: str, intent: str, said: str,
) -> None:
    outcome = await returning(shop, requested="confirmed", text=text, intent=intent, slots=TOWEL_GOES,
                              heard=(("the mugs are chipped", "damaged_item"),),
                              said_before=("utter_damaged_item_beside",))
    assert outcome.said == [said] and "mug" in outcome.messages[0]["item"]
    assert outcome.slots.get("return_reason", "changed_mind") == "changed_mind"


async def test_what_was_claimed_goes_back_without_being_named_again(shop: Shop) -> None:
    outcome = await returning(shop, starts=True, intent="return_item", text="then I'd rather send it back",
                              slots={"order_number": "TD-10300"}, heard=(("the mugs came cracked", "damaged_item"),))
    assert (outcome.slots["return_item"], outcome.slots["return_reason"]) == ("MUG-004", "damaged")
    assert outcome.slots["requested_slot"] == "confirmed"
    both = await returning(shop, starts=True, intent="return_item", text="send both back",
                           slots={"order_number": "TD-10300"}, heard=(("the mugs came cracked", "damaged_item"),))
    assert both.slots["return_item"] == "all" and both.slots.get("return_reason") is None


async def test_who_keeps_all_of_it_has_said_no(shop: Shop) -> None:
    shop.know("delivered@example.com")
    shop.asks("return_item", "TD-10300", return_item="TWL-012", return_reason="changed_mind")
    outcome = await returning(shop, requested="confirmed", text="no, keep it all", intent="deny", slots=TOWEL_GOES,
                              seq=shop.says("no, keep it all"))
    assert outcome.slots.get("return_item", "TWL-012") == "TWL-012" and outcome.slots["confirmed"] is False


async def test_a_reason_told_at_the_question_for_a_yes_refuses_nothing(shop: Shop) -> None:
    shop.know("delivered@example.com")
    shop.asks("return_item", "TD-10300", return_item="TWL-012", return_reason="damaged")
    text = "simply don't like the shade of it"
    outcome = await returning(shop, requested="confirmed", text=text, intent="deny", seq=shop.says(text),
                              slots={**TOWEL_GOES, "return_reason": "damaged"})
    assert outcome.slots["return_reason"] == "changed_mind" and outcome.slots["requested_slot"] == "confirmed"
    assert outcome.slots.get("confirmed") is None


async def test_a_claim_names_the_thing_and_a_second_one_is_another_matter(shop: Shop) -> None:
    shop.know("delivered@example.com")

    async def claim(text: str, **scene: object) -> Outcome:
        scene = {"intent": "damaged_item", "slots": {"order_number": "TD-10300"}, **scene}
        return await act(ActionDamagedItem(shop.open), Scene(text=text, **scene))

    first = await claim("the mugs are cracked")
    assert first.messages[0]["items"] == "Stoneware mug, set of four"
    told = {"heard": (("the mugs are cracked", "damaged_item"),), "said_before": ("utter_damaged_item",)}
    other = await claim("the towel has a hole, too", **told)
    assert other.said == ["utter_damaged_item"]
    again = await claim("the mugs I said", **told)
    assert again.said == ["utter_parcel_problem_again"]


async def test_who_names_what_is_missing_after_the_parcel_was_told_gets_an_offer(shop: Shop) -> None:
    shop.know("delivered@example.com")
    scene = {"intent": "missing_item", "slots": {"order_number": "TD-10300"}, "said_before": (
        "utter_missing_item_offer_person",)}
    named = await act(ActionMissingItem(shop.open), Scene(
        text="it's the towel I haven't got", heard=(("not all of it is in the box", "missing_item"),), **scene))
    assert named.said == ["utter_parcel_problem_again"]
    other = await act(ActionMissingItem(shop.open), Scene(
        text="and the towel isn't there", heard=(("no mugs in it", "missing_item"),), **scene))
    assert other.said == ["utter_missing_item_offer_person"]


async def test_what_came_of_a_partly_sent_order_can_be_claimed(shop: Shop) -> None:
    shop.know("partial@example.com")
    scene = {"intent": "damaged_item", "slots": {"order_number": "TD-10299"}}
    came = await act(ActionDamagedItem(shop.open), Scene(text="the clock has stopped", **scene))
    assert came.said == ["utter_damaged_item"] and "clock" in came.messages[0]["items"]
    to_come = await act(ActionDamagedItem(shop.open), Scene(text="the chair is broken I bet", **scene))
    assert to_come.said == ["utter_item_claimed_not_come"] and "chair" in to_come.messages[0]["item"]


@pytest.mark.parametrize(("text", "said"), [
    ("cancel the lamp please", ["utter_cancel_order_only_whole"]), ("cancel my order with the lamp", []),
    ("cancel the lamp and the rug", []), ("cancel it", []),
])
async def test_one_thing_of_an_order_is_taken_out_by_people(shop: Shop, text: str, said: list[str]) -> None:
    shop.know("lucia@example.com")
    outcome = await act(ValidateCancelOrderForm(shop.open), Scene(
        intent="cancel_order", text=text, form="cancel_order_form", starts=True, seq=shop.says(text)))
    assert outcome.said == said
    assert outcome.slots["requested_slot"] == (None if said else "confirmed")


async def test_what_is_not_sent_yet_need_not_be_sent_back(shop: Shop) -> None:
    shop.know("lucia@example.com")
    outcome = await act(ValidateReturnItemForm(shop.open), Scene(
        intent="return_item", text="the lamp can go back", form="return_item_form", starts=True))
    assert outcome.said == ["utter_return_item_not_sent_yet"]


async def test_a_claim_about_the_very_thing_is_its_reason(shop: Shop) -> None:
    outcome = await returning(shop, requested="return_reason", text="the towel is torn", intent="damaged_item",
                              slots={**TOWEL_GOES, "return_reason": None}, filled={"return_reason": "damaged"})
    assert outcome.said == [] and outcome.slots["requested_slot"] == "confirmed"


async def test_another_thing_goes_into_the_same_parcel(shop: Shop) -> None:
    outcome = await returning(shop, requested="confirmed", text="put the mugs in as well", intent="return_item",
                              slots=TOWEL_GOES)
    assert outcome.slots["return_item"] == "all"
    assert outcome.slots["requested_slot"] == "confirmed"


@pytest.mark.parametrize(("text", "requested", "items"), [
    ("the towel goes back, keep the mugs", "return_item", "TWL-012"),
    ("keep the mugs", "return_item", "TWL-012"),
    ("the mugs go back, I keep the towel", "return_reason", "MUG-004"),
])
async def test_keeping_one_thing_sends_back_the_other(shop: Shop, text: str, requested: str, items: str) -> None:
    before = {"order_number": "TD-10300", "return_item": None if requested == "return_item" else "all"}
    outcome = await returning(shop, requested=requested, text=text, intent="never_mind", slots=before,
                              filled={requested: text})
    assert outcome.slots["return_item"] == items
    assert outcome.slots["requested_slot"] == "return_reason"


async def test_keeping_what_was_to_go_back_ends_the_return(shop: Shop) -> None:
    outcome = await returning(shop, requested="return_reason", text="no, keep the towel", intent="deny",
                              slots={**TOWEL_GOES, "return_reason": None})
    assert outcome.said == ["utter_return_item_kept"]


async def test_who_chooses_a_new_one_after_a_claim_is_offered_the_person_who_sends_it(shop: Shop) -> None:
    shop.know("delivered@example.com")
    scene = Scene(intent="exchange_item", slots={"order_number": "TD-10300"}, earlier=("damaged_item",))
    assert (await act(ActionExchangeItem(shop.open), scene)).said == ["utter_exchange_item_by_person"]
    alone = Scene(intent="exchange_item", slots={"order_number": "TD-10300"})
    assert (await act(ActionExchangeItem(shop.open), alone)).said == ["utter_exchange_item"]


async def test_of_a_lost_order_the_money_or_a_new_one_is_offered_with_a_person(shop: Shop) -> None:
    shop.know("lost@example.com")
    scene = Scene(slots={"order_number": "TD-10405"})
    assert (await act(ActionGetRefund(shop.open), scene)).said == ["utter_get_refund_lost"]
    assert (await act(ActionExchangeItem(shop.open), scene)).said == ["utter_exchange_item_by_person"]


async def test_a_corrected_number_is_for_what_was_wished(shop: Shop) -> None:
    named = {"entities": {"order_number": "TD-10402"}, "earlier": ("cancel_order",)}
    assert (await act(ActionInform(), Scene(text="oops, TD-10402", **named))).followed_by == ["cancel_order_form"]
    assert (await act(ActionInform(), Scene(text="TD-10402", **named))).followed_by == ["order_status_form"]


@pytest.mark.parametrize(("text", "number"), [
    ("TD-10402, not TD-10417", "TD-10402"), ("not TD-10417 but TD-10402", "TD-10402"),
    ("TD-10402 instead of TD-10417", "TD-10402"), ("TD-10417, no, TD-10402", "TD-10402"),
])
async def test_of_two_numbers_the_one_that_is_not_refused_is_meant(text: str, number: str) -> None:
    found = sorted(["TD-10402", "TD-10417"], key=text.find)
    tracker = Scene(text=text).tracker()
    tracker.latest_message["entities"] = [
        {"entity": "order_number", "value": one, "start": text.find(one), "end": text.find(one) + 8} for one in found]
    assert CurrentTurn(tracker).entity("order_number") == number
    assert bare_numbers(text.replace("TD-", ""))[-1] == number.removeprefix("TD-")


@pytest.mark.parametrize(("text", "scene"), [
    ("cancel both my orders", {"starts": True}),
    ("both please", {"requested": "confirmed", "intent": "deny", "slots": {"order_number": "TD-10402"}}),
])
async def test_of_both_the_one_that_is_too_late_is_named_and_the_other_is_asked_about(
    shop: Shop, text: str, scene: dict[str, Any],
) -> None:
    shop.know("two-orders@example.com")
    if "requested" in scene:
        shop.asks("cancel_order", "TD-10402")
    seq = shop.says(text)
    outcome = await act(ValidateCancelOrderForm(shop.open), Scene(
        **{"intent": "cancel_order", "text": text, "form": "cancel_order_form", "seq": seq, **scene}))
    assert outcome.said == ["utter_cancel_order_too_late"] and outcome.messages[0]["number"] == "TD-10417"
    assert outcome.slots["requested_slot"] == "confirmed" and not outcome.slots.get("confirmed")


async def test_who_keeps_both_has_said_no(shop: Shop) -> None:
    shop.know("two-orders@example.com")
    shop.asks("cancel_order", "TD-10402")
    outcome = await act(ValidateCancelOrderForm(shop.open), Scene(
        intent="deny", text="no, keep both", form="cancel_order_form", seq=shop.says("no, keep both"),
        requested="confirmed", slots={"order_number": "TD-10402"}))
    assert outcome.said == [] and outcome.slots["confirmed"] is False

"""Which order it is, whose it is, and when the form steps aside."""
from __future__ import annotations

import pytest

from actions.cancel_order import ValidateCancelOrderForm
from actions.change_order import ValidateChangeOrderForm
from actions.order_status import ValidateOrderStatusForm
from actions.returns import ValidateReturnItemForm
from tests.unit.actions.conftest import Outcome, Scene, Shop, act

FORM = "order_status_form"


async def start(shop: Shop, **scene: object) -> Outcome:
    given = {"intent": "order_status", "form": FORM, "starts": True, **scene}
    return await act(ValidateOrderStatusForm(shop.open), Scene(**given))


async def answer(shop: Shop, **scene: object) -> Outcome:
    return await act(ValidateOrderStatusForm(shop.open), Scene(form=FORM, **scene))


async def miss(shop: Shop, contact: str) -> Outcome:
    return await answer(shop, requested="contact", slots={"order_number": "TD-10421"}, filled={"contact": contact})


async def test_the_only_open_order_of_a_known_customer_is_taken_without_asking(shop: Shop) -> None:
    shop.know("on-time@example.com")
    outcome = await start(shop)
    assert outcome.slots["order_number"] == "TD-10421"
    assert outcome.slots["requested_slot"] is None
    assert outcome.said == []


async def test_a_known_customer_with_several_open_orders_chooses(shop: Shop) -> None:
    shop.know("two-orders@example.com")
    outcome = await start(shop)
    assert outcome.slots["requested_slot"] == "order_number"


async def test_a_choice_can_be_named_by_its_item(shop: Shop) -> None:
    shop.know("two-orders@example.com")
    outcome = await answer(shop, requested="order_number", text="the pan please", intent="nlu_fallback")
    assert outcome.slots["order_number"] == "TD-10417"


async def test_the_first_message_may_name_the_item(shop: Shop) -> None:
    shop.know("two-orders@example.com")
    assert (await start(shop, text="where is my cast-iron pan?")).slots["order_number"] == "TD-10417"


async def test_a_stranger_is_asked_for_the_number_and_then_the_contact(shop: Shop) -> None:
    first = await start(shop)
    assert first.slots["requested_slot"] == "order_number"
    second = await answer(shop, requested="order_number", entities={"order_number": "TD-10421"},
                          filled={"order_number": "TD-10421"})
    assert second.slots["requested_slot"] == "contact"
    third = await answer(shop, requested="contact", slots={"order_number": "TD-10421"},
                         filled={"contact": "94107"})
    assert third.slots["requested_slot"] is None
    assert shop.services.identification.is_verified("c1", "TD-10421")


async def test_number_and_contact_in_the_first_message_are_enough(shop: Shop) -> None:
    outcome = await start(shop, entities={"order_number": "TD-10388", "email": "late@example.com"},
                          filled={"order_number": "TD-10388", "contact": "late@example.com"})
    assert outcome.slots["requested_slot"] is None


async def test_the_contact_may_come_before_the_number(shop: Shop) -> None:
    outcome = await answer(shop, requested="order_number", filled={"contact": "late@example.com"})
    assert not outcome.stepped_aside
    assert outcome.slots["requested_slot"] == "order_number"


async def test_a_filled_contact_slot_is_no_identity(shop: Shop) -> None:
    outcome = await start(shop, slots={"order_number": "TD-10388", "contact": "late@example.com"})
    assert outcome.slots["contact"] is None
    assert outcome.slots["requested_slot"] == "contact"


async def test_someone_elses_order_is_not_shown_to_a_known_customer(shop: Shop) -> None:
    shop.know("on-time@example.com")
    outcome = await start(shop, entities={"order_number": "TD-10388"}, filled={"order_number": "TD-10388"})
    assert outcome.slots["requested_slot"] == "contact"
    assert "order_items" not in outcome.slots


async def test_a_wrong_number_and_a_wrong_address_are_answered_alike(shop: Shop) -> None:
    wrong_address = await miss(shop, "wrong@example.com")
    no_such_order = await answer(shop, requested="contact", slots={"order_number": "TD-99999"},
                                 filled={"contact": "on-time@example.com"})
    assert wrong_address.said == no_such_order.said == ["utter_not_matched"]
    assert wrong_address.slots["requested_slot"] == no_such_order.slots["requested_slot"] == "order_number"


async def test_misses_count_and_the_third_offers_a_person(shop: Shop) -> None:
    said = [(await miss(shop, f"wrong{number}@example.com")).said for number in range(3)]
    assert said == [["utter_not_matched"], ["utter_not_matched"], ["utter_not_matched_offer_person"]]


async def test_a_miss_is_counted_for_the_escalation(shop: Shop) -> None:
    outcome = await answer(shop, requested="contact", slots={"order_number": "TD-10421", "failed_lookups": 2.0},
                           filled={"contact": "wrong@example.com"})
    assert outcome.slots["failed_lookups"] == 3.0


async def test_after_six_misses_even_the_right_answer_is_refused(shop: Shop) -> None:
    for number in range(6):
        await miss(shop, f"wrong{number}@example.com")
    outcome = await miss(shop, "on-time@example.com")
    assert outcome.said == ["utter_refused_for_now"]
    assert {"event": "active_loop", "timestamp": None, "name": None} in outcome.events
    assert outcome.followed_by == ["action_listen"]


async def test_a_correction_replaces_the_number_and_asks_for_the_contact_again(shop: Shop) -> None:
    outcome = await answer(shop, requested="contact", intent="deny", slots={"order_number": "TD-10421"},
                           entities={"order_number": "TD-10388"}, filled={"order_number": "TD-10388"})
    assert not outcome.stepped_aside
    assert outcome.slots["requested_slot"] == "contact"


async def test_a_correction_takes_back_the_answer_about_the_other_order(shop: Shop) -> None:
    shop.match("TD-10433", "98101")
    shop.match("TD-10436", "70112")
    shop.says("cancel it")
    shop.asks("cancel_order", "TD-10433")
    outcome = await act(ValidateCancelOrderForm(shop.open), Scene(
        intent="deny", form="cancel_order_form", requested="confirmed", slots={"order_number": "TD-10433"},
        seq=shop.says("no, TD-10436"), entities={"order_number": "TD-10436"}, filled={"order_number": "TD-10436"}))
    assert outcome.slots.get("confirmed") is None
    assert outcome.slots["requested_slot"] == "confirmed"


@pytest.mark.parametrize("intent", ["return_policy", "delivery_options", "greet", "never_mind", "goodbye"])
async def test_the_form_steps_aside_for_another_question(shop: Shop, intent: str) -> None:
    outcome = await answer(shop, requested="contact", intent=intent, slots={"order_number": "TD-10421"})
    assert outcome.stepped_aside
    assert outcome.said == []


async def test_the_form_steps_aside_for_another_flow_even_if_it_names_an_order(shop: Shop) -> None:
    outcome = await answer(shop, requested="order_number", intent="cancel_order",
                           entities={"order_number": "TD-10433"}, filled={"order_number": "TD-10433"})
    assert outcome.stepped_aside


async def test_a_postcode_in_a_question_is_no_answer_and_no_miss(shop: Shop) -> None:
    outcome = await answer(shop, requested="contact", intent="delivery_cost", slots={"order_number": "TD-10421"},
                           entities={"postcode": "10001"}, filled={"contact": "10001"})
    assert outcome.stepped_aside
    assert outcome.slots["contact"] is None


async def test_an_address_is_an_answer_whatever_else_the_message_says(shop: Shop) -> None:
    outcome = await answer(shop, requested="contact", intent="complaint", slots={"order_number": "TD-10421"},
                           entities={"email": "on-time@example.com"}, filled={"contact": "on-time@example.com"})
    assert outcome.slots["requested_slot"] is None


async def test_the_form_asks_again_after_an_interruption(shop: Shop) -> None:
    outcome = await answer(shop, requested="contact", intent="return_policy", rejected=True,
                           slots={"order_number": "TD-10421"})
    assert not outcome.stepped_aside
    assert outcome.slots["requested_slot"] == "contact"


async def test_asking_the_same_again_is_no_other_question(shop: Shop) -> None:
    outcome = await answer(shop, requested="contact", intent="order_status", slots={"order_number": "TD-10421"})
    assert not outcome.stepped_aside


@pytest.mark.parametrize("number", ["not a number", "12", "TD-", "x" * 5000, "TD-10421; DROP TABLE orders", "\u202e"])
async def test_what_is_no_order_number_is_said_to_be_none(shop: Shop, number: str) -> None:
    outcome = await answer(shop, requested="order_number", filled={"order_number": number})
    assert outcome.said == ["utter_not_an_order_number"]
    assert outcome.slots["requested_slot"] == "order_number"


async def test_a_missing_order_system_ends_the_form_and_counts(shop: Shop) -> None:
    shop.know("on-time@example.com")
    shop.orders.down = True
    outcome = await start(shop)
    assert outcome.said == ["utter_order_system_unavailable"]
    assert outcome.slots["failed_lookups"] == 1.0
    assert outcome.followed_by == ["action_listen"]


async def test_a_remembered_order_is_taken_again(shop: Shop) -> None:
    shop.know("two-orders@example.com")
    outcome = await start(shop, slots={"order_number": "TD-10417"})
    assert outcome.slots["requested_slot"] is None


async def test_a_remembered_order_that_the_flow_cannot_be_about_gives_way(shop: Shop) -> None:
    shop.know("two-orders@example.com")
    outcome = await act(ValidateCancelOrderForm(shop.open), Scene(
        intent="cancel_order", form="cancel_order_form", starts=True, slots={"order_number": "TD-10417"}))
    assert outcome.slots["order_number"] == "TD-10402"
    assert outcome.slots["requested_slot"] == "confirmed"


async def test_what_was_looked_up_is_kept_for_the_people(shop: Shop) -> None:
    shop.know("on-time@example.com")
    await start(shop)
    assert shop.case()[0]["number"] == "TD-10421"


async def test_answering_the_other_questions_is_no_new_look_at_the_order(shop: Shop) -> None:
    shop.know("new@example.com")
    await act(ValidateCancelOrderForm(shop.open), Scene(
        intent="affirm", form="cancel_order_form", requested="confirmed", slots={"order_number": "TD-10433"}))
    assert shop.case() == []


# -- numbers without a prefix -----------------------------------------------------------------------------------


async def test_a_bare_number_answers_the_question_for_the_number(shop: Shop) -> None:
    outcome = await answer(shop, requested="order_number", text="10421", entities={"postcode": "10421"},
                           filled={"contact": "10421"})
    assert outcome.slots["order_number"] == "TD-10421"
    assert outcome.slots["requested_slot"] == "contact"


async def test_a_bare_number_and_a_place_are_told_apart(shop: Shop) -> None:
    outcome = await answer(shop, requested="order_number", text="10421, zip code is 94107",
                           entities={"postcode": "94107"}, filled={"contact": ["10421", "94107"]})
    assert outcome.slots["order_number"] == "TD-10421"
    assert outcome.slots["requested_slot"] is None


async def test_a_number_that_is_called_the_postcode_is_no_order_number(shop: Shop) -> None:
    outcome = await answer(shop, requested="order_number", text="my zip would be 60614", intent="inform",
                           entities={"postcode": "60614"}, filled={"contact": "60614"})
    assert (outcome.slots["order_number"], outcome.slots["requested_slot"]) == (None, "order_number")
    assert outcome.said == [], "nothing was looked for, and nothing is said not to be there"


async def test_a_stranger_may_begin_with_a_bare_number(shop: Shop) -> None:
    outcome = await start(shop, text="what about 10421?", entities={"postcode": "10421"}, filled={"contact": "10421"})
    assert outcome.slots["order_number"] == "TD-10421"
    assert outcome.slots["requested_slot"] == "contact"


async def test_a_known_customers_own_number_needs_no_prefix(shop: Shop) -> None:
    shop.know("two-orders@example.com")
    outcome = await start(shop, text="and 10402?", entities={"postcode": "10402"}, filled={"contact": "10402"})
    assert outcome.slots["order_number"] == "TD-10402"
    elsewhere = await start(shop, text="did it get to 73301 yet", entities={"postcode": "73301"},
                            filled={"contact": "73301"})
    assert elsewhere.slots["requested_slot"] == "order_number"


@pytest.mark.parametrize(("text", "number", "contact"), [
    ("no wait, 10421", "TD-10421", "contact"), ("sorry, 94107", "TD-10388", None),
])
async def test_a_bare_number_may_correct_the_number(shop: Shop, text: str, number: str, contact: str | None) -> None:
    digits = text.split()[-1]
    outcome = await answer(shop, requested="contact", text=text, intent="deny", slots={"order_number": "TD-10388"},
                           entities={"postcode": digits}, filled={"contact": digits})
    if contact:
        assert outcome.slots["order_number"] == number
        assert outcome.slots["requested_slot"] == contact
    else:  # it was a postcode, and the wrong one
        assert outcome.said == ["utter_not_matched"]


async def test_of_two_open_orders_the_other_one_is_found(shop: Shop) -> None:
    shop.know("two-orders@example.com")
    outcome = await start(shop, text="no, the other one", intent="deny", slots={"order_number": "TD-10402"})
    assert outcome.slots["order_number"] == "TD-10417"


async def test_an_item_beats_the_only_order_that_fits(shop: Shop) -> None:
    shop.know("two-orders@example.com")
    outcome = await act(ValidateReturnItemForm(shop.open), Scene(
        intent="return_item", form="return_item_form", starts=True, text="the pan must go back"))
    assert outcome.slots["order_number"] == "TD-10417"
    assert outcome.said == ["utter_return_item_not_delivered"]


async def test_too_late_is_said_of_the_order_under_way(shop: Shop) -> None:
    shop.know("on-time@example.com")
    outcome = await act(ValidateCancelOrderForm(shop.open), Scene(
        intent="cancel_order", form="cancel_order_form", starts=True, text="cancel it"))
    assert outcome.slots["order_number"] == "TD-10421"
    assert outcome.said == ["utter_cancel_order_too_late"]


# -- choosing in words ------------------------------------------------------------------------------------------------


def buttons(intent: str = "inform") -> dict[str, object]:
    """The question which of two orders is meant."""
    titles = {"TD-10402": "TD-10402 · Blanket", "TD-10417": "TD-10417 · Cast-iron pan"}
    return {"text": "Which order?", "data": {"buttons": [
        {"title": title, "payload": f'/{intent}{{"order_number": "{number}"}}'} for number, title in titles.items()]}}


@pytest.mark.parametrize(("text", "number"), [
    ("the second one", "TD-10417"), ("1", "TD-10402"), ("the latter please", "TD-10417"),
    ("not the pan, the other one", "TD-10402"), ("the cast iron thing", "TD-10417"),
])
async def test_an_offered_order_is_chosen_in_words(shop: Shop, text: str, number: str) -> None:
    shop.know("two-orders@example.com")
    outcome = await answer(shop, requested="order_number", text=text, last_bot=buttons())
    assert outcome.slots["order_number"] == number
    assert outcome.slots["requested_slot"] is None


async def test_neither_is_not_asked_again(shop: Shop) -> None:
    shop.know("two-orders@example.com")
    outcome = await answer(shop, requested="order_number", text="neither", intent="deny", last_bot=buttons())
    assert outcome.said == ["utter_none_of_these"]
    assert outcome.followed_by == ["action_listen"]


async def test_of_both_the_first_comes_first_where_a_form_takes_one(shop: Shop) -> None:
    shop.know("two-orders@example.com")
    outcome = await act(ValidateChangeOrderForm(shop.open), Scene(
        form="change_order_form", requested="order_number", text="both", last_bot=buttons()))
    assert outcome.said == ["utter_one_after_the_other"]
    assert outcome.slots["order_number"] == "TD-10402"


async def test_both_are_taken_where_a_form_takes_several(shop: Shop) -> None:
    shop.know("two-orders@example.com")
    outcome = await answer(shop, requested="order_number", text="both", last_bot=buttons())
    assert outcome.said == []
    assert {outcome.slots["order_number"], outcome.slots["other_orders"]} == {"TD-10402", "TD-10417"}


async def test_an_offer_stands_after_a_first_choice(shop: Shop) -> None:
    shop.know("two-orders@example.com")
    outcome = await start(shop, text="and now the first one", slots={"order_number": "TD-10417"}, last_bot=buttons())
    assert outcome.slots["order_number"] == "TD-10402"


async def test_orders_told_in_a_sentence_can_be_chosen(shop: Shop) -> None:
    shop.know("two-orders@example.com")
    told = {"text": "You have TD-10417 (pan, today) and TD-10402 (blanket, Monday)."}
    outcome = await start(shop, text="where is the second one?", slots={"order_number": "TD-10417"}, last_bot=told)
    assert outcome.slots["order_number"] == "TD-10402"


@pytest.mark.parametrize("text", [
    "sorry, I meant the pan", "no, the other one", "oops, wrong order, not the blanket but the pan"])
async def test_a_correction_turns_the_flow_to_the_other_order(shop: Shop, text: str) -> None:
    shop.know("two-orders@example.com")
    shop.asks("cancel_order", "TD-10402")
    outcome = await act(ValidateCancelOrderForm(shop.open), Scene(
        intent="deny", form="cancel_order_form", requested="confirmed", slots={"order_number": "TD-10402"},
        seq=shop.says(text), text=text))
    assert outcome.slots.get("order_number") == "TD-10417"
    assert outcome.said == ["utter_cancel_order_too_late"]


async def test_a_no_that_names_the_order_itself_is_no_correction(shop: Shop) -> None:
    shop.know("two-orders@example.com")
    shop.asks("cancel_order", "TD-10402")
    text = "no, don't cancel the blanket"
    outcome = await act(ValidateCancelOrderForm(shop.open), Scene(
        intent="deny", form="cancel_order_form", requested="confirmed", slots={"order_number": "TD-10402"},
        seq=shop.says(text), text=text))
    assert outcome.slots.get("order_number", "TD-10402") == "TD-10402"
    assert outcome.slots["confirmed"] is False


# -- after a miss -----------------------------------------------------------------------------------------------------


async def missed(shop: Shop, text: str, number: str = "TD-10388", contact: str = "wrong@example.com",
                 **scene: object) -> Outcome:
    """An answer after number and contact did not match."""
    tried = {"order_number": number, "contact": contact, "failed_lookups": 1.0}
    return await answer(shop, requested="order_number", text=text, slots=tried,
                        emptied=("order_number", "contact"), **scene)


async def test_only_the_wrong_address_is_given_again(shop: Shop) -> None:
    outcome = await missed(shop, "late@example.com", entities={"email": "late@example.com"},
                           filled={"contact": "late@example.com"})
    assert (outcome.slots["order_number"], outcome.slots["requested_slot"]) == ("TD-10388", None)


async def test_only_the_wrong_number_is_given_again(shop: Shop) -> None:
    outcome = await missed(shop, "TD-10388", "TD-10383", "late@example.com", entities={"order_number": "TD-10388"},
                           filled={"order_number": "TD-10388"})
    assert (outcome.slots["contact"], outcome.slots["requested_slot"]) == ("late@example.com", None)


@pytest.mark.parametrize(("text", "number", "contact"), [
    ("oh, 88 not 83", "TD-10383", "late@example.com"), ("with a t, not a d", "TD-10388", "lade@example.com"),
])
async def test_a_corrected_sign_is_enough(shop: Shop, text: str, number: str, contact: str) -> None:
    outcome = await missed(shop, text, number, contact, intent="nlu_fallback")
    assert (outcome.slots["order_number"], outcome.slots["contact"]) == ("TD-10388", "late@example.com")
    assert outcome.slots["requested_slot"] is None


@pytest.mark.parametrize(("text", "intent", "asked"), [
    ("ah no, it's the other address", "change_address", "contact"), ("the number was wrong", "deny", "order_number"),
    ("the email is right", "affirm", "order_number"), ("the number is correct", "affirm", "contact"),
])
async def test_the_wrong_datum_is_asked_for_alone(shop: Shop, text: str, intent: str, asked: str) -> None:
    outcome = await missed(shop, text, intent=intent)
    assert outcome.slots["requested_slot"] == asked
    assert outcome.said == []
    assert not outcome.stepped_aside


async def test_the_same_number_again_means_that_the_contact_is_wrong(shop: Shop) -> None:
    outcome = await missed(shop, "TD-10388", entities={"order_number": "TD-10388"}, filled={"order_number": "TD-10388"})
    assert outcome.slots["requested_slot"] == "contact"


async def test_after_too_many_tries_nothing_is_asked_for(shop: Shop) -> None:
    for number in range(6):
        await miss(shop, f"wrong{number}@example.com")
    assert (await start(shop)).said == ["utter_refused_for_now"]


# -- another order of whoever has been identified ---------------------------------------------------------------------


async def test_the_same_address_shows_another_order_of_it(shop: Shop) -> None:
    shop.match("TD-10417", "two-orders@example.com")
    outcome = await start(shop, text="and what about 10402", entities={"postcode": "10402"},
                          filled={"contact": "10402"},
                          slots={"order_number": "TD-10417", "contact": "two-orders@example.com"})
    assert outcome.slots["order_number"] == "TD-10402"
    assert outcome.slots["requested_slot"] is None


async def test_an_order_of_someone_else_is_asked_about(shop: Shop) -> None:
    shop.match("TD-10417", "two-orders@example.com")
    outcome = await start(shop, text="and TD-10388?", entities={"order_number": "TD-10388"},
                          filled={"order_number": "TD-10388"},
                          slots={"order_number": "TD-10417", "contact": "two-orders@example.com"})
    assert outcome.slots["requested_slot"] == "contact"
    assert "order_items" not in outcome.slots


async def test_a_postcode_that_matched_shows_no_other_order(shop: Shop) -> None:
    shop.match("TD-10417", shop.orders.orders["TD-10417"].postcode)
    outcome = await start(shop, text="and TD-10402?", entities={"order_number": "TD-10402"},
                          filled={"order_number": "TD-10402"},
                          slots={"order_number": "TD-10417", "contact": shop.orders.orders["TD-10417"].postcode})
    assert outcome.slots["requested_slot"] == "contact"

"""What the bot does after a person: passes on their line, carries on or starts fresh, answers what is asked."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from rasa.core.agent import Agent

from tests.fakes.core import ANNA
from tests.integration.handback.shop import CUSTOMER, Shop, is_response, open_shop

NOTE = "My colleague has told me: refund promised by Friday."


@pytest.fixture
def shop(dialogue: Agent, tmp_path: Path) -> Iterator[Shop]:
    with open_shop(dialogue, tmp_path) as opened:
        yield opened


def in_the_middle_of_a_return(shop: Shop) -> None:
    """The customer has named order and item; the reason is asked for."""
    shop.says("I want to send something back", "return_item")
    shop.says("TD-10300", order_number="TD-10300")
    shop.says("delivered@example.com", email="delivered@example.com")
    shop.says("MUG-004", return_item="MUG-004")
    tracker = shop.tracker()
    assert tracker.active_loop_name == "return_item_form", shop.core.texts()


def with_anna(shop: Shop) -> None:
    shop.says("A person please", "ask_for_human")
    shop.core.ownership.claim(CUSTOMER, ANNA)
    shop.says("my number is TD-99999 by the way", order_number="TD-99999")


def test_the_line_for_the_bot_is_passed_on_once_before_the_normal_answer(shop: Shop) -> None:
    with_anna(shop)
    shop.core.ownership.hand_back(CUSTOMER, ANNA, "refund promised by Friday.")
    first = shop.says("How long can I send things back?", "return_policy")
    assert first[0] == NOTE
    assert is_response(first[1], "utter_return_policy") and len(first) == 2
    second = shop.says("And how do I pay?", "payment_methods")
    assert len(second) == 1 and is_response(second[0], "utter_payment_methods")


def test_without_a_line_nothing_is_put_before_the_answer(shop: Shop) -> None:
    with_anna(shop)
    shop.core.ownership.hand_back(CUSTOMER, ANNA)
    [answer] = shop.says("How long can I send things back?", "return_policy")
    assert is_response(answer, "utter_return_policy")


def test_a_customer_who_asks_for_a_person_again_gets_one_without_further_words(shop: Shop) -> None:
    with_anna(shop)
    shop.core.ownership.hand_back(CUSTOMER, ANNA, "refund promised by Friday", resume=True)
    [answer] = shop.says("No, a person!", "ask_for_human")
    assert is_response(answer, "utter_handoff")


def test_resume_asks_for_what_was_missing_and_nothing_else(shop: Shop) -> None:
    in_the_middle_of_a_return(shop)
    before = shop.slots()
    with_anna(shop)
    shop.core.ownership.hand_back(CUSTOMER, ANNA, "refund promised by Friday", resume=True)
    note, carry_on, _ = shop.says("hi", "greet")
    assert note == NOTE and is_response(carry_on, "utter_resume")
    tracker, after = shop.tracker(), shop.slots()
    assert tracker.active_loop_name == "return_item_form"
    for slot in ("order_number", "return_item", "return_reason", "requested_slot"):
        assert after[slot] == before[slot], slot
    assert before["return_item"] and after["requested_slot"] == "return_reason"
    [question] = shop.says("it is too small", return_reason="too small")
    assert is_response(question, "utter_ask_return_item_form_confirmed")
    [done] = shop.says("yes", "affirm")
    assert is_response(done, "utter_return_item_label_by_mail")
    assert shop.tracker().active_loop_name is None


def test_resume_gives_way_to_a_question_and_offers_to_carry_on(shop: Shop) -> None:
    in_the_middle_of_a_return(shop)
    with_anna(shop)
    shop.core.ownership.hand_back(CUSTOMER, ANNA, resume=True)
    offer, answer = shop.says("How do I pay?", "payment_methods")
    assert is_response(offer, "utter_resume_offer") and is_response(answer, "utter_payment_methods")
    shop.says("Carry on then", "return_item")
    assert (shop.slots()["requested_slot"], shop.slots()["return_item"] is not None) == ("return_reason", True)


def test_resume_is_for_one_round_only(shop: Shop) -> None:
    in_the_middle_of_a_return(shop)
    with_anna(shop)
    shop.core.ownership.hand_back(CUSTOMER, ANNA, resume=True)
    shop.says("hi", "greet")
    assert shop.slots()["last_handoff"]["resume"] is False
    shop.says("it is too small", return_reason="too small")
    [kept] = shop.says("no, keep it", "deny")
    assert is_response(kept, "utter_return_item_kept")
    shop.says("I want to send something else back", "return_item")
    assert shop.slots()["return_item"] is None


def test_start_fresh_leaves_the_interrupted_flow_alone(shop: Shop) -> None:
    in_the_middle_of_a_return(shop)
    with_anna(shop)
    shop.core.ownership.hand_back(CUSTOMER, ANNA, "refund promised by Friday")
    note, greeting = shop.says("hi", "greet")
    assert note == NOTE and is_response(greeting, "utter_greet_handed_back")
    assert shop.tracker().active_loop_name is None


@pytest.mark.parametrize("resume", [True, False])
def test_a_form_that_an_agent_took_over_in_the_middle_of_takes_no_greeting_as_an_answer(
    shop: Shop, resume: bool,
) -> None:
    in_the_middle_of_a_return(shop)
    shop.core.ownership.take_over(CUSTOMER, ANNA)
    shop.core.ownership.hand_back(CUSTOMER, ANNA, resume=resume)
    shop.says("hi", "greet")
    assert shop.slots()["return_reason"] is None
    assert shop.tracker().active_loop_name == ("return_item_form" if resume else None)


def test_the_line_of_one_who_resolved_is_passed_on_too(shop: Shop) -> None:
    with_anna(shop)
    shop.core.ownership.resolve(CUSTOMER, ANNA, "refund promised by Friday")
    note, _ = shop.says("hi", "greet")
    assert note == NOTE


def test_a_customer_who_left_the_queue_is_greeted_without_a_word_of_agents(shop: Shop) -> None:
    shop.says("A person please", "ask_for_human")
    shop.core.ownership.leave_queue(CUSTOMER)
    [answer] = shop.says("hi", "greet")
    assert is_response(answer, "utter_greet")


def test_a_line_with_braces_is_shown_as_it_is(shop: Shop) -> None:
    with_anna(shop)
    shop.core.ownership.hand_back(CUSTOMER, ANNA, "{note} {{x}} <b>%s</b>")
    assert shop.says("hi", "greet")[0] == "My colleague has told me: {note} {{x}} <b>%s</b>."


def test_the_same_wish_again_in_the_middle_of_its_form_gets_the_open_question(shop: Shop) -> None:
    shop.says("I need a new address", "change_address")
    asked = shop.says("TD-10300", order_number="TD-10300")
    shop.says("How do I pay?", "payment_methods")
    assert shop.says("The new address, please", "change_address") == asked


def test_a_no_in_the_same_breath_as_a_question_ends_the_form_and_the_question_is_answered(shop: Shop) -> None:
    in_the_middle_of_a_return(shop)
    shop.says("it is too small", return_reason="too small")
    kept, answer = shop.says("No, keep it. How do I pay?", "payment_methods")
    assert is_response(kept, "utter_return_item_kept") and is_response(answer, "utter_payment_methods")
    assert shop.tracker().active_loop_name is None
    assert shop.slots()["return_item"] is None
    [late] = shop.says("ok", "affirm")
    assert is_response(late, "utter_affirm")


def test_after_an_answer_in_between_an_ok_is_asked_about(shop: Shop) -> None:
    in_the_middle_of_a_return(shop)
    shop.says("it is too small", return_reason="too small")
    answer, again = shop.says("How do I pay?", "payment_methods")
    assert is_response(answer, "utter_payment_methods")
    assert is_response(again, "utter_ask_return_item_form_confirmed_again")
    [once_more] = shop.says("ok", "affirm")
    assert is_response(once_more, "utter_ask_return_item_form_confirmed_again")
    [done] = shop.says("ok", "affirm")
    assert is_response(done, "utter_return_item_label_by_mail"), "nothing else was said since it was asked"


def test_a_decision_may_be_put_off_after_an_answer_in_between(shop: Shop) -> None:
    in_the_middle_of_a_return(shop)
    shop.says("it is too small", return_reason="too small")
    shop.says("How do I pay?", "payment_methods")
    [answer] = shop.says("thanks, let me think about it first", "thanks")
    assert is_response(answer, "utter_take_your_time")
    assert shop.tracker().active_loop_name is None

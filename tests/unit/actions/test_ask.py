"""Questions whose buttons come from the customer's orders."""
from __future__ import annotations

from actions.ask import ActionAskContact, ActionAskOrderNumber, ActionAskReturnItem
from tests.unit.actions.conftest import RESPONSES, Scene, Shop, act


async def test_a_stranger_is_asked_for_the_number_without_buttons(shop: Shop) -> None:
    outcome = await act(ActionAskOrderNumber(shop.open), Scene(form="order_status_form"))
    assert (outcome.said, outcome.payloads()) == (["utter_ask_for_order_number"], [])


async def test_after_a_miss_the_number_is_asked_for_in_fewer_words(shop: Shop) -> None:
    scene = Scene(form="order_status_form", slots={"failed_lookups": 1.0})
    assert (await act(ActionAskOrderNumber(shop.open), scene)).said == ["utter_ask_for_order_number_again"]


async def test_after_another_answer_the_question_is_put_in_other_words(shop: Shop) -> None:
    scene = Scene(form="order_status_form", rejected=True)
    assert (await act(ActionAskOrderNumber(shop.open), scene)).said == ["utter_ask_for_order_number_when_ready"]


async def test_the_number_is_not_asked_for_twice_in_the_same_words(shop: Shop) -> None:
    again = Scene(form="order_status_form", slots={"requested_slot": "order_number"})
    assert (await act(ActionAskOrderNumber(shop.open), again)).said == ["utter_ask_for_order_number_when_ready"]


async def test_who_has_given_an_address_and_no_number_is_told_that_it_is_kept(shop: Shop) -> None:
    given = Scene(form="order_status_form", slots={"requested_slot": "order_number", "contact": "late@example.com"})
    assert (await act(ActionAskOrderNumber(shop.open), given)).said == ["utter_ask_for_order_number_kept"]
    for variation in RESPONSES["utter_ask_for_order_number_kept"]:
        assert variation["buttons"][0]["payload"] == "/ask_for_human", "there is a way on without a number"


async def test_a_known_customer_gets_the_orders_as_buttons(shop: Shop) -> None:
    shop.know("two-orders@example.com")
    outcome = await act(ActionAskOrderNumber(shop.open), Scene(form="order_status_form"))
    assert outcome.said == ["utter_ask_which_order"]
    assert outcome.payloads() == ['/inform{"order_number": "TD-10402"}', '/inform{"order_number": "TD-10417"}']


async def test_the_number_is_asked_although_the_order_system_is_down(shop: Shop) -> None:
    shop.know("two-orders@example.com")
    shop.orders.down = True
    assert (await act(ActionAskOrderNumber(shop.open), Scene())).said == ["utter_ask_for_order_number"]


async def test_the_items_that_came_are_offered_for_return(shop: Shop) -> None:
    shop.know("delivered@example.com")
    outcome = await act(ActionAskReturnItem(shop.open), Scene(slots={"order_number": "TD-10300"}))
    assert outcome.payloads() == ['/inform{"return_item": "MUG-004"}', '/inform{"return_item": "TWL-012"}']


async def test_the_items_of_a_strangers_order_are_not_shown(shop: Shop) -> None:
    outcome = await act(ActionAskReturnItem(shop.open), Scene(slots={"order_number": "TD-10300"}))
    assert outcome.payloads() == []


async def test_the_contact_is_asked_for_in_other_words_after_another_answer() -> None:
    slots = {"order_number": "TD-10300"}
    assert (await act(ActionAskContact(), Scene(form="order_status_form"))).said == ["utter_ask_contact"]
    again = Scene(form="order_status_form", rejected=True, slots=slots)
    assert (await act(ActionAskContact(), again)).said == ["utter_ask_contact_when_ready"]

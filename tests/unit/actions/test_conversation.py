"""Greetings after a person, a yes to an offer, details out of the blue, and questions with buttons."""
from __future__ import annotations

import inspect
from typing import Any

import pytest

from actions.ask import ActionAskOrderNumber, ActionAskReturnItem
from actions.conversation import ActionAcceptOffer, ActionDeny, ActionGreet, ActionInform, ActionThanks
from actions.not_understood import ActionNotUnderstood, ActionOutOfScope
from tests.unit.actions.conftest import Scene, Shop, act


@pytest.mark.parametrize(("last_handoff", "response"), [
    (None, "utter_greet"),
    ({"outcome": "handed_back", "agent": "desk:anna"}, "utter_greet_handed_back"),
    ({"outcome": "resolved", "agent": "desk:anna"}, "utter_greet_resolved"),
    ({"outcome": "handed_back", "agent": None}, "utter_greet"),  # the customer left the queue
])
async def test_whoever_comes_from_a_person_is_greeted_so(last_handoff: Any, response: str) -> None:
    filled = {"last_handoff": last_handoff} if last_handoff else {}
    assert (await act(ActionGreet(), Scene(intent="greet", filled=filled))).said == [response]


async def test_an_older_handoff_is_not_brought_up_again() -> None:
    slots = {"last_handoff": {"outcome": "resolved", "agent": "desk:anna"}}
    assert (await act(ActionThanks(), Scene(intent="thanks", slots=slots))).said == ["utter_thanks"]


def offered(*payloads: str) -> dict[str, Any]:
    return {"text": "…", "data": {"buttons": [{"title": "…", "payload": payload} for payload in payloads]}}


@pytest.mark.parametrize(("payloads", "follows"), [
    (("/ask_for_human", "/order_status"), ["action_handoff"]),
    (("/return_item",), ["return_item_form"]),
    (('/return_item{"return_reason": "damaged"}',), ["return_item_form"]),
    ((), []),
])
async def test_a_yes_takes_the_first_offer(payloads: tuple[str, ...], follows: list[str]) -> None:
    outcome = await act(ActionAcceptOffer(), Scene(intent="affirm", last_bot=offered(*payloads)))
    assert outcome.followed_by == follows
    assert outcome.said == ([] if follows else ["utter_affirm"])


async def test_a_yes_brings_along_what_the_button_knows() -> None:
    button = '/return_item{"return_reason": "damaged"}'
    outcome = await act(ActionAcceptOffer(), Scene(intent="affirm", last_bot=offered(button)))
    assert outcome.slots == {"return_reason": "damaged"}


@pytest.mark.parametrize("action", [ActionAcceptOffer(), ActionInform()])
async def test_in_a_form_the_question_is_just_asked_again(action: Any) -> None:
    outcome = await act(action, Scene(form="return_item_form", last_bot=offered("/ask_for_human")))
    assert (outcome.said, outcome.events) == ([], [])


async def test_a_number_out_of_the_blue_asks_for_that_order() -> None:
    outcome = await act(ActionInform(), Scene(entities={"order_number": "TD-10421"}))
    assert outcome.followed_by == ["order_status_form"]


async def test_a_tracking_number_is_told_to_be_one() -> None:
    outcome = await act(ActionInform(), Scene(entities={"tracking_number": "NB1"}))
    assert outcome.said == ["utter_inform_tracking_number"]


async def test_a_stranger_is_asked_for_the_number_without_buttons(shop: Shop) -> None:
    outcome = await act(ActionAskOrderNumber(shop.open), Scene(form="order_status_form"))
    assert (outcome.said, outcome.payloads()) == (["utter_ask_for_order_number"], [])


async def test_who_has_missed_is_asked_for_the_number_in_fewer_words(shop: Shop) -> None:
    scene = Scene(form="order_status_form", slots={"failed_lookups": 1.0})
    assert (await act(ActionAskOrderNumber(shop.open), scene)).said == ["utter_ask_for_order_number_again"]


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


@pytest.mark.parametrize("text", ["no, the other one", "no, 10417"])
async def test_a_no_may_ask_about_another_order(shop: Shop, text: str) -> None:
    button = {"title": "TD-10417 · Pan", "payload": '/order_status{"order_number": "TD-10417"}'}
    scene = Scene(intent="deny", text=text, last_bot={"data": {"buttons": [button]}})
    outcome = await act(ActionDeny(shop.open), scene)
    assert outcome.followed_by == ["order_status_form"]


async def test_a_mere_no_is_accepted(shop: Shop) -> None:
    assert (await act(ActionDeny(shop.open), Scene(intent="deny", text="no"))).said == ["utter_deny"]


async def test_a_bare_number_is_taken_as_an_order() -> None:
    assert (await act(ActionInform(), Scene(text="10421"))).followed_by == ["order_status_form"]
    assert (await act(ActionInform(), Scene(text="my zip is 94107"))).said == ["utter_inform"]


@pytest.mark.parametrize("action", [ActionNotUnderstood, ActionOutOfScope])
async def test_what_is_not_understood_may_still_name_a_thing(shop: Shop, action: type) -> None:
    shop.know("two-orders@example.com")
    assert (await act(action(shop.open), Scene(text="and the blanket?"))).followed_by == ["order_status_form"]
    for text in ("qwertz", "my sister's cat sleeps on a blanket that she bought in Peru"):
        assert (await act(action(shop.open), Scene(text=text))).said == [action.response]
    inside = Scene(text="and the blanket?", form="cancel_order_form", requested="confirmed")
    assert (await act(action(shop.open), inside)).said == [action.response]


@pytest.mark.parametrize("action", [ActionNotUnderstood, ActionOutOfScope])
@pytest.mark.parametrize("text", ["wann kommt das denn bei mir an?", "cuándo llega lo que pedí", "Где моя посылка"])
async def test_who_writes_in_another_language_is_told_so(shop: Shop, action: type, text: str) -> None:
    assert (await act(action(shop.open), Scene(text=text))).said == ["utter_other_language"]


async def test_strangers_things_are_not_known(shop: Shop) -> None:
    outcome = await act(ActionNotUnderstood(shop.open), Scene(text="and the blanket?"))
    assert outcome.said == ["utter_please_rephrase"]


def test_every_action_that_the_server_would_register_has_a_name() -> None:
    for action in (ActionNotUnderstood, ActionOutOfScope):
        for kind in action.__mro__[1:]:
            assert kind.__module__.startswith(("rasa_sdk", "abc", "builtins")) or inspect.isabstract(kind), kind

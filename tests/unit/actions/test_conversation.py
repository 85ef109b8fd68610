"""Greetings after a person, a yes to an offer, details out of the blue."""
from __future__ import annotations

from typing import Any

import pytest

from actions.conversation import (
    ActionAcceptOffer,
    ActionDeny,
    ActionFactsInEnglish,
    ActionGreet,
    ActionInform,
    ActionNeverMind,
    ActionTalk,
    ActionThanks,
)
from actions.not_understood import ActionNotUnderstood
from tests.unit.actions.conftest import RESPONSES, Scene, Shop, act


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


async def test_that_facts_come_in_english_is_said_and_leaves_the_message_as_it_came() -> None:
    outcome = await act(ActionFactsInEnglish(), Scene(intent="order_status"))
    assert outcome.said == ["utter_facts_in_english"]
    assert [event["event"] for event in outcome.events] == ["undo"]


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


TITLED = {"data": {"buttons": [
    {"title": "Send it back", "payload": "/return_item"}, {"title": "Talk to a person", "payload": "/ask_for_human"}]}}


@pytest.mark.parametrize(("text", "follows"), [
    ("the second", "action_handoff"), ("option 1", "return_item_form"), ("ok, a person then", "action_handoff"),
])
async def test_a_button_may_be_chosen_by_place_or_word(shop: Shop, text: str, follows: str) -> None:
    for action in (ActionAcceptOffer(), ActionInform(), ActionDeny(shop.open), ActionNotUnderstood(shop.open)):
        outcome = await act(action, Scene(text=text, last_bot=TITLED))
        assert outcome.followed_by == [follows], action.name()


async def test_a_chosen_order_comes_along(shop: Shop) -> None:
    payloads = ('/order_status{"order_number": "TD-10402"}', '/order_status{"order_number": "TD-10417"}')
    outcome = await act(ActionInform(), Scene(text="the second one", last_bot=offered(*payloads)))
    assert (outcome.slots, outcome.followed_by) == ({"order_number": "TD-10417"}, ["order_status_form"])


@pytest.mark.parametrize(("email", "said"), [
    ("late@example.com", ["utter_mock_praise_late", "utter_order_status_held"]),
    ("new@example.com", ["utter_talk/mock_praise"]),
])
async def test_mock_praise_gets_sympathy_and_the_facts_of_a_late_order(shop: Shop, email: str, said: list[str]) -> None:
    shop.know(email)
    assert (await act(ActionTalk(shop.open), Scene(intent="talk/mock_praise"))).said == said


async def test_other_talk_is_answered_by_its_own_words(shop: Shop) -> None:
    assert (await act(ActionTalk(shop.open), Scene(intent="talk/doubt"))).said == ["utter_talk/doubt"]


async def test_leaving_an_act_says_what_stays_as_it_is(shop: Shop) -> None:
    scene = Scene(intent="never_mind", slots={"order_number": "TD-10433"}, form_before="cancel_order_form")
    assert (await act(ActionNeverMind(shop.open), scene)).said == ["utter_cancel_order_kept"]


async def test_leaving_a_question_just_leaves_it(shop: Shop) -> None:
    scene = Scene(intent="never_mind", slots={"order_number": "TD-10433"}, form_before="order_status_form")
    assert (await act(ActionNeverMind(shop.open), scene)).said == ["utter_never_mind"]


@pytest.mark.parametrize("response", ["utter_goodbye", "utter_never_mind", "utter_thanks"])
def test_a_farewell_does_not_apologise(response: str) -> None:
    assert not [text for text in RESPONSES[response] if "sorry" in text["text"].lower()]


@pytest.mark.parametrize("text", ["no person please", "is a person there?", "no"])
async def test_a_refusal_or_question_takes_no_button(shop: Shop, text: str) -> None:
    outcome = await act(ActionDeny(shop.open), Scene(intent="deny", text=text, last_bot=TITLED))
    assert outcome.followed_by == []

"""Messages that no flow takes."""
from __future__ import annotations

import pytest

from actions.not_understood import ActionNotUnderstood, ActionOutOfScope
from tests.unit.actions.conftest import Scene, Shop, act


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


async def test_a_conversation_in_another_language_goes_on_in_it(shop: Shop) -> None:
    outcome = await act(ActionNotUnderstood(shop.open), Scene(text="hm?", slots={"language": "de"}))
    assert outcome.said == ["utter_other_language"]


async def test_orders_of_strangers_are_not_found(shop: Shop) -> None:
    outcome = await act(ActionNotUnderstood(shop.open), Scene(text="and the blanket?"))
    assert outcome.said == ["utter_please_rephrase"]


LIKELY = {"intent_ranking": [{"name": "nlu_fallback", "confidence": 0.2}, {"name": "returns", "confidence": 0.15},
                             {"name": "order_status", "confidence": 0.1}],
          "response_selector": {"returns": {"response": {"intent_response_key": "returns/label"}}}}


async def test_what_was_likeliest_meant_is_offered_with_a_person(shop: Shop) -> None:
    outcome = await act(ActionNotUnderstood(shop.open), Scene(text="how with the thing", reading=LIKELY))
    assert outcome.said == ["utter_please_rephrase_likely"]
    assert outcome.payloads() == ["/returns/label", "/order_status", "/ask_for_human"]


async def test_in_a_form_and_beyond_the_assistant_nothing_is_offered(shop: Shop) -> None:
    inside = Scene(text="how with the thing", reading=LIKELY, form="cancel_order_form", requested="order_number")
    assert (await act(ActionNotUnderstood(shop.open), inside)).said == ["utter_please_rephrase"]
    beyond = Scene(text="how with the thing", reading=LIKELY)
    assert (await act(ActionOutOfScope(shop.open), beyond)).said == ["utter_out_of_scope"]


async def test_soon_after_a_person_their_note_is_told_before_anything_is_asked(shop: Shop) -> None:
    left = {"last_handoff": {"note_for_bot": "A new clock comes on Tuesday."}}
    first = Scene(text="so when do I get it", filled=left)
    assert (await act(ActionNotUnderstood(shop.open), first)).said == ["utter_please_rephrase_noted"]
    second = await act(ActionNotUnderstood(shop.open), Scene(text="so when do I get it", slots=left))
    assert second.said == ["utter_please_rephrase_by_note"]
    assert second.messages[0]["note"] == "A new clock comes on Tuesday"


@pytest.mark.parametrize(("earlier", "offered"), [((), True), (("bereavement", "order_status"), False)])
async def test_who_wrote_of_a_death_is_offered_no_complaint(
    shop: Shop, earlier: tuple[str, ...], offered: bool,
) -> None:
    likely = {"intent_ranking": [{"name": "complaint", "confidence": 0.2}, {"name": "order_status", "confidence": 0.1}]}
    outcome = await act(ActionNotUnderstood(shop.open), Scene(text="it is about him", reading=likely, earlier=earlier))
    assert ("/complaint" in outcome.payloads()) is offered

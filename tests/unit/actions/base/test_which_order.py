"""Which of several orders a wish to cancel means: the one that is named, and never the one that is spared."""
from __future__ import annotations

import pytest

from actions.cancel_order import ValidateCancelOrderForm
from tests.unit.actions.conftest import Scene, Shop, act


@pytest.mark.parametrize(("text", "number"), [
    ("cancel the parcel that's due today", "TD-10417"), ("the one arriving on monday should be cancelled", "TD-10402"),
    ("cancel monday's order please", "TD-10402"), ("dont cancel the blanket, cancel the pan", "TD-10417"),
    ("don't cancel TD-10417, cancel TD-10402", "TD-10402"), ("cancel something", "TD-10402")])
async def test_an_order_is_told_by_the_day_it_comes_and_by_what_is_spared(shop: Shop, text: str, number: str) -> None:
    shop.know("two-orders@example.com")
    entities = {"order_number": "TD-10402"} if "TD-10402" in text else {}
    outcome = await act(ValidateCancelOrderForm(shop.open), Scene(
        intent="cancel_order", text=text, form="cancel_order_form", starts=True, entities=entities))
    told = [outcome.slots.get("order_number"), *(message.get("number") for message in outcome.messages)]
    assert number in told


async def _at_the_question(shop: Shop, text: str, number: str = "TD-10402") -> tuple[object, object, list[str]]:
    """An answer to "Shall I cancel TD-10402 (the blanket)?": the order and the consent after it, and what is said."""
    shop.know("two-orders@example.com")
    shop.asks("cancel_order", number)
    outcome = await act(ValidateCancelOrderForm(shop.open), Scene(
        intent="cancel_order", text=text, seq=shop.says(text), form="cancel_order_form", requested="confirmed",
        slots={"order_number": number, "contact": "known"}, form_before="cancel_order_form"))
    return outcome.slots.get("order_number", number), outcome.slots.get("confirmed"), outcome.said


@pytest.mark.parametrize("text", [
    "no, not the pan, i want the blanket cancelled", "please dont cancel the pan. cancel the blanket",
    "leave the pan alone but cancel the blanket"])
async def test_who_names_the_order_in_question_and_spares_another_is_asked_again(shop: Shop, text: str) -> None:
    number, confirmed, said = await _at_the_question(shop, text)
    assert (number, confirmed) == ("TD-10402", None)
    assert "utter_cancel_order_kept" not in said


async def test_who_spares_the_order_in_question_is_told_of_the_other(shop: Shop) -> None:
    _, confirmed, said = await _at_the_question(shop, "don't cancel the blanket, cancel the pan")
    assert said == ["utter_cancel_order_too_late"]
    assert confirmed is None


@pytest.mark.parametrize("text", ["no, don't cancel the blanket", "leave it, please"])
async def test_a_plain_no_stays_a_no(shop: Shop, text: str) -> None:
    assert (await _at_the_question(shop, text))[1] is False

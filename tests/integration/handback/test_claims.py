"""Matters of two things of one order, through real rules, forms and ledger: one does not undo the other."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from rasa.core.agent import Agent

from tests.integration.handback.shop import Shop, is_response, open_shop


@pytest.fixture
def shop(dialogue: Agent, tmp_path: Path) -> Iterator[Shop]:
    with open_shop(dialogue, tmp_path) as opened:
        yield opened


def towel_about_to_go_back(shop: Shop) -> None:
    """The return of the towel waits for its yes."""
    shop.says("I want to send something back", "return_item")
    shop.says("TD-10300", order_number="TD-10300")
    shop.says("delivered@example.com", email="delivered@example.com")
    shop.says("the towel goes back, keep the mugs", "never_mind")
    assert shop.slots()["return_item"] == "TWL-012", shop.core.texts()
    [asked] = shop.says("too small", "inform", return_reason="does_not_fit")
    assert "Bath towel" in asked and "mug" not in asked


def test_a_broken_mug_beside_a_towel_that_goes_back_is_a_matter_of_its_own(shop: Shop) -> None:
    towel_about_to_go_back(shop)
    beside, again = shop.says("oh and one of the mugs has a crack", "damaged_item")
    assert is_response(beside, "utter_damaged_item_beside") and "mug" in beside
    assert "Shall I set up the return of Bath towel" in again
    shop.says("yes, set it up", "affirm")
    request = shop.orders.find("TD-10300").return_request
    assert request is not None and request.skus == ("TWL-012",)


def test_a_second_thing_goes_into_the_same_parcel_after_its_own_yes(shop: Shop) -> None:
    towel_about_to_go_back(shop)
    [asked] = shop.says("the mugs too please", "return_item")
    assert "Bath towel" in asked and "mug" in asked
    assert shop.orders.find("TD-10300").return_request is None
    shop.says("yes, set it up", "affirm")
    request = shop.orders.find("TD-10300").return_request
    assert request is not None and len(request.skus) == 2


def test_another_thing_that_only_a_misreading_hides_stays_out_of_the_return(shop: Shop) -> None:
    towel_about_to_go_back(shop)
    shop.says("wait, there were no mugs in my box", "inform")
    assert shop.slots()["return_item"] == "TWL-012"
    shop.says("yes, set it up", "affirm")
    request = shop.orders.find("TD-10300").return_request
    assert request is not None and request.skus == ("TWL-012",)


def test_the_order_before_does_not_choose_for_a_message_that_names_another(shop: Shop) -> None:
    shop.says("the invoice of 10417", "invoice", order_number="TD-10417", email="two-orders@example.com")
    shop.says("and that of TD-10402", "invoice", order_number="TD-10402")
    assert shop.slots()["order_number"] == "TD-10402"
    [told] = shop.says("so where is the pan", "order_status")
    assert shop.slots()["order_number"] == "TD-10417" and "TD-10417" in told


def test_a_thing_that_is_only_named_gets_the_same_answer_and_no_second_one(shop: Shop) -> None:
    shop.says("the invoice of 10417", "invoice", order_number="TD-10417", email="two-orders@example.com")
    [told] = shop.says("and TD-10402?", "nlu_fallback", order_number="TD-10402")
    assert "TD-10402" in told and "$98.00" in told

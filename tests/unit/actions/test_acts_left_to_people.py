"""An order that the shop's engine does not let us change: the truth is told, and a person offered."""
from __future__ import annotations

from dataclasses import replace

import pytest

from actions.cancel_order import ValidateCancelOrderForm
from actions.change_order import ActionChangeOrder, ValidateChangeAddressForm
from actions.order_fact import ActionOrderFact
from actions.refunds import ActionGetRefund
from actions.returns import ValidateReturnItemForm
from tests.unit.actions.conftest import Scene, Shop, act


def only_read(shop: Shop, number: str) -> None:
    order = shop.orders.orders[number]
    shop.orders.orders[number] = replace(order, can_cancel=False, can_change_address=False, can_return=False)
    shop.match(number, order.postcode)


@pytest.mark.parametrize(("form", "intent", "response"), [
    (ValidateCancelOrderForm, "cancel_order", "utter_cancel_order_by_people"),
    (ValidateChangeAddressForm, "change_address", "utter_change_address_by_people"),
])
async def test_what_has_not_left_is_not_said_to_have_left(
    shop: Shop, form: type, intent: str, response: str,
) -> None:
    only_read(shop, "TD-10433")
    outcome = await act(form(shop.open), Scene(
        intent=intent, form=f"{intent}_form", starts=True, filled={"order_number": "TD-10433"},
        entities={"order_number": "TD-10433"}))
    assert outcome.said == [response]


async def test_a_return_is_left_to_people_within_its_days(shop: Shop) -> None:
    only_read(shop, "TD-10300")
    outcome = await act(ValidateReturnItemForm(shop.open), Scene(
        intent="return_item", form="return_item_form", starts=True, filled={"order_number": "TD-10300"},
        entities={"order_number": "TD-10300"}))
    assert outcome.said == ["utter_return_item_by_people"]


@pytest.mark.parametrize(("action", "number", "response"), [
    (ActionChangeOrder, "TD-10433", "utter_change_order_by_people"),
    (ActionGetRefund, "TD-10433", "utter_cancel_order_by_people"),
    (ActionGetRefund, "TD-10300", "utter_return_item_by_people"),
])
async def test_questions_are_answered_alike(shop: Shop, action: type, number: str, response: str) -> None:
    only_read(shop, number)
    outcome = await act(action(shop.open), Scene(slots={"order_number": number}))
    assert outcome.said[:1] == [response]


@pytest.mark.parametrize(("fact", "response"), [
    ("can_cancel", "utter_cancel_order_by_people"), ("can_change", "utter_change_order_by_people"),
])
async def test_so_are_facts(shop: Shop, fact: str, response: str) -> None:
    only_read(shop, "TD-10433")
    outcome = await act(ActionOrderFact(shop.open), Scene(
        intent=f"order_fact/{fact}", slots={"order_number": "TD-10433"}))
    assert outcome.said[:1] == [response]

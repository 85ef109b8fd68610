"""Who only matched an order is told no more of the person on it than they have shown; who is signed in, all."""
from __future__ import annotations

import pytest

from actions.order_fact import ActionOrderFact
from actions.parcel_problems import ActionDeliveredNotReceived
from actions.payment import ActionInvoice
from tests.unit.actions.conftest import Scene, Shop, act

_HOME, _NAME, _MAIL = "199 Peachtree", "Priya Nair", "delivered@example.com"


@pytest.mark.parametrize(("fact", "contact", "told", "kept_back"), [
    ("address", "30301", "Atlanta, 30301", [_HOME]),
    ("address", _MAIL, "Atlanta", [_HOME, "30301"]),
    ("delivered_to", "30301", "Atlanta, 30301", [_HOME]),
    ("recipient", "30301", "Atlanta, 30301", [_HOME, _NAME]),
    ("confirmation_mail", "30301", "TD-10300", [_MAIL]),
])
async def test_who_only_matched_is_told_what_they_have_shown(
    shop: Shop, fact: str, contact: str, told: str, kept_back: list[str],
) -> None:
    shop.says("hello")
    shop.match("TD-10300", contact)
    outcome = await act(ActionOrderFact(shop.open), Scene(
        intent=f"order_fact/{fact}", text="and?", slots={"order_number": "TD-10300", "contact": contact}))
    said = str(outcome.messages)
    assert told in said
    assert not [one for one in kept_back if one in said]


@pytest.mark.parametrize(("fact", "told"), [("address", _HOME), ("recipient", _NAME), ("confirmation_mail", _MAIL)])
async def test_who_is_signed_in_is_told_all(shop: Shop, fact: str, told: str) -> None:
    shop.know(_MAIL)
    outcome = await act(ActionOrderFact(shop.open), Scene(intent=f"order_fact/{fact}", text="and?"))
    assert told in str(outcome.messages)
    assert len(outcome.said) == 1


async def test_an_address_that_the_customer_typed_is_said_again(shop: Shop) -> None:
    shop.says("hello")
    shop.match("TD-10300", "30301")
    outcome = await act(ActionOrderFact(shop.open), Scene(intent="order_fact/address", text="and?", slots={
        "order_number": "TD-10300", "contact": "30301", "new_address": "199 Peachtree St NE, Atlanta, GA 30301"}))
    assert _HOME in str(outcome.messages)


@pytest.mark.parametrize(("action", "kept_back"), [(ActionDeliveredNotReceived, _HOME), (ActionInvoice, f"'{_MAIL}'")])
async def test_other_answers_keep_it_back_too(shop: Shop, action: type, kept_back: str) -> None:
    shop.says("hello")
    shop.match("TD-10300", "30301")
    scene = Scene(text="and?", slots={"order_number": "TD-10300", "contact": "30301"})
    outcome = await act(action(shop.open), scene)
    assert outcome.said
    assert kept_back not in str(outcome.messages)

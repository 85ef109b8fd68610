"""Payments that did not go through."""
from __future__ import annotations

from actions.payment import ActionPaymentProblem
from tests.unit.actions.conftest import Scene, Shop, act


async def test_an_order_on_hold_is_told_when_a_payment_fails(shop: Shop) -> None:
    shop.know("payment@example.com")
    outcome = await act(ActionPaymentProblem(shop.open), Scene(intent="payment_problem"))
    assert outcome.said == ["utter_order_status_payment_failed"]


async def test_a_stranger_gets_advice_when_a_payment_fails(shop: Shop) -> None:
    outcome = await act(ActionPaymentProblem(shop.open), Scene(intent="payment_problem"))
    assert outcome.said == ["utter_payment_problem"]

"""Refunds, and the way to one."""
from __future__ import annotations

import pytest

from actions.refunds import ActionRefundStatus
from tests.unit.actions.conftest import Scene, Shop, act


async def test_a_refund_that_nobody_started_is_said_to_be_none(shop: Shop) -> None:
    shop.know("delivered@example.com")
    outcome = await act(ActionRefundStatus(shop.open), Scene(slots={"order_number": "TD-10300"}))
    assert outcome.said == ["utter_refund_none"]


@pytest.mark.parametrize(("email", "number", "response"), [
    ("on-time@example.com", "TD-10421", "utter_get_refund_on_its_way"),
    ("new@example.com", "TD-10433", "utter_get_refund_by_cancelling"),
])
async def test_before_delivery_the_way_to_the_money_is_named(
    shop: Shop, email: str, number: str, response: str
) -> None:
    shop.know(email)
    assert (await act(ActionRefundStatus(shop.open), Scene(slots={"order_number": number}))).said == [response]

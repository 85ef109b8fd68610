"""The facts of an order before a person takes over."""
from __future__ import annotations

from actions.order_facts import ActionOrderFacts
from tests.unit.actions.conftest import Scene, Shop, act


async def test_the_facts_of_the_late_order_are_given_without_asking(shop: Shop) -> None:
    shop.know("late@example.com")
    outcome = await act(ActionOrderFacts(shop.open), Scene(intent="order_status"))
    assert outcome.said == ["utter_order_status_held"]


async def test_a_stranger_gets_empathy_and_no_facts(shop: Shop) -> None:
    outcome = await act(ActionOrderFacts(shop.open), Scene(
        intent="order_status", entities={"order_number": "TD-10388", "email": "late@example.com"},
        filled={"order_number": "TD-10388", "contact": "late@example.com"}))
    assert outcome.said == ["utter_acknowledge"]


async def test_the_order_named_beats_the_one_talked_about(shop: Shop) -> None:
    shop.know("two-orders@example.com")
    outcome = await act(ActionOrderFacts(shop.open), Scene(
        intent="order_status", slots={"order_number": "TD-10402"}, entities={"order_number": "TD-10417"}))
    assert outcome.messages[0]["number"] == "TD-10417"


async def test_the_facts_of_a_refund_are_given_when_it_is_about_money(shop: Shop) -> None:
    shop.know("refund-pending@example.com")
    outcome = await act(ActionOrderFacts(shop.open), Scene(intent="get_refund"))
    assert outcome.said == ["utter_refund_pending_inspection"]


async def test_without_the_order_system_there_is_still_empathy(shop: Shop) -> None:
    shop.know("late@example.com")
    shop.orders.down = True
    outcome = await act(ActionOrderFacts(shop.open), Scene(intent="order_status"))
    assert outcome.said == ["utter_acknowledge"]

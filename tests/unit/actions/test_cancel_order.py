"""Cancelling an order: after a yes, once, and while it may be."""
from __future__ import annotations

import pytest

from actions.cancel_order import ActionCancelOrder, ValidateCancelOrderForm
from tandem.orders.model import OrderStatus
from tests.unit.actions.conftest import Outcome, Scene, Shop, act


async def cancel(shop: Shop, number: str, answer: str = "yes") -> Outcome:
    """The bot has asked whether to cancel, and the customer answers."""
    shop.asks("cancel_order", number)
    return await act(ActionCancelOrder(shop.open), Scene(
        intent="affirm", slots={"order_number": number, "confirmed": True}, seq=shop.says(answer)))


async def test_cancel_asks_for_a_yes_first(shop: Shop) -> None:
    shop.know("new@example.com")
    outcome = await act(ValidateCancelOrderForm(shop.open), Scene(
        intent="cancel_order", form="cancel_order_form", starts=True))
    assert outcome.slots["requested_slot"] == "confirmed"
    assert outcome.slots["order_items"] == "Canvas weekend bag, navy"


async def test_a_yes_of_an_earlier_round_does_not_cancel(shop: Shop) -> None:
    shop.know("new@example.com")
    outcome = await act(ValidateCancelOrderForm(shop.open), Scene(
        intent="cancel_order", form="cancel_order_form", starts=True, slots={"confirmed": True}))
    assert outcome.slots["requested_slot"] == "confirmed"


async def test_cancel_refuses_a_shipped_order_before_asking(shop: Shop) -> None:
    shop.know("on-time@example.com")
    outcome = await act(ValidateCancelOrderForm(shop.open), Scene(
        intent="cancel_order", form="cancel_order_form", starts=True, entities={"order_number": "TD-10421"},
        filled={"order_number": "TD-10421"}))
    assert outcome.said == ["utter_cancel_order_too_late"]
    assert outcome.followed_by == ["action_listen"]


async def test_cancel_after_a_yes(shop: Shop) -> None:
    shop.know("new@example.com")
    outcome = await cancel(shop, "TD-10433")
    assert outcome.said == ["utter_cancel_order_done"]
    assert outcome.slots["confirmed"] is None
    assert shop.orders.orders["TD-10433"].status is OrderStatus.CANCELLED
    assert "Refund of $84.00" in str(shop.case())


async def test_the_same_message_again_cancels_once(shop: Shop) -> None:
    shop.know("new@example.com")
    shop.asks("cancel_order", "TD-10433")
    scene = Scene(slots={"order_number": "TD-10433", "confirmed": True}, seq=shop.says("yes"))
    for _ in range(2):
        assert (await act(ActionCancelOrder(shop.open), scene)).said == ["utter_cancel_order_done"]


async def test_a_filled_slot_is_no_yes(shop: Shop) -> None:
    shop.know("new@example.com")
    for seq in (0, shop.says("yes")):  # no question was asked
        scene = Scene(intent="affirm", slots={"order_number": "TD-10433", "confirmed": True}, seq=seq)
        assert (await act(ActionCancelOrder(shop.open), scene)).said == ["utter_cancel_order_kept"]
    for answer in ("no", "yes, but when do I get my money?", "hm", "ok unless it has shipped"):
        assert (await cancel(shop, "TD-10433", answer)).said == ["utter_cancel_order_kept"]
    assert shop.orders.orders["TD-10433"].status is OrderStatus.PROCESSING


async def test_nobody_cancels_someone_elses_order(shop: Shop) -> None:
    shop.know("on-time@example.com")
    assert (await cancel(shop, "TD-10433")).said == ["utter_not_identified"]
    assert shop.orders.orders["TD-10433"].status is OrderStatus.PROCESSING


@pytest.mark.parametrize(("number", "response"), [
    ("TD-10421", "utter_cancel_order_too_late"), ("TD-10300", "utter_cancel_order_delivered"),
    ("TD-10350", "utter_cancel_order_returned"), ("TD-10377", "utter_cancel_order_already_since"),
    ("TD-10190", "utter_cancel_order_delivered_closed"), ("TD-10299", "utter_cancel_order_partly"),
    ("TD-10405", "utter_order_status_lost"),
])
async def test_an_order_that_changed_meanwhile_is_refused_by_its_state(shop: Shop, number: str, response: str) -> None:
    shop.match(number, shop.orders.orders[number].postcode)
    assert (await cancel(shop, number)).said == [response]

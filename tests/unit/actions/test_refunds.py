"""Refunds, and the way to one."""
from __future__ import annotations

import pytest

from actions.refunds import ActionAskGetRefundConsent, ActionGetRefund, ActionRefundStatus, ValidateGetRefundForm
from tandem.agents import audit
from tandem.orders.acts import service
from tandem.shop.schema import Shop as ShopFile
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


LOST = "TD-10405"


@pytest.fixture
def refunds(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop that lets the bot refund up to 500 for an order."""
    shop.know("lost@example.com")
    file = ShopFile.parse_obj({"acts": {"bot": {"may": ["refund"], "per_order": 500, "per_day": 500}}})
    monkeypatch.setattr(service, "current_shop", lambda: file)
    return shop


def opening(**more: object) -> Scene:
    return Scene(intent="get_refund", form="get_refund_form", starts=True, **more)  # type: ignore[arg-type]


def amount(shop: Shop) -> str:
    return f"${shop.orders.orders[LOST].total.amount}"


async def test_unless_the_shop_says_so_a_person_refunds_what_is_lost(shop: Shop) -> None:
    shop.know("lost@example.com")
    outcome = await act(ValidateGetRefundForm(shop.open), opening())
    assert (outcome.slots["requested_slot"], outcome.said) == (None, [])
    outcome = await act(ActionGetRefund(shop.open), Scene(slots={"order_number": LOST}))
    assert outcome.said == ["utter_get_refund_lost"]
    assert shop.orders.orders[LOST].refund is None


async def test_where_the_shop_says_so_the_bot_asks_and_names_the_amount(refunds: Shop) -> None:
    outcome = await act(ValidateGetRefundForm(refunds.open), opening())
    assert (outcome.slots["requested_slot"], outcome.slots["refund_amount"]) == ("confirmed", amount(refunds))
    asked = await act(ActionAskGetRefundConsent(refunds.open), Scene(
        slots={"order_number": LOST, "refund_amount": amount(refunds)}, seq=refunds.says("my money back, please")))
    assert asked.said == ["utter_ask_get_refund_form_confirmed"]


@pytest.mark.parametrize(("email", "number"), [("new@example.com", "TD-10433"), ("on-time@example.com", "TD-10421")])
async def test_what_is_not_lost_is_not_refunded_by_the_bot(refunds: Shop, email: str, number: str) -> None:
    refunds.know(email)
    scene = opening(entities={"order_number": number}, filled={"order_number": number})
    assert (await act(ValidateGetRefundForm(refunds.open), scene)).slots["requested_slot"] is None


@pytest.mark.parametrize("answer", ["yes", "yes, refund it"])
async def test_after_a_yes_the_money_goes_back_once(refunds: Shop, answer: str) -> None:
    refunds.asks("get_refund", LOST, refund_amount=amount(refunds))
    scene = Scene(intent="affirm", seq=refunds.says(answer), slots={
        "order_number": LOST, "confirmed": True, "refund_amount": amount(refunds)})
    for _ in range(2):  # a turn that is run again
        outcome = await act(ActionGetRefund(refunds.open), scene)
        assert outcome.said == ["utter_get_refund_done"] and outcome.slots["confirmed"] is None
    order = refunds.orders.orders[LOST]
    assert order.refund is not None and order.refund.amount == order.total
    assert len(refunds.orders.done) == 1
    lines = audit.entries(refunds.services.engine, action="refund_order")
    assert [(one.actor, one.via, one.conversation_id) for one in lines] == [("bot", "bot", "c1")]
    assert "Refund of" in str(refunds.case())


@pytest.mark.parametrize("answer", ["no", "yes, if it is not found", "what are your hours?"])
async def test_without_a_plain_yes_no_money_goes_back(refunds: Shop, answer: str) -> None:
    refunds.asks("get_refund", LOST, refund_amount=amount(refunds))
    outcome = await act(ActionGetRefund(refunds.open), Scene(intent="affirm", seq=refunds.says(answer), slots={
        "order_number": LOST, "confirmed": True, "refund_amount": amount(refunds)}))
    assert outcome.said == ["utter_get_refund_kept"] and refunds.orders.orders[LOST].refund is None


async def test_a_yes_to_another_amount_moves_no_money(refunds: Shop) -> None:
    refunds.asks("get_refund", LOST, refund_amount="$1.00")
    outcome = await act(ActionGetRefund(refunds.open), Scene(intent="affirm", seq=refunds.says("yes"), slots={
        "order_number": LOST, "confirmed": True, "refund_amount": "$1.00"}))
    assert outcome.said == ["utter_get_refund_lost"] and refunds.orders.orders[LOST].refund is None


async def test_beyond_the_bots_limit_a_person_refunds(refunds: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    file = ShopFile.parse_obj({"acts": {"bot": {"may": ["refund"], "per_order": 5, "per_day": 500}}})
    monkeypatch.setattr(service, "current_shop", lambda: file)
    assert (await act(ValidateGetRefundForm(refunds.open), opening())).slots["requested_slot"] is None

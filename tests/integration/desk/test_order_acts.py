"""Acts on orders over the desk's API: who may, what is seen first, what is done once, and what the customer is told."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response

from tandem.agents import audit
from tandem.conversations.model import Identity, Kind, Message
from tandem.desk.app import create_app
from tandem.orders.acts import service
from tandem.orders.demo_orders import demo_orders
from tandem.orders.errors import OrderSystemUnavailable
from tandem.orders.identification import IdentificationService
from tandem.orders.money import Money
from tandem.orders.policies import ShopPolicies
from tandem.services import Services
from tandem.settings import Settings
from tandem.shop.schema import Shop
from tests.fakes.orders import FakeOrderSystem

LOST, NEW = "TD-10405", "TD-10433"


@pytest.fixture
def orders(services: Services) -> FakeOrderSystem:
    at = services.ledger.clock()
    return FakeOrderSystem(demo_orders(at, ZoneInfo("UTC")), services.ledger.clock, ShopPolicies())


@pytest.fixture
def app(settings: Settings, services: Services, orders: FakeOrderSystem, monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    """The desk with the demo's orders behind it; an agent may give 30 for an order."""
    shop = Shop.parse_obj({"acts": {"agent": {"per_order": 30, "per_day": 500}}})
    monkeypatch.setattr(service, "current_shop", lambda: shop)
    return create_app(settings, replace(
        services, orders=orders, identification=IdentificationService(services.engine, orders)))


@pytest.fixture
def with_anna(
    says: Callable[..., Message], waits: Callable[..., str], anna: TestClient,
) -> TestClient:
    """A customer whom the channel knows as lost@example.com, with Anna."""
    says("c1", "where is my parcel?", identity=Identity("7", "lost@example.com"))
    waits("c1", "a person")
    anna.post("/api/conversations/c1/claim")
    return anna


def preview(client: TestClient, number: str = LOST, conversation_id: str | None = "c1", **body: Any) -> Response:
    return client.post(f"/api/orders/{number}/acts/preview", json={"conversation_id": conversation_id, **body})


def do(client: TestClient, number: str = LOST, key: str = "key-0001", **body: Any) -> Response:
    """Look, and have it done."""
    seen = preview(client, number, **body)
    assert seen.status_code == 200, seen.text
    return client.post(f"/api/orders/{number}/acts", json={
        "conversation_id": "c1", **body, "token": seen.json()["token"], "key": key})


def refunded(orders: FakeOrderSystem) -> Money:
    """Return what the lost order's refund gives back."""
    refund = orders.orders[LOST].refund
    assert refund is not None
    return refund.amount


def test_a_refund_is_seen_first_done_once_noted_and_audited(
    with_anna: TestClient, services: Services, orders: FakeOrderSystem,
) -> None:
    seen = preview(with_anna, act="refund", amount="12.50").json()
    assert (seen["amount"], seen["method"]) == ({"amount": "12.50", "currency": "USD"}, "card")
    assert orders.orders[LOST].refund is None
    body = {"conversation_id": "c1", "act": "refund", "amount": "12.50", "token": seen["token"], "key": "key-0001"}
    answers = [with_anna.post(f"/api/orders/{LOST}/acts", json=body) for _ in range(3)]
    assert [one.status_code for one in answers] == [200] * 3
    assert [one.json()["repeated"] for one in answers] == [False, True, True]
    first = answers[0].json()
    assert first["reference"] == answers[1].json()["reference"] and first["order"]["number"] == LOST
    assert first["says"].startswith("We have refunded $12.50 of order TD-10405 to your card")
    assert orders.find(LOST).refundable == orders.find(LOST).total - refunded(orders)
    notes = [one for one in services.ledger.messages("c1") if one.kind is Kind.NOTE]
    assert len(notes) == 1 and "Refund $12.50" in notes[0].text and notes[0].name == "Anna Berg"
    lines = {(one.actor, one.conversation_id, one.detail) for action in ("refund_order_asked", "refund_order")
             for one in audit.entries(services.engine, action=action)}
    assert lines == {("anna", "c1", "TD-10405 12.50 USD")}


def test_what_may_be_done_is_told_with_what_is_left(with_anna: TestClient) -> None:
    told = with_anna.get(f"/api/orders/{LOST}/acts?conversation_id=c1").json()
    assert told["acts"] == ["exchange", "reship", "refund", "voucher", "expedite", "note"]
    assert told["left_to_give"] == {"amount": "30.00", "currency": "USD"}
    assert do(with_anna, act="voucher", amount="10.00").status_code == 200
    assert with_anna.get(f"/api/orders/{LOST}/acts?conversation_id=c1").json()["left_to_give"]["amount"] == "20.00"


@pytest.mark.parametrize(("body", "status", "error"), [
    ({"act": "refund", "amount": "30.01"}, 409, "order_limit"), ({"act": "refund", "amount": "0"}, 409, "no_amount"),
    ({"act": "refund", "amount": "9999.00"}, 409, "too_much"), ({"act": "refund", "amount": "ten"}, 422, "invalid"),
    ({"act": "refund", "amount": 12.5}, 422, "invalid"), ({"act": "voucher"}, 422, "invalid"),
    ({"act": "expedite"}, 409, "sent_already"), ({"act": "exchange"}, 409, "not_delivered"),
    ({"act": "reship", "skus": ["NOT-1"]}, 422, "invalid"), ({"act": "note", "text": " "}, 409, "no_text"),
    ({"act": "cancel"}, 422, "invalid"), ({}, 422, "invalid"), ({"act": "refund", "amount": "1e400"}, 409, "no_amount"),
    ({"act": "refund", "amount": "NaN"}, 409, "no_amount"),
    ({"act": "refund", "amount": "sNaN"}, 409, "no_amount"),
    ({"act": "voucher", "amount": "1E+999999"}, 409, "no_amount"),
])
def test_what_cannot_be_done_is_refused_with_its_reason(
    with_anna: TestClient, orders: FakeOrderSystem, body: dict[str, Any], status: int, error: str,
) -> None:
    before = orders.orders[LOST]
    answer = preview(with_anna, **body)
    assert (answer.status_code, answer.json()["error"]) == (status, error), answer.text
    assert orders.orders[LOST] == before


def test_a_supervisor_gives_what_an_agent_may_not(with_anna: TestClient, signed_in: Callable[..., TestClient]) -> None:
    assert "30.00 USD would do" in preview(with_anna, act="refund", amount="35.00").json()["detail"]
    ada = signed_in("ada")
    assert preview(ada, act="refund", amount="35.00").status_code == 409, "Anna holds the conversation"
    assert preview(ada, conversation_id=None, act="refund", amount="35.00").status_code == 200


def test_an_agent_acts_only_on_orders_of_the_customer_they_hold(
    with_anna: TestClient, sam: TestClient, says: Callable[..., Message],
) -> None:
    body = {"act": "note", "text": "hello"}
    assert preview(with_anna, NEW, **body).status_code == 409, "another customer's"
    assert preview(with_anna, "TD-99999", **body).json() == preview(with_anna, NEW, **body).json()
    assert preview(with_anna, conversation_id=None, **body).status_code == 403
    assert preview(sam, **body).status_code == 409
    assert preview(with_anna, conversation_id="nobody", **body).status_code == 404
    assert preview(with_anna, "x", **body).status_code == 422
    shown = {"X-Shown-Conversation": "c2"}
    answer = with_anna.post(f"/api/orders/{LOST}/acts/preview", json={"conversation_id": "c1", **body}, headers=shown)
    assert answer.status_code == 409 and "another conversation" in answer.json()["detail"]


def test_without_a_sign_in_or_its_csrf_token_nothing_is_done(
    with_anna: TestClient, stranger: TestClient, orders: FakeOrderSystem,
) -> None:
    assert preview(stranger, act="refund").status_code == 401
    assert stranger.get(f"/api/orders/{LOST}/acts").status_code == 401
    del with_anna.headers["X-CSRF-Token"]
    assert preview(with_anna, act="refund", amount="1.00").status_code == 403
    answer = with_anna.post(f"/api/orders/{LOST}/acts", json={
        "conversation_id": "c1", "act": "refund", "amount": "1.00", "token": "t", "key": "key-0001"})
    assert answer.status_code == 403 and orders.orders[LOST].refund is None


def test_a_preview_of_before_a_colleagues_act_does_nothing(
    with_anna: TestClient, program: TestClient, orders: FakeOrderSystem,
) -> None:
    seen = preview(with_anna, act="refund", amount="5.00").json()
    assert do(program, conversation_id=None, act="refund", amount="10.00").status_code == 200
    body = {"conversation_id": "c1", "act": "refund", "amount": "5.00", "token": seen["token"], "key": "key-0002"}
    answer = with_anna.post(f"/api/orders/{LOST}/acts", json=body)
    assert (answer.status_code, answer.json()["error"]) == (409, "order_changed")
    other = with_anna.post(f"/api/orders/{LOST}/acts", json={**body, "amount": "6.00"})
    assert (other.status_code, other.json()["error"]) == (409, "order_changed")
    assert str(refunded(orders).amount) == "10.00"


def test_a_key_is_of_one_person_and_one_act(with_anna: TestClient) -> None:
    assert do(with_anna, act="note", text="first").status_code == 200
    answer = do(with_anna, act="note", text="second")
    assert (answer.status_code, answer.json()["error"]) == (409, "key_used")


def test_an_order_system_that_is_away_is_told_and_asked_again_it_is_done_once(
    with_anna: TestClient, orders: FakeOrderSystem, monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = orders.act

    def loses(*given: Any, **more: Any) -> None:
        real(*given, **more)
        raise OrderSystemUnavailable("the answer was lost")

    seen = preview(with_anna, act="refund", amount="5.00").json()
    body = {"conversation_id": "c1", "act": "refund", "amount": "5.00", "token": seen["token"], "key": "key-0001"}
    with monkeypatch.context() as patched:
        patched.setattr(orders, "act", loses)
        assert with_anna.post(f"/api/orders/{LOST}/acts", json=body).status_code == 503
    assert with_anna.post(f"/api/orders/{LOST}/acts", json=body).status_code == 200
    assert orders.find(LOST).refundable == orders.find(LOST).total - refunded(orders)


def test_the_customer_is_told_in_their_language(
    says: Callable[..., Message], waits: Callable[..., str], anna: TestClient,
) -> None:
    says("c1", "Wo ist mein Paket? Ich habe es immer noch nicht bekommen.", identity=Identity("7", "lost@example.com"))
    waits("c1", "Ich möchte bitte mit einem Menschen sprechen, es ist immer noch nicht da")
    anna.post("/api/conversations/c1/claim")
    told = do(anna, act="voucher", amount="10.00").json()
    assert told["says"].startswith("Hier ist ein Gutschein über") and told["reference"] in told["says"]
    assert do(anna, key="key-0002", act="note", text="told them").json()["says"] == ""

"""Agents see and change orders as far as the customer has shown that they are theirs, and no further."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response

from tandem.agents import audit
from tandem.conversations.model import Identity, Kind, Message
from tandem.desk.app import create_app
from tandem.desk.views.card import card_view
from tandem.orders.demo_orders import demo_orders
from tandem.orders.identification import IdentificationService
from tandem.orders.policies import ShopPolicies
from tandem.services import Services
from tandem.settings import Settings
from tests.fakes.orders import FakeOrderSystem


@pytest.fixture
def orders(services: Services) -> FakeOrderSystem:
    at = services.ledger.clock()
    return FakeOrderSystem(demo_orders(at, ZoneInfo("UTC")), services.ledger.clock, ShopPolicies())


@pytest.fixture
def app(settings: Settings, services: Services, orders: FakeOrderSystem) -> FastAPI:
    """The desk with the demo's orders behind it."""
    return create_app(settings, replace(
        services, orders=orders, identification=IdentificationService(services.engine, orders)))


@pytest.fixture
def with_anna(
    services: Services, says: Callable[..., Message], waits: Callable[..., str], anna: TestClient,
) -> TestClient:
    """A customer whom the channel knows as new@example.com, with Anna."""
    says("c1", "cancel it, please", identity=Identity("7", "new@example.com"))
    waits("c1", "a person")
    anna.post("/api/conversations/c1/claim")
    return anna


def test_an_order_is_looked_up_and_shown_as_of_now(with_anna: TestClient, orders: FakeOrderSystem) -> None:
    answer = with_anna.post("/api/conversations/c1/orders/TD-10433/look-up")
    assert (answer.status_code, answer.json()["status"]) == (200, "processing")
    assert answer.json()["facts"]["Items"]
    page = with_anna.get("/desk/conversation?c=c1").text
    assert "TD-10433" in page and 'data-do="look-up"' in page and 'data-do="cancel"' in page


def test_orders_of_a_customer_whose_identity_has_ended_stay_closed(
    with_anna: TestClient, services: Services, says: Callable[..., Message],
) -> None:
    assert with_anna.get("/api/conversations/c1").json()["customer"]["email"] == "new@example.com"
    ended = Identity("7", "new@example.com", expires_at=services.ledger.clock())
    says("c1", "are you there?", identity=ended)
    assert with_anna.post("/api/conversations/c1/orders/TD-10433/look-up").status_code == 409
    assert with_anna.get("/api/conversations/c1").json()["customer"] is None


@pytest.mark.parametrize("what", ["look-up", "cancel"])
@pytest.mark.parametrize(("number", "status"), [("TD-10388", 409), ("TD-99999", 409), ("%00", 422), ("x", 422)])
def test_what_is_not_shown_to_be_the_customers_stays_closed(
    with_anna: TestClient, what: str, number: str, status: int,
) -> None:
    answer = with_anna.post(f"/api/conversations/c1/orders/{number}/{what}")
    assert answer.status_code == status
    if status == 409:
        assert "has not shown" in answer.json()["detail"], "a wrong number and a stranger's are told alike"


def test_a_cancel_is_done_once_noted_and_audited(
    with_anna: TestClient, services: Services, orders: FakeOrderSystem,
) -> None:
    for _ in range(3):
        answer = with_anna.post("/api/conversations/c1/orders/TD-10433/cancel")
        assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    notes = [one for one in services.ledger.messages("c1") if one.kind is Kind.NOTE]
    assert len(notes) == 1 and "Cancelled order TD-10433" in notes[0].text and notes[0].name == "Anna Berg"
    lines = audit.entries(services.engine, action="cancel_order")
    assert lines and {(one.actor, one.detail) for one in lines} == {("anna", "TD-10433")}
    assert 'data-do="cancel"' not in with_anna.get("/desk/conversation?c=c1").text


def test_only_the_agent_who_has_the_customer_cancels(with_anna: TestClient, sam: TestClient) -> None:
    assert sam.post("/api/conversations/c1/orders/TD-10433/cancel").status_code == 409
    with_anna.post("/api/conversations/c1/resolve")
    assert with_anna.post("/api/conversations/c1/orders/TD-10433/cancel").status_code == 409


def test_what_the_shop_does_not_allow_is_refused_with_its_reason(
    anna: TestClient, services: Services, orders: FakeOrderSystem, says: Callable[..., Message],
    waits: Callable[..., str],
) -> None:
    says("c2", "hello", identity=Identity("8", "late@example.com"))
    waits("c2", "a person")
    anna.post("/api/conversations/c2/claim")
    answer = anna.post("/api/conversations/c2/orders/TD-10388/cancel")
    assert answer.status_code == 409 and "shipped" in answer.json()["detail"]
    orders.down = True
    assert anna.post("/api/conversations/c2/orders/TD-10388/look-up").status_code == 503


def test_empty_rows_of_the_card_are_not_shown(services: Services, waits: Callable[..., str]) -> None:
    waits("c3", card={"customer": {"verified_by": None, "verified_orders": [], "name": ""},
                      "slots": {"order_number": None, "contact": "", "return_item": "mug"}})
    view = card_view(services.ledger.open_handoffs()["c3"], None)
    assert (view.customer, view.details) == ((), (("return_item", "mug"),))
    waits("c4", card={"customer": {"verified_orders": ["TD-1", "TD-2"]}})
    assert card_view(services.ledger.open_handoffs()["c4"], None).customer == (("Verified orders", "TD-1, TD-2"),)


@pytest.fixture
def stranger_with_anna(waits: Callable[..., str], anna: TestClient) -> TestClient:
    """A customer whom nobody knows, with Anna."""
    waits("c5", "a person, please")
    anna.post("/api/conversations/c5/claim")
    return anna


def find(client: TestClient, number: str, contact: str) -> Response:
    return client.post("/api/conversations/c5/orders/find", json={"number": number, "contact": contact})


def test_an_order_is_found_by_what_the_customer_says_of_it(
    stranger_with_anna: TestClient, services: Services,
) -> None:
    page = stranger_with_anna.get("/desk/conversation?c=c5").text
    assert 'id="find-order"' in page and "TD-10388" not in page
    for number, contact in (("TD-10388", "new@example.com"), ("TD-99999", "late@example.com")):
        answer = find(stranger_with_anna, number, contact)
        assert answer.status_code == 409 and "do not belong together" in answer.json()["detail"]
    answer = find(stranger_with_anna, "td 10388", "Late@Example.com")
    assert (answer.status_code, answer.json()["number"]) == (200, "TD-10388")
    assert "TD-10388" in stranger_with_anna.get("/desk/conversation?c=c5").text
    assert stranger_with_anna.post("/api/conversations/c5/orders/TD-10388/look-up").status_code == 200
    assert [one.detail for one in audit.entries(services.engine, action="find_order")] == ["TD-10388"]


def test_guessing_at_the_desk_is_limited_as_with_the_bot(stranger_with_anna: TestClient) -> None:
    for _ in range(6):
        assert find(stranger_with_anna, "TD-10388", "nobody@example.com").status_code == 409
    assert find(stranger_with_anna, "TD-10388", "late@example.com").status_code == 429


@pytest.mark.parametrize(("number", "contact"), [("", "a@b.cd"), ("TD-10388", ""), ("x" * 65, "a@b.cd"),
                                                 ("TD-10388", "no contact at all"), ("\x00", "a@b.cd")])
def test_what_can_be_no_order_or_contact_is_refused(
    stranger_with_anna: TestClient, number: str, contact: str,
) -> None:
    assert find(stranger_with_anna, number, contact).status_code == 422


def test_only_the_agent_who_has_the_customer_finds_and_lists_orders(
    stranger_with_anna: TestClient, with_anna: TestClient, sam: TestClient,
) -> None:
    assert find(sam, "TD-10388", "late@example.com").status_code == 409
    assert sam.post("/api/conversations/c1/orders/recent").status_code == 409
    assert stranger_with_anna.post("/api/conversations/c5/orders/recent").status_code == 409, "nobody vouches for them"


def test_the_orders_of_a_customer_who_went_straight_to_a_person_are_listed(
    with_anna: TestClient, orders: FakeOrderSystem,
) -> None:
    assert 'data-list="1"' in with_anna.get("/desk/conversation?c=c1").text
    answer = with_anna.post("/api/conversations/c1/orders/recent")
    assert [one["number"] for one in answer.json()["orders"]] == ["TD-10433"]
    page = with_anna.get("/desk/conversation?c=c1").text
    assert "TD-10433" in page and 'data-list="1"' not in page
    orders.down = True
    assert with_anna.post("/api/conversations/c1/orders/recent").status_code == 503


def test_what_a_colleague_has_is_said_with_their_name(
    with_anna: TestClient, sam: TestClient, waits: Callable[..., str],
) -> None:
    answer = sam.post("/api/conversations/c1/claim")
    assert (answer.status_code, answer.json()) == (
        409, {"error": "already_claimed", "detail": "Anna Berg has this conversation"})

"""Accounts at the desk: roles, closing and deleting, one's own password; and what the audit log says of them."""
from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient

from tandem.agents import accounts
from tandem.agents.accounts import AccountError, Role, add_agent, find
from tandem.agents.audit import entries
from tandem.conversations.model import Owner
from tandem.services import Services
from tests.integration.desk.conftest import PASSWORD

OTHER = "another long phrase"


@pytest.fixture
def ada(signed_in: Callable[[str], TestClient]) -> TestClient:
    return signed_in("ada")


def test_only_admins_manage_accounts(anna: TestClient, sam: TestClient, ada: TestClient) -> None:
    for client, expected in ((anna, 403), (sam, 403), (ada, 200)):
        assert client.get("/api/accounts").status_code == expected
        assert client.get("/accounts", headers={"Accept": "text/html"}).status_code == expected
        assert client.patch("/api/accounts/anna", json={"role": "supervisor"}).status_code == expected
    assert anna.delete("/api/accounts/sam").status_code == 403


def test_a_changed_role_holds_from_the_next_request_on(anna: TestClient, ada: TestClient, services: Services) -> None:
    assert anna.get("/api/audit").status_code == 403
    assert ada.patch("/api/accounts/anna", json={"role": "supervisor"}).json()["role"] == "supervisor"
    assert anna.get("/api/audit").status_code == 200
    assert ada.patch("/api/accounts/anna", json={"role": "agent"}).status_code == 200
    assert anna.get("/api/audit").status_code == 403
    assert [one.detail for one in entries(services.engine, action="account_change")] == [
        "anna role agent", "anna role supervisor"]


def test_a_deleted_account_is_gone_and_its_customers_wait_again(
    anna: TestClient, ada: TestClient, services: Services, waits: Callable[..., str],
) -> None:
    waits("c1")
    assert anna.post("/api/conversations/c1/claim").status_code == 200
    assert ada.delete("/api/accounts/anna").status_code == 204
    assert services.ledger.conversation("c1").owner is Owner.WAITING
    assert anna.get("/api/stats").status_code == 401
    assert find(services.engine, "anna") is None
    assert ada.delete("/api/accounts/anna").status_code == 404
    assert ada.post("/api/accounts", json={"id": "anna", "name": "Anna New", "password": OTHER}).status_code == 201


def test_an_account_that_has_customers_is_not_deleted_under_them(
    anna: TestClient, services: Services, waits: Callable[..., str],
) -> None:
    waits("c1")
    assert anna.post("/api/conversations/c1/claim").status_code == 200
    with pytest.raises(AccountError, match="still has 1 conversation"):
        accounts.remove(services.engine, "anna")
    assert find(services.engine, "anna") is not None


@pytest.mark.parametrize("step", [
    lambda client: client.delete("/api/accounts/ada"),
    lambda client: client.patch("/api/accounts/ada", json={"active": False}),
    lambda client: client.patch("/api/accounts/ada", json={"role": "agent"}),
])
def test_the_last_admin_stays(ada: TestClient, services: Services, step: Callable[[TestClient], object]) -> None:
    answer = step(ada)
    assert (answer.status_code, "last open account" in answer.json()["detail"]) == (409, True)
    assert find(services.engine, "ada") == accounts.Account("ada", "Ada Min", Role.ADMIN, True)
    assert ada.get("/api/accounts").status_code == 200, "the session has not ended either"
    assert [one for one in entries(services.engine) if one.action.startswith("account_")] == []


def test_agents_change_their_own_password(
    anna: TestClient, signed_in: Callable[[str], TestClient], services: Services,
) -> None:
    elsewhere = signed_in("anna")
    wrong = anna.post("/api/me/password", json={"current": "no", "password": OTHER})
    easy = anna.post("/api/me/password", json={"current": PASSWORD, "password": "annaannaanna"})
    assert (wrong.status_code, easy.status_code) == (403, 409)
    assert anna.post("/api/me/password", json={"current": PASSWORD, "password": OTHER}).status_code == 204
    assert anna.get("/api/stats").status_code == 200
    assert elsewhere.get("/api/stats").status_code == 401
    assert accounts.check_password(services.engine, "anna", PASSWORD) is None
    assert accounts.check_password(services.engine, "anna", OTHER) is not None
    assert [one.actor for one in entries(services.engine, action="own_password")] == ["anna"]


def test_guessing_the_present_password_through_an_open_session_is_braked(anna: TestClient) -> None:
    answers = [anna.post("/api/me/password", json={"current": f"guess {number}", "password": OTHER}).status_code
               for number in range(6)]
    assert answers == [403] * 5 + [409]


def test_an_admins_new_password_ends_the_agents_sessions(anna: TestClient, ada: TestClient) -> None:
    assert ada.post("/api/accounts/anna/password", json={"password": "short"}).status_code == 409
    assert ada.post("/api/accounts/anna/password", json={"password": OTHER}).status_code == 204
    assert anna.get("/api/stats").status_code == 401


def test_a_new_password_does_not_open_a_closed_account(ada: TestClient, services: Services) -> None:
    assert ada.patch("/api/accounts/anna", json={"active": False}).status_code == 200
    assert ada.post("/api/accounts/anna/password", json={"password": OTHER}).status_code == 204
    assert accounts.check_password(services.engine, "anna", OTHER) is None


def test_two_admins_who_remove_each_other_at_once_leave_one(services: Services) -> None:
    add_agent(services.engine, "bea", "Bea", PASSWORD, Role.ADMIN)

    def remove(agent_id: str) -> bool:
        try:
            accounts.remove(services.engine, agent_id)
        except AccountError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(remove, ("ada", "bea"))) == [False, True]


@pytest.mark.parametrize("body", [
    {"role": "king"}, {"active": "yes"}, {"capacity": 0}, {"name": "\u202e\n"}, {"capacity": 1.5}])
def test_odd_changes_are_refused(ada: TestClient, services: Services, body: dict[str, object]) -> None:
    before = accounts.list_agents(services.engine)
    assert ada.patch("/api/accounts/anna", json=body).status_code in (409, 422)
    assert accounts.list_agents(services.engine) == before

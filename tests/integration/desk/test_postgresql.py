"""What SQLite and PostgreSQL could do differently: races, JSON, characters."""
from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tandem.agents.accounts import add_agent
from tandem.conversations.model import HandoffRequest, Identity, InboundMessage
from tandem.desk.app import create_app
from tandem.desk.security.sign_in_attempts import (
    FREE_PER_ADDRESS,
    FREE_PER_AGENT,
    SignInAttempts,
    SignInRefused,
    TooManyAttempts,
)
from tandem.services import Services, open_services
from tandem.settings import Settings
from tests.fakes.cards import put_card

TOKEN = "a-token-only-for-tests"


@pytest.fixture
def services(ready_url: str, tmp_path: Path) -> Iterator[Services]:
    opened = open_services(Settings(database_url=ready_url))
    yield opened
    opened.engine.dispose()


@pytest.fixture
def program(services: Services, ready_url: str, tmp_path: Path) -> TestClient:
    settings = Settings(database_url=ready_url, tracker_url=f"sqlite:///{tmp_path / 'rasa.db'}", api_token=TOKEN)
    return TestClient(create_app(settings, services), headers={"Authorization": f"Bearer {TOKEN}"},
                      raise_server_exceptions=False)


def test_ten_programs_claim_at_once_and_exactly_one_wins(program: TestClient, services: Services) -> None:
    services.ledger.receive(InboundMessage("c1", "webchat", "hello"))
    services.ownership.open_handoff(HandoffRequest("c1", "Asked for a person", "intent:ask_for_human"))
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda number: program.post("/api/conversations/c1/claim",
                                                            json={"agent": f"agent {number}"}), range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 9


def test_a_reply_sent_ten_times_at_once_is_one_message(program: TestClient, services: Services) -> None:
    services.ledger.receive(InboundMessage("c1", "webchat", "hello"))
    program.post("/api/conversations/c1/take-over")
    body = {"text": "on its way \x00", "client_id": "k1"}
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: program.post("/api/conversations/c1/reply", json=body), range(10)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["seq"] for answer in answers}) == 1


def test_customers_are_found_by_e_mail_in_identity_and_card(program: TestClient, services: Services) -> None:
    services.ledger.receive(InboundMessage("known", "webchat", "hello", identity=Identity("s", "eve@example.com")))
    for name, card in (("carded", {"customer": {"email": "Eve@Example.com"}}), ("odd", {"customer": "eve@example.com"}),
                       ("empty", {})):
        services.ledger.receive(InboundMessage(name, "webchat", "hello"))
        services.ownership.open_handoff(HandoffRequest(name, "x", "y"))
        put_card(services.engine, name, card)
    answer = program.request("DELETE", "/api/customers", params={"email": "eve@example.com"})
    assert answer.json() == {"erased": ["carded", "known"]}


@pytest.mark.parametrize("odd", ["%00", "a%00b", "%ED%A0%80"])
def test_odd_ids_and_e_mails_are_not_found_rather_than_an_error(program: TestClient, odd: str) -> None:
    assert program.get(f"/api/conversations/{odd}").status_code == 404
    assert program.get(f"/api/customers/export?email={odd}").status_code == 404
    assert program.get(f"/api/customers/export?conversation_id={odd}").status_code == 404
    assert program.post("/sign-in", content=f"username={odd}", headers={
        "Content-Type": "application/x-www-form-urlencoded"}).status_code == 403


def outcomes_of_guessing(services: Services, names: list[str], addresses: list[str]) -> list[type[Exception]]:
    """What comes of wrong passwords that are all tried at once."""
    moment = services.ledger.clock()
    door = SignInAttempts(services.engine, lambda: moment)  # no pause ends on a slow machine

    def guess(number: int) -> type[Exception]:
        try:
            door.attempt(names[number], f"guess {number}", addresses[number])
        except (SignInRefused, TooManyAttempts) as error:
            return type(error)
        raise AssertionError("a guess got in")

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(guess, range(len(names))))


def test_guesses_at_one_account_made_side_by_side_all_count(services: Services) -> None:
    add_agent(services.engine, "eve", "Eve", "correct horse battery")
    outcomes = outcomes_of_guessing(services, ["eve"] * 24, [f"10.0.0.{number}" for number in range(24)])
    assert outcomes.count(SignInRefused) == FREE_PER_AGENT


def test_guesses_from_one_address_made_side_by_side_all_count(services: Services) -> None:
    outcomes = outcomes_of_guessing(services, [f"name{number}" for number in range(48)], ["10.0.0.1"] * 48)
    assert outcomes.count(SignInRefused) == FREE_PER_ADDRESS

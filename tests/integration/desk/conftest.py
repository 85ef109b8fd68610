"""The desk over a real database, with two agents, an admin and the API token."""
from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tandem.agents.accounts import Role, add_agent, seed_demo_agents
from tandem.conversations.context_card import NO_CARD, ContextCard
from tandem.conversations.model import HandoffRequest, InboundMessage, Message
from tandem.conversations.outbox import OutboundMessage
from tandem.desk.app import create_app
from tandem.services import Services, open_services
from tandem.settings import Settings
from tests.fakes.cards import put_card

TOKEN = "a-token-only-for-tests"
PASSWORD = "correct horse battery"
CHROMIUM = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync")


@pytest.fixture(scope="session")
def ready_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with tables and accounts, made once: hashing passwords is slow on purpose."""
    path = tmp_path_factory.mktemp("desk") / "ready.db"
    services = open_services(Settings(database_url=f"sqlite:///{path}"))
    seed_demo_agents(services.engine, PASSWORD)
    add_agent(services.engine, "ada", "Ada Min", PASSWORD, Role.ADMIN)
    services.engine.dispose()
    return path


@pytest.fixture
def settings(tmp_path: Path, ready_database: Path) -> Settings:
    # Not a copy of the file: the write-ahead log may still hold what matters.
    with closing(sqlite3.connect(ready_database)) as ready, closing(sqlite3.connect(tmp_path / "desk.db")) as empty:
        ready.backup(empty)
    return Settings(database_url=f"sqlite:///{tmp_path / 'desk.db'}", tracker_url=f"sqlite:///{tmp_path / 'rasa.db'}",
                    api_token=TOKEN)


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    opened = open_services(settings)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def app(settings: Settings, services: Services) -> FastAPI:
    return create_app(settings, services)


@pytest.fixture
def stranger(app: FastAPI) -> TestClient:
    """A client that has not signed in."""
    # Clients are not entered: the application's life, which runs the live feed, belongs to the tests of that.
    return TestClient(app, follow_redirects=False, raise_server_exceptions=False)


@pytest.fixture
def program(app: FastAPI) -> TestClient:
    """A program with the API token."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    return TestClient(app, headers=headers, follow_redirects=False, raise_server_exceptions=False)


def sign_in(client: TestClient, name: str, password: str = PASSWORD) -> TestClient:
    """Sign in through the form, and send the CSRF token from then on, as the page does."""
    form = client.get("/sign-in")
    token = form.text.split('name="form_token" value="')[1].split('"')[0]
    answer = client.post("/sign-in", data={"username": name, "password": password, "form_token": token})
    assert answer.status_code == 303, answer.text
    page = client.get("/")
    client.headers["X-CSRF-Token"] = page.text.split('data-csrf="')[1].split('"')[0]
    return client


@pytest.fixture
def signed_in(app: FastAPI) -> Callable[[str], TestClient]:
    """Clients of agents, each with its own session."""

    def make(name: str) -> TestClient:
        return sign_in(TestClient(app, follow_redirects=False, raise_server_exceptions=False), name)

    return make


@pytest.fixture
def anna(signed_in: Callable[[str], TestClient]) -> TestClient:
    return signed_in("anna")


@pytest.fixture
def sam(signed_in: Callable[[str], TestClient]) -> TestClient:
    return signed_in("sam")


@pytest.fixture
def says(services: Services) -> Callable[..., Message]:
    """A customer writes: `says("c1", "hello", push=True)`."""

    def say(conversation_id: str, text: str, channel: str = "webchat", **more: object) -> Message:
        inbound = InboundMessage(conversation_id, channel, text, **more)
        return services.ledger.receive(inbound).message

    return say


@pytest.fixture
def waits(services: Services, says: Callable[..., Message]) -> Callable[..., str]:
    """A customer who waits for a person: `waits("c1", urgency=0.8)`."""

    def wait(
        conversation_id: str, text: str = "Where is my order?", urgency: float = 0.5, card: object = NO_CARD,
        **more: object,
    ) -> str:
        says(conversation_id, text)
        request = HandoffRequest(conversation_id, reason="Asked for a person", trigger="intent:ask_for_human",
                                 urgency=urgency, **more)
        services.ownership.open_handoff(request)
        put_card(services.engine, conversation_id, card.to_dict() if isinstance(card, ContextCard) else card)
        return conversation_id

    return wait


@pytest.fixture
def outbound(services: Services) -> Callable[[int], OutboundMessage]:
    """The message `seq` on its way to the customer, all before it sent: `outbound(3)`."""

    def lease(seq: int) -> OutboundMessage:
        for _ in range(seq):
            for one in services.outbox.lease(["webchat"]):
                if one.message.seq == seq:
                    return one
                services.outbox.sent(one)
        raise AssertionError(f"message {seq} is not on its way")

    return lease


@pytest.fixture
def address(app: FastAPI) -> Iterator[str]:
    """The desk on a real server."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", ws="none", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")  # not longer: while Playwright runs, tests with an event loop of their own cannot
def browser() -> Iterator[Browser]:
    """The system's Chromium if there is one, else Playwright's own."""
    system = Path("/usr/bin/chromium")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(system) if system.exists() else None,
                                            args=list(CHROMIUM))
        yield opened
        opened.close()


@contextmanager
def desk_of(name: str, browser: Browser, address: str, script: str = "") -> Iterator[Page]:
    """An agent's desk in the browser; a script error or a breach of the content policy fails the test.

    Args:
        script: Run in each page before its own scripts.
    """
    context = browser.new_context(base_url=address)
    if script:
        context.add_init_script(script)
    page = context.new_page()
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.on("console", lambda entry: broken.append(entry.text) if "Content Security Policy" in entry.text else None)
    page.goto("/")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("body[data-ready]")).to_be_visible()
    try:
        yield page
    finally:
        context.close()
    assert broken == []

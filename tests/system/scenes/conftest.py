"""A customer's browser and an agent's, side by side over one running Tandem."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.system.conftest import Stack
from tests.system.webchat.conftest import CHROMIUM, Widget

ANSWER = 20_000  # milliseconds a machine under load may take


class Customer(Widget):
    """A customer on the demo shop's page."""

    def sign_in(self, email: str) -> Customer:
        """Become one of the shop's customers, with the page's own menu."""
        known = self.page.request.get(f"{self.page.url}demo-identity").json()["customers"]
        name = next(customer["name"] for customer in known if customer["email"] == email)
        self.page.locator("#account summary").click()
        self.page.locator("#customers button").filter(has_text=name).click()
        expect(self.page.locator("#account summary")).to_contain_text(name.split()[0])
        return self

    def hears(self, text: str, author: str = "") -> None:
        """Wait until somebody has said something that contains `text`."""
        rows = "[data-testid=message]" + (f"[data-author={author}]" if author else "")
        expect(self.page.locator(rows).filter(has_text=text).last).to_be_visible(timeout=ANSWER)

    def is_told(self, text: str) -> None:
        """Wait until an event in the middle of the log contains `text`."""
        expect(self.find("event").filter(has_text=text).last).to_be_visible(timeout=ANSWER)

    def asks(self, text: str) -> None:
        """Say something and wait until the bot has answered it and stopped writing."""
        bot = self.page.locator("[data-testid=message][data-author=bot]")
        before = bot.count()
        self.say(text)
        expect(bot.nth(before)).to_be_visible(timeout=ANSWER)
        expect(self.find("typing")).to_be_hidden(timeout=ANSWER)
        said = -1
        while said != (said := bot.count()):  # a turn may say two things
            self.page.wait_for_timeout(300)

    def status(self, text: str) -> None:
        """Wait until the header says who answers."""
        expect(self.find("status")).to_contain_text(text, timeout=ANSWER)


class AgentAtDesk:
    """An agent signed in at the desk."""

    def __init__(self, page: Page, stack: Stack, username: str) -> None:
        self.page = page
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.goto(stack.desk_url)
        page.fill("#username", username)
        page.fill("#password", stack.password)
        page.locator("#password").press("Enter")
        page.locator("#queue").wait_for()

    def open(self, conversation_id: str) -> None:
        """Choose a conversation in the queue, once it is there."""
        row = self.page.locator(f"a[data-conversation='{conversation_id}']")
        expect(row).to_be_visible(timeout=ANSWER)
        row.click()
        expect(row).to_have_attribute("aria-current", "page")

    def step(self, name: str) -> None:
        """Press claim, take-over, hand-back, release or resolve."""
        self.page.locator(f"button[data-step='{name}']").click()

    def close_with(self, step: str, note: str = "") -> None:
        """Hand back or resolve, with a line for the bot."""
        self.step(step)
        self.page.fill("#closing-note", note)
        self.page.click("#closing-yes")

    def reply(self, text: str) -> None:
        """Write to the customer."""
        self.page.fill("#text", text)
        self.page.locator("#text").press("Enter")
        expect(self.page.locator("#text")).to_have_value("", timeout=ANSWER)

    def sees(self, text: str) -> None:
        """Wait until the transcript holds `text`."""
        expect(self.page.locator("#lines").get_by_text(text).last).to_be_visible(timeout=ANSWER)

    @property
    def card(self) -> Any:
        """The context card."""
        return self.page.locator("#context")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium if there is one, else Playwright's own."""
    system = Path("/usr/bin/chromium")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(system) if system.exists() else None, args=CHROMIUM)
        yield opened
        opened.close()


@pytest.fixture
def new_customer(browser: Browser, stack: Stack) -> Iterator[Callable[..., Customer]]:
    """Open the shop in a browser of its own, as a stranger or signed in."""
    contexts, customers = [], []

    def make(email: str = "", **options: Any) -> Customer:
        contexts.append(browser.new_context(viewport={"width": 1100, "height": 800}, locale="en-US", **options))
        customer = Customer(contexts[-1].new_page())
        customer.go(stack.webchat_url)
        if email:
            customer.sign_in(email)
        customer.open()
        customers.append(customer)
        return customer

    yield make
    for context in contexts:
        context.close()
    assert [error for customer in customers for error in customer.errors] == []


@pytest.fixture
def new_agent(browser: Browser, stack: Stack) -> Iterator[Callable[..., AgentAtDesk]]:
    """Sign an agent in, in a browser of their own."""
    contexts, agents = [], []

    def make(username: str = "anna") -> AgentAtDesk:
        contexts.append(browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-US"))
        agents.append(AgentAtDesk(contexts[-1].new_page(), stack, username))
        return agents[-1]

    yield make
    for context in contexts:
        context.close()
    assert [error for agent in agents for error in agent.errors] == []


def owner_of(stack: Stack, conversation_id: str) -> str:
    """Who owns the conversation, as the desk's API says."""
    with stack.api as api:
        answer = api.get(f"/api/conversations/{conversation_id}")
        assert answer.status_code == 200, answer.text
        return str(answer.json()["owner"])

"""A web chat server for each test module, and a browser for those that look at it."""
from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.system.webchat.live_chat import LiveChat

CHROMIUM = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync")


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveChat]:
    """A running server with its ledger."""
    server = LiveChat(tmp_path_factory.mktemp("chat"))
    yield server
    server.stop()


@pytest.fixture
def make_chat(tmp_path: Path) -> Iterator[Callable[..., LiveChat]]:
    """Starts servers with settings of their own."""
    started: list[LiveChat] = []

    def make(**settings: Any) -> LiveChat:
        started.append(LiveChat(tmp_path, **settings))
        return started[-1]

    yield make
    for server in started:
        server.stop()


@pytest.fixture
def http(chat: LiveChat) -> Iterator[httpx.Client]:
    """A client of the server's web chat."""
    with httpx.Client(base_url=chat.url, timeout=10) as client:
        yield client


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium if there is one, else Playwright's own."""
    system = Path("/usr/bin/chromium")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(system) if system.exists() else None, args=CHROMIUM)
        yield opened
        opened.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A customer's browser, with nothing in it yet."""
    opened = browser.new_context(viewport={"width": 1100, "height": 780}, locale="en-US")
    yield opened
    opened.close()


class Widget:
    """The chat on a page, as a customer handles it. Test ids reach into the open shadow root."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def go(self, url: str) -> Widget:
        """Load a page with the widget."""
        self.page.goto(url)
        self.find("launcher").or_(self.find("panel")).locator("visible=true").first.wait_for()
        return self

    def open(self) -> Widget:
        """Open the panel with the launcher."""
        self.find("launcher").click()
        self.find("input").wait_for()
        return self

    def find(self, test_id: str) -> Any:
        """A part of the widget."""
        return self.page.get_by_test_id(test_id)

    def say(self, text: str) -> None:
        """Write and send, with the keyboard."""
        self.find("input").fill(text)
        self.find("input").press("Enter")

    def texts(self, author: str = "") -> list[str]:
        """What stands in the log, in order."""
        rows = "[data-testid=message]" + (f"[data-author={author}]" if author else "")
        return list(self.page.locator(f"{rows} [data-testid=text]").all_inner_texts())

    def wait_for_text(self, text: str) -> None:
        """Wait until a message with exactly this text is shown."""
        self.page.locator("[data-testid=message] [data-testid=text]").get_by_text(text, exact=True).first.wait_for()

    @property
    def session(self) -> dict[str, Any]:
        """What the browser keeps of the session."""
        found = self.page.evaluate("Object.entries(localStorage).find(([key]) => key.endsWith(':session'))?.[1]")
        return dict(json.loads(found)) if found else {}

    @property
    def conversation_id(self) -> str:
        """The conversation this browser holds."""
        return str(self.session["conversation_id"])


@pytest.fixture
def widget(context: BrowserContext, chat: LiveChat) -> Iterator[Widget]:
    """The widget, open on the demo page; the test fails if its script raised anything."""
    opened = Widget(context.new_page()).go(chat.url).open()
    yield opened
    assert opened.errors == []


def sign_in(page: Page, name: str) -> None:
    """Become a customer of the demo shop, or a stranger again, on the demo page."""
    page.locator("#account summary").click()
    page.locator("#customers").get_by_role("button", name=name).click()


class Site:
    """Another site than the chat's, with one page."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

        class Quiet(SimpleHTTPRequestHandler):
            def __init__(self, *args: Any, **more: Any) -> None:
                super().__init__(*args, directory=str(folder), **more)

            def log_message(self, format: str, *args: Any) -> None:
                return None

            def end_headers(self) -> None:
                self.send_header("Cache-Control", "no-store")  # a page changed within a second counts as the same one
                super().end_headers()

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"

    def page(self, content: str, attributes: str = 'lang="en"') -> str:
        """Put this on the page; its address."""
        (self._folder / "shop.html").write_text(
            f'<!doctype html><html {attributes}><meta charset="utf-8"><title>Shop</title>'
            f'<meta name="viewport" content="width=device-width, initial-scale=1">{content}', encoding="utf-8")
        return f"{self.address}/shop.html"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A shop's site on another origin than the chat."""
    opened = Site(tmp_path)
    yield opened
    opened.server.shutdown()


@pytest.fixture
def artefacts() -> Path:
    """Where screenshots are kept."""
    folder = Path("artifacts/webchat")
    folder.mkdir(parents=True, exist_ok=True)
    return folder

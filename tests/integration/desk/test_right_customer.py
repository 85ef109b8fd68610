"""Words reach the customer whom the agent sees, whatever is slow, fails, ends or is opened meanwhile."""
from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, Page, Route, expect

from tandem.conversations.model import Agent, Message
from tandem.desk.routes import pages
from tandem.services import Services
from tests.integration.desk.conftest import PASSWORD, desk_of

ANNA, SAM = Agent("anna", "Anna Berg"), Agent("sam", "Sam Okafor")


@pytest.fixture
def desk(browser: Browser, address: str, services: Services, waits: Callable[..., str]) -> Iterator[Page]:
    """Anna's desk; she has the customers alice and bob."""
    for name in ("alice", "bob"):
        waits(name, f"I am {name}")
        services.ownership.claim(name, ANNA)
    with desk_of("anna", browser, address) as page:
        expect(page.locator("#group-mine a")).to_have_count(2)
        yield page


def row(page: Page, name: str) -> str:
    return f'#queue a[data-conversation="{name}"]'


def said(services: Services, name: str) -> list[str]:
    return [one.text for one in services.ledger.transcript(name) if one.author == "agent"]


class Gate:
    """Holds the answers about one conversation back, in the server's own threads."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        self.open, self.reached = threading.Event(), threading.Event()
        real = pages.conversation_view

        def slow(*values: object, **named: object) -> object:
            view = real(*values, **named)
            if view.conversation.id == name:
                self.reached.set()
                self.open.wait(20)
            return view

        monkeypatch.setattr(pages, "conversation_view", slow)


def test_a_slow_answer_about_one_customer_never_shows_under_another(
    desk: Page, services: Services, monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = Gate(monkeypatch, "alice")
    try:
        desk.locator(row(desk, "alice")).click()
        assert gate.reached.wait(10)
        desk.locator(row(desk, "bob")).click()
        expect(desk.locator(".line.customer .bubble")).to_have_text("I am bob")
        desk.locator("#text").fill("for bob")
    finally:
        gate.open.set()
    desk.wait_for_timeout(500)
    expect(desk.locator("#head .id")).to_have_text("bob")
    desk.locator("#text").press("Enter")
    expect(desk.locator(".line.agent .bubble")).to_have_text("for bob")
    assert (said(services, "alice"), said(services, "bob")) == ([], ["for bob"])


def test_while_a_customer_is_being_opened_nothing_goes_to_the_one_before(
    desk: Page, services: Services, monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk.locator(row(desk, "alice")).click()
    desk.locator("#text").fill("half a line for alice")
    gate = Gate(monkeypatch, "bob")
    try:
        desk.locator(row(desk, "bob")).click()
        assert gate.reached.wait(10)
        expect(desk.locator(".line")).to_have_count(0)
        expect(desk.locator("#head")).to_contain_text("Opening")
        desk.keyboard.type("ben")  # b, e and n are shortcuts
        desk.keyboard.press("Enter")
        expect(desk.get_by_role("dialog")).to_have_count(0)
    finally:
        gate.open.set()
    expect(desk.locator(".line.customer .bubble")).to_have_text("I am bob")
    expect(desk.locator("#text")).to_have_value("")
    desk.locator(row(desk, "alice")).click()
    expect(desk.locator("#text")).to_have_value("half a line for alice")
    assert (said(services, "alice"), said(services, "bob")) == ([], [])


def test_an_opening_that_fails_is_tried_again_and_shows_nobody_else(desk: Page, services: Services) -> None:
    desk.locator(row(desk, "alice")).click()
    expect(desk.locator("#text")).to_be_visible()
    answers: list[int] = []

    def fail_twice(route: Route) -> None:
        answers.append(503)
        if len(answers) > 2:
            route.continue_()
        else:
            route.fulfill(status=503, body="no")

    desk.route(re.compile("first=1&c=bob"), fail_twice)
    desk.locator(row(desk, "bob")).click()
    expect(desk.locator("#head")).to_contain_text("Trying again")
    expect(desk.locator(".line")).to_have_count(0)
    expect(desk.locator("#text")).to_be_hidden()
    expect(desk.locator(".line.customer .bubble")).to_have_text("I am bob")
    assert len(answers) == 3


def test_an_answer_about_another_conversation_is_never_shown(desk: Page) -> None:
    desk.locator(row(desk, "alice")).click()
    expect(desk.locator(".line.customer .bubble")).to_have_text("I am alice")
    mixed: list[str] = []

    def mix_up(route: Route) -> None:
        mixed.append(route.request.url)
        route.continue_(url=route.request.url.replace("c=alice", "c=bob"))

    desk.route(re.compile("/desk/conversation.*c=alice"), mix_up)
    desk.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(desk.locator("#connection")).to_have_text("Reconnecting…")
    assert mixed
    expect(desk.locator("#head .id")).to_have_text("alice")
    expect(desk.locator(".line.customer .bubble")).to_have_text("I am alice")
    desk.unroute(re.compile("/desk/conversation.*c=alice"))
    expect(desk.locator("#connection")).to_have_text("")


def test_the_desk_refuses_a_step_whose_page_shows_somebody_else(
    anna: TestClient, services: Services, waits: Callable[..., str],
) -> None:
    for name in ("alice", "bob/ü"):
        waits(name)
        services.ownership.claim(name, ANNA)
    shown = {"X-Shown-Conversation": "alice"}
    for step, body in (("reply", {"text": "x"}), ("note", {"text": "x"}), ("typing", {}), ("resolve", {}),
                       ("hand-back", {}), ("release", {}), ("messages/1/retry", {}), ("orders/TD-1/cancel", {})):
        answer = anna.post(f"/api/conversations/bob%2F%C3%BC/{step}", json=body, headers=shown)
        assert answer.status_code == 409 and "another conversation" in answer.json()["detail"], step
    assert said(services, "bob/ü") == [] and services.ledger.conversation("bob/ü").owner == "agent"
    right = {"X-Shown-Conversation": "bob%2F%C3%BC"}
    assert anna.post("/api/conversations/bob%2F%C3%BC/reply", json={"text": "x"}, headers=right).status_code == 200


def test_a_fragment_for_a_stranger_is_refused_and_never_the_sign_in_page(stranger: TestClient) -> None:
    for address in ("/desk/queue", "/desk/queue/more", "/desk/conversation?c=c1", "/desk/session", "/"):
        answer = stranger.get(address, headers={"Accept": "text/html-fragment"})
        assert (answer.status_code, answer.headers["content-type"]) == (401, "application/json")
        assert "sign-in" not in answer.text


def sign_in(page: Page, name: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("body[data-ready]")).to_be_visible()


def test_a_page_whose_session_is_over_keeps_the_words_and_heals_by_a_sign_in_elsewhere(
    desk: Page, services: Services,
) -> None:
    desk.locator(row(desk, "alice")).click()
    desk.locator("#text").fill("for alice")
    desk.context.clear_cookies()
    desk.locator(row(desk, "bob")).click()
    banner = desk.get_by_role("alert").filter(has_text="You are signed out")
    expect(banner).to_be_visible()
    expect(desk).to_have_title("Signed out · Tandem Shop")
    expect(desk.locator("#text")).to_be_hidden()
    expect(desk.locator("#queue")).not_to_contain_text("Password")
    assert {key: value for key, value in desk.evaluate("Object.entries(localStorage)") if "draft" in key} == {
        "tandem:draft:anna:reply:alice": '{"text":"for alice"}'}
    assert "next=" in str(desk.get_by_role("link", name="Sign in").get_attribute("href"))
    other = desk.context.new_page()
    other.goto("/sign-in")
    sign_in(other, "anna")
    other.close()
    expect(banner).to_be_hidden(timeout=15_000)
    expect(desk.locator(".line.customer .bubble")).to_have_text("I am bob")
    expect(desk.locator("#connection")).to_have_text("")
    desk.locator(row(desk, "alice")).click()
    expect(desk.locator("#text")).to_have_value("for alice")
    desk.locator("#text").press("Enter")
    expect(desk.locator(".line.agent .bubble")).to_have_text("for alice")
    assert (said(services, "alice"), said(services, "bob")) == (["for alice"], [])


def test_a_reply_written_before_a_new_sign_in_goes_out_with_the_new_session(desk: Page, services: Services) -> None:
    desk.locator(row(desk, "alice")).click()
    desk.locator("#text").fill("for alice")
    desk.context.clear_cookies()
    other = desk.context.new_page()
    other.goto("/sign-in")
    sign_in(other, "anna")
    desk.locator("#text").press("Enter")
    expect(desk.locator(".line.agent .bubble")).to_have_text("for alice", timeout=15_000)
    assert said(services, "alice") == ["for alice"]


def test_a_page_is_not_another_agents_after_they_signed_in_in_its_browser(desk: Page, services: Services) -> None:
    desk.locator(row(desk, "alice")).click()
    desk.locator("#text").fill("from anna")
    desk.context.clear_cookies()
    other = desk.context.new_page()
    other.goto("/sign-in")
    sign_in(other, "sam")
    desk.locator("#text").press("Enter")
    expect(desk.get_by_role("alert").filter(has_text="Sam Okafor has signed in")).to_be_visible()
    assert said(services, "alice") == []
    desk.get_by_role("link", name="Go on as they").click()
    expect(desk.locator(".me")).to_have_text("Sam Okafor")
    assert "tandem:draft:anna:reply:alice" in desk.evaluate("Object.keys(localStorage)")


def test_being_taken_over_in_the_middle_of_a_draft_says_so_and_keeps_it(desk: Page, services: Services) -> None:
    desk.locator(row(desk, "alice")).click()
    desk.locator("#text").fill("half a sen")
    services.ownership.take_over("alice", SAM)
    expect(desk.locator("#send-state")).to_contain_text("With Sam Okafor. Your text is kept here and was not sent.")
    expect(desk.locator("#text")).to_have_value("half a sen")
    expect(desk.locator("#send")).to_be_disabled()


def test_ending_with_words_not_sent_asks_first(desk: Page, services: Services) -> None:
    desk.locator(row(desk, "alice")).click()
    desk.locator("#text").fill("not sent yet")
    for button in ("Resolve", "Hand back to bot", "Release"):
        desk.locator("#head").get_by_role("button", name=button).click()
        expect(desk.get_by_role("dialog")).to_contain_text("not sent yet")
        desk.keyboard.press("Enter")  # the safe button has the focus
        expect(desk.get_by_role("dialog")).to_have_count(0)
    assert services.ledger.conversation("alice").owner == "agent"
    desk.locator("#head").get_by_role("button", name="Resolve").click()
    desk.get_by_role("dialog").get_by_role("button", name="Resolve").click()
    expect(desk.locator("#head .owner")).to_have_text("Resolved")
    expect(desk.locator("#text")).to_have_value("not sent yet")


def test_reconnecting_is_said_as_long_as_it_is_true(desk: Page, says: Callable[..., Message]) -> None:
    desk.locator(row(desk, "alice")).click()
    expect(desk.locator("#text")).to_be_visible()
    desk.route("**/desk/conversation**", lambda route: route.fulfill(status=503, body="no"), times=1)
    says("alice", "hello again")
    expect(desk.locator("#connection")).to_have_text("Reconnecting…")
    expect(desk.locator("#connection")).to_have_text("")
    expect(desk.locator(".line.customer .bubble").last).to_have_text("hello again")


def test_sending_is_not_said_any_more_once_it_is_sent(desk: Page, services: Services) -> None:
    desk.locator(row(desk, "alice")).click()
    expect(desk.locator("#text")).to_be_visible()
    held: list[Route] = []
    desk.route("**/desk/conversation**", lambda route: held.append(route))
    desk.locator("#text").fill("hello")
    desk.locator("#text").press("Enter")
    expect(desk.locator("#text")).to_have_value("")
    desk.wait_for_timeout(600)  # longer than it takes to say "Sending…"
    expect(desk.locator("#send-state")).not_to_contain_text("Sending")
    assert held and said(services, "alice") == ["hello"]
    desk.unroute("**/desk/conversation**")


def test_a_page_that_slept_has_every_line(desk: Page, services: Services, says: Callable[..., Message]) -> None:
    desk.locator(row(desk, "alice")).click()
    expect(desk.locator(".line")).to_have_count(1)
    desk.context.set_offline(True)
    for number in range(90):
        says("alice", f"word {number}")
    desk.context.set_offline(False)
    expect(desk.locator(".line.customer .bubble")).to_have_text(["I am alice", *(f"word {one}" for one in range(90))],
                                                               timeout=20_000)

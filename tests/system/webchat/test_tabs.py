"""Two tabs of one browser: whoever signs in or out in one, the other shows and sends nothing of somebody else's."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jwt
import pytest
from playwright.sync_api import BrowserContext, Route, expect

from tandem.conversations.model import Author
from tandem.db.engine import now
from tests.system.webchat.conftest import Widget, sign_in
from tests.system.webchat.live_chat import LiveChat

ROW = "[data-testid=message]"
DEAF = "addEventListener('storage', (event) => event.stopImmediatePropagation(), true)"  # a tab that is told nothing


def token(subject: str, seconds: float = 600) -> str:
    claims = {"sub": subject, "email": f"{subject}@example.com", "exp": now().timestamp() + seconds}
    return jwt.encode(claims, "i" * 32, algorithm="HS256")


def identify(widget: Widget, subject: str) -> None:
    widget.page.evaluate("(token) => window.Tandem.identify(token)", token(subject))


def said(chat: LiveChat, conversation_id: str) -> list[str]:
    return [one.text for one in chat.services.ledger.messages(conversation_id) if one.author is Author.CUSTOMER]


def talk(widget: Widget, text: str) -> str:
    widget.say(text)
    widget.wait_for_text(f"You said: {text}")
    return widget.conversation_id


def grace_comes(widget: Widget) -> None:
    sign_in(widget.page, "Grace Okafor")
    expect(widget.page.locator(ROW)).to_have_count(0)


@pytest.fixture
def tabs(context: BrowserContext, chat: LiveChat) -> tuple[Widget, Widget]:
    """Two tabs of a customer who is signed in and has said something."""
    one = Widget(context.new_page()).go(chat.url)
    sign_in(one.page, "Marcus Reed")
    one.open()
    talk(one, "Marcus speaking")
    two = Widget(context.new_page()).go(chat.url).open()
    two.wait_for_text("You said: Marcus speaking")
    return one, two


def test_another_customer_in_one_tab_is_another_customer_in_both(tabs: tuple[Widget, Widget], chat: LiveChat) -> None:
    one, two = tabs
    marcus = one.conversation_id
    two.find("input").fill("the draft of Marcus")
    grace_comes(one)
    expect(two.page.locator(ROW)).to_have_count(0)
    expect(two.find("input")).to_have_value("")
    grace = talk(two, "Grace speaking")
    one.wait_for_text("You said: Grace speaking")
    assert grace != marcus
    assert (said(chat, marcus), said(chat, grace)) == (["Marcus speaking"], ["Grace speaking"])
    known = chat.services.ledger.conversation(grace).identity
    assert known is not None and known.email == "vip@example.com"
    two.page.reload()
    two.wait_for_text("You said: Grace speaking")
    assert one.errors == two.errors == []


def test_signing_out_in_one_tab_ends_it_in_both_and_on_the_server(tabs: tuple[Widget, Widget], chat: LiveChat) -> None:
    one, two = tabs
    marcus, token_ = one.conversation_id, one.session["token"]
    sign_in(one.page, "A stranger")
    expect(two.page.locator(ROW)).to_have_count(0)
    two.page.wait_for_timeout(300)
    assert chat.services.ledger.conversation(marcus).identity is None
    answer = two.page.evaluate("(token) => fetch('messages', {headers: {Authorization: `Bearer ${token}`}})"
                               ".then((answer) => answer.status)", token_)
    assert answer == 401
    chat.services.ledger.record_bot_reply(marcus, 0, "for Marcus only")
    stranger = talk(two, "who am I?")
    assert stranger != marcus
    assert chat.services.ledger.conversation(stranger).identity is None
    assert "for Marcus only" not in one.texts() + two.texts()
    one.wait_for_text("You said: who am I?")


@pytest.mark.parametrize("held", ["messages", "sessions"])
def test_an_answer_that_comes_after_the_switch_changes_nothing(
    tabs: tuple[Widget, Widget], chat: LiveChat, held: str,
) -> None:
    one, two = tabs
    marcus = one.conversation_id
    waiting: list[Route] = []
    slow = [True]

    def hold(route: Route) -> Any:
        return waiting.append(route) if slow[0] and route.request.method == "POST" else route.continue_()

    two.page.route(f"**/webhooks/webchat/{held}", hold)
    if held == "sessions":
        two.page.reload()
        two.find("input").wait_for()
    two.say("sent by Marcus")
    while not waiting:
        two.page.wait_for_timeout(50)
    grace_comes(one)
    grace = talk(one, "Grace speaking")
    two.wait_for_text("You said: Grace speaking")
    slow[0] = False
    for route in waiting:
        route.continue_()
    two.page.wait_for_timeout(1200)
    assert one.conversation_id == two.conversation_id == grace != marcus
    assert said(chat, grace) == ["Grace speaking"]
    assert two.texts() == ["Grace speaking", "You said: Grace speaking"]
    talk(two, "Grace again")
    assert said(chat, grace) == ["Grace speaking", "Grace again"]


def test_a_tab_that_was_told_nothing_still_sends_nothing_into_anothers_conversation(
    context: BrowserContext, chat: LiveChat,
) -> None:
    one = Widget(context.new_page()).go(chat.url)
    sign_in(one.page, "Marcus Reed")
    one.open()
    marcus = talk(one, "Marcus speaking")
    page = context.new_page()
    page.add_init_script(DEAF)
    two = Widget(page).go(chat.url).open()
    two.wait_for_text("You said: Marcus speaking")
    two.find("input").fill("the draft of Marcus")
    grace_comes(one)
    grace = talk(one, "Grace speaking")
    two.find("input").press("Enter")
    two.wait_for_text("You said: Grace speaking")
    assert "the draft of Marcus" not in said(chat, grace) + said(chat, marcus)
    assert two.texts("customer") == ["Grace speaking"]


def test_signing_in_keeps_the_conversation_in_every_tab(context: BrowserContext, chat: LiveChat) -> None:
    one = Widget(context.new_page()).go(chat.url).open()
    before = talk(one, "hello")
    two = Widget(context.new_page()).go(chat.url).open()
    two.wait_for_text("You said: hello")
    old = one.session["token"]
    identify(one, "ada")
    talk(two, "and in the other tab")
    one.wait_for_text("You said: and in the other tab")
    assert one.conversation_id == two.conversation_id == before
    assert one.session["token"] != old
    identify(one, "ada")  # a fresh token of the same customer
    talk(two, "still there")
    assert one.conversation_id == before


def test_a_lost_answer_to_signing_in_loses_no_conversation(widget: Widget, chat: LiveChat) -> None:
    before = talk(widget, "hello")
    lost: list[int] = []

    def lose(route: Route) -> None:
        if lost:
            return route.continue_()
        lost.append(route.fetch().status)
        return route.abort()

    widget.page.route("**/webhooks/webchat/sessions", lose)
    identify(widget, "ada")
    talk(widget, "signed in")
    assert lost == [200]
    assert widget.conversation_id == before
    assert chat.services.ledger.conversation(before).identity is not None


def test_signing_out_without_a_connection_reaches_the_server_later(
    context: BrowserContext, chat: LiveChat,
) -> None:
    widget = Widget(context.new_page()).go(chat.url).open()
    identify(widget, "ada")
    before = talk(widget, "hello")
    context.set_offline(True)
    widget.page.evaluate("window.Tandem.signOut()")
    expect(widget.page.locator(ROW)).to_have_count(0)
    widget.page.close()
    assert chat.services.ledger.conversation(before).identity is not None
    context.set_offline(False)
    again = Widget(context.new_page()).go(chat.url)
    again.page.wait_for_timeout(500)
    assert chat.services.ledger.conversation(before).identity is None
    assert before not in again.page.evaluate("JSON.stringify(Object.values(localStorage))")


def test_what_one_customer_could_not_send_is_never_sent_for_the_next(context: BrowserContext, chat: LiveChat) -> None:
    widget = Widget(context.new_page()).go(chat.url)
    sign_in(widget.page, "Marcus Reed")
    widget.open()
    marcus = talk(widget, "Marcus speaking")
    context.set_offline(True)
    widget.say("private words of Marcus")
    widget.find("input").fill("half a thought of Marcus")
    widget.page.close()
    context.set_offline(False)
    page = context.new_page()
    page.add_init_script("localStorage.setItem('tandem-demo-customer', 'vip@example.com')")
    again = Widget(page).go(chat.url).open()
    expect(again.find("input")).to_have_value("")
    grace = talk(again, "Grace speaking")
    assert grace != marcus
    assert said(chat, grace) == ["Grace speaking"]
    assert "private words of Marcus" not in again.texts()
    assert again.errors == []


def test_a_visitors_earlier_visit_is_not_shown_to_a_customer_who_signs_in(
    context: BrowserContext, make_chat: Callable[..., LiveChat],
) -> None:
    chat = make_chat()
    widget = Widget(context.new_page()).go(chat.url).open()
    visitor = talk(widget, "words of a visitor")
    with chat.services.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE conversations SET last_customer_at = '2020-01-01 00:00:00.000000'")
    identify(widget, "ada")
    expect(widget.page.locator(ROW)).to_have_count(0)
    ada = talk(widget, "Ada speaking")
    assert ada != visitor
    assert widget.texts() == ["Ada speaking", "You said: Ada speaking"]

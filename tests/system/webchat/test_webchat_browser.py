"""The widget in a real browser: what a customer sees, keeps and can do."""
from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tandem.channels.credentials import WebChatOptions
from tandem.conversations.model import Agent, Author
from tandem.handoff.business_hours import BusinessHours
from tests.system.webchat.conftest import Site, Widget, sign_in
from tests.system.webchat.live_chat import LiveChat

ROW = "[data-testid=message]"


def own(widget: Widget) -> Any:
    return widget.page.locator(f"{ROW}[data-author=customer]")


def stored(chat: LiveChat, widget: Widget) -> list[str]:
    messages = chat.services.ledger.messages(widget.conversation_id)
    return [message.text for message in messages if message.author is Author.CUSTOMER]


# -- talking --------------------------------------------------------------------------------------------------


def test_a_message_goes_out_and_the_answer_comes_in(widget: Widget, chat: LiveChat) -> None:
    widget.say("Where is my order?")
    widget.wait_for_text("You said: Where is my order?")
    expect(own(widget).get_by_test_id("state")).to_have_text("Sent")
    assert widget.texts() == ["Where is my order?", "You said: Where is my order?"]
    assert stored(chat, widget) == ["Where is my order?"]
    expect(widget.find("status")).to_have_text("Answers right away")
    expect(widget.find("empty")).to_be_hidden()


def test_the_pages_language_goes_with_each_message(widget: Widget, chat: LiveChat) -> None:
    widget.page.evaluate("document.documentElement.lang = 'pt-BR'")
    widget.say("hello")
    widget.wait_for_text("You said: hello")
    assert chat.services.ledger.messages(widget.conversation_id)[0].data["language"] == "pt-br"


def test_the_bots_typing_sign_shows_while_it_works(widget: Widget) -> None:
    widget.say("slow please")
    expect(widget.find("typing")).to_be_visible()
    expect(widget.find("typing")).to_contain_text("Assistant is writing")
    widget.wait_for_text("You said: slow please")
    expect(widget.find("typing")).to_be_hidden()


def test_quick_replies_are_buttons_until_one_is_chosen(widget: Widget, chat: LiveChat) -> None:
    widget.say("let me choose")
    replies = widget.find("quick-reply")
    expect(replies).to_have_count(2)
    expect(replies.first).to_be_enabled()
    replies.nth(1).click()
    widget.wait_for_text('You said: /inform{"order_number": "TD-10417"}')
    assert widget.texts("customer")[-1] == "TD-10417"
    expect(replies.first).to_be_disabled()
    expect(replies.nth(1)).to_have_class("chosen")
    sent = [one for one in chat.services.ledger.messages(widget.conversation_id) if one.text == "TD-10417"]
    assert sent[0].data["payload"] == '/inform{"order_number": "TD-10417"}'


def test_offers_stand_until_the_customer_answers_whatever_else_the_bot_says(widget: Widget) -> None:
    widget.say("let me choose and then go on")
    widget.wait_for_text("Or write its number.")
    expect(widget.find("quick-reply").first).to_be_enabled()
    widget.say("never mind")
    widget.wait_for_text("You said: never mind")
    expect(widget.find("quick-reply").first).to_be_disabled()
    expect(widget.page.locator(".chosen")).to_have_count(0)


def test_the_way_out_of_the_queue_is_shown_once_and_ends_other_offers(widget: Widget, chat: LiveChat) -> None:
    widget.say("let me choose")
    expect(widget.find("quick-reply").first).to_be_enabled()
    handoff = chat.hand_off(widget.conversation_id)
    conversation = chat.services.ledger.conversation(widget.conversation_id)
    data = {"buttons": [{"title": "Back to the assistant", "payload": "/back_to_bot"}]}
    chat.services.ledger.record_bot_reply(
        conversation.id, conversation.epoch, "I am calling a person.", announces=handoff.id, data=data)
    widget.wait_for_text("I am calling a person.")
    expect(widget.find("quick-reply")).to_have_count(2)
    expect(widget.find("quick-reply").first).to_be_disabled()
    widget.find("back-to-bot").click()
    expect(widget.find("status")).to_have_text("Answers right away")


def test_the_bots_offers_end_when_a_person_joins(widget: Widget, chat: LiveChat) -> None:
    widget.say("let me choose")
    expect(widget.find("quick-reply").first).to_be_enabled()
    chat.hand_off(widget.conversation_id)
    chat.claim(widget.conversation_id)
    expect(widget.find("event")).to_have_text("Anna Berg has joined the conversation.")
    expect(widget.find("quick-reply").first).to_be_disabled()


def test_starters_begin_the_conversation(widget: Widget) -> None:
    widget.find("starter").first.click()
    widget.wait_for_text("You said: Where is my order?")


def test_a_customer_who_waits_outside_business_hours_is_not_promised_somebody_now(
    context: BrowserContext, make_chat: Callable[..., LiveChat],
) -> None:
    zone = ZoneInfo("UTC")
    yesterday = (datetime.now(zone).weekday() - 1) % 7
    chat = make_chat(duty=BusinessHours(zone, {yesterday: ((time(8), time(9)),)}))
    widget = Widget(context.new_page()).go(chat.url).open()
    widget.say("Can I talk to a person?")
    widget.wait_for_text("You said: Can I talk to a person?")
    chat.hand_off(widget.conversation_id)
    expect(widget.find("place")).to_have_text("You will be 1st in line.")
    expect(widget.find("status")).to_have_text("Nobody is on duty right now")


def test_a_person_takes_over_and_hands_back(widget: Widget, chat: LiveChat, artefacts: Path) -> None:
    widget.say("Can I talk to a person?")
    widget.wait_for_text("You said: Can I talk to a person?")
    chat.hand_off(widget.conversation_id)
    expect(widget.find("queue")).to_be_visible()
    expect(widget.find("place")).to_have_text("You are next in line.")
    widget.page.screenshot(path=artefacts / "waiting.png")
    chat.claim(widget.conversation_id)
    expect(widget.find("status")).to_have_text("Anna Berg is with you")
    expect(widget.find("queue")).to_be_hidden()
    expect(widget.find("event")).to_have_text("Anna Berg has joined the conversation.")
    chat.reply(widget.conversation_id, "Hi, I am looking at your order.")
    widget.wait_for_text("Hi, I am looking at your order.")
    expect(widget.page.locator(f"{ROW}[data-author=agent]").get_by_test_id("who")).to_have_text("Anna Berg")
    chat.services.ledger.set_typing(widget.conversation_id, Author.AGENT, "Anna Berg")
    expect(widget.find("typing")).to_contain_text("Anna Berg is writing")
    expect(widget.find("announcer")).to_have_text("Anna Berg is writing")
    widget.page.screenshot(path=artefacts / "agent.png")
    widget.say("Thank you!")
    expect(own(widget).last).to_have_attribute("data-state", "sent")
    chat.services.ownership.hand_back(widget.conversation_id, None, notice="")
    expect(widget.find("status")).to_have_text("Answers right away")
    expect(widget.find("event").last).to_have_text("The assistant is with you again.")
    widget.say("and now?")
    widget.wait_for_text("You said: and now?")
    assert "You said: Thank you!" not in widget.texts()


def test_a_waiting_customer_can_go_back_to_the_assistant(widget: Widget, chat: LiveChat) -> None:
    widget.say("person")
    widget.wait_for_text("You said: person")
    chat.hand_off(widget.conversation_id)
    widget.find("back-to-bot").click()
    expect(widget.find("queue")).to_be_hidden()
    expect(widget.find("status")).to_have_text("Answers right away")
    assert widget.texts("customer")[-1] == "Back to the assistant"


# -- nothing is lost, nothing is doubled ----------------------------------------------------------------------


def test_the_history_is_there_after_a_reload(widget: Widget, chat: LiveChat) -> None:
    for number in range(3):
        widget.say(f"line {number}")
        widget.wait_for_text(f"You said: line {number}")
    before, conversation_id = widget.texts(), widget.conversation_id
    widget.page.reload()
    widget.wait_for_text("You said: line 2")
    assert widget.texts() == before
    assert widget.conversation_id == conversation_id
    kept = widget.page.evaluate("Object.keys(localStorage).map((key) => key.split(':').at(-1)).sort()")
    assert kept == ["read", "session"]


def test_what_was_said_while_the_page_was_closed_is_there_once_in_order(
    context: BrowserContext, chat: LiveChat,
) -> None:
    page = context.new_page()
    widget = Widget(page).go(chat.url).open()
    widget.say("hello")
    widget.wait_for_text("You said: hello")
    conversation_id = widget.conversation_id
    chat.hand_off(conversation_id)
    chat.claim(conversation_id)
    page.close()
    for number in range(5):
        chat.reply(conversation_id, f"part {number}")
    again = Widget(context.new_page()).go(chat.url)
    expect(again.find("unread")).to_have_text("5")
    expect(again.page).to_have_title(re.compile(r"^\(5\) "))
    again.open()
    assert again.texts("agent") == [f"part {number}" for number in range(5)]
    expect(again.find("unread")).to_be_hidden()
    expect(again.page).not_to_have_title(re.compile(r"^\("))


def test_a_message_written_offline_is_sent_once_when_the_connection_is_back(widget: Widget, chat: LiveChat) -> None:
    widget.say("first")
    widget.wait_for_text("You said: first")
    widget.page.context.set_offline(True)
    expect(widget.find("connection")).to_contain_text("You are offline")
    widget.say("written offline")
    widget.say("and more")
    expect(own(widget).last.get_by_test_id("state")).to_have_text("Waiting for a connection")
    assert stored(chat, widget) == ["first"]
    widget.page.context.set_offline(False)
    widget.wait_for_text("You said: and more")
    expect(widget.find("connection")).to_be_hidden()
    expect(own(widget).last).to_have_attribute("data-state", "sent")
    assert stored(chat, widget) == ["first", "written offline", "and more"]


def test_a_message_written_offline_survives_closing_the_page(context: BrowserContext, chat: LiveChat) -> None:
    widget = Widget(context.new_page()).go(chat.url).open()
    context.set_offline(True)
    widget.say("written before anything was said")
    expect(own(widget).get_by_test_id("state")).to_have_text("Waiting for a connection")
    widget.page.close()
    context.set_offline(False)
    again = Widget(context.new_page()).go(chat.url).open()
    again.wait_for_text("You said: written before anything was said")
    assert stored(chat, again) == ["written before anything was said"]
    again.page.reload()
    again.wait_for_text("You said: written before anything was said")
    assert stored(chat, again) == ["written before anything was said"]


def test_an_answer_lost_on_its_way_does_not_double_the_message(widget: Widget, chat: LiveChat) -> None:
    widget.say("hello")
    widget.wait_for_text("You said: hello")
    ids: list[str] = []

    def lose_the_answer(route: Route) -> None:
        if route.request.method != "POST":
            return route.continue_()
        ids.append(route.request.post_data_json["client_id"])
        route.fetch()
        return route.abort() if len(ids) < 3 else route.continue_()

    widget.page.route("**/webhooks/webchat/messages*", lose_the_answer)
    widget.say("only once")
    expect(own(widget).last).to_have_attribute("data-state", "sent")
    widget.wait_for_text("You said: only once")
    widget.page.wait_for_timeout(1500)
    assert len(set(ids)) == 1
    assert stored(chat, widget) == ["hello", "only once"]
    assert widget.texts("customer") == ["hello", "only once"]


def test_a_failed_message_says_so_and_can_be_tried_again(widget: Widget, chat: LiveChat, artefacts: Path) -> None:
    widget.say("hello")
    widget.wait_for_text("You said: hello")
    ids: list[str] = []
    broken = [True]

    def break_it(route: Route) -> None:
        if route.request.method == "POST":
            ids.append(route.request.post_data_json["client_id"])
        return route.fulfill(status=500, body="oops") if broken[0] else route.continue_()

    widget.page.route("**/webhooks/webchat/messages*", break_it)
    widget.say("please arrive")
    expect(own(widget).last).to_have_attribute("data-state", "failed")
    expect(own(widget).last).to_contain_text("Not sent")
    widget.page.screenshot(path=artefacts / "failed.png")
    broken[0] = False
    widget.find("retry").click()
    widget.wait_for_text("You said: please arrive")
    assert len(ids) >= 2
    assert len(set(ids)) == 1
    assert stored(chat, widget) == ["hello", "please arrive"]


def test_a_message_that_cannot_be_taken_does_not_hold_up_the_next(widget: Widget, chat: LiveChat) -> None:
    widget.say("hello")
    widget.wait_for_text("You said: hello")

    def refuse(route: Route) -> None:
        if route.request.method == "POST" and route.request.post_data_json["text"] == "bad":
            return route.fulfill(status=400, json={"error": "bad_request", "message": "No."})
        return route.continue_()

    widget.page.route("**/webhooks/webchat/messages*", refuse)
    widget.say("bad")
    widget.say("good")
    widget.wait_for_text("You said: good")
    expect(widget.page.locator(f"{ROW}[data-state=refused]")).to_have_count(1)
    widget.find("discard").click()
    expect(widget.page.locator(f"{ROW}[data-state=refused]")).to_have_count(0)
    assert stored(chat, widget) == ["hello", "good"]


def test_the_chat_comes_back_after_the_server_was_away(
    context: BrowserContext, make_chat: Callable[..., LiveChat],
) -> None:
    chat = make_chat()
    widget = Widget(context.new_page()).go(chat.url).open()
    widget.say("before")
    widget.wait_for_text("You said: before")
    conversation_id = widget.conversation_id
    chat.stop()
    expect(widget.find("connection")).to_have_text("Reconnecting…")
    widget.say("during")
    expect(own(widget).last).to_have_attribute("data-state", "failed")
    chat.hand_off(conversation_id)
    chat.claim(conversation_id)
    chat.reply(conversation_id, "said while the chat was away")
    chat.start()
    widget.wait_for_text("said while the chat was away")
    expect(own(widget).last).to_have_attribute("data-state", "sent", timeout=15_000)
    expect(widget.find("connection")).to_be_hidden()
    assert widget.texts("agent") == ["said while the chat was away"]
    assert stored(chat, widget) == ["before", "during"]


def test_a_customer_who_is_too_fast_is_slowed_down_and_loses_nothing(
    context: BrowserContext, make_chat: Callable[..., LiveChat],
) -> None:
    chat = make_chat(options=WebChatOptions(messages_per_minute=30))
    widget = Widget(context.new_page()).go(chat.url).open()
    sent = [f"m{number}" for number in range(12)]
    for text in sent:
        widget.say(text)
    expect(widget.page.locator(f"{ROW}[data-state=slow]").first).to_be_visible()
    expect(widget.page.locator(f"{ROW}[data-author=customer][data-state=sent]")).to_have_count(12, timeout=20_000)
    assert stored(chat, widget) == sent


def test_two_tabs_show_the_same_conversation(context: BrowserContext, chat: LiveChat) -> None:
    one = Widget(context.new_page()).go(chat.url).open()
    one.say("from the first tab")
    one.wait_for_text("You said: from the first tab")
    two = Widget(context.new_page()).go(chat.url).open()
    two.wait_for_text("You said: from the first tab")
    two.say("from the second tab")
    one.wait_for_text("You said: from the second tab")
    expect(own(one)).to_have_count(2)
    assert one.texts() == two.texts()


def test_an_erased_conversation_begins_anew(widget: Widget, chat: LiveChat) -> None:
    widget.say("my secret")
    widget.wait_for_text("You said: my secret")
    old = widget.conversation_id
    chat.services.ledger.erase(old)
    widget.say("hello again")
    widget.wait_for_text("You said: hello again")
    assert widget.conversation_id != old
    assert "my secret" not in widget.texts()


# -- who the customer is --------------------------------------------------------------------------------------


def test_the_demo_page_signs_customers_in_and_out(context: BrowserContext, chat: LiveChat) -> None:
    widget = Widget(context.new_page()).go(chat.url)
    sign_in(widget.page, "Marcus Reed")
    widget.open()
    widget.say("Where is my order?")
    widget.wait_for_text("You said: Where is my order?")
    first = widget.conversation_id
    identity = chat.services.ledger.conversation(first).identity
    assert identity is not None
    assert identity.email == "late@example.com"
    widget.page.reload()
    widget.wait_for_text("You said: Where is my order?")
    assert widget.conversation_id == first
    sign_in(widget.page, "A stranger")
    expect(widget.page.locator(ROW)).to_have_count(0)
    widget.say("hello")
    widget.wait_for_text("You said: hello")
    assert chat.services.ledger.conversation(widget.conversation_id).identity is None


def test_another_customer_does_not_see_the_first_ones_conversation(context: BrowserContext, chat: LiveChat) -> None:
    widget = Widget(context.new_page()).go(chat.url)
    sign_in(widget.page, "Marcus Reed")
    widget.open()
    widget.say("private words")
    widget.wait_for_text("You said: private words")
    first = widget.conversation_id
    sign_in(widget.page, "Grace Okafor")
    expect(widget.page.locator(ROW)).to_have_count(0)
    assert first not in widget.page.evaluate("JSON.stringify(Object.values(localStorage))")
    widget.say("hello")
    widget.wait_for_text("You said: hello")
    identity = chat.services.ledger.conversation(widget.conversation_id).identity
    assert identity is not None
    assert identity.email == "vip@example.com"


# -- text is text ---------------------------------------------------------------------------------------------

HOSTILE = '<img src=x onerror="window.ran=1"><script>window.ran=1</script><b>bold</b> &amp; javascript:window.ran=1'


def test_what_anybody_writes_is_shown_as_text_and_never_run(widget: Widget, chat: LiveChat) -> None:
    widget.say(HOSTILE)
    widget.wait_for_text(HOSTILE)
    widget.wait_for_text(f"You said: {HOSTILE}")
    conversation_id = widget.conversation_id
    chat.hand_off(conversation_id)
    eve = Agent("x", "<i>Eve</i><script>window.ran=1</script>")
    chat.claim(conversation_id, eve)
    chat.reply(conversation_id, HOSTILE, eve)
    expect(widget.page.locator(f"{ROW}[data-author=agent]").get_by_test_id("text")).to_have_text(HOSTILE)
    assert widget.page.evaluate("window.ran") is None
    for tag in ("b", "i > script", "script", "img"):
        assert widget.find("log").locator(tag).count() == 0


def test_only_web_addresses_become_links_and_pictures(widget: Widget, chat: LiveChat) -> None:
    widget.say("hello")
    widget.wait_for_text("You said: hello")
    chat.services.ledger.record_bot_reply(
        widget.conversation_id, 0, "See https://shop.example/a(b)?q=1. Not javascript:alert(1) nor data:text/html,x",
        data={"image": "javascript:alert(1)", "attachment": "data:text/html,x", "buttons": [
            {"title": "Bad", "url": "javascript:alert(1)"}, {"title": "Good", "url": "https://shop.example/returns"}]})
    links = widget.page.locator(f"{ROW} a")
    expect(links).to_have_count(2)
    assert [link.get_attribute("href") for link in links.all()] == [
        "https://shop.example/a(b)?q=1", "https://shop.example/returns"]
    assert all("noopener" in (link.get_attribute("rel") or "") for link in links.all())
    assert widget.find("log").locator("img").count() == 0


def test_long_words_wrap_inside_the_panel(widget: Widget) -> None:
    widget.say("x" * 500)
    widget.wait_for_text("x" * 500)
    assert widget.page.evaluate("""() => {
        const scroller = document.querySelector("tandem-chat").shadowRoot.querySelector(".scroller");
        return scroller.scrollWidth <= scroller.clientWidth;
    }""")


def test_a_text_that_is_too_long_is_counted_and_held_back(widget: Widget) -> None:
    widget.say("hello")
    widget.wait_for_text("You said: hello")
    widget.find("input").fill("x" * 9_000)
    expect(widget.find("counter")).to_have_text("1000 characters left")
    widget.find("input").fill("x" * 10_002)
    expect(widget.find("counter")).to_have_text("2 characters too many")
    expect(widget.find("send")).to_be_disabled()
    widget.find("input").press("Enter")
    assert len(widget.texts("customer")) == 1


# -- keyboard, screen reader, screens -------------------------------------------------------------------------


def focused(page: Page) -> str:
    return str(page.evaluate("""() => {
        let element = document.activeElement;
        while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
        return element?.dataset?.testid ?? element?.tagName ?? "";
    }"""))


def test_everything_works_with_the_keyboard_alone(context: BrowserContext, chat: LiveChat) -> None:
    widget = Widget(context.new_page()).go(chat.url)
    page = widget.page
    widget.find("launcher").focus()
    page.keyboard.press("Enter")
    expect(widget.find("panel")).to_be_visible()
    assert focused(page) == "input"
    page.keyboard.type("choose")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("one")
    assert widget.find("input").input_value() == "choose\none"
    page.keyboard.press("Enter")
    expect(widget.find("quick-reply").first).to_be_visible()
    assert focused(page) == "input"
    page.keyboard.press("Shift+Tab")
    assert focused(page) == "quick-reply"
    page.keyboard.press("Enter")
    widget.wait_for_text('You said: /inform{"order_number": "TD-10417"}')
    page.keyboard.press("Escape")
    expect(widget.find("panel")).to_be_hidden()
    assert focused(page) == "launcher"
    expect(widget.find("launcher")).to_have_attribute("aria-expanded", "false")


def test_enter_belongs_to_the_input_method_while_it_composes(widget: Widget) -> None:
    widget.find("input").fill("にほん")
    widget.find("input").dispatch_event("keydown", {"key": "Enter", "isComposing": True, "bubbles": True})
    assert widget.find("input").input_value() == "にほん"


CHECK = """() => {
    const root = document.querySelector("tandem-chat").shadowRoot;
    const problems = [];
    const named = (e) => e.getAttribute("aria-label") || document.getElementById(e.getAttribute("aria-labelledby"))
        || root.getElementById(e.getAttribute("aria-labelledby") ?? "")?.textContent || e.textContent.trim();
    const roles = "[role=dialog], [role=log], [role=region], [role=group]";
    for (const e of root.querySelectorAll(`button, a, textarea, ${roles}`))
        if (!named(e)) problems.push(`no name: ${e.outerHTML.slice(0, 90)}`);
    for (const e of root.querySelectorAll("img")) if (!e.alt) problems.push(`no alt: ${e.src}`);
    for (const e of root.querySelectorAll("svg"))
        if (e.getAttribute("aria-hidden") !== "true") problems.push("a drawing is read aloud");
    const ids = [...root.querySelectorAll("[id]")].map((e) => e.id);
    if (new Set(ids).size !== ids.length) problems.push("ids twice");
    for (const e of root.querySelectorAll("[aria-controls], [aria-describedby]"))
        for (const id of [e.getAttribute("aria-controls"), e.getAttribute("aria-describedby")])
            if (id && !root.getElementById(id)) problems.push(`nothing has the id ${id}`);
    const log = root.querySelector("[role=log]");
    if (log.getAttribute("aria-live") !== "polite") problems.push("the log is not polite");
    if (log.hasAttribute("aria-busy")) problems.push("the log is still busy");
    for (const e of root.querySelectorAll("[tabindex]")) if (e.tabIndex > 0) problems.push("a tab order of its own");
    for (const e of root.querySelectorAll("button:not(:disabled)")) {
        const { width, height } = e.getBoundingClientRect();
        if (width && (width < 24 || height < 24)) problems.push(`too small: ${e.textContent} ${width}x${height}`);
    }
    const number = (color) => color.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
        .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = (e) => {
        for (; e; e = e.parentElement) {
            const color = number(getComputedStyle(e).backgroundColor);
            if (color.length < 4 || color[3] > 0.99) return color;
        }
        return [255, 255, 255];
    };
    const written = ".text, .who, .meta > *, .status, h2, .event span, .choices button, .queue p, .avatar";
    for (const e of root.querySelectorAll(written))
        if (e.getClientRects().length && e.textContent.trim()) {
            const [a, b] = [light(number(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
            const contrast = (a + 0.05) / (b + 0.05);
            if (contrast < 4.5) problems.push(`contrast ${contrast.toFixed(2)}: ${e.className} ${e.textContent}`);
        }
    return problems;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_names_roles_and_contrast_are_right(browser: Browser, chat: LiveChat, scheme: Any, artefacts: Path) -> None:
    context = browser.new_context(color_scheme=scheme, viewport={"width": 1100, "height": 780}, reduced_motion="reduce")
    widget = Widget(context.new_page()).go(chat.url).open()
    assert widget.page.evaluate(CHECK) == []
    widget.say("please let me choose")
    widget.find("quick-reply").first.click()
    widget.wait_for_text('You said: /inform{"order_number": "TD-10402"}')
    chat.hand_off(widget.conversation_id)
    expect(widget.find("queue")).to_be_visible()
    assert widget.page.evaluate(CHECK) == []
    chat.claim(widget.conversation_id)
    chat.reply(widget.conversation_id, "Hello")
    widget.wait_for_text("Hello")
    assert widget.page.evaluate(CHECK) == []
    first = widget.page.locator(ROW).first
    assert "You said:" in first.inner_text()  # who speaks is told to those who do not see the side
    widget.page.screenshot(path=artefacts / f"{scheme}.png")
    context.close()


def test_on_a_phone_the_chat_takes_the_whole_screen(browser: Browser, chat: LiveChat, artefacts: Path) -> None:
    context = browser.new_context(
        viewport={"width": 360, "height": 700}, is_mobile=True, has_touch=True, reduced_motion="reduce")
    widget = Widget(context.new_page()).go(chat.url)
    strip, brand = (widget.page.locator(part).bounding_box() for part in (".strip", ".brand"))
    assert brand["y"] - strip["y"] - strip["height"] >= 16, "the shop's header keeps its distance"
    widget.find("launcher").tap()
    box = widget.find("panel").bounding_box()
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 360, 700)
    expect(widget.find("launcher")).to_be_hidden()
    assert focused(widget.page) != "input"  # the keyboard would cover the conversation
    widget.say("hello from a phone")
    widget.wait_for_text("You said: hello from a phone")
    assert widget.page.evaluate("document.documentElement.scrollWidth") <= 360
    widget.page.screenshot(path=artefacts / "phone.png")
    widget.find("close").tap()
    expect(widget.find("launcher")).to_be_visible()
    context.close()


def test_new_messages_do_not_pull_a_reading_customer_away(widget: Widget, chat: LiveChat) -> None:
    widget.say("hello")
    widget.wait_for_text("You said: hello")
    chat.hand_off(widget.conversation_id)
    chat.claim(widget.conversation_id)
    for number in range(25):
        chat.reply(widget.conversation_id, f"line {number}")
    widget.wait_for_text("line 24")
    scroller = "document.querySelector('tandem-chat').shadowRoot.querySelector('.scroller')"
    widget.page.evaluate(f"{scroller}.scrollTo(0, 0)")
    widget.page.wait_for_timeout(100)
    chat.reply(widget.conversation_id, "a late one")
    expect(widget.find("jump")).to_be_visible()
    assert widget.page.evaluate(f"{scroller}.scrollTop") == 0
    widget.find("jump").click()
    expect(widget.find("jump")).to_be_hidden()


def test_a_draft_is_kept_from_page_to_page(widget: Widget) -> None:
    widget.find("input").fill("half a thou")
    widget.page.reload()
    expect(widget.find("input")).to_have_value("half a thou")
    expect(widget.find("panel")).to_be_visible()


# -- on another site ------------------------------------------------------------------------------------------

HOSTILE_STYLE = "* { color: red !important; font-size: 40px !important; } div { display: inline } button { width: 1px }"


@pytest.fixture
def shop(site: Site) -> Callable[[str], str]:
    """Another site with styles of its own; call it with the script's tag for its address."""
    return lambda script: site.page(f"<style>{HOSTILE_STYLE}</style><p>A shop</p>{script}")


def test_one_script_tag_puts_the_chat_on_another_site(
    context: BrowserContext, make_chat: Callable[..., LiveChat], site: Site, shop: Callable[[str], str],
    artefacts: Path,
) -> None:
    chat = make_chat(webchat_origins=(site.address,))
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    attributes = 'data-title="Ask us" data-accent="#7c3aed" data-open="true"'
    widget = Widget(page).go(shop(f'<script src="{chat.url}widget.js" {attributes} async></script>'))
    expect(page.get_by_role("heading", name="Ask us")).to_be_visible()
    widget.say("from another site")
    widget.wait_for_text("You said: from another site")
    assert page.evaluate("""() => getComputedStyle(document.querySelector("tandem-chat").shadowRoot
        .querySelector(".row.customer .bubble")).backgroundColor""") == "rgb(124, 58, 237)"
    assert page.evaluate("""() => getComputedStyle(document.querySelector("tandem-chat").shadowRoot
        .querySelector(".text")).fontSize""") == "15px"
    assert all(url.startswith((chat.url, site.address)) for url in asked), asked
    assert not any("token=" in url for url in asked)
    assert context.cookies() == []
    page.screenshot(path=artefacts / "embedded.png")
    page.evaluate("window.Tandem.close()")
    expect(widget.find("panel")).to_be_hidden()
    page.evaluate("window.Tandem.open()")
    expect(widget.find("panel")).to_be_visible()
    assert widget.errors == []


def test_a_site_that_is_not_named_cannot_use_the_chat(
    context: BrowserContext, make_chat: Callable[..., LiveChat], shop: Callable[[str], str],
) -> None:
    chat = make_chat()
    widget = Widget(context.new_page()).go(shop(f'<script src="{chat.url}widget.js" async></script>')).open()
    widget.say("hello?")
    expect(own(widget)).not_to_have_attribute("data-state", "sent")
    assert chat.services.ledger.list() == []

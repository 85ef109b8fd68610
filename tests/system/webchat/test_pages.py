"""The widget on pages that hide, cover, turn, swap or refuse it, on small and enlarged screens, and in German."""
from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.system.webchat.conftest import Site, Widget
from tests.system.webchat.live_chat import LiveChat

ROW = "[data-testid=message]"
SHADOW = 'document.querySelector("tandem-chat").shadowRoot'
PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 700}, "is_mobile": True, "has_touch": True,
                         "reduced_motion": "reduce", "locale": "en-US"}


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveChat]:
    """A chat that every page may use."""
    server = LiveChat(tmp_path_factory.mktemp("chat"), webchat_origins=("*",))
    yield server
    server.stop()


def script(chat: LiveChat, attributes: str = "") -> str:
    return f'<script src="{chat.url}widget.js" {attributes} async></script>'


def console(page: Page) -> list[str]:
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    return told


def focused(page: Page) -> str:
    return str(page.evaluate("""() => {
        let element = document.activeElement;
        while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
        return element?.dataset?.testid ?? element?.tagName ?? "";
    }"""))


@pytest.mark.parametrize("rules", [
    ":not(:defined) { display: none !important; visibility: hidden; }",
    "body > *, html > * { position: relative; z-index: 1 !important; transform: translate(0); }"
    " .over { position: fixed !important; inset: 0; z-index: 999999 !important; background: #fff8; }",
    "tandem-chat { display: none !important; opacity: 0 !important; visibility: hidden !important; filter: blur(9px);"
    " pointer-events: none !important; z-index: -1 !important; transform: scale(0) !important; }",
    "body { filter: grayscale(1); transform: translateZ(0); overflow: hidden; height: 40px; }",
], ids=["undefined", "covered", "hidden", "trapped"])
def test_no_rule_of_a_page_hides_or_covers_it(context: BrowserContext, chat: LiveChat, site: Site, rules: str) -> None:
    address = site.page(f"<style>{rules}</style><p>A shop</p><div class='over'></div>{script(chat)}")
    widget = Widget(context.new_page()).go(address)
    box = widget.find("launcher").bounding_box()
    assert (round(1100 - box["x"] - box["width"]), round(780 - box["y"] - box["height"])) == (20, 20)
    widget.open()  # Playwright presses only what is visible and not covered
    widget.say("hello")
    widget.wait_for_text("You said: hello")


def test_on_a_page_from_right_to_left_it_keeps_its_own_direction(
    context: BrowserContext, chat: LiveChat, site: Site, artefacts: Path,
) -> None:
    widget = Widget(context.new_page()).go(site.page(f"<p>خوش آمدید</p>{script(chat)}", 'lang="fa" dir="rtl"')).open()
    widget.say("سفارش من کجاست؟")
    widget.wait_for_text("You said: سفارش من کجاست؟")
    assert widget.page.evaluate(f"getComputedStyle({SHADOW}.querySelector('.head')).direction") == "ltr"
    own = widget.page.locator(f"{ROW}[data-author=customer] .bubble").bounding_box()
    other = widget.page.locator(f"{ROW}[data-author=bot] .bubble").bounding_box()
    assert own["x"] + own["width"] > other["x"] + other["width"], "the customer's words stand on the right"
    send, field = widget.find("send").bounding_box(), widget.find("input").bounding_box()
    assert send["x"] > field["x"]
    widget.page.screenshot(path=artefacts / "rtl.png")


def test_it_stays_when_the_page_swaps_its_body(context: BrowserContext, chat: LiveChat, site: Site) -> None:
    widget = Widget(context.new_page()).go(site.page(f"<body><p>A shop</p>{script(chat)}")).open()
    widget.say("hello")
    widget.wait_for_text("You said: hello")
    swap = """() => {
        const body = document.createElement("body");
        body.innerHTML = "<p>The next page</p>";
        document.documentElement.replaceChild(body, document.body);
    }"""
    widget.page.evaluate(swap)
    widget.say("still here?")
    widget.wait_for_text("You said: still here?")
    widget.page.evaluate("document.querySelector('tandem-chat').remove()")
    widget.say("and now?")
    widget.wait_for_text("You said: and now?")
    assert widget.errors == []


def test_the_script_run_again_brings_the_customer_who_signed_in(
    context: BrowserContext, chat: LiveChat, site: Site,
) -> None:
    widget = Widget(context.new_page()).go(site.page(f"<body><p>A shop</p>{script(chat)}")).open()
    widget.say("hello")
    widget.wait_for_text("You said: hello")
    token = jwt.encode({"sub": "ada", "email": "ada@example.com", "exp": 9e9}, "i" * 32, algorithm="HS256")
    widget.page.evaluate("""([src, identity]) => {
        const script = document.createElement("script");
        Object.assign(script, {src}).dataset.identity = identity;
        document.body.append(script);
    }""", [f"{chat.url}widget.js", token])
    widget.say("signed in")
    widget.wait_for_text("You said: signed in")
    identity = chat.services.ledger.conversation(widget.conversation_id).identity
    assert identity is not None and identity.subject == "ada"
    assert widget.page.locator("tandem-chat").count() == 1


# -- hints for who puts it on a page ------------------------------------------------------------------------------


def test_the_console_says_that_the_page_is_not_allowed(
    context: BrowserContext, make_chat: Callable[..., LiveChat], site: Site,
) -> None:
    chat = make_chat()
    page = context.new_page()
    told = console(page)
    widget = Widget(page).go(site.page(script(chat))).open()
    widget.say("hello?")
    expect(page.locator(ROW)).to_have_attribute("data-state", "failed")
    page.wait_for_timeout(300)
    [hint] = [one for one in told if one.startswith("Tandem:")]
    assert site.address in hint and f"127.0.0.1:{chat.port}" in hint and "TANDEM_WEBCHAT_ORIGINS" in hint


def test_the_console_says_that_the_token_was_not_accepted(context: BrowserContext, chat: LiveChat, site: Site) -> None:
    page = context.new_page()
    told = console(page)
    widget = Widget(page).go(site.page(script(chat, 'data-identity="a.b.c"'))).open()
    widget.say("hello")
    widget.wait_for_text("You said: hello")
    assert len([one for one in told if one.startswith("Tandem: the identity token")]) == 1


def test_the_console_says_that_the_stylesheet_is_not_allowed(
    context: BrowserContext, chat: LiveChat, site: Site,
) -> None:
    page = context.new_page()
    told = console(page)
    policy = f"default-src 'self'; script-src {chat.origin}; connect-src {chat.origin}; style-src 'self'"
    page.goto(site.page(f'<meta http-equiv="Content-Security-Policy" content="{policy}"><p>A shop</p>{script(chat)}'))
    page.locator("tandem-chat").wait_for(state="attached")
    page.wait_for_timeout(500)
    [hint] = [one for one in told if one.startswith("Tandem:")]
    assert f"allow {chat.origin} under style-src" in hint
    allowed = policy.replace("style-src 'self'", f"style-src 'self' {chat.origin}")
    page.goto(site.page(f'<meta http-equiv="Content-Security-Policy" content="{allowed}"><p>A shop</p>{script(chat)}'))
    page.get_by_test_id("launcher").wait_for()


def test_a_stylesheet_that_did_not_come_is_asked_for_again(
    context: BrowserContext, chat: LiveChat, site: Site,
) -> None:
    page, failed = context.new_page(), list[str]()

    def fail_once(route: Route) -> None:
        if failed:
            route.continue_()
        else:
            failed.append(route.request.url)
            route.abort()

    page.route("**/widget.css", fail_once)
    widget = Widget(page).go(site.page(script(chat))).open()
    widget.say("hello")
    widget.wait_for_text("You said: hello")
    assert len(failed) == 1


# -- colours --------------------------------------------------------------------------------------------------------

CONTRASTS = """() => {
    const root = document.querySelector("tandem-chat").shadowRoot;
    const brush = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
    const number = (color) => {
        brush.fillStyle = color;
        brush.fillRect(0, 0, 1, 1);
        return [...brush.getImageData(0, 0, 1, 1).data];
    };
    const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
        .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const contrast = (a, b) => {
        const [x, y] = [light(number(a)), light(number(b))].sort((p, q) => q - p);
        return (x + 0.05) / (y + 0.05);
    };
    const style = (part) => getComputedStyle(root.querySelector(part));
    const paper = style(".panel").backgroundColor;
    return {
        onAccent: contrast(style(".sender").color, style(".launcher").backgroundColor),
        bubble: contrast(style(".customer .bubble").color, style(".customer .bubble").backgroundColor),
        choice: contrast(style(".choices button").color, paper),
        choiceBorder: contrast(style(".choices button").borderTopColor, paper),
        field: contrast(style(".field").borderTopColor, paper),
    };
}"""


@pytest.mark.parametrize(("accent", "theme"), [
    ("#2f9e6e", "light"), ("#e91e63", "dark"), ("#ffd400", "light"), ("oklch(0.72 0.17 60)", "light"),
    ("#111111", "dark"), ("#ffffff", "light"),
])
def test_letters_and_borders_can_be_seen_whatever_the_accent(
    context: BrowserContext, chat: LiveChat, site: Site, accent: str, theme: str,
) -> None:
    widget = Widget(context.new_page())
    widget.go(site.page(script(chat, f'data-accent="{accent}" data-theme="{theme}"'))).open()
    widget.say("let me choose")
    widget.find("quick-reply").first.wait_for()
    widget.find("input").fill("x")
    found = widget.page.evaluate(CONTRASTS)
    wanted = {"onAccent": 4.5, "bubble": 4.5, "choice": 4.5, "choiceBorder": 3.0, "field": 3.0}
    assert {name: ratio for name, ratio in found.items() if ratio < wanted[name]} == {}


# -- screens --------------------------------------------------------------------------------------------------------


def test_a_phone_on_its_side_leaves_room_to_read(browser: Browser, chat: LiveChat, artefacts: Path) -> None:
    context = browser.new_context(**{**PHONE, "viewport": {"width": 740, "height": 360}})
    widget = Widget(context.new_page()).go(chat.url)
    widget.find("launcher").tap()
    widget.say("hello from a phone on its side")
    widget.wait_for_text("You said: hello from a phone on its side")
    scroller = widget.page.evaluate(f"{SHADOW}.querySelector('.scroller').clientHeight")
    assert scroller >= 230, scroller
    chat.hand_off(widget.conversation_id)
    expect(widget.find("queue")).to_be_visible()
    assert widget.page.evaluate(f"{SHADOW}.querySelector('.scroller').clientHeight") >= 160
    widget.page.screenshot(path=artefacts / "landscape.png")
    context.close()


def test_the_greeting_is_read_from_its_beginning_on_a_much_enlarged_page(
    browser: Browser, chat: LiveChat, site: Site, artefacts: Path,
) -> None:
    context = browser.new_context(viewport={"width": 550, "height": 390}, device_scale_factor=2, locale="en-US")
    long = "Hello! " + "Ask about an order, a delivery or a return. " * 8
    widget = Widget(context.new_page()).go(site.page(script(chat, f'data-greeting="{long}"'))).open()
    scroller = f"{SHADOW}.querySelector('.scroller')"
    assert widget.page.evaluate(f"{scroller}.scrollHeight > {scroller}.clientHeight")
    assert widget.page.evaluate(f"{scroller}.scrollTop") == 0
    widget.page.screenshot(path=artefacts / "zoom.png")
    context.close()


def test_one_button_closes_it(widget: Widget) -> None:
    expect(widget.page.get_by_role("button", name="Close chat")).to_have_count(1)
    expect(widget.find("launcher")).to_be_hidden()
    widget.find("close").click()
    expect(widget.find("panel")).to_be_hidden()
    assert focused(widget.page) == "launcher"


def test_back_on_a_phone_closes_the_chat_and_then_leaves_the_page(browser: Browser, chat: LiveChat, site: Site) -> None:
    context = browser.new_context(**PHONE)
    page = context.new_page()
    page.goto(site.page("<p>Before</p>"))
    widget = Widget(page).go(chat.url)
    page.evaluate("window.addEventListener('popstate', () => (window.popped = true))")
    widget.find("launcher").tap()
    page.go_back()
    expect(widget.find("panel")).to_be_hidden()
    assert page.url == chat.url
    assert page.evaluate("window.popped") is None, "the page's router sees nothing of it"
    widget.find("launcher").tap()
    widget.find("close").tap()
    expect(widget.find("panel")).to_be_hidden()
    page.wait_for_timeout(200)
    page.go_back()
    page.wait_for_url("**/shop.html")
    context.close()


def test_the_keyboard_stays_in_a_chat_that_fills_the_screen(browser: Browser, chat: LiveChat) -> None:
    context = browser.new_context(**{**PHONE, "is_mobile": False, "has_touch": False})
    widget = Widget(context.new_page()).go(chat.url).open()
    expect(widget.find("panel")).to_have_attribute("aria-modal", "true")
    seen = set()
    for key in ["Tab"] * 9 + ["Shift+Tab"] * 14:
        widget.page.keyboard.press(key)
        assert widget.page.evaluate("document.activeElement.localName") == "tandem-chat"
        seen.add(focused(widget.page))
    assert {"close", "input", "starter"} <= seen
    context.close()


# -- language -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("page", "attributes", "german"), [
    ('lang="de-AT"', "", True), ('lang="en"', 'data-language="de"', True), ('lang="de"', 'data-language="en"', False),
    ('lang="sw"', "", False), ("", "", False),
])
def test_its_own_words_follow_the_pages_language(
    context: BrowserContext, chat: LiveChat, site: Site, page: str, attributes: str, german: bool,
) -> None:
    widget = Widget(context.new_page()).go(site.page(script(chat, attributes), page)).open()
    expect(widget.find("status")).to_have_text("Antwortet sofort" if german else "Answers right away")
    placeholder = "Nachricht schreiben…" if german else "Write a message…"
    expect(widget.find("input")).to_have_attribute("placeholder", placeholder)
    if german:
        widget.say("Hallo")
        widget.wait_for_text("You said: Hallo")
        chat.hand_off(widget.conversation_id)
        expect(widget.find("place")).to_have_text(re.compile("an der Reihe|Stelle"))


# -- long conversations ---------------------------------------------------------------------------------------------


def test_a_long_conversation_comes_page_by_page(context: BrowserContext, chat: LiveChat, artefacts: Path) -> None:
    widget = Widget(context.new_page()).go(chat.url).open()
    widget.say("hello")
    widget.wait_for_text("You said: hello")
    this = widget.conversation_id
    for number in range(400):
        chat.services.ledger.record_bot_reply(this, 0, f"line {number} " + "about your order and what comes of it " * 4)
    expect(widget.page.locator(ROW).last).to_contain_text("line 399")
    widget.page.evaluate(f"{SHADOW}.querySelector('.scroller').scrollTo(0, 1e6)")
    widget.page.wait_for_timeout(500)
    page = context.new_page()
    again = Widget(page).go(chat.url).open()
    expect(page.locator(ROW).last).to_contain_text("line 399")
    shown = page.locator(ROW).count()
    assert 45 <= shown <= 60
    words = [text.split()[1] for text in again.texts("bot")]
    assert words == [str(number) for number in range(400 - len(words), 400)]
    scroller = f"{SHADOW}.querySelector('.scroller')"
    first = page.locator(ROW).first
    before = first.get_attribute("data-seq")
    page.evaluate(f"{scroller}.scrollTo(0, 60)")
    expect(page.locator(ROW).first).not_to_have_attribute("data-seq", before or "")
    expect(page.locator(f"{ROW}[data-seq='{before}']")).to_be_in_viewport()
    while again.find("earlier").is_visible():
        page.evaluate(f"{scroller}.scrollTo(0, 0)")
        page.wait_for_timeout(150)
    texts = again.texts()
    assert texts[:2] == ["hello", "You said: hello"]
    assert [text.split()[1] for text in texts[2:]] == [str(number) for number in range(400)]
    chat.services.ledger.record_bot_reply(this, 0, "and one more")
    again.wait_for_text("and one more")
    assert again.errors == []

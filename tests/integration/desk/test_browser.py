"""The desk in a real browser: what an agent types is never lost and never said twice."""
from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tandem.conversations.model import Agent, Message, Mood
from tandem.services import Services
from tests.integration.desk.conftest import desk_of


@pytest.fixture
def desk(browser: Browser, address: str) -> Iterator[Page]:
    with desk_of("anna", browser, address) as page:
        yield page


def test_a_claimed_conversation_runs_both_ways_by_keyboard(
    desk: Page, services: Services, waits: Callable[..., str], says: Callable[..., Message],
) -> None:
    waits("c1")
    expect(desk.locator("#group-waiting a")).to_have_count(1)
    expect(desk).to_have_title("(1) Desk · Tandem Shop")
    desk.keyboard.press("j")
    expect(desk.locator("#head .owner")).to_contain_text("Waiting")
    desk.keyboard.press("c")
    expect(desk.locator("#text")).to_be_focused()
    desk.keyboard.type("Hello <b>there</b>")
    desk.keyboard.press("Shift+Enter")
    desk.keyboard.type("second line")
    desk.keyboard.press("Enter")
    expect(desk.locator(".line.agent .bubble")).to_have_text("Hello <b>there</b>\nsecond line")
    expect(desk.locator("#text")).to_have_value("")
    says("c1", "thank you")
    expect(desk.locator(".line.customer .bubble").last).to_have_text("thank you")
    services.ledger.set_typing("c1", services.ledger.transcript("c1")[0].author, "")
    expect(desk.locator("#typing")).to_contain_text("is writing")
    desk.keyboard.press("Escape")
    desk.keyboard.press("b")
    desk.keyboard.type("sent a voucher")
    desk.keyboard.press("Enter")
    expect(desk.locator("#head .owner")).to_contain_text("With the bot")
    assert services.ledger.handoffs("c1")[0].note_for_bot == "sent a voucher"


def test_an_agent_is_reminded_of_a_customer_who_waits_for_an_answer(
    desk: Page, services: Services, waits: Callable[..., str],
) -> None:
    clock = services.ledger.clock
    services.ledger.clock = lambda: clock() - timedelta(minutes=services.patience.remind_minutes + 1)
    waits("c1")
    services.ownership.claim("c1", Agent("anna", "Anna Berg"))
    services.ledger.clock = clock
    waits("c2")
    expect(desk.locator("#group-mine .late")).to_be_visible()
    expect(desk).to_have_title("! (1) Desk · Tandem Shop")
    expect(desk.locator("#announce")).to_contain_text("A customer waits for your answer")
    services.ownership.reply("c1", Agent("anna", "Anna Berg"), "Here I am")
    expect(desk.locator("#group-mine .late")).to_be_hidden()
    expect(desk).to_have_title("(1) Desk · Tandem Shop")


def test_a_reply_whose_answer_is_lost_is_kept_and_said_once(
    desk: Page, services: Services, waits: Callable[..., str],
) -> None:
    waits("c1")
    desk.goto("/?c=c1")
    desk.get_by_role("button", name="Claim").click()
    desk.locator("#text").fill("on its way")

    def lose_the_answer(route: Route) -> None:
        route.fetch()
        route.abort()

    desk.route("**/reply", lose_the_answer)
    desk.get_by_role("button", name="Send").click()
    expect(desk.locator("#send-state")).to_contain_text("Your text is kept")
    desk.unroute("**/reply")
    desk.reload()
    expect(desk.locator("#text")).to_have_value("on its way")
    desk.get_by_role("button", name="Send").click()
    expect(desk.locator("#text")).to_have_value("")
    assert [one.text for one in services.ledger.transcript("c1") if one.author == "agent"] == ["on its way"]


def test_a_changed_text_after_a_lost_answer_is_a_new_message(
    desk: Page, services: Services, waits: Callable[..., str],
) -> None:
    waits("c1")
    desk.goto("/?c=c1")
    desk.get_by_role("button", name="Claim").click()
    desk.locator("#text").fill("first")
    desk.route("**/reply", lambda route: route.abort())
    desk.locator("#text").press("Enter")
    expect(desk.locator("#send-state")).to_contain_text("Your text is kept")
    desk.unroute("**/reply")
    desk.locator("#text").fill("second")
    desk.locator("#text").press("Enter")
    expect(desk.locator("#text")).to_have_value("")
    assert [one.text for one in services.ledger.transcript("c1") if one.author == "agent"] == ["second"]


def test_words_that_are_sent_while_those_before_are_on_their_way_follow_them(
    desk: Page, services: Services, waits: Callable[..., str],
) -> None:
    waits("c1")
    desk.goto("/?c=c1")
    desk.get_by_role("button", name="Claim").click()
    held: list[Route] = []
    desk.route("**/reply", lambda route: route.continue_() if held else held.append(route))
    for words in ("one", "two"):
        desk.locator("#text").fill(words)
        desk.locator("#text").press("Enter")
    expect(desk.locator("#send-state")).to_have_text("Sending…")
    held[0].continue_()
    expect(desk.locator("#text")).to_have_value("")
    expect(desk.locator(".line.agent .bubble")).to_have_text(["one", "two"])
    assert [one.text for one in services.ledger.transcript("c1") if one.author == "agent"] == ["one", "two"]


def test_whoever_writes_before_the_claim_is_done_presses_no_shortcuts(desk: Page, waits: Callable[..., str]) -> None:
    waits("c1")
    desk.goto("/?c=c1")
    held: list[Callable[[], None]] = []

    def hold_the_answer(route: Route) -> None:
        answer = route.fetch()
        held.append(lambda: route.fulfill(response=answer))

    desk.route("**/claim", hold_the_answer)
    desk.get_by_role("button", name="Claim").click()
    expect(desk.get_by_role("button", name="Resolve")).to_be_enabled()
    expect(desk.get_by_role("button", name="Claim")).to_have_count(0)
    desk.locator("#scroll").focus()
    desk.keyboard.type("Hello be")
    expect(desk.get_by_role("dialog")).to_have_count(0)
    held[0]()
    expect(desk.locator("#text")).to_be_focused()
    expect(desk.get_by_role("dialog")).to_have_count(0)
    desk.keyboard.type("Hello")
    expect(desk.locator("#text")).to_have_value("Hello")


def test_the_field_has_its_height_once_the_conversation_is_claimed(desk: Page, waits: Callable[..., str]) -> None:
    waits("c1")
    desk.goto("/?c=c1")
    desk.get_by_role("button", name="Claim").click()
    expect(desk.locator("#text")).to_be_focused()
    assert desk.locator("#text").evaluate("field => field.offsetHeight") >= 40


def test_drafts_belong_to_their_conversation_and_mode(desk: Page, waits: Callable[..., str]) -> None:
    for name in ("c1", "c2"):
        waits(name)
    desk.goto("/?c=c1")
    desk.get_by_role("button", name="Claim").click()
    expect(desk.locator("#text")).to_be_focused()
    desk.locator("#text").fill("for c1")
    desk.get_by_role("button", name="Private note").click()
    desk.locator("#text").fill("a note on c1")
    desk.locator('a[data-conversation="c2"]').click()
    expect(desk.locator("#head .id")).to_have_text("c2")
    expect(desk.locator("#text")).to_have_value("")
    desk.locator('a[data-conversation="c1"]').click()
    expect(desk.locator("#text")).to_have_value("for c1")
    desk.get_by_role("button", name="Private note").click()
    expect(desk.locator("#text")).to_have_value("a note on c1")
    desk.once("dialog", lambda dialog: dialog.dismiss())
    desk.get_by_role("button", name="Sign out").click()
    expect(desk.locator("#text")).to_have_value("a note on c1")
    asked: list[str] = []
    desk.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.accept()))
    desk.get_by_role("button", name="Sign out").click()
    expect(desk).to_have_url(re.compile("/sign-in$"))
    assert asked == ["2 texts that you have not sent are lost if you sign out. Sign out?"]
    assert desk.evaluate("() => Object.keys(localStorage).filter((key) => key.includes('draft'))") == []


def test_canned_responses_are_picked_by_their_shortcut(desk: Page, waits: Callable[..., str]) -> None:
    waits("c1", card={"customer": {"name": "Eve Ott"}})
    desk.goto("/?c=c1")
    expect(desk.locator("body[data-ready]")).to_be_visible()
    desk.keyboard.press("c")
    expect(desk.locator("#text")).to_be_focused()
    desk.keyboard.type("/hel")
    expect(desk.get_by_role("option", selected=True)).to_contain_text("Greeting")
    desk.keyboard.press("Enter")
    expect(desk.locator("#text")).to_have_value(
        "Hello Eve, this is Anna Berg. I have read the whole conversation, so there is no need to repeat anything.")
    desk.locator("#text").fill("/nonsense")
    desk.keyboard.press("Enter")
    expect(desk.locator("#send-state")).to_contain_text("No canned response")


def test_a_dot_of_the_mood_line_leads_to_its_message_and_the_heading_stays(
    desk: Page, services: Services, waits: Callable[..., str], says: Callable[..., Message],
) -> None:
    for number in range(60):
        says("c1", f"word {number}.")
    mood = [{"seq": seq, "text": f"word {seq - 1}.", "emotion": "angry", "polarity": -1.0, "frustration": 0.9,
             "score": 0.9} for seq in (3, 60)]
    waits("c1", card={"mood": mood, "turning_point": 3})
    desk.goto("/?c=c1")
    expect(desk.locator("body[data-ready]")).to_be_visible()
    expect(desk.locator("#m3")).not_to_be_in_viewport()
    desk.locator('.spark a[href="#m3"]').focus()
    desk.keyboard.press("Enter")
    expect(desk.locator("#m3")).to_be_in_viewport()
    expect(desk.locator("#head h2")).to_be_in_viewport()
    desk.locator('.spark a[href="#m60"] circle').click()
    expect(desk.locator("#m60")).to_be_in_viewport()
    expect(desk.locator("#head h2")).to_be_in_viewport()
    assert desk.evaluate("[scrollY, location.hash]") == [0, ""]


def test_opening_a_conversation_reads_no_old_lines_out_and_leads_the_focus_to_it(
    desk: Page, waits: Callable[..., str], says: Callable[..., Message],
) -> None:
    for name in ("c1", "c2"):
        waits(name)
    desk.evaluate("""() => {
        window.readOut = [];
        const lines = document.getElementById("lines");
        new MutationObserver((changes) => {
            if (lines.getAttribute("aria-live") === "off") return;
            for (const { addedNodes } of changes) for (const line of addedNodes) window.readOut.push(line.id);
        }).observe(lines, { childList: true });
    }""")
    for name in ("c1", "c2"):
        desk.locator(f'a[data-conversation="{name}"]').click()
        expect(desk.locator("#subject")).to_be_focused()
        expect(desk.locator("#head .id")).to_have_text(name)
        expect(desk.locator("#lines .line.customer")).to_have_count(1)
    expect(desk.locator("#lines")).to_have_attribute("aria-live", "polite")
    assert desk.evaluate("() => window.readOut") == []
    says("c2", "anybody?")
    expect(desk.locator("#lines .line.customer")).to_have_count(2)
    assert len(desk.evaluate("() => window.readOut")) == 1, "what is new is read out"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_how_a_message_was_read_opens_by_keyboard_and_stays_open(
    desk: Page, services: Services, waits: Callable[..., str], says: Callable[..., Message],
    scheme: Literal["light", "dark"], tmp_path: Path,
) -> None:
    waits("c1", text="and when is the money back?")
    services.ledger.record_reading("c1", 1, Mood("neutral", 1, 0, "neutral", 0.1, 0), "refunds/how_long", {
        "candidates": [{"intent": "refunds/how_long", "confidence": 0.82}, {"intent": "get_refund", "confidence": 0.1}],
        "context": {"answered": "returns/window"}, "reasons": [{"name": "same topic", "weight": 1.3}]})
    desk.emulate_media(color_scheme=scheme)
    desk.goto("/?c=c1")
    words = desk.locator(".read dl")
    expect(words).to_be_hidden()
    desk.locator(".read summary").focus()
    desk.keyboard.press("Enter")
    expect(words).to_contain_text("refunds: how long 82")
    says("c1", "hello?")
    expect(desk.locator(".line.customer .bubble").last).to_have_text("hello?")
    expect(words).to_be_visible()
    desk.screenshot(path=tmp_path / f"read-{scheme}.png")

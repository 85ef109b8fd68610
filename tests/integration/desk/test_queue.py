"""The queue on open pages: every customer is in it, changes come as rows, and no update takes a click away."""
from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, Page, expect

from tandem.conversations import overview
from tandem.conversations.feed import Feed
from tandem.conversations.model import Agent, HandoffRequest, InboundMessage, Message
from tandem.conversations.overview import Overview
from tandem.conversations.queue import unanswered
from tandem.desk import live_queue
from tandem.desk.live_queue import LiveQueue, rank
from tandem.services import Services
from tests.integration.desk.conftest import desk_of

ANNA, SAM = Agent("anna", "Anna Berg"), Agent("sam", "Sam Okafor")

MUTE = """window.SharedWorker = class {
    port = {addEventListener() {}, start() {}, postMessage() {}, close() {}};
    addEventListener() {}
}"""  # a worker that never says anything


@pytest.fixture
def desk(browser: Browser, address: str) -> Iterator[Page]:
    with desk_of("anna", browser, address) as page:
        yield page


@pytest.fixture
def many_wait(services: Services, waits: Callable[..., str]) -> Callable[[int], None]:
    """So many wait, the first for the longest time: `many_wait(600)`."""

    def wait(count: int) -> None:
        clock = services.ledger.clock
        for number in range(count):
            services.ledger.clock = lambda past=count - number: clock() - timedelta(minutes=past)
            waits(f"w{number:04}")
        services.ledger.clock = clock

    return wait


def rows(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["rows"]
    return found


def test_a_long_queue_shows_the_longest_waits_first_and_the_rest_on_request(
    anna: TestClient, many_wait: Callable[[int], None],
) -> None:
    many_wait(620)
    page = anna.get("/").text
    section = page.split('id="group-waiting"')[1].split("</details>")[0]
    assert section.count("<li ") == 200 and 'data-id="w0000"' in section and 'class="count">620<' in section
    answer = anna.get("/desk/queue")
    assert answer.json()["counts"]["waiting"] == 620
    seen = [row["id"] for row in rows(answer)]
    assert seen[0] == "w0000"
    more = True
    while more:
        last = next(row for row in rows(answer) if row["id"] == seen[-1])
        answer = anna.get("/desk/queue/more", params={"section": "waiting", "rank": last["rank"], "last": last["id"]})
        seen += [row["id"] for row in rows(answer)]
        more = answer.json()["more"]
    assert seen == [f"w{number:04}" for number in range(620)]


@pytest.mark.parametrize("section", ["bot", "resolved"])
def test_all_that_are_resolved_or_with_the_bot_can_be_reached(
    anna: TestClient, services: Services, says: Callable[..., Message], section: str,
) -> None:
    clock = services.ledger.clock
    for number in range(230):
        services.ledger.clock = lambda past=number // 2: clock() - timedelta(hours=past)
        says(f"c{number:04}", "hello")
        if section == "resolved":
            services.ownership.resolve(f"c{number:04}", None)
    services.ledger.clock = clock
    answer = anna.get("/desk/queue")
    first = [row for row in rows(answer) if row["section"] == section]
    live = 230 if section == "resolved" else 2
    assert answer.json()["counts"][section] == live and len(first) == min(live, live_queue.SHOWN)
    seen, more = {row["id"]: row for row in first}, True
    while more:
        last = list(seen.values())[-1]
        answer = anna.get("/desk/queue/more", params={"section": section, "rank": last["rank"], "last": last["id"]})
        seen.update({row["id"]: row for row in rows(answer)})
        more = answer.json()["more"]
    assert len(seen) == 230
    ranks = [row["rank"] for row in seen.values()]
    assert ranks == sorted(ranks)


@pytest.mark.parametrize("values", [
    {"section": "waiting"}, {"section": "nobody", "rank": 1, "last": ""}, {"section": "bot", "rank": "nan", "last": ""},
    {"section": "bot", "rank": "inf", "last": ""}, {"section": "bot", "rank": 1, "last": "x" * 300},
])
def test_what_is_no_place_in_the_queue_is_refused(anna: TestClient, values: dict[str, Any]) -> None:
    assert anna.get("/desk/queue/more", params=values).status_code == 422


@pytest.mark.parametrize("place", [-1e300, 1e300, 0, -1e12, -253402300800])
def test_any_place_of_the_queue_is_answered(anna: TestClient, place: float) -> None:
    for section in ("waiting", "agent", "bot", "resolved"):
        answer = anna.get("/desk/queue/more", params={"section": section, "rank": place, "last": "\U0001f600"})
        assert answer.status_code == 200


def test_the_order_of_the_queue_does_not_depend_on_when_it_is_looked_at(
    services: Services, waits: Callable[..., str],
) -> None:
    clock = services.ledger.clock
    for name, minutes, urgency in (("calm", 20, 0.1), ("angry", 10, 0.9), ("fresh", 0, 0.2)):
        services.ledger.clock = lambda past=minutes: clock() - timedelta(minutes=past)
        waits(name, urgency=urgency)
    services.ledger.clock = clock
    ranked = sorted(overview.with_people(services.ledger), key=rank)
    assert [one.conversation.id for one in ranked] == ["angry", "calm", "fresh"]


def test_since_when_a_customer_waits_is_found_as_the_watch_finds_it(
    services: Services, waits: Callable[..., str], says: Callable[..., Message],
) -> None:
    for name in ("silent", "answered", "asked"):
        waits(name)
        services.ownership.claim(name, ANNA)
    for name in ("answered", "asked"):
        services.ownership.reply(name, ANNA, "here I am")
    says("asked", "one")
    says("asked", "two")
    services.ownership.note("asked", ANNA, "a note is no answer")
    found = {one.conversation.id: one.unanswered_since for one in overview.with_people(services.ledger)}
    expected = unanswered(services.ledger)
    assert {name: at for name, at in found.items() if at} == expected and set(expected) == {"silent", "asked"}


def show(one: Overview) -> str:
    return f"<b>{one.conversation.last_text}</b>"


def test_a_change_is_sent_as_the_rows_that_changed(services: Services, waits: Callable[..., str],
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_queue, "PAUSE", 0.01)
    for number in range(30):
        waits(f"c{number}")
    services.ledger.receive(InboundMessage("b1", "webchat", "to the bot"))

    async def scene() -> None:
        feed = Feed(services.ledger, interval=0.01)
        feed.start()
        board = LiveQueue(services.ledger, feed, show)
        task = asyncio.create_task(board.run())
        event = asyncio.Event()
        with board.watch(event):
            await asyncio.wait_for(event.wait(), 10)
            start = await board.snapshot()
            assert start.counts == {"waiting": 30, "agent": 0, "bot": 1, "resolved": 0}
            before = board.number
            await asyncio.to_thread(services.ownership.claim, "c3", ANNA)
            found: dict[str, Any] = {}
            while "c3" not in {row["id"] for row in found.get("rows", ())}:
                event.clear()
                await asyncio.wait_for(event.wait(), 10)
                _, updates = board.updates_after(before) or (0, [])
                found = json.loads(updates[-1])
            assert [row["id"] for row in found["rows"]] == ["c3"] and found["gone"] == []
            assert (found["rows"][0]["section"], found["rows"][0]["holder"]) == ("agent", "anna")
            assert (found["counts"]["waiting"], found["counts"]["agent"]) == (29, 1)
            await asyncio.to_thread(services.ledger.erase, "c5")
            changes = await board.changes(start.version)
            while changes is not None and "c5" not in changes["gone"]:  # an erasure is found when all is read anew
                await board._resync()
                changes = await board.changes(start.version)
            assert changes is not None and {row["id"] for row in changes["rows"]} == {"c3"}
            assert await board.changes("another.3") is None and await board.changes("") is None
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await feed.stop()

    asyncio.run(scene())


def test_what_changes_before_the_feed_looks_for_the_first_time_is_not_missed(
    services: Services, waits: Callable[..., str], monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live_queue, "PAUSE", 0.01)

    async def scene() -> None:
        feed = Feed(services.ledger, interval=0.01)
        board = LiveQueue(services.ledger, feed, show)
        task = asyncio.create_task(board.run())
        event = asyncio.Event()
        with board.watch(event):
            await event.wait()  # the board has read all, and nobody looks for changes yet
            for name in ("first", "second", "third"):
                await asyncio.to_thread(waits, name)
            feed.start()
            while len((await board.snapshot()).rows) < 3:
                event.clear()
                await event.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await feed.stop()

    async def in_time() -> None:
        await asyncio.wait_for(scene(), 20)

    asyncio.run(in_time())


def test_a_page_that_missed_too_much_begins_anew(services: Services, waits: Callable[..., str]) -> None:
    waits("c1")

    async def scene() -> None:
        board = LiveQueue(services.ledger, Feed(services.ledger), show)
        board._running = asyncio.get_running_loop()
        await board._resync()
        first = board.version
        for _ in range(live_queue.KEPT + 1):
            board._replace(board._rows, {**board._counts, "resolved": board._counts["resolved"] + 1})
        assert board.updates_after(1) is None and await board.changes(first) is None
        assert board.updates_after(board.number) == (board.number, [])

    asyncio.run(scene())


def test_pages_are_compressed_and_streams_are_not_held_up(
    address: str, anna: TestClient, many_wait: Callable[[int], None],
) -> None:
    many_wait(60)
    with httpx.Client(base_url=address, cookies=dict(anna.cookies)) as client:
        for _ in range(100):  # the desk has looked for changes within moments
            answer = client.get("/desk/queue", headers={"Accept-Encoding": "gzip"})
            if len(rows(answer)) == 60:
                break
            time.sleep(0.1)
        assert answer.headers["content-encoding"] == "gzip" and len(rows(answer)) == 60
        assert int(answer.headers["content-length"]) < len(answer.content) / 5
        assert client.get("/", headers={"Accept-Encoding": "gzip"}).headers.get("content-encoding") is None, \
            "a page holds a token beside what others wrote: its length must not tell of it"
        with client.stream("GET", "/desk/events", headers={"Accept-Encoding": "gzip"}, timeout=5) as stream:
            assert "content-encoding" not in stream.headers
            assert next(line for line in stream.iter_lines() if line) == "retry: 1000"


def test_no_update_between_press_and_release_takes_a_click_away(
    desk: Page, services: Services, waits: Callable[..., str],
) -> None:
    for number in range(4):
        waits(f"c{number}")
    expect(desk.locator("#group-waiting a")).to_have_count(4)
    desk.set_viewport_size({"width": 1280, "height": 1400})  # all rows are in sight
    desk.evaluate("""() => document.addEventListener("click", (event) => {
        window.clicked = event.target.closest("a")?.dataset.conversation ?? event.target.outerHTML }, true)""")
    for attempt, name in enumerate(("c1", "c2", "c3") * 2):
        box = desk.locator(f'a[data-conversation="{name}"]').bounding_box()
        assert box is not None
        desk.mouse.move(box["x"] + 60, box["y"] + 12)
        desk.mouse.down()
        waits(f"urgent-{attempt}", urgency=1.0)  # stands above all of them
        services.ledger.receive(InboundMessage(name, "webchat", f"again {attempt}"))
        desk.wait_for_timeout(450)
        desk.mouse.up()
        assert desk.evaluate("window.clicked") == name
        expect(desk.locator("#head .id")).to_have_text(name)
        expect(desk.locator(f'#group-waiting a[data-conversation="urgent-{attempt}"]')).to_have_count(1)
        expect(desk.locator(f'a[data-conversation="{name}"] .row-text')).to_have_text(f"again {attempt}")


def test_updates_leave_rows_focus_and_selection_alone(
    desk: Page, services: Services, waits: Callable[..., str], says: Callable[..., Message],
) -> None:
    card = {"orders": [{"number": "TD-10388", "status": "shipped", "facts": [["Carrier", "A carrier with a name"]]}]}
    for name in ("c1", "c2"):
        waits(name, card=card)
        services.ownership.claim(name, ANNA)
    expect(desk.locator("#group-mine a")).to_have_count(2)
    desk.locator('a[data-conversation="c1"]').click()
    desk.get_by_text("A carrier with a name").select_text()
    desk.locator('a[data-conversation="c2"]').focus()
    desk.evaluate("""() => { window.kept = document.querySelector('a[data-conversation="c2"]') }""")
    desk.get_by_text("A carrier with a name").select_text()
    says("c2", "first")
    says("c1", "this is a scandal")
    expect(desk.locator(".line.customer .bubble").last).to_have_text("this is a scandal")
    expect(desk.locator('a[data-conversation="c2"] .row-text')).to_have_text("first")
    assert desk.evaluate("getSelection().toString()") == "A carrier with a name"
    assert desk.evaluate("""() => window.kept.isConnected && document.activeElement === window.kept""")


def test_ones_own_customers_stand_on_top_and_are_noticed_when_they_write(
    desk: Page, services: Services, waits: Callable[..., str], says: Callable[..., Message],
) -> None:
    for name in ("mine", "open", "other"):
        waits(name)
    for name in ("mine", "open"):
        services.ownership.claim(name, ANNA)
    expect(desk.locator("#group-mine a")).to_have_count(2)
    assert desk.locator("#queue details").first.get_attribute("id") == "group-mine"
    desk.locator('a[data-conversation="open"]').click()
    expect(desk.locator("#head .id")).to_have_text("open")
    says("open", "you see me")
    says("mine", "are you there?")
    mark = desk.locator('a[data-conversation="mine"] .unread')
    expect(mark).to_be_visible()
    expect(desk).to_have_title("● (1) Desk · Tandem Shop")
    expect(desk.locator("#announce")).to_contain_text("Visitor mine has written")
    expect(desk.locator('a[data-conversation="open"] .unread')).to_be_hidden()
    desk.reload()
    expect(mark).to_be_visible()
    desk.locator('a[data-conversation="mine"]').click()
    expect(mark).to_be_hidden()
    expect(desk).to_have_title("(1) Desk · Tandem Shop")


def test_the_key_j_goes_on_from_the_open_row_whatever_changed_meanwhile(
    desk: Page, waits: Callable[..., str], says: Callable[..., Message],
) -> None:
    for number in range(4):
        waits(f"c{number}")
    expect(desk.locator("#group-waiting a")).to_have_count(4)
    order = desk.locator("#group-waiting a").evaluate_all("all => all.map((one) => one.dataset.conversation)")
    for name in order:
        desk.keyboard.press("j")
        expect(desk.locator("#head .id")).to_have_text(name)
        says(name, "one more word")
        expect(desk.locator(f'a[data-conversation="{name}"] .row-text')).to_have_text("one more word")


def test_eight_tabs_of_one_browser_share_one_stream(
    desk: Page, services: Services, waits: Callable[..., str], says: Callable[..., Message],
) -> None:
    for number in range(8):
        waits(f"c{number}")
        services.ownership.claim(f"c{number}", ANNA)
    pages = [desk.context.new_page() for _ in range(7)]
    for number, page in enumerate(pages):
        page.goto(f"/?c=c{number}")
        expect(page.locator("#head .id")).to_have_text(f"c{number}")
    for number, page in enumerate(pages):
        says(f"c{number}", f"word for tab {number}")
        expect(page.locator(".line.customer .bubble").last).to_have_text(f"word for tab {number}")
        expect(desk.locator(f'a[data-conversation="c{number}"] .row-text')).to_have_text(f"word for tab {number}")
    pages[0].locator("#text").fill("an answer")
    pages[0].locator("#text").press("Enter")
    expect(pages[0].locator(".line.agent .bubble")).to_have_text("an answer")
    pages[0].close()
    says("c6", "still heard")
    expect(pages[6].locator(".line.customer .bubble").last).to_have_text("still heard")


def test_without_shared_workers_a_page_has_a_stream_of_its_own(
    browser: Browser, address: str, waits: Callable[..., str], says: Callable[..., Message],
) -> None:
    with desk_of("anna", browser, address, "delete window.SharedWorker") as page:
        waits("c1")
        expect(page.locator("#group-waiting a")).to_have_count(1)
        page.locator("#group-waiting a").click()
        expect(page.locator("#head .id")).to_have_text("c1")
        says("c1", "do you hear me")
        expect(page.locator(".line.customer .bubble").last).to_have_text("do you hear me")


def test_a_page_is_right_again_soon_although_the_stream_said_nothing(
    browser: Browser, address: str, services: Services, waits: Callable[..., str], says: Callable[..., Message],
) -> None:
    with desk_of("anna", browser, address, MUTE) as page:
        page.clock.install()
        page.goto("/")
        waits("c1")
        expect(page.locator("#group-waiting a")).to_have_count(0)
        time.sleep(2)  # the desk itself has looked for changes by then
        page.clock.run_for(46_000)
        page.locator("#group-waiting a").click()
        expect(page.locator("#head .id")).to_have_text("c1")
        says("c1", "nobody told you")
        page.clock.run_for(46_000)
        expect(page.locator(".line.customer .bubble").last).to_have_text("nobody told you")


def test_a_handoff_without_a_card_or_reason_stands_in_the_queue(anna: TestClient, services: Services) -> None:
    services.ledger.receive(InboundMessage("c1", "webchat", "hello"))
    services.ownership.open_handoff(HandoffRequest("c1", "", "take_over"))
    assert [row["id"] for row in rows(anna.get("/desk/queue"))] == ["c1"]

"""Dead letters at the desk: who sees them, what they say, and what is done about them."""
from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, expect

from tandem.agents.audit import entries
from tandem.conversations.model import Message
from tandem.desk.app import create_app
from tandem.live_agents.protocol import LiveAgentRefused
from tandem.live_agents.relay.agent_actions import AgentActions
from tandem.live_agents.relay.worker import Relay
from tandem.services import Services
from tandem.settings import Settings
from tests.fakes.live_agent import FakeTool
from tests.integration.desk.conftest import desk_of, sign_in

HOSTILE = "<script>alert(1)</script> no such inbox"


@pytest.fixture
def tool() -> FakeTool:
    return FakeTool("tool")


@pytest.fixture
def relay(services: Services, tool: FakeTool) -> Iterator[Relay]:
    made = Relay(services.ledger, AgentActions(services.ledger, services.ownership), {"tool": tool})
    yield made
    made.close()


@pytest.fixture
def app(settings: Settings, services: Services, relay: Relay) -> FastAPI:
    """A desk with an outside tool; its relay moves only when told, unless the desk runs on a server."""
    return create_app(settings, services, relay=relay)


def refuse() -> None:
    raise LiveAgentRefused(HOSTILE)


@pytest.fixture
def dead(
    services: Services, relay: Relay, tool: FakeTool, waits: Callable[..., str], says: Callable[..., Message],
) -> str:
    """A handoff that stopped at a message, one that was never taken, a dead act and a webhook that nobody can read."""
    waits("c1", channel="tool")
    handoff = services.ledger.handoffs("c1")[0].id
    relay.step()
    tool.before.update(say=refuse, open=refuse)
    says("c1", "a word that the tool refuses")
    says("c1", "a word that it takes")
    waits("c2", channel="tool")
    relay.step()
    events = [{"handoff_id": handoff, "act": "said", "key": "k1", "text": "lost on the way"}]
    relay.receive_webhook("tool", {"x-signature": "good", "x-delivery": "d1"}, json.dumps(events).encode())
    relay.receive_webhook("tool", {"x-signature": "good", "x-delivery": "d2"}, b"nonsense")
    inbox = relay._inbox
    relay._read_webhooks()
    for _ in range(6):
        for webhook in inbox.unread():
            inbox.webhook_failed(webhook, "JSONDecodeError: Expecting value")
        _hurry(services)
    for _ in range(6):
        for event in inbox.lease_events():
            inbox.event_failed(event, "OperationalError: locked")
        _hurry(services)
    tool.before.clear()
    counts = {kind: len(found) for kind, found in relay.dead().items()}
    assert counts == {"handoffs": 2, "webhooks": 1, "events": 1}
    return handoff


def _hurry(services: Services) -> None:
    """Let pauses be over."""
    with services.engine.begin() as connection:
        for table in ("webhooks", "agent_events"):
            connection.exec_driver_sql(f"UPDATE {table} SET next_attempt_at = '2000-01-01 00:00:00.000000'")


def test_the_page_is_for_supervisors_and_says_what_is_dead_and_why(
    anna: TestClient, sam: TestClient, stranger: TestClient, dead: str,
) -> None:
    assert stranger.get("/dead-letters", headers={"Accept": "text/html"}).status_code == 303
    assert anna.get("/dead-letters").status_code == 403
    assert "/dead-letters" not in anna.get("/").text
    assert 'Dead letters <span class="alarm">4</span>' in sam.get("/").text
    page = sam.get("/dead-letters").text
    assert "&lt;script&gt;alert(1)" in page and "<script>alert" not in page
    for words in ("Words to tool after message 1", "Handoff to tool", "Kim: said", "OperationalError: locked",
                  "JSONDecodeError", "Webhook that could not be read", "/?c=c1", "/?c=c2"):
        assert words in page, words
    assert page.count("Skip message") == 1
    assert "/dead-letters" in sam.get("/numbers").text


def test_agents_may_neither_see_nor_touch_them(anna: TestClient, dead: str) -> None:
    assert anna.get("/api/relays/dead").status_code == 403
    for path in (f"{dead}/replay", f"{dead}/discard", "webhooks/2/replay", "webhooks/2/discard"):
        assert anna.post(f"/api/relays/{path}").status_code == 403, path


def test_trying_again_goes_on_where_it_stopped(
    services: Services, relay: Relay, tool: FakeTool, sam: TestClient, dead: str,
) -> None:
    assert sam.post(f"/api/relays/{dead}/replay").json() == {"replayed": dead}
    relay.step()
    assert tool.threads[dead] == ["a word that the tool refuses", "a word that it takes"]
    assert [one.text for one in services.ledger.transcript("c1") if one.author == "agent"] == ["lost on the way"]
    assert sam.post(f"/api/relays/{dead}/replay").status_code == 404, "it is dead no more"


def test_one_message_may_be_left_out(relay: Relay, tool: FakeTool, sam: TestClient, dead: str) -> None:
    assert sam.post(f"/api/relays/{dead}/replay?skip=true").status_code == 200
    relay.step()
    assert tool.threads[dead] == ["a word that it takes"]


def test_what_is_discarded_is_gone_for_good_and_in_the_audit_log(
    services: Services, relay: Relay, tool: FakeTool, sam: TestClient, dead: str,
) -> None:
    [webhook] = sam.get("/api/relays/dead").json()["webhooks"]
    assert sam.post(f"/api/relays/{dead}/discard").json() == {"discarded": dead}
    assert sam.post(f"/api/relays/webhooks/{webhook['id']}/discard").json() == {"discarded": str(webhook["id"])}
    relay.step()
    left = sam.get("/api/relays/dead").json()
    assert [one["conversation_id"] for one in left["handoffs"]] == ["c2"]
    assert left["events"] == left["webhooks"] == []
    assert tool.threads[dead] == []
    assert [one for one in services.ledger.transcript("c1") if one.author == "agent"] == []
    assert services.ledger.conversation("c1").owner == "waiting", "the conversation is not touched"
    for path in (f"{dead}/discard", f"{dead}/replay", f"webhooks/{webhook['id']}/discard", "unknown/discard"):
        assert sam.post(f"/api/relays/{path}").status_code == 404, path
    done = [(one.actor, one.detail) for one in entries(services.engine, action="discard")]
    assert done == [("sam", f"webhook {webhook['id']}"), ("sam", dead)]
    with services.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM webhooks WHERE body != x''").scalar() == 0
        assert connection.exec_driver_sql("SELECT count(*) FROM agent_events WHERE text != ''").scalar() == 0


def test_a_supervisor_without_the_forms_token_is_refused(sam: TestClient, dead: str) -> None:
    assert sam.post(f"/api/relays/{dead}/discard", headers={"X-CSRF-Token": "x"}).status_code == 403


def test_without_an_outside_tool_nothing_can_be_dead(settings: Settings, services: Services) -> None:
    empty = TestClient(create_app(settings, services), follow_redirects=False)
    sam = sign_in(empty, "sam")
    assert "/dead-letters" not in sam.get("/").text
    assert "No outside tool is connected" in sam.get("/dead-letters").text


def test_a_supervisor_deals_with_them_in_the_browser(
    browser: Browser, tool: FakeTool, dead: str, address: str,
) -> None:
    with desk_of("sam", browser, address) as page:
        page.get_by_role("link", name="Dead letters 4").click()
        rows = page.locator("tbody tr")
        expect(rows).to_have_count(4)
        page.get_by_role("row", name="Webhook that could not").get_by_role("button", name="Discard").click()
        page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
        expect(rows).to_have_count(4)
        page.get_by_role("row", name="Webhook that could not").get_by_role("button", name="Discard").click()
        page.get_by_role("dialog").get_by_role("button", name="Discard").click()
        expect(page.locator("#said")).to_have_text("It is discarded.")
        expect(rows).to_have_count(3)
        page.get_by_role("row", name="Words to tool").get_by_role("button", name="Try again").click()
        expect(rows).to_have_count(1)
        page.reload()
        expect(rows).to_have_count(1)
        expect(rows).to_contain_text("Handoff to tool")
        for _ in range(100):  # the desk's own relay carries it
            if tool.threads[dead][-1:] == ["a word that it takes"]:
                break
            page.wait_for_timeout(50)
        assert tool.threads[dead] == ["a word that the tool refuses", "a word that it takes"]
        page.get_by_role("button", name="Discard").click()
        page.keyboard.press("Escape")
        expect(rows).to_have_count(1)
        page.context.clear_cookies()
        page.get_by_role("button", name="Try again").click()
        expect(page.locator("#said")).to_contain_text("You are signed out")
        expect(page.get_by_role("button", name="Try again")).to_be_enabled()

"""The desk's door for live-agent tools, over HTTP, with the relay at work behind it."""
from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from tandem.conversations.model import Author, Handoff, HandoffRequest, InboundMessage, Kind, Owner
from tandem.desk.app import create_app
from tandem.desk.routes.live_agents import MAX_WEBHOOK
from tandem.desk.security.rate_limit import REJECTED
from tandem.live_agents.adapters.webhook import WebhookChannel
from tandem.live_agents.adapters.webhook.config import WebhookOptions
from tandem.live_agents.adapters.webhook.signature import sign
from tandem.live_agents.protocol import LiveAgentRefused
from tandem.live_agents.relay.agent_actions import AgentActions
from tandem.live_agents.relay.worker import Relay
from tandem.services import Services, open_services
from tandem.settings import Settings
from tests.contract.live_agent.harness import serving
from tests.fakes.live_agent import FakeTool
from tests.rate_limits import assert_limited

TOKEN = {"Authorization": "Bearer a-token-only-for-tests"}
SECRET = "a secret that only tests use"


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    opened = open_services(Settings(database_url=f"sqlite:///{tmp_path / 'desk.db'}", api_token=TOKEN[
        "Authorization"].split()[1]))
    yield opened
    opened.engine.dispose()


@pytest.fixture
def received() -> list[dict[str, Any]]:
    """What the integrator's side got."""
    return []


@pytest.fixture
def support(received: list[dict[str, Any]]) -> WebhookChannel:
    def answer(request: httpx.Request) -> httpx.Response:
        received.append(json.loads(request.content))
        return httpx.Response(204)

    options = WebhookOptions(url="https://agents.example.com/", secret=SECRET)
    return WebhookChannel("support", options, httpx.MockTransport(answer))


@pytest.fixture
def tool() -> FakeTool:
    return FakeTool("tool")


@pytest.fixture
def relay(services: Services, support: WebhookChannel, tool: FakeTool) -> Iterator[Relay]:
    made = Relay(services.ledger, AgentActions(services.ledger, services.ownership), {"support": support, "tool": tool})
    yield made
    made.close()


@pytest.fixture
def client(services: Services, relay: Relay) -> TestClient:
    """A client of a desk whose relay moves only when told."""
    return TestClient(create_app(services.settings, services, relay=relay), raise_server_exceptions=False)


def hand_off(services: Services, channel: str = "support") -> Handoff:
    services.ledger.receive(InboundMessage("c1", "rest", "Hello"))
    return services.ownership.open_handoff(HandoffRequest("c1", "Asked", "intent:ask_for_human", channel=channel))[0]


def event(handoff: Handoff, kind: str = "agent.said", **values: Any) -> bytes:
    return json.dumps({"schema_version": 1, "id": "e1", "type": kind, "at": "2025-03-12T15:00:00Z",
                       "handoff_id": handoff.id, "agent": {"id": "kim", "name": "Kim"}, "text": "Hi",
                       **values}).encode()


def post(client: Any, body: bytes, signature: str | None = None, channel: str = "support") -> Any:
    headers = {"Tandem-Signature": sign(SECRET, body, time.time()) if signature is None else signature}
    return client.post(f"/live-agents/{channel}/webhook", content=body, headers=headers)


def wait_for(condition: Callable[[], Any], seconds: float = 5.0) -> float:
    """How long it took until the condition held."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < seconds, "it did not come about"
        time.sleep(0.005)
    return time.monotonic() - start


def test_a_signed_event_is_kept_and_answered_before_any_work(services: Services, client: TestClient) -> None:
    handoff = hand_off(services)
    answer = post(client, event(handoff))
    assert (answer.status_code, answer.json()) == (200, {"status": "kept"})
    assert services.ledger.conversation("c1").owner is Owner.WAITING
    assert post(client, event(handoff)).status_code == 200


def test_each_mistake_has_its_own_answer(services: Services, client: TestClient) -> None:
    handoff = hand_off(services)
    good = event(handoff)
    for answer, status, words in (
        (post(client, good, signature=""), 401, "Tandem-Signature"),
        (post(client, good, signature=sign(SECRET, b"another body", time.time())), 401, "does not fit"),
        (post(client, good, signature=sign(SECRET, good, time.time() - 400)), 401, "clock"),
        (post(client, b"not json"), 400, "not JSON"),
        (post(client, event(handoff, type="agent.danced")), 400, "type"),
        (post(client, good, channel="chatwoot"), 404, "endpoints.yml"),
        (post(client, good, channel="x" * 100), 422, "channel"),
        (post(client, event(handoff, text="x" * (MAX_WEBHOOK + 1))), 413, "at most"),
        (client.get("/live-agents/support/webhook"), 405, ""),
    ):
        assert answer.status_code == status, answer.text
        assert words in answer.json()["detail"]


def test_a_flood_of_bad_signatures_is_cut_short_and_good_ones_still_come_through(
    services: Services, client: TestClient,
) -> None:
    handoff = hand_off(services)
    assert_limited(lambda: post(client, b"{}", signature="t=1,v1=bad").status_code, status=401,
                   at_once=REJECTED, per_minute=REJECTED)
    assert post(client, event(handoff)).status_code == 200


def test_a_tool_reads_the_answer_that_it_asked_for(
    services: Services, tool: FakeTool, client: TestClient, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tool, "answer", lambda body: {"challenge": "42"})
    answer = client.post("/live-agents/tool/webhook", content=b"[]",
                         headers={"X-Signature": "good", "X-Delivery": "d1"})
    assert answer.json() == {"challenge": "42"}


def test_dead_letters_are_listed_and_replayed_by_those_who_may(
    services: Services, relay: Relay, tool: FakeTool, client: TestClient,
) -> None:
    def refuse() -> None:
        raise LiveAgentRefused("no such inbox")

    tool.before["open"] = refuse
    handoff = hand_off(services, "tool")
    relay.receive_webhook("tool", {"x-signature": "good", "x-delivery": "d1"}, b"nonsense")
    relay.step()
    assert client.get("/api/relays/dead").status_code == 401
    dead = client.get("/api/relays/dead", headers=TOKEN).json()
    [letter] = dead["handoffs"]
    assert (letter["handoff_id"], letter["channel"], letter["error"]) == (handoff.id, "tool", "no such inbox")
    tool.before.clear()
    assert client.post(f"/api/relays/{handoff.id}/replay").status_code == 401
    assert client.post("/api/relays/unknown/replay", headers=TOKEN).status_code == 404
    assert client.post("/api/relays/webhooks/99/replay", headers=TOKEN).status_code == 404
    answer = client.post(f"/api/relays/{handoff.id}/replay", headers=TOKEN)
    assert (answer.status_code, answer.json()) == (200, {"replayed": handoff.id})
    relay.step()
    assert handoff.id in tool.threads
    assert client.get("/api/relays/dead", headers=TOKEN).json()["handoffs"] == []


def test_the_running_desk_carries_both_ways_in_order(
    services: Services, support: WebhookChannel, received: list[dict[str, Any]],
) -> None:
    relay = Relay(services.ledger, AgentActions(services.ledger, services.ownership), {"support": support})
    with serving(create_app(services.settings, services, relay=relay), lifespan="on") as url, \
            httpx.Client(base_url=url) as client:
        handoff = hand_off(services)
        wait_for(lambda: received)
        for number in range(10):
            services.ledger.receive(InboundMessage("c1", "rest", f"word {number}"))
            wait_for(lambda expected=number + 2: len(received) == expected)
            body = event(handoff, id=f"e{number}", text=f"answer {number}")
            assert post(client, body).status_code == 200
            wait_for(lambda expected=number + 1: len(heard(services)) == expected)
    assert [one["message"]["text"] for one in received[1:]] == [f"word {number}" for number in range(10)]
    assert heard(services) == [f"answer {number}" for number in range(10)]


def heard(services: Services) -> list[str]:
    return [message.text for message in services.ledger.transcript("c1")
            if message.author is Author.AGENT and message.kind is Kind.TEXT]

"""The API's contract: what a conversation looks like, and how its owner changes."""
from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tandem.agents.audit import entries
from tandem.conversations.context_card import ContextCard
from tandem.conversations.model import Identity, Message
from tandem.conversations.outbox import OutboundMessage
from tandem.db.engine import open_engine
from tandem.orders.demo_shop import seed
from tandem.services import Services


def test_get_conversation_keeps_its_contract(program: TestClient, waits: Callable[..., str]) -> None:
    waits("web/7 äß", card={"schema_version": 1, "summary": "late"})
    answer = program.get("/api/conversations/web%2F7%20%C3%A4%C3%9F")
    assert answer.status_code == 200
    body = answer.json()
    assert body["id"] == "web/7 äß"
    assert {key: body[key] for key in ("channel", "owner", "epoch")} == {
        "channel": "webchat", "owner": "waiting", "epoch": 1}
    handoff = body["handoff"]
    assert {key: handoff[key] for key in ("reason", "trigger", "claimed_by", "card")} == {
        "reason": "Asked for a person", "trigger": "intent:ask_for_human", "claimed_by": None,
        "card": json.loads(json.dumps(ContextCard(summary="late").to_dict()))}
    assert handoff["id"] and datetime.fromisoformat(handoff["opened_at"]).tzinfo
    (message,) = body["messages"]
    assert {key: message[key] for key in ("seq", "author", "text", "delivery")} == {
        "seq": 1, "author": "customer", "text": "Where is my order?", "delivery": "none"}
    assert "name" in message and datetime.fromisoformat(message["at"]).tzinfo


def test_without_a_handoff_it_is_null(program: TestClient, says: Callable[..., Message]) -> None:
    says("c1", "hello")
    assert program.get("/api/conversations/c1").json()["handoff"] is None


@pytest.mark.parametrize("unknown", ["nobody", "", "%00", "x" * 300, "%F0%9F%92%A9", "%ff", "a/b/c"])
def test_an_unknown_conversation_is_404_at_every_step(program: TestClient, unknown: str) -> None:
    assert program.get(f"/api/conversations/{unknown}" if unknown else "/api/conversations/").status_code in (404, 307)
    for step in ("claim", "take-over", "release", "hand-back", "resolve", "typing", "messages/1/retry"):
        answer = program.post(f"/api/conversations/{unknown}/{step}")
        assert (answer.status_code, answer.json()["error"]) == (404, "not_found"), step
    for step in ("reply", "note"):
        assert program.post(f"/api/conversations/{unknown}/{step}", json={"text": "hi"}).status_code == 404


def test_owners_change_through_bot_waiting_agent_bot(
    anna: TestClient, program: TestClient, says: Callable[..., Message], waits: Callable[..., str],
) -> None:
    def owner() -> str:
        return str(program.get("/api/conversations/c1").json()["owner"])

    says("c1", "hello")
    seen = [owner()]
    waits("c1")
    seen.append(owner())
    claimed = anna.post("/api/conversations/c1/claim").json()
    assert claimed["handoff"]["claimed_by"] == "anna"
    seen.append(owner())
    assert anna.post("/api/conversations/c1/reply", json={"text": "Hello, Anna here"}).status_code == 200
    assert anna.post("/api/conversations/c1/hand-back", json={"note_for_bot": "sent a voucher"}).status_code == 200
    seen.append(owner())
    assert seen == ["bot", "waiting", "agent", "bot"]
    messages = program.get("/api/conversations/c1").json()["messages"]
    assert [(one["author"], one["name"]) for one in messages if one["text"] == "Hello, Anna here"] == [
        ("agent", "Anna Berg")]
    notices = [one["text"] for one in messages if one["author"] == "system"]
    assert notices == ["Anna Berg has joined the conversation.",
                       "Anna Berg has left the conversation. The assistant is with you again."]


def test_hand_back_from_the_queue_names_no_agent_who_never_joined(
    anna: TestClient, program: TestClient, waits: Callable[..., str],
) -> None:
    waits("c1")
    assert anna.post("/api/conversations/c1/hand-back").json()["owner"] == "bot"
    assert "Anna" not in program.get("/api/conversations/c1").text.split('"messages"')[1].split('"data"')[-2]


def test_two_agents_claim_at_once_and_exactly_one_wins(
    anna: TestClient, sam: TestClient, services: Services, waits: Callable[..., str],
) -> None:
    for number in range(5):
        waits(f"c{number}")
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda one, c=number: one.post(f"/api/conversations/c{c}/claim"), (anna, sam)))
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        loser = next(answer for answer in answers if answer.status_code == 409)
        assert loser.json()["error"] == "already_claimed"
        assert sum(one.text != "" for one in services.ledger.messages(f"c{number}") if one.author == "system") == 1


def test_a_reply_sent_twice_is_one_message(anna: TestClient, services: Services, waits: Callable[..., str]) -> None:
    waits("c1")
    anna.post("/api/conversations/c1/claim")
    body = {"text": "on its way", "client_id": "k1"}
    first, second = (anna.post("/api/conversations/c1/reply", json=body) for _ in range(2))
    assert first.json() == second.json()
    assert sum(one.text == "on its way" for one in services.ledger.transcript("c1")) == 1


def test_only_the_holder_replies_and_is_seen_writing(
    anna: TestClient, sam: TestClient, services: Services, waits: Callable[..., str],
) -> None:
    waits("c1")
    assert anna.post("/api/conversations/c1/reply", json={"text": "hi"}).status_code == 409
    anna.post("/api/conversations/c1/claim")
    assert sam.post("/api/conversations/c1/reply", json={"text": "hi"}).status_code == 409
    assert sam.post("/api/conversations/c1/typing").status_code == 409
    assert anna.post("/api/conversations/c1/typing").status_code == 204
    assert services.ledger.conversation("c1").typing == ("agent", "Anna Berg")
    assert anna.post("/api/conversations/c1/typing", json={"writes": False}).status_code == 204
    assert services.ledger.conversation("c1").typing is None


def test_notes_are_open_to_all_agents_and_never_for_the_customer(
    sam: TestClient, services: Services, waits: Callable[..., str],
) -> None:
    waits("c1")
    note = sam.post("/api/conversations/c1/note", json={"text": "a regular", "client_id": "n1"}).json()
    assert (note["kind"], note["delivery"]) == ("note", "none")
    assert "a regular" not in [one.text for one in services.ledger.messages("c1", for_customer=True)]


def test_only_given_up_messages_are_tried_again(
    anna: TestClient, services: Services, waits: Callable[..., str], outbound: Callable[[int], OutboundMessage],
) -> None:
    waits("c1")
    anna.post("/api/conversations/c1/claim")
    seq = anna.post("/api/conversations/c1/reply", json={"text": "hello"}).json()["seq"]
    retry = f"/api/conversations/c1/messages/{seq}/retry"
    assert anna.post(retry).status_code == 409
    services.outbox.refused(outbound(seq), "blocked by the customer")
    assert services.ledger.transcript("c1")[seq - 1].delivery == "failed"
    assert anna.post(retry).json()["delivery"] == "pending"
    assert anna.post("/api/conversations/c1/messages/999/retry").status_code == 404
    assert anna.post("/api/conversations/c1/messages/0/retry").status_code == 422


def test_those_who_wait_are_listed_in_the_order_of_the_queue(program: TestClient, waits: Callable[..., str]) -> None:
    for name, urgency in (("calm", 0.1), ("urgent", 0.9), ("middling", 0.5)):
        waits(name, urgency=urgency)
    listed = program.get("/api/conversations", params={"owner": "waiting"}).json()["conversations"]
    assert [one["id"] for one in listed] == ["urgent", "middling", "calm"]
    assert "card" not in listed[0]["handoff"]
    assert len(program.get("/api/conversations?owner=waiting&limit=1").json()["conversations"]) == 1
    assert program.get("/api/conversations?owner=bot").json()["conversations"] == []
    for wrong in ("owner=nobody", "limit=0", "limit=many", "limit=99999999999999999999"):
        assert program.get(f"/api/conversations?{wrong}").status_code == 422


def test_a_program_acts_as_the_agent_it_names(program: TestClient, waits: Callable[..., str]) -> None:
    waits("c1")
    assert program.post("/api/conversations/c1/claim").json()["handoff"]["claimed_by"] == "api"
    waits("c2")
    answer = program.post("/api/conversations/c2/claim", headers={"X-Tandem-Agent": "Zoë".encode()})
    assert answer.json()["handoff"]["claimed_by"] == "Zoë"
    waits("c3")
    assert program.post("/api/conversations/c3/claim", json={"agent": "李"}).json()["handoff"]["claimed_by"] == "李"


def test_an_agent_cannot_act_as_another(anna: TestClient, waits: Callable[..., str]) -> None:
    waits("c1")
    answer = anna.post("/api/conversations/c1/claim", json={"agent": "sam"}, headers={"X-Tandem-Agent": "sam"})
    assert answer.json()["handoff"]["claimed_by"] == "anna"


def test_stats_count_what_waits_and_what_is_on_its_way(
    anna: TestClient, services: Services, waits: Callable[..., str],
) -> None:
    empty = anna.get("/api/stats").json()
    assert (empty["waiting"], empty["longest_wait_seconds"], empty["open_by_agent"]) == (0, 0.0, {})
    assert (empty["deliveries"], empty["fenced"], empty["containment"]) == ({}, 0, None)
    waits("c1")
    waits("c2")
    anna.post("/api/conversations/c2/claim")
    services.ledger.record_bot_reply("c1", 0, "too late")
    stats = anna.get("/api/stats").json()
    assert (stats["waiting"], stats["open_by_agent"], stats["fenced"]) == (1, {"anna": 1}, 1)
    assert stats["deliveries"]["pending"] == 1


def test_the_audit_log_says_who_did_what_and_not_what_was_said(
    anna: TestClient, services: Services, waits: Callable[..., str],
) -> None:
    waits("c1")
    anna.post("/api/conversations/c1/claim")
    anna.post("/api/conversations/c1/reply", json={"text": "a secret word"})
    lines = entries(services.engine)
    assert [(one.actor, one.action, one.conversation_id) for one in lines[:2]] == [
        ("anna", "reply", "c1"), ("anna", "claim", "c1")]
    assert "secret" not in str(lines)


def test_customers_are_exported_and_erased_everywhere(
    program: TestClient, services: Services, says: Callable[..., Message], waits: Callable[..., str],
) -> None:
    says("known", "hello", identity=Identity("s", "eve@example.com", "Eve"))
    waits("carded", card={"customer": {"email": "EVE@example.com"}})
    says("other", "hello", identity=Identity("o", "bob@example.com"))
    exported = program.get("/api/customers/export", params={"email": "Eve@Example.com"}).json()["conversations"]
    assert [one["conversation"]["id"] for one in exported] == ["carded", "known"]
    assert exported[0]["messages"][0]["text"] == "Where is my order?"
    answer = program.request("DELETE", "/api/customers", params={"email": "eve@example.com"})
    assert answer.json() == {"erased": ["carded", "known"]}
    assert program.get("/api/conversations/known").status_code == 404
    assert program.get("/api/conversations/other").status_code == 200
    assert program.get("/api/customers/export", params={"email": "eve@example.com"}).status_code == 404
    assert not [line for line in entries(services.engine) if line.conversation_id in ("known", "carded")]
    for wrong in ({}, {"email": "a@b.c", "conversation_id": "x"}):
        assert program.get("/api/customers/export", params=wrong).status_code == 422


def test_erasing_reaches_the_bots_memory(
    program: TestClient, app: FastAPI, says: Callable[..., Message],
) -> None:
    says("c1", "hello")
    engine = open_engine(app.state.desk.settings.tracker_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE events (id INTEGER PRIMARY KEY, sender_id VARCHAR, data TEXT)")
        connection.exec_driver_sql("INSERT INTO events (sender_id, data) VALUES ('c1', 'x'), ('c2', 'y')")
    program.request("DELETE", "/api/customers", params={"conversation_id": "c1"})
    with engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT sender_id FROM events").scalars().all() == ["c2"]
    engine.dispose()


def test_after_an_erasure_the_customer_has_to_identify_anew(
    program: TestClient, app: FastAPI, services: Services, says: Callable[..., Message],
) -> None:
    seed(services.engine, services.ledger.clock(), services.settings.shop_timezone)
    says("+15550100", "hello")
    services.identification.verify("+15550100", "TD-10421", "on-time@example.com")
    assert services.identification.verified_orders("+15550100") == ("TD-10421",)
    program.request("DELETE", "/api/customers", params={"conversation_id": "+15550100"})
    assert services.identification.verified_orders("+15550100") == ()


def test_health_needs_no_sign_in(stranger: TestClient) -> None:
    assert stranger.get("/healthz").json() == {"status": "ok"}


def test_openapi_describes_every_step(stranger: TestClient, program: TestClient) -> None:
    paths = stranger.get("/openapi.json").json()["paths"]
    assert "/api/conversations/{conversation_id}/hand-back" in paths
    page = stranger.get("/docs")
    assert page.status_code == 200 and "hand-back" in page.text
    assert "`" not in page.text, "names of code stand in code, not in backticks"


def test_every_endpoint_is_documented(stranger: TestClient, project_root: Path) -> None:
    page = (project_root / "docs" / "desk.md").read_text(encoding="utf-8").replace("{id}", "{conversation_id}")
    for path, methods in stranger.get("/openapi.json").json()["paths"].items():
        for method in methods:
            assert f"`{method.upper()} {path}" in page, f"docs/desk.md does not name {method.upper()} {path}"

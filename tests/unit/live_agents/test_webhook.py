"""The webhook adapter: its options, its signature, its schema, its errors."""
from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tandem.live_agents.adapters.webhook as adapter
from tandem.conversations.context_card import ContextCard
from tandem.conversations.model import Author, Delivery, Handoff, Kind, Message
from tandem.handoff.routing import LiveAgentConfigError
from tandem.live_agents.adapters.webhook import WebhookChannel, outbound
from tandem.live_agents.adapters.webhook.config import WebhookOptions
from tandem.live_agents.adapters.webhook.inbound import ACTS, parse
from tandem.live_agents.adapters.webhook.signature import sign, verify
from tandem.live_agents.protocol import Act, LiveAgentRefused, LiveAgentUnavailable, WebhookRejected, WebhookUnreadable
from tests.fakes.payloads import names, payload

SECRET = "a secret that only tests use"
AT = datetime(2025, 3, 12, 15, 0, tzinfo=timezone.utc)
SCHEMA = json.loads((Path(adapter.__file__).parent / "schema.json").read_text())
DOCS = Path("docs/live-agent-channels.md")
GOOD = payload("webhook", "said")


def accepted_by_schema(event: Any, direction: str = "incoming") -> bool:
    validator = jsonschema.Draft202012Validator({"$ref": f"#/$defs/{direction}", "$defs": SCHEMA["$defs"]})
    return bool(validator.is_valid(event))


def make_handoff(**values: Any) -> Handoff:
    return Handoff(**{
        "id": "h1", "conversation_id": "c1", "reason": "why", "trigger": "anger", "urgency": 0.5, "epoch": 1,
        "opened_at": AT, "claimed_by": None, "claimed_at": None, "closed_at": None, "outcome": None,
        "note_for_bot": "", "card": ContextCard(summary="s"), "channel": "support", **values})


def make_message(seq: int, text: str = "Hello", **values: Any) -> Message:
    return Message(**{
        "conversation_id": "c1", "seq": seq, "author": Author.CUSTOMER, "kind": Kind.TEXT, "name": "", "text": text,
        "at": AT, "epoch": 0, "delivery": Delivery.NONE, **values})


def channel(answer: Callable[[httpx.Request], httpx.Response]) -> WebhookChannel:
    options = WebhookOptions(url="https://agents.example.com/in", secret=SECRET)
    return WebhookChannel("support", options, httpx.MockTransport(answer), clock=lambda: 1_741_791_600.5)


# -- options ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("options", "named"), [
    ({}, "url is missing"),
    ({"url": "ftp://example.com", "secret": SECRET}, "url must be an address"),
    ({"url": "https://", "secret": SECRET}, "url must be an address"),
    ({"url": "https://example.com:99999/", "secret": SECRET}, "url must be an address"),
    ({"url": 5, "secret": SECRET}, "url must be an address"),
    ({"url": "http://example.com/", "secret": SECRET}, "url must begin with https"),
    ({"url": "https://example.com/"}, "secret is missing"),
    ({"url": "https://example.com/", "secret": "short"}, "secret must be"),
    ({"url": "https://example.com/", "secret": SECRET, "timeout": 0}, "timeout must be"),
    ({"url": "https://example.com/", "secret": SECRET, "timeout": "10"}, "timeout must be"),
    ({"url": "https://example.com/", "secret": SECRET, "timeout": True}, "timeout must be"),
    ({"url": "https://example.com/", "secret": SECRET, "allow_http": "yes"}, "allow_http must be"),
    ({"url": "https://example.com/", "secret": SECRET, "sceret": "x"}, "sceret is not known"),
])
def test_each_wrong_option_is_named_with_the_channel_and_the_page(options: dict[str, Any], named: str) -> None:
    with pytest.raises(LiveAgentConfigError, match=re.escape(f"live_agent: support: {named}")) as raised:
        WebhookChannel.from_options("support", options)
    assert "docs/live-agent-channels.md" in str(raised.value)
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("url", ["https://example.com/in", "http://127.0.0.1:8000/in", "http://localhost/in"])
def test_good_options_are_taken(url: str) -> None:
    assert WebhookChannel.from_options("support", {"url": url, "secret": SECRET, "timeout": 5}).name == "support"
    WebhookChannel.from_options("support", {"url": "http://inside/", "secret": SECRET, "allow_http": True})


# -- outgoing -----------------------------------------------------------------------------------------------------


def test_each_event_is_signed_has_a_stable_id_and_fits_the_schema() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(204)

    support = channel(answer)
    handoff = make_handoff(card=ContextCard(slots={"odd": float("nan")}))
    closed = make_handoff(closed_at=AT, outcome="resolved")
    for _ in range(2):
        reference = support.open(handoff, [make_message(1), make_message(2, kind=Kind.NOTE, author=Author.AGENT)], None)
        support.say(reference, handoff, make_message(3, "<b>&\x07שלום"), again=False)
        support.close(reference, closed)
    ids = [request.headers["idempotency-key"] for request in seen]
    assert ids == ["h1:opened", "h1:message:3", "h1:closed"] * 2
    assert [request.content for request in seen[:3]] == [request.content for request in seen[3:]]
    for request in seen:
        verify(SECRET, request.headers["tandem-signature"], request.content, 1_741_791_600)
        event = json.loads(request.content, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
        assert accepted_by_schema(event, "outgoing"), event
        assert event["id"] == request.headers["idempotency-key"]


def test_a_very_long_transcript_is_cut_at_its_old_end_and_says_so() -> None:
    event = outbound.opened("support", make_handoff(), [make_message(seq, "x" * 10_000) for seq in range(1, 101)])
    assert [message["seq"] for message in event["transcript"]] == list(range(51, 101))
    assert event["transcript_left_out"] == 50
    assert accepted_by_schema(json.loads(outbound.encode(event)), "outgoing")


@pytest.mark.parametrize(("status", "error"), [
    (400, LiveAgentRefused), (410, LiveAgentRefused), (413, LiveAgentRefused), (422, LiveAgentRefused),
    (301, LiveAgentUnavailable), (401, LiveAgentUnavailable), (404, LiveAgentUnavailable),
    (409, LiveAgentUnavailable), (429, LiveAgentUnavailable), (500, LiveAgentUnavailable), (503, LiveAgentUnavailable),
])
def test_what_an_answer_means(status: int, error: type[Exception]) -> None:
    support = channel(lambda request: httpx.Response(status, headers={"Retry-After": "7"}))
    with pytest.raises(error, match=str(status)) as raised:
        support.close({}, make_handoff(closed_at=AT, outcome="resolved"))
    if isinstance(raised.value, LiveAgentUnavailable):
        assert raised.value.retry_after == 7


@pytest.mark.parametrize("value", ["", "soon", "nan", "inf", "-1", "Wed, 12 Mar 2025 15:00:00 GMT"])
def test_an_odd_retry_after_is_passed_over(value: str) -> None:
    support = channel(lambda request: httpx.Response(503, headers={"Retry-After": value}))
    with pytest.raises(LiveAgentUnavailable) as raised:
        support.close({}, make_handoff())
    assert raised.value.retry_after is None


@pytest.mark.parametrize("trouble", [
    httpx.ConnectError("no"), httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("?"),
])
def test_a_tool_that_is_not_reached_is_tried_again(trouble: Exception) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise trouble

    with pytest.raises(LiveAgentUnavailable, match=type(trouble).__name__):
        channel(answer).close({}, make_handoff())


# -- incoming -----------------------------------------------------------------------------------------------------


def signed(body: bytes, at: float = 1_741_791_600) -> dict[str, str]:
    return {"tandem-signature": sign(SECRET, body, at)}


def test_a_signed_event_is_named_and_read() -> None:
    support = channel(lambda request: httpx.Response(204))
    body = json.dumps(GOOD).encode()
    assert support.delivery_id(signed(body), body) == "evt-4711"
    [event] = support.read(body)
    assert (event.act, event.key, event.handoff_id, event.agent_id, event.agent_name, event.text, event.at) == (
        Act.SAID, "evt-4711", GOOD["handoff_id"], "kim", "Kim", GOOD["text"], AT + timedelta(seconds=150))
    assert support.answer(body) is None
    assert support.sweep({}, make_handoff(), AT) == ()


@pytest.mark.parametrize("at", [1_741_791_600 - 302, 1_741_791_600 + 302])
def test_a_signature_outside_the_window_is_rejected(at: float) -> None:
    body = json.dumps(GOOD).encode()
    with pytest.raises(WebhookRejected, match="300 seconds"):
        channel(lambda request: httpx.Response(204)).delivery_id(signed(body, at), body)


@pytest.mark.parametrize("header", [
    "", "t=1741791600", "v1=" + "0" * 64, "t=1741791600,v1=", "t=1741791600,v1=" + "0" * 64,
    "t=1741791600,t=1741791600,v1=" + "0" * 64, "t=-5,v1=" + "0" * 64, "t=١,v1=" + "0" * 64, "t=1e9,v1=" + "0" * 64,
    "\x00", ",,,===", "t=1741791600,v1=" + "é" * 64, "t=" + "9" * 5000 + ",v1=" + "0" * 64,
])
def test_a_signature_that_is_none_is_rejected(header: str) -> None:
    with pytest.raises(WebhookRejected):
        verify(SECRET, header, b"{}", 1_741_791_600)


def test_two_signatures_serve_while_a_secret_is_changed() -> None:
    mine = sign(SECRET, b"{}", 1_741_791_600).split("v1=")[1]
    verify(SECRET, f"t=1741791600, v1={'0' * 64}, v1={mine}", b"{}", 1_741_791_600)
    with pytest.raises(WebhookRejected):
        verify("another secret, as long", f"t=1741791600,v1={mine}", b"{}", 1_741_791_600)


BAD: list[tuple[Any, str]] = [
    ([], "object"), ("text", "object"), (None, "object"), (5, "object"), ({}, "schema_version"),
    ({**GOOD, "schema_version": 2}, "schema_version"), ({**GOOD, "schema_version": "1"}, "schema_version"),
    ({**GOOD, "schema_version": True}, "schema_version"), ({**GOOD, "type": "handoff.opened"}, "type"),
    ({**GOOD, "type": ["agent.said"]}, "type"), ({**GOOD, "id": ""}, "id"), ({**GOOD, "id": 7}, "id"),
    ({**GOOD, "id": "x" * 201}, "id"), ({**GOOD, "at": "yesterday"}, "at"), ({**GOOD, "at": 1_741_791_600}, "at"),
    ({**GOOD, "at": "2025-03-12T15:00:00"}, "at"), ({**GOOD, "handoff_id": None}, "handoff_id"),
    ({**GOOD, "handoff_id": "x" * 65}, "handoff_id"), ({**GOOD, "agent": "Kim"}, "agent"),
    ({**GOOD, "agent": {"id": "kim"}}, "agent.name"), ({**GOOD, "agent": {"id": "", "name": "Kim"}}, "agent.id"),
    ({**GOOD, "agent": {"id": "kim", "name": "K" * 101}}, "agent.name"), ({**GOOD, "text": ""}, "text"),
    ({**GOOD, "text": None}, "text"), ({**GOOD, "text": ["Hello"]}, "text"), ({**GOOD, "text": "x" * 100_001}, "text"),
    ({key: value for key, value in GOOD.items() if key != "text"}, "text"),
    ({**GOOD, "type": "agent.handed_back", "text": "x" * 1001}, "text"),
    ({**GOOD, "type": "agent.handed_back", "resume": "yes"}, "resume"), ({**GOOD, "type": "agent.resumed"}, "type"),
]


@pytest.mark.parametrize(("event", "named"), BAD)
def test_each_wrong_key_is_named_and_refused_by_the_schema_too(event: Any, named: str) -> None:
    with pytest.raises(WebhookUnreadable, match=named):
        parse(json.dumps(event).encode())
    assert not accepted_by_schema(event)


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"{", b"nonsense", b'{"a":' * 100_000, b"\x00"])
def test_bodies_that_are_no_json_are_unreadable(body: bytes) -> None:
    with pytest.raises(WebhookUnreadable, match="JSON"):
        parse(body)


@pytest.mark.parametrize("at", ["2025-03-12T15:00:00.123456789Z", "2025-03-12T15:00:00.5+05:30"])
def test_times_of_other_languages_are_read(at: str) -> None:
    assert parse(json.dumps({**GOOD, "at": at}).encode()).at is not None
    assert accepted_by_schema({**GOOD, "at": at})


@pytest.mark.parametrize(("choice", "act"), [
    ({"resume": True}, Act.RESUMED), ({"resume": False}, Act.HANDED_BACK), ({}, Act.HANDED_BACK),
])
def test_a_hand_back_says_whether_the_bot_carries_on(choice: dict[str, bool], act: Act) -> None:
    event = {**payload("webhook", "handed_back"), **choice}
    told = parse(json.dumps(event).encode())
    assert (told.act, told.text) == (act, "refund promised by Friday")
    assert accepted_by_schema(event)


def test_keys_of_a_later_time_are_passed_over() -> None:
    event = {**GOOD, "mood": "sunny", "agent": {**GOOD["agent"], "team": "north"}}
    assert parse(json.dumps(event).encode()).text == GOOD["text"]
    assert accepted_by_schema(event)


@pytest.mark.parametrize("name", names("webhook"))
def test_the_payloads_fit_the_schema_but_the_unknown_one(name: str) -> None:
    assert accepted_by_schema(payload("webhook", name)) is (name != "unknown_payload")


_VALUES = st.one_of(st.none(), st.booleans(), st.integers(0, 3), st.text(max_size=3), st.just("agent.claimed"),
                    st.just("2025-03-12T15:00:00Z"), st.just({"id": "a", "name": "b"}), st.just([]))


@given(st.dictionaries(st.sampled_from(sorted(GOOD)), _VALUES))
def test_reader_and_schema_agree(changes: dict[str, Any]) -> None:
    event = {**GOOD, **changes}
    try:
        parse(json.dumps(event).encode())
        taken = True
    except WebhookUnreadable:
        taken = False
    assert taken is accepted_by_schema(event)


def test_every_json_example_of_the_page_fits_the_schema() -> None:
    blocks = re.findall(r"```json\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.S)
    events = [json.loads(block) for block in blocks]
    kinds = {event["type"] for event in events}
    assert {"handoff.opened", "message.created", "handoff.closed", "agent.said", "agent.handed_back"} <= kinds
    for event in events:
        assert accepted_by_schema(event, "incoming" if event["type"].startswith("agent.") else "outgoing"), event
        if event["type"].startswith("agent."):
            parse(json.dumps(event).encode())


def test_the_page_names_every_option_and_every_act() -> None:
    page = DOCS.read_text(encoding="utf-8")
    for word in ("url", "secret", "timeout", "allow_http", *ACTS):
        assert f"`{word}`" in page, f"docs/live-agent-channels.md does not explain {word}"

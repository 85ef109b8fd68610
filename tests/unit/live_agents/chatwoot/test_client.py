"""Which answers mean what, and what is never said."""
from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import httpx
import pytest

import tandem.live_agents.http_client as http_client
from tandem.live_agents.adapters.chatwoot.client import ChatwootApi, ChatwootNotFound, Invalid
from tandem.live_agents.http_client import WORK
from tandem.live_agents.protocol import LiveAgentRefused, LiveAgentUnavailable
from tests.unit.live_agents.chatwoot.conftest import Chatwoot, settings

Answer = Callable[[httpx.Request], httpx.Response]


def client(answer: Answer) -> ChatwootApi:
    return ChatwootApi(settings(), httpx.MockTransport(answer))


@pytest.mark.parametrize(("status", "body", "error", "words"), [
    (400, b'{"error": "bad"}', LiveAgentRefused, "answered with 400: bad"),
    (401, b'{"error": "Invalid Access Token"}', LiveAgentUnavailable, "Invalid Access Token; check token"),
    (403, b"{}", LiveAgentUnavailable, "check token"),
    (404, b'{"error": "Resource could not be found"}', ChatwootNotFound, "could not be found"),
    (422, b'{"message": "Email Invalid email", "attributes": ["email"]}', Invalid, "Email Invalid email"),
    (422, b'{"error": "Validation failed: Too many messages"}', LiveAgentUnavailable, "Too many"),
    (429, b"slow down", LiveAgentUnavailable, "429"), (500, b"<html>", LiveAgentUnavailable, "500"),
    (503, b"", LiveAgentUnavailable, "503"), (301, b"", LiveAgentRefused, "redirected; give url"),
    (200, b"<html>", LiveAgentUnavailable, "not JSON"), (200, b"[" * 100_000, LiveAgentUnavailable, "not JSON"),
])
def test_each_answer_is_told_with_chatwoot_s_words(
    status: int, body: bytes, error: type[Exception], words: str,
) -> None:
    with pytest.raises(error, match=words) as caught:
        client(lambda request: httpx.Response(status, content=body)).create_contact("web-1", "Maya", "")
    assert type(caught.value) is error


@pytest.mark.parametrize(("header", "pause"), [("7", 7.0), ("soon", None), ("-1", None), ("inf", None)])
def test_a_pause_that_is_asked_for_is_passed_on(header: str, pause: float | None) -> None:
    with pytest.raises(LiveAgentUnavailable) as caught:
        client(lambda request: httpx.Response(429, headers={"Retry-After": header})).own_id()
    assert caught.value.retry_after == pause


def test_the_limit_of_messages_a_minute_asks_for_a_minute() -> None:
    answer = httpx.Response(422, json={"error": "Validation failed: Too many messages"})
    with pytest.raises(LiveAgentUnavailable) as caught:
        client(lambda request: answer).create_message("1", "h1:1", "Hello", "incoming")
    assert caught.value.retry_after == 60


def test_a_request_that_does_not_get_through_is_unavailable() -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("too slow", request=request)

    with pytest.raises(LiveAgentUnavailable, match="ReadTimeout"):
        client(fail).own_id()


def test_the_requests_of_one_call_end_within_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now, timeouts = [0.0], []
    monkeypatch.setattr(http_client.time, "monotonic", lambda: now[0])

    def slow(request: httpx.Request) -> httpx.Response:
        timeouts.append(sum(request.extensions["timeout"][part] for part in ("connect", "write", "read")))
        now[0] += 7
        return httpx.Response(200, json={"id": 12})

    api = client(slow)
    api.begin()
    with pytest.raises(LiveAgentUnavailable, match="took too long"):
        for _ in range(10):
            api.own_id()
    assert len(timeouts) == 4 and all(spent <= WORK - 7 * number + 0.01 for number, spent in enumerate(timeouts))


def test_an_answer_without_end_is_cut_off() -> None:
    class Endless(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            while True:
                yield b"x" * 1_000_000

    with pytest.raises(LiveAgentUnavailable, match="no end"):
        client(lambda request: httpx.Response(200, stream=Endless())).own_id()


def test_the_token_is_sent_in_its_header_and_said_nowhere(
    chatwoot: Chatwoot, caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    chatwoot.restart(token="a-token-that-was-revoked")
    with pytest.raises(LiveAgentUnavailable, match="Invalid Access Token") as caught:
        chatwoot.opened()
    assert "a-token-that" not in caplog.text + str(caught.value) + repr(chatwoot.channel)


def test_what_chatwoot_says_is_shown_on_one_short_line() -> None:
    answer = httpx.Response(400, json={"error": "a\nb\x1b[31m" + "x" * 5000})
    with pytest.raises(LiveAgentRefused) as caught:
        client(lambda request: answer).own_id()
    assert str(caught.value).isprintable() and len(str(caught.value)) < 400

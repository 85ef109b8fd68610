"""Calls to outside tools end, and say what went wrong."""
from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

import tandem.live_agents.http_client as calls
from tandem.live_agents.http_client import Calls, pages, seconds, words_of
from tandem.live_agents.protocol import LiveAgentRefused, LiveAgentUnavailable


def answering(response: httpx.Response | Exception) -> Calls:
    def answer(request: httpx.Request) -> httpx.Response:
        if isinstance(response, Exception):
            raise response
        return response

    return Calls("https://tool.example.com/v1", {"X-Token": "secret"}, transport=httpx.MockTransport(answer))


@pytest.mark.parametrize("response", [
    httpx.ConnectTimeout("slow"), httpx.Response(500), httpx.Response(401), httpx.Response(302),
    httpx.Response(200, text="<html>"), httpx.Response(200, text="[1]"), httpx.Response(200, content=b"\xff"),
    httpx.Response(200, text="[" * 100_000),
])
def test_what_may_pass_is_unavailable(response: httpx.Response | Exception) -> None:
    with pytest.raises(LiveAgentUnavailable) as raised:
        answering(response).call("GET", "/things")
    assert str(raised.value).startswith("GET /things: ") and "secret" not in str(raised.value)


def test_what_will_never_be_taken_is_refused_and_says_why() -> None:
    with pytest.raises(LiveAgentRefused, match="GET /things: answered with 422: text is too long"):
        answering(httpx.Response(422, text="text is\n too long")).call("GET", "/things")


def test_statuses_that_are_expected_are_answers_whatever_their_body() -> None:
    for body, data in (("<html>", {}), ('{"a": 1}', {"a": 1}), ("[]", {}), ("", {})):
        answer = answering(httpx.Response(404, text=body)).call("GET", "/things", expected=frozenset({404}))
        assert (answer.status, answer.data) == (404, data)
    assert answering(httpx.Response(204)).call("POST", "/things", {}).data == {}


def test_an_answer_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    def drip() -> Iterator[bytes]:
        while True:
            yield b" " * 1_000_000

    with pytest.raises(LiveAgentUnavailable, match="no end"):
        answering(httpx.Response(200, content=drip())).call("GET", "/things")


def test_a_piece_of_work_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(calls.time, "monotonic", lambda: now[0])
    tool = answering(httpx.Response(200, text="{}"))
    tool.begin()
    now[0] += calls.WORK - 1
    tool.call("GET", "/things")
    now[0] += 2
    with pytest.raises(LiveAgentUnavailable, match="took too long"):
        tool.call("GET", "/things")
    tool.begin()
    tool.call("GET", "/things")


def test_a_pause_is_seconds() -> None:
    assert [seconds(value) for value in ("7", "0.5", "-1", "nan", "inf", "Wed, 21 Oct", "")] == [
        7.0, 0.5, None, None, None, None, None]


def test_a_body_that_is_signed_already_goes_out_as_it_is_and_its_answer_is_not_read() -> None:
    sent: list[httpx.Request] = []

    def endless() -> Iterator[bytes]:
        while True:
            yield b"x"

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, content=endless())

    tool = Calls("", transport=httpx.MockTransport(answer))
    tool.post_bytes("an event", "https://tool.example.com/in?key=secret", b'{"a": 1}', {"X-Signature": "s"})
    assert (sent[0].content, sent[0].headers["x-signature"]) == (b'{"a": 1}', "s")
    refused = Calls("", transport=httpx.MockTransport(lambda request: httpx.Response(410)))
    with pytest.raises(LiveAgentRefused, match=r"^an event: answered with 410$"):
        refused.post_bytes("an event", "https://tool.example.com/in?key=secret", b"", {})


def test_a_list_is_read_page_by_page_and_cut_only_where_nothing_new_is_lost() -> None:
    def page(cursor: str) -> tuple[list[int], str]:
        number = int(cursor or 1)
        return [number], str(number + 1) if number < 5 else ""

    for newest_first in (True, False):
        assert list(pages(page, 5, newest_first)) == [[1], [2], [3], [4], [5]]
    assert list(pages(page, 3, newest_first=True)) == [[1], [2], [3]]
    with pytest.raises(LiveAgentUnavailable, match="no end"):
        list(pages(page, 3, newest_first=False))


@pytest.mark.parametrize(("content", "words"), [
    (b'{"error": "bad"}', "bad"),
    (b'{"message": "a\\nb\\u001b[31m"}', "a b [31m"), (b'{"errors": {"x": 1}}', '{"x": 1}'),
    (b"<html>\n no", "<html> no"), (b"{}", ""), (b"", ""), (b"\xff", "\ufffd"), (b'"' + b"x" * 5000 + b'"', "x" * 300),
])
def test_a_tools_explanation_is_one_short_line(content: bytes, words: str) -> None:
    assert words_of(content) == words

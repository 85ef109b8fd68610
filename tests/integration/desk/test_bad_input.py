"""Nothing a client sends breaks the desk, and every refusal says why."""
from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient

HOSTILE = ["\x00nul", "\ud800", "\u202eright to left", "\ufeff\u200b\u200d", "Z̷̢̛a̵l̶g̸o̶" * 50, "🏳️‍🌈" * 500, "\x1b[31mred",
           "'; DROP TABLE messages; --", "{{ 123457 * 7919 }}", "%s%n%x", "a" * 10_000]


@pytest.fixture
def held(anna: TestClient, waits: Callable[..., str]) -> TestClient:
    waits("c1")
    anna.post("/api/conversations/c1/claim")
    return anna


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_stored_and_shown_as_text(held: TestClient, text: str) -> None:
    body = json.dumps({"text": text})  # escapes, so that half surrogate pairs get through
    answer = held.post("/api/conversations/c1/reply", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200
    assert held.get("/api/conversations/c1").status_code == 200
    page = held.get("/", params={"c": "c1"})
    assert page.status_code == 200 and str(123457 * 7919) not in page.text


@pytest.mark.parametrize(("body", "status"), [
    (b"", 422), (b"{", 400), (b"\xff\xfe\x00", 400), (b"[]", 422), (b'"text"', 422), (b"null", 422), (b"{}", 422),
    (b'{"text": null}', 422), (b'{"text": 7}', 422), (b'{"text": ["a"]}', 422), (b'{"text": ""}', 422),
    (b'{"text": "  \\n "}', 422), (b'{"text": "a", "client_id": 3}', 422),
    (b'{"text": "a", "client_id": "\\u0000"}', 422), (b'{"text": "a", "client_id": "\\ud800"}', 422),
    (b'{"\\ud800": "a"}', 422), (b"[" * 50_000, 400),
    (b'{"text": "' + b"a" * 10_001 + b'"}', 422), (b'{"text": NaN}', 422),
])
def test_bad_bodies_get_a_clear_error(held: TestClient, body: bytes, status: int) -> None:
    answer = held.post("/api/conversations/c1/reply", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    assert set(answer.json()) == {"error", "detail"} and answer.json()["detail"]


def test_huge_bodies_are_refused_announced_or_not(held: TestClient) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(30):
            yield b"a" * 50_000

    for content in (b"a" * 1_000_001, endless()):
        answer = held.post("/api/conversations/c1/reply", content=content, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["error"]) == (413, "too_large")
    assert held.post("/sign-in", content=b"a" * 1_000_001).status_code == 413


@pytest.mark.parametrize(("method", "address", "status"), [
    ("GET", "/api/nothing", 404), ("PUT", "/api/conversations/c1/reply", 405), ("POST", "/api/stats", 405),
    ("GET", "/static/../app.py", 404), ("GET", "/static/%2e%2e/app.py", 404), ("GET", "/static/desk.css%00", 404),
])
def test_wrong_addresses_get_json(held: TestClient, method: str, address: str, status: int) -> None:
    answer = held.request(method, address)
    assert answer.status_code == status and set(answer.json()) == {"error", "detail"}


def test_people_get_a_page_for_a_wrong_address(held: TestClient) -> None:
    answer = held.get("/nowhere", headers={"Accept": "text/html"})
    assert answer.status_code == 404 and "This page does not exist" in answer.text
    assert "Not Found" not in answer.text


def test_a_page_for_others_says_for_whom_it_is(anna: TestClient) -> None:
    answer = anna.get("/numbers", headers={"accept": "text/html"})
    assert answer.status_code == 403
    assert "You cannot open this page" in answer.text and "This page is for supervisors." in answer.text


@pytest.mark.parametrize("data", [
    {}, {"username": "anna"}, {"username": "\x00", "password": "\x00"}, {"username": "é💥", "password": "💥"},
    {"username": "a" * 5000, "password": "b" * 5000},
])
def test_odd_sign_ins_are_refused_politely(stranger: TestClient, data: dict[str, str]) -> None:
    token = stranger.get("/sign-in").text.split('name="form_token" value="')[1].split('"')[0]
    answer = stranger.post("/sign-in", data={**data, "form_token": token})
    assert answer.status_code == 401 and "do not go together" in answer.text


def test_files_in_the_sign_in_form_are_refused(stranger: TestClient) -> None:
    assert stranger.post("/sign-in", files={"username": b"\x00\xff"}).status_code == 422


@pytest.mark.parametrize("cookie", ["x", "x" * 5000, "%00", "=;", "ü".encode().decode("latin-1")])
def test_odd_cookies_are_no_session(stranger: TestClient, cookie: str) -> None:
    assert stranger.get("/api/stats", headers={"Cookie": f"tandem_desk={cookie}".encode("latin-1")}).status_code == 401


def test_an_agents_name_must_be_printable(program: TestClient, waits: Callable[..., str]) -> None:
    waits("c1")
    for agent in ("\x00", "\ud800", "a" * 121):
        answer = program.post("/api/conversations/c1/claim", content=json.dumps({"agent": agent}),
                              headers={"Content-Type": "application/json"})
        assert answer.status_code == 422, repr(agent)

"""Calls to an engine: what is tried again and what is not, and what never leaves the process."""
from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
import requests

from tandem.orders.errors import OrderSystemUnavailable
from tandem.orders.http_client import PAUSES, HttpClient
from tests.fakes.transport import Reply, Transport, reply

FINE = reply(200, json={"ok": True})


def client(transport: Transport, **more: object) -> HttpClient:
    return HttpClient("https://shop.example.com/api", adapter=transport, sleep=transport.pauses.append, **more)


@pytest.mark.parametrize("trouble", [reply(502), reply(503), requests.ReadTimeout("slow")], ids=str)
def test_a_read_is_tried_again_and_a_write_is_not(trouble: Reply | Exception) -> None:
    transport = Transport(trouble, FINE)
    assert client(transport).call("GET", "/orders").ok
    with pytest.raises(OrderSystemUnavailable):
        client(transport := Transport(trouble, FINE)).call("POST", "/orders/1/cancel", body={})
    assert len(transport.requests) == 1, "it may have been done"


def test_a_write_that_was_turned_away_for_its_number_is_tried_again_when_the_engine_says_so() -> None:
    transport = Transport(reply(429, headers={"Retry-After": "2"}), FINE)
    assert client(transport).call("POST", "/orders/1/cancel", body={}).ok
    assert transport.pauses == [2.0]


def test_a_rate_limit_longer_than_a_customer_waits_is_an_end() -> None:
    transport = Transport(reply(429, headers={"Retry-After": "3600"}), FINE)
    with pytest.raises(OrderSystemUnavailable, match="status 429"):
        client(transport).call("GET", "/orders")
    assert transport.pauses == []


@pytest.mark.parametrize("value", ["", "soon", "-1", "nan", "Wed, 12 Mar 2025 15:00:00 GMT"])
def test_without_a_number_of_seconds_the_usual_pauses_serve(value: str) -> None:
    transport = Transport(reply(429, headers={"Retry-After": value}), FINE)
    client(transport).call("GET", "/orders")
    assert transport.pauses == [PAUSES[0]]


@pytest.mark.parametrize("content", [b"<html>maintenance", b"", b"[" * 100_000, b"x" * 5_000_001], ids=len)
def test_what_is_no_json_is_no_answer(content: bytes) -> None:
    answer = client(Transport(Reply(200, content))).call("GET", "/orders")
    assert not answer.ok and answer.data is None


def test_numbers_with_a_point_are_exact() -> None:
    answer = client(Transport(Reply(200, b'{"total": 59.90, "count": 2}'))).call("GET", "/orders")
    assert answer.data == {"total": Decimal("59.90"), "count": 2} and str(answer.data["total"]) == "59.90"


def test_no_redirect_is_followed_and_no_cookie_kept() -> None:
    transport = Transport(reply(302, headers={"Location": "https://elsewhere.example.com", "Set-Cookie": "a=b"}))
    one = client(transport)
    assert one.call("GET", "/orders").status == 302
    one.call("GET", "/orders")
    assert len(transport.requests) == 2 and all("Cookie" not in request.headers for request in transport.requests)


def test_a_password_of_the_machine_does_not_take_the_place_of_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / ".netrc").write_text("machine shop.example.com login me password mine\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    transport = Transport(FINE)
    client(transport, headers={"Authorization": "Bearer key"}).call("GET", "/orders")
    assert transport.requests[0].headers["Authorization"] == "Bearer key"


def test_errors_and_logs_hold_nothing_of_what_was_sent(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    transport = Transport(requests.ConnectionError("https://shop.example.com/api/orders?key=s3cret&mail=ava@example.com"))
    with pytest.raises(OrderSystemUnavailable) as error:
        client(transport, query={"key": "s3cret"}).call("GET", "/orders", query={"mail": "ava@example.com"})
    assert "s3cret" not in str(error.value) + caplog.text and "ava@" not in str(error.value) + caplog.text
    assert "key=s3cret" in str(transport.requests[0].url)


def test_a_body_is_json() -> None:
    transport = Transport(FINE)
    client(transport).call("PUT", "/orders/1", body={"to": "Élan"})
    assert json.loads(transport.requests[0].body or "") == {"to": "Élan"}

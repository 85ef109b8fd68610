"""The live stream, over a real server: signs come at once, and stop when the session ends."""
from __future__ import annotations

import time
from collections.abc import Callable

import httpx
import pytest
from fastapi.testclient import TestClient

from tandem.conversations.model import Message
from tandem.desk.routes import live


def test_a_customers_word_wakes_the_page_(
    address: str, anna: TestClient, says: Callable[..., Message],
) -> None:
    says("c1", "hello")
    with httpx.stream("GET", f"{address}/desk/events?c=c1", cookies=dict(anna.cookies), timeout=5) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.iter_lines()
        assert next(line for line in lines if line.startswith("event:")) == "event: hello"
        time.sleep(0.5)  # the signs of the first message, if any, are on their way by now
        says("c1", "are you there?")
        assert "event: conversation" in (next(lines) for _ in range(20))


def test_the_stream_ends_with_the_session(
    address: str, anna: TestClient, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live, "KEEP_ALIVE", 0.2)
    with httpx.stream("GET", f"{address}/desk/events", cookies=dict(anna.cookies), timeout=5) as answer:
        lines = answer.iter_lines()
        assert next(line for line in lines if line.startswith("event:")) == "event: hello"
        anna.post("/sign-out", data={"csrf_token": anna.headers["X-CSRF-Token"]})
        assert [line for line in lines if line.startswith("event:")][-1] == "event: signed-out"

"""Whoever keeps a copy of a session, outlives a token or signs out is told nothing of anybody's orders."""
from __future__ import annotations

import time
import uuid
from typing import Any

import httpx
import jwt
import pytest

from tests.system.conftest import Stack

WHERE = "Where is my order?"
TOLD = "tomorrow by 3 PM"


class Visitor:
    """A browser that speaks to the web chat's endpoints."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.http = httpx.Client(base_url=stack.webchat_url, timeout=20, trust_env=False)
        self.auth: dict[str, str] = {}
        self.conversation = ""

    def opens(self, seconds: float | None = None) -> dict[str, str]:
        """Open or resume a session, as on-time@example.com for so long, or as nobody; the session before."""
        before, body = dict(self.auth), {}
        if seconds is not None:
            claims = {"sub": "7", "email": "on-time@example.com", "exp": int(time.time() + seconds)}
            body = {"identity": jwt.encode(claims, self.stack.identity_secret, algorithm="HS256")}
        opened = self.http.post("sessions", json=body, headers=self.auth).json()
        self.auth, self.conversation = {"Authorization": f"Bearer {opened['token']}"}, opened["conversation_id"]
        return before

    def asks(self, text: str, auth: dict[str, str] | None = None) -> Any:
        """Say something; what the bot answers, or the status of a refusal."""
        headers = auth or self.auth
        sent = self.http.post("messages", json={"text": text, "client_id": uuid.uuid4().hex}, headers=headers)
        if sent.status_code != 200:
            return sent.status_code
        end = time.monotonic() + 20
        while time.monotonic() < end:
            found = self.http.get("messages", params={"after": sent.json()["seq"]}, headers=headers).json()
            if found["messages"] and not found["state"]["bot_writing"]:
                return " ".join(message["text"] for message in found["messages"])
            time.sleep(0.1)
        raise AssertionError("no answer came")


@pytest.fixture
def visitor(stack: Stack) -> Any:
    opened = Visitor(stack)
    yield opened
    opened.http.close()


def test_a_copy_of_the_session_from_before_signing_in_is_worth_nothing(visitor: Visitor) -> None:
    visitor.opens()
    visitor.asks("hello")
    kept, first = visitor.opens(600), visitor.conversation
    assert TOLD in visitor.asks(WHERE)
    assert visitor.asks(WHERE, kept) == 401
    assert visitor.http.get("messages", headers=kept).status_code == 401
    assert visitor.http.post("sessions", json={}, headers=kept).json()["conversation_id"] != first


def test_orders_are_told_until_the_token_ends(visitor: Visitor) -> None:
    visitor.opens(600)
    assert TOLD in visitor.asks(WHERE)
    visitor.opens(3)  # the last token that the page has given
    time.sleep(3.1)
    assert TOLD not in visitor.asks(WHERE)


def test_orders_are_not_told_after_a_page_without_a_token(visitor: Visitor) -> None:
    visitor.opens(600)
    assert TOLD in visitor.asks(WHERE)
    visitor.opens()
    assert TOLD not in visitor.asks(WHERE)


def test_signing_out_ends_it_and_the_next_conversation_knows_nobody(visitor: Visitor) -> None:
    visitor.opens(600)
    before, first = dict(visitor.auth), visitor.conversation
    assert visitor.http.post("sign-out", headers=before).status_code == 204
    assert visitor.asks(WHERE, before) == 401
    visitor.opens()
    assert visitor.conversation != first
    assert TOLD not in visitor.asks(WHERE)

"""Who the customer is: a good token, or nobody; never an error."""
from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta, timezone
from typing import Any

import jwt
import pytest

from tandem.conversations.identity import read_identity
from tandem.conversations.model import Identity

SECRET = "a secret for the identities of customers"


def token(secret: str = SECRET, algorithm: str = "HS256", **claims: Any) -> str:
    full = {"sub": "u1", "email": "ada@example.com", "exp": time.time() + 60, **claims}
    return jwt.encode({key: value for key, value in full.items() if value is not None}, secret, algorithm)


def test_a_good_token_is_an_identity() -> None:
    ends = datetime(2100, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    named = token(email=" Ada@Example.COM ", name="Ada", exp=ends)
    assert read_identity(named, SECRET) == Identity("u1", "ada@example.com", "Ada", expires_at=ends)
    found = read_identity(token(exp=ends.timestamp()), SECRET)
    assert found == Identity("u1", "ada@example.com", expires_at=ends)
    assert found.holds_at(ends - timedelta(seconds=1))
    assert not found.holds_at(ends)


@pytest.mark.parametrize("claims", [
    {"exp": 1}, {"exp": None}, {"exp": "soon"}, {"exp": []}, {"sub": None}, {"sub": 7}, {"sub": ""}, {"sub": " "},
    {"sub": "a\x00b"}, {"email": None}, {"email": 7}, {"email": ""}, {"email": "nobody"}, {"email": "a@b\n"},
    {"email": "a@" + "b" * 300}, {"exp": 10**18}, {"exp": 10**400}, {"nbf": time.time() + 3600},
])
def test_a_token_with_claims_that_do_not_do_is_nobody(claims: dict[str, Any]) -> None:
    assert read_identity(token(**claims), SECRET) is None


@pytest.mark.parametrize("bad", [
    None, "", 0, 7, [], {}, b"bytes", True, "x", "a.b", "a.b.c", "\ud800.\x00.a", "x" * 5000, "." * 4000,
    pytest.param(token() + "x", id="one letter more"), pytest.param(token(algorithm="HS512"), id="HS512"),
    pytest.param(token(secret="another secret than this server has"), id="another secret"),
    jwt.encode({"sub": "u1", "email": "a@b", "exp": 9e9}, None, "none"),
])
def test_what_is_no_token_of_ours_is_nobody(bad: Any) -> None:
    assert read_identity(bad, SECRET) is None


def test_without_a_secret_nobody_is_known_and_the_log_says_why(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert read_identity(token(secret="x" * 40), "") is None
        assert read_identity(None, "") is None
    assert [record.getMessage() for record in caplog.records if "TANDEM_IDENTITY_SECRET" in record.getMessage()] != []


def test_the_log_never_holds_the_token(caplog: pytest.LogCaptureFixture) -> None:
    bad = token(exp=1)
    with caplog.at_level(logging.DEBUG):
        read_identity(bad, SECRET)
    assert caplog.records and bad not in caplog.text


def test_a_name_is_cut_and_may_be_anything() -> None:
    found = read_identity(token(name="A" * 500), SECRET)
    assert found is not None and found.name == "A" * 120
    found = read_identity(token(name=["Ada"]), SECRET)
    assert found is not None and isinstance(found.name, str)

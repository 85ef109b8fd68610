"""Who gets into the web chat, from where, and how often: tokens, limits, addresses, origins."""
from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest
from itsdangerous import URLSafeTimedSerializer
from rasa.shared.exceptions import RasaException
from sanic.compat import Header

from tandem.channels.credentials import WebChatOptions
from tandem.channels.webchat.http import (
    BadRequest,
    NoSession,
    RateExceeded,
    address_of,
    allowed_origin,
    cors_headers,
    read_seq,
)
from tandem.channels.webchat.limits import ChatRateLimit, Limits
from tandem.channels.webchat.sessions import MAX_AGE, SessionTokens
from tandem.conversations.sessions import SessionClaim
from tandem.settings import SettingsError
from tests.fakes.clock import Seconds

SECRET = "0123456789abcdef" * 2


# -- session tokens -----------------------------------------------------------------------------------------------


def test_a_token_proves_its_own_conversation() -> None:
    sessions = SessionTokens(SECRET)
    conversation_id = sessions.new_conversation_id()
    assert sessions.read(sessions.issue(conversation_id, 3)) == SessionClaim(conversation_id, 3)


def test_a_token_of_a_version_without_generations_is_read_as_such() -> None:
    old = URLSafeTimedSerializer(SECRET, salt="tandem.webchat.session").dumps("web-1")
    assert SessionTokens(SECRET).read(old) == SessionClaim("web-1", None)


def test_conversation_ids_are_unguessable_and_fit_the_ledger() -> None:
    ids = {SessionTokens.new_conversation_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(len(one) == len("web-") + 32 for one in ids)  # 32 characters of base64 are 192 bits


@pytest.mark.parametrize("forge", [
    lambda token: "",
    lambda token: "web-abc",
    lambda token: token[:-5] + ("A" if token[-5] != "A" else "B") + token[-4:],
    lambda token: "x" * 100_000,
    lambda token: "\u2603.\ud800.é",
    lambda token: token.replace(token.split(".")[0], "IndlYi1vdGhlciI"),
    lambda token: SessionTokens("another secret of some length").issue("web-1", 0),
    *(lambda token, odd=odd: URLSafeTimedSerializer(SECRET, salt="tandem.webchat.session").dumps(odd)
      for odd in ([], {}, None, 7, ["web-1"], ["web-1", "1"], ["web-1", True], ["web-1", 1, 2], [7, 1])),
    lambda token: URLSafeTimedSerializer(SECRET, salt="another use of the same secret").dumps("web-1"),
])
def test_a_forged_token_proves_nothing(forge: Any) -> None:
    sessions = SessionTokens(SECRET)
    with pytest.raises(NoSession):
        sessions.read(forge(sessions.issue("web-1", 0)))


def test_a_token_that_was_never_renewed_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = SessionTokens(SECRET)
    token = sessions.issue("web-1", 0)
    at = __import__("time").time()
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: at + MAX_AGE + 5)
    with pytest.raises(NoSession):
        sessions.read(token)


def test_without_a_secret_the_channel_does_not_start() -> None:
    with pytest.raises(SettingsError, match="TANDEM_SECRET_KEY"):
        SessionTokens("")


# -- limits -------------------------------------------------------------------------------------------------------


def test_a_burst_is_allowed_then_the_pace_is_kept() -> None:
    clock = Seconds()
    limit = ChatRateLimit(per_minute=60, burst=3, clock=clock)
    for _ in range(3):
        limit.take("a")
    with pytest.raises(RateExceeded) as refused:
        limit.take("a")
    assert refused.value.status == 429
    assert 1 <= int(refused.value.headers["Retry-After"]) <= 2
    clock.now += 1.01
    limit.take("a")
    with pytest.raises(RateExceeded):
        limit.take("a")


def test_one_customer_does_not_use_up_another_ones_limit() -> None:
    limit = ChatRateLimit(per_minute=1, burst=1, clock=Seconds())
    limit.take("a")
    limit.take("b")


def test_being_refused_does_not_push_the_end_of_the_wait_away() -> None:
    clock = Seconds()
    limit = ChatRateLimit(per_minute=60, burst=1, clock=clock)
    limit.take("a")
    for _ in range(9):
        clock.now += 0.1
        with pytest.raises(RateExceeded):
            limit.take("a")
    clock.now += 0.2
    limit.take("a")


def test_the_limits_forget_the_longest_unused_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tandem.access.limits._REMEMBERED", 10)
    limit = ChatRateLimit(per_minute=1, burst=1, clock=Seconds())
    for number in range(1000):
        limit.take(f"address {number}")
    assert len(limit._buckets) == 10


@pytest.mark.parametrize(("credentials", "told"), [
    ({"mesages_per_minute": 3}, "mesages_per_minute is not known, did you mean messages_per_minute?"),
    ({"messages_per_minute": "many"}, "messages_per_minute must be a whole number from 1 on, not 'many'"),
    ({"sessions_per_minute": 0}, "sessions_per_minute must be a whole number from 1 on, not 0"),
    ({"proxies": -1}, "proxies must be a whole number from 0 on, not -1"),
    ({"proxies": True}, "proxies must be a whole number from 0 on, not true"),
])
def test_a_wrong_option_in_the_credentials_is_named(credentials: dict[str, Any], told: str) -> None:
    with pytest.raises(RasaException, match=f"credentials.yml: webchat: {re.escape(told)}.*; see docs/webchat.md"):
        WebChatOptions.read("webchat", credentials)


def test_empty_credentials_mean_the_defaults() -> None:
    assert WebChatOptions.read("webchat", None) == WebChatOptions.read("webchat", {}) == WebChatOptions()
    assert Limits(WebChatOptions.read("webchat", {"messages_per_minute": 5})).messages is not None


# -- addresses and origins ----------------------------------------------------------------------------------------


def request_from(ip: str, *forwarded: str) -> Any:
    return SimpleNamespace(ip=ip, headers=Header([("x-forwarded-for", value) for value in forwarded]))


def test_without_proxies_a_forwarded_address_is_not_believed() -> None:
    assert address_of(request_from("198.51.100.7", "203.0.113.9"), proxies=0) == "198.51.100.7"


def test_with_a_proxy_the_entry_it_added_counts() -> None:
    request = request_from("10.0.0.1", "6.6.6.6, 203.0.113.9")
    assert address_of(request, proxies=1) == "203.0.113.9"
    assert address_of(request_from("10.0.0.1"), proxies=1) == "10.0.0.1"
    assert address_of(request_from("10.0.0.1", "6.6.6.6", "203.0.113.9, 10.0.0.2"), proxies=2) == "203.0.113.9"


def test_ipv6_addresses_of_one_network_count_as_one() -> None:
    assert address_of(request_from("2001:db8:1:2::5"), 0) == address_of(request_from("2001:db8:1:2:ffff::9"), 0)
    assert address_of(request_from("2001:db8:1:2::5"), 0) != address_of(request_from("2001:db8:1:3::5"), 0)


@pytest.mark.parametrize(("origin", "origins", "allowed"), [
    ("", (), True),
    ("http://chat.example:5005", (), True),
    ("https://shop.example", (), False),
    ("https://shop.example", ("https://shop.example",), True),
    ("https://shop.example.evil.test", ("https://shop.example",), False),
    ("http://shop.example", ("https://shop.example",), False),
    ("null", (), False),
    ("http://[", (), False),
    ("null", ("*",), True),
])
def test_only_named_origins_may_embed(origin: str, origins: tuple[str, ...], allowed: bool) -> None:
    assert allowed_origin(origin, "chat.example:5005", origins) is allowed
    headers = cors_headers(origin, "chat.example:5005", origins)
    assert headers.get("Access-Control-Allow-Origin") == (origin if allowed and origin else None)


@pytest.mark.parametrize("value", [None, "", "-1", "1.5", "٣", True, -1, 2**31, "99999999999", [], {}, 1.0])
def test_a_bad_sequence_number_is_refused(value: Any) -> None:
    with pytest.raises(BadRequest):
        read_seq(value, "after")


def test_a_sequence_number_may_be_a_number_or_its_digits() -> None:
    assert read_seq("17", "after") == read_seq(17, "after") == 17

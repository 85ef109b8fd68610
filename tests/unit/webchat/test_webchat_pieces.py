"""The web chat's parts, each by itself: tokens, limits, addresses, origins, what a browser gets to see."""
from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from itsdangerous import URLSafeTimedSerializer
from rasa.shared.exceptions import RasaException
from sanic.compat import Header

from tandem.channels.webchat.assets import Assets
from tandem.channels.webchat.demo import demo_customers, demo_identity
from tandem.channels.webchat.http import (
    BadRequest,
    NoSession,
    NotHere,
    TooMany,
    address_of,
    allowed_origin,
    cors_headers,
    read_seq,
)
from tandem.channels.webchat.limits import Limits, Options, RateLimit
from tandem.channels.webchat.sessions import MAX_AGE, Sessions
from tandem.channels.webchat.wire import Places, agent_name, message_json, state_json
from tandem.conversations.identity import read_identity
from tandem.conversations.ledger import Ledger
from tandem.conversations.model import Agent, Author, Delivery, HandoffRequest, InboundMessage, Kind, Message
from tandem.conversations.ownership import Ownership
from tandem.conversations.tables import create_tables
from tandem.database import open_engine
from tandem.settings import Settings, SettingsError

SECRET = "0123456789abcdef" * 2
AT = datetime(2024, 5, 1, 12, 0, tzinfo=timezone.utc)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    engine = open_engine(f"sqlite:///{tmp_path / 'chat.db'}")
    create_tables(engine)
    return Ledger(engine)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


# -- session tokens -------------------------------------------------------------------------------------------


def test_a_token_proves_its_own_conversation() -> None:
    sessions = Sessions(SECRET)
    conversation_id = sessions.new_conversation_id()
    assert sessions.conversation_of(sessions.issue(conversation_id)) == conversation_id


def test_conversation_ids_are_unguessable_and_fit_the_ledger() -> None:
    ids = {Sessions.new_conversation_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(len(one) == len("web-") + 32 for one in ids)  # 32 characters of base64 are 192 bits


@pytest.mark.parametrize("forge", [
    lambda token: "",
    lambda token: "web-abc",
    lambda token: token[:-5] + ("A" if token[-5] != "A" else "B") + token[-4:],
    lambda token: "x" * 100_000,
    lambda token: "\u2603.\ud800.é",
    lambda token: token.replace(token.split(".")[0], "IndlYi1vdGhlciI"),
    lambda token: Sessions("another secret of some length").issue("web-1"),
    lambda token: URLSafeTimedSerializer(SECRET, salt="another use of the same secret").dumps("web-1"),
])
def test_a_forged_token_proves_nothing(forge: Any) -> None:
    sessions = Sessions(SECRET)
    with pytest.raises(NoSession):
        sessions.conversation_of(forge(sessions.issue("web-1")))


def test_a_token_that_was_never_renewed_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = Sessions(SECRET)
    token = sessions.issue("web-1")
    at = __import__("time").time()
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: at + MAX_AGE + 5)
    with pytest.raises(NoSession):
        sessions.conversation_of(token)


def test_without_a_secret_the_channel_does_not_start() -> None:
    with pytest.raises(SettingsError, match="TANDEM_SECRET_KEY"):
        Sessions("")


# -- limits ---------------------------------------------------------------------------------------------------


def test_a_burst_is_allowed_then_the_pace_is_kept() -> None:
    clock = Clock()
    limit = RateLimit(per_minute=60, burst=3, clock=clock)
    for _ in range(3):
        limit.take("a")
    with pytest.raises(TooMany) as refused:
        limit.take("a")
    assert refused.value.status == 429
    assert 1 <= int(refused.value.headers["Retry-After"]) <= 2
    clock.now += 1.01
    limit.take("a")
    with pytest.raises(TooMany):
        limit.take("a")


def test_one_customer_does_not_use_up_another_ones_limit() -> None:
    limit = RateLimit(per_minute=1, burst=1, clock=Clock())
    limit.take("a")
    limit.take("b")


def test_being_refused_does_not_push_the_end_of_the_wait_away() -> None:
    clock = Clock()
    limit = RateLimit(per_minute=60, burst=1, clock=clock)
    limit.take("a")
    for _ in range(9):
        clock.now += 0.1
        with pytest.raises(TooMany):
            limit.take("a")
    clock.now += 0.2
    limit.take("a")


def test_the_limits_forget_the_longest_unused_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tandem.channels.webchat.limits._REMEMBERED", 10)
    limit = RateLimit(per_minute=1, burst=1, clock=Clock())
    for number in range(1000):
        limit.take(f"address {number}")
    assert len(limit._buckets) == 10


@pytest.mark.parametrize("credentials", [
    {"mesages_per_minute": 3}, {"messages_per_minute": "many"}, {"sessions_per_minute": 0}, {"proxies": -1},
    {"proxies": True},
])
def test_a_wrong_option_in_the_credentials_is_named(credentials: dict[str, Any]) -> None:
    with pytest.raises(RasaException, match=next(iter(credentials))):
        Options.read(credentials)


def test_empty_credentials_mean_the_defaults() -> None:
    assert Options.read(None) == Options.read({}) == Options()
    assert Limits(Options.read({"messages_per_minute": 5})).messages is not None


# -- addresses and origins ------------------------------------------------------------------------------------


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


# -- what the browser sees ------------------------------------------------------------------------------------


def message(**changes: Any) -> Message:
    plain = Message("web-1", 3, Author.BOT, Kind.TEXT, "", "Hello", AT, 0, Delivery.WAITING)
    return replace(plain, **changes)


def test_inner_keys_and_unknown_data_stay_on_the_server() -> None:
    shown = message_json(message(client_id="2.0", intent="greet", data={"buttons": [], "secret": "x", "payload": "/y"}))
    assert shown == {"seq": 3, "author": "bot", "kind": "text", "name": "", "text": "Hello", "at": AT.isoformat(),
                     "data": {}, "client_id": None}


def test_the_customers_own_message_carries_its_client_id() -> None:
    assert message_json(message(author=Author.CUSTOMER, client_id="abc"))["client_id"] == "abc"


def test_only_whole_buttons_are_shown() -> None:
    buttons = [{"title": "Yes", "payload": "/affirm"}, {"title": "Site", "url": "https://shop.example"},
               {"title": "No payload"}, {"payload": "/no_title"}, "text", {"title": "Odd", "payload": 3}]
    assert message_json(message(data={"buttons": buttons}))["data"]["buttons"] == buttons[:2]


def test_the_customers_own_typing_is_not_shown_to_them(ledger: Ledger) -> None:
    ledger.start(InboundMessage("web-1", "webchat", "", push=False))
    ledger.set_typing("web-1", Author.CUSTOMER, "")
    assert state_json(ledger.conversation("web-1"), None, False, None)["typing"] is None
    ledger.set_typing("web-1", Author.AGENT, "Anna")
    assert state_json(ledger.conversation("web-1"), None, False, None)["typing"] == {"author": "agent", "name": "Anna"}


def test_the_agents_name_is_found_however_long_the_conversation(ledger: Ledger) -> None:
    ownership = Ownership(ledger)
    ledger.receive(InboundMessage("web-1", "webchat", "hi", push=False))
    assert agent_name(ledger, "web-1") is None
    ownership.open_handoff(HandoffRequest("web-1", "why", "intent:human"))
    ownership.claim("web-1", Agent("anna@example.com", "Anna Berg"))
    for number in range(230):
        ledger.receive(InboundMessage("web-1", "webchat", f"line {number}", push=False))
    assert agent_name(ledger, "web-1") == "Anna Berg"
    ownership.note("web-1", Agent("bo@example.com", "Bo"), "a note is not a sign of who answers")
    assert agent_name(ledger, "web-1") == "Anna Berg"


def test_places_follow_the_order_of_waiting_and_move_up(ledger: Ledger) -> None:
    ownership, clock = Ownership(ledger), Clock()
    for conversation_id in ("web-1", "web-2", "web-3"):
        ledger.receive(InboundMessage(conversation_id, "webchat", "help", push=False))
        ownership.open_handoff(HandoffRequest(conversation_id, "why", "intent:human"))
    places = Places(ledger, clock)
    assert [places.of(f"web-{number}") for number in (1, 2, 3)] == [1, 2, 3]
    ownership.claim("web-1", Agent("anna@example.com", "Anna"))
    clock.now += 5
    assert [places.of(f"web-{number}") for number in (1, 2, 3)] == [None, 1, 2]


# -- files ----------------------------------------------------------------------------------------------------


def asked(**headers: str) -> Any:
    return SimpleNamespace(headers=Header(list(headers.items())))


def test_versioned_files_are_kept_for_ever_and_the_loader_is_asked_for_anew() -> None:
    assets = Assets("Shop")
    kept = assets.serve(asked(), "assets/main.js", assets.version)
    assert "immutable" in kept.headers["Cache-Control"]
    assert "immutable" not in assets.serve(asked(), "assets/main.js", "olderversion").headers["Cache-Control"]
    loader = assets.serve(asked(), "widget.js")
    assert "no-cache" in loader.headers["Cache-Control"]
    assert assets.version.encode() in (loader.body or b"")
    assert b"__TANDEM" not in (loader.body or b"")


def test_a_file_that_the_browser_has_is_not_sent_again() -> None:
    assets = Assets("Shop")
    etag = assets.serve(asked(), "widget.js").headers["ETag"]
    again = assets.serve(asked(**{"if-none-match": f'"other", W/{etag}'}), "widget.js")
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize("name", ["assets/../server.py", "assets/nothing.js", "", "../server.py", "assets/"])
def test_only_known_files_are_served(name: str) -> None:
    with pytest.raises(NotHere):
        Assets("Shop").serve(asked(), name)


def test_the_shops_name_cannot_carry_markup_into_the_page() -> None:
    page = Assets("<script>alert(1)</script>").serve(asked(), "demo.html").body or b""
    assert b"<script>alert" not in page
    assert b"&lt;script&gt;alert" in page


# -- the demo -------------------------------------------------------------------------------------------------


def test_a_demo_customer_gets_an_identity_that_the_chat_accepts() -> None:
    settings = Settings(demo=True, identity_secret=SECRET)
    identity = read_identity(demo_identity(settings, "late@example.com"), SECRET)
    assert identity is not None
    assert identity.email == "late@example.com"
    assert identity.name


def test_identities_are_made_in_demo_mode_and_for_demo_customers_only() -> None:
    with pytest.raises(NotHere):
        demo_identity(Settings(demo=False, identity_secret=SECRET), "late@example.com")
    with pytest.raises(NotHere):
        demo_identity(Settings(demo=True, identity_secret=SECRET), "somebody@else.example")
    with pytest.raises(NotHere):
        demo_identity(Settings(demo=True), "late@example.com")


def test_every_demo_customer_shown_has_an_order() -> None:
    customers = demo_customers(Settings().shop_timezone)
    assert len(customers) == 8
    assert {"on-time@example.com", "late@example.com", "two-orders@example.com"} <= {one["email"] for one in customers}

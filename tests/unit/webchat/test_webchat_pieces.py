"""What the web chat gives a browser to see: messages and state, files, the demo."""
from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sanic.compat import Header

from tandem.channels.webchat.assets import Assets
from tandem.channels.webchat.demo import demo_customers, demo_identity
from tandem.channels.webchat.http import (
    NotHere,
)
from tandem.channels.webchat.json_messages import Places, agent_name, message_json, state_json
from tandem.conversations.identity import read_identity
from tandem.conversations.ledger import Ledger
from tandem.conversations.model import Agent, Author, Delivery, HandoffRequest, InboundMessage, Kind, Message
from tandem.conversations.ownership import Ownership
from tandem.settings import Settings
from tests.fakes.clock import Seconds
from tests.fakes.ready import open_ready

SECRET = "0123456789abcdef" * 2
AT = datetime(2024, 5, 1, 12, 0, tzinfo=timezone.utc)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(open_ready(f"sqlite:///{tmp_path / 'chat.db'}"))


# -- what the browser sees ----------------------------------------------------------------------------------------


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
    assert message_json(message(data={"buttons": buttons}))["data"]["buttons"] == [
        {"title": "Yes", "payload": "/affirm#3"}, buttons[1]]


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
    ownership, clock = Ownership(ledger), Seconds()
    for conversation_id in ("web-1", "web-2", "web-3"):
        ledger.receive(InboundMessage(conversation_id, "webchat", "help", push=False))
        ownership.open_handoff(HandoffRequest(conversation_id, "why", "intent:human"))
    places = Places(ledger, clock)
    assert [places.of(f"web-{number}") for number in (1, 2, 3)] == [1, 2, 3]
    ownership.claim("web-1", Agent("anna@example.com", "Anna"))
    clock.now += 5
    assert [places.of(f"web-{number}") for number in (1, 2, 3)] == [None, 1, 2]


# -- files --------------------------------------------------------------------------------------------------------


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


# -- the demo -----------------------------------------------------------------------------------------------------


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

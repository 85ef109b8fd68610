"""The web chat's endpoints on a real port, with a real ledger and the router in front of the bot."""
from __future__ import annotations

import contextlib
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import jwt
import pytest
from itsdangerous import URLSafeTimedSerializer

from tandem.access.sanic_guard import REJECTED
from tandem.channels.credentials import WebChatOptions
from tandem.channels.webchat.sessions import SessionTokens
from tandem.conversations.model import Author, Delivery
from tandem.db.engine import now
from tandem.orders.demo_shop import seed
from tests.rate_limits import assert_limited
from tests.system.webchat.live_chat import ANNA, LiveChat


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveChat]:
    """A server without limits that the tests of this module would meet."""
    options = WebChatOptions(messages_per_minute=10_000, sessions_per_minute=10_000)
    server = LiveChat(tmp_path_factory.mktemp("chat"), options)
    yield server
    server.stop()


def start(http: httpx.Client, **body: Any) -> tuple[str, dict[str, str]]:
    opened = http.post("sessions", json=body).json()
    return opened["conversation_id"], {"Authorization": f"Bearer {opened['token']}"}


def identity(email: str, secret: str = "i" * 32, **claims: Any) -> str:
    return jwt.encode({"sub": email, "email": email, "exp": time.time() + 600, **claims}, secret, algorithm="HS256")


def eventually(found: Callable[[], Any], seconds: float = 5.0) -> Any:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        result = found()
        if result:
            return result
        time.sleep(0.03)
    raise AssertionError("it did not happen in time")


def events(response: httpx.Response) -> Iterator[dict[str, Any]]:
    event: dict[str, Any] = {}
    for line in response.iter_lines():
        if not line:
            if "event" in event:
                yield event
            event = {}
            continue
        name, _, value = line.partition(":")
        event[name] = json.loads(value) if name == "data" else value.strip()


def texts(http: httpx.Client, auth: dict[str, str]) -> list[str]:
    return [one["text"] for one in http.get("messages", headers=auth).json()["messages"]]


# -- sessions -------------------------------------------------------------------------------------------------


def test_a_message_is_stored_when_it_is_answered_and_the_bot_replies(http: httpx.Client, chat: LiveChat) -> None:
    conversation_id, auth = start(http)
    answer = http.post("messages", json={"text": "hello", "client_id": "c1"}, headers=auth)
    assert answer.status_code == 200
    assert answer.json()["seq"] == 1
    assert chat.services.ledger.messages(conversation_id)[0].text == "hello"
    assert eventually(lambda: texts(http, auth) == ["hello", "You said: hello"])


@pytest.mark.parametrize(("told", "kept"), [("pt_BR", "pt-br"), ("", None), ("<b>", None), (["de"], None), (7, None)])
def test_the_pages_language_is_kept_with_the_message(http: httpx.Client, chat: LiveChat, told: Any, kept: Any) -> None:
    conversation_id, auth = start(http)
    answer = http.post("messages", json={"text": "hello", "client_id": "c1", "language": told}, headers=auth)
    assert answer.status_code == 200
    assert chat.services.ledger.messages(conversation_id)[0].data.get("language") == kept


def test_the_same_client_id_is_one_message_and_one_answer(http: httpx.Client) -> None:
    _, auth = start(http)
    answers = [http.post("messages", json={"text": "once", "client_id": "same"}, headers=auth) for _ in range(4)]
    assert [answer.json()["seq"] for answer in answers] == [1, 1, 1, 1]
    assert [answer.json()["duplicate"] for answer in answers] == [False, True, True, True]
    eventually(lambda: len(texts(http, auth)) == 2)
    time.sleep(0.3)
    assert texts(http, auth) == ["once", "You said: once"]


def test_a_session_is_resumed_with_its_token(http: httpx.Client) -> None:
    conversation_id, auth = start(http)
    again = http.post("sessions", json={}, headers=auth).json()
    assert again["conversation_id"] == conversation_id
    assert again["resumed"] is True


def test_the_id_of_a_conversation_opens_nothing(http: httpx.Client) -> None:
    conversation_id, _ = start(http)
    for token in ("x", conversation_id, f"{conversation_id}.x.y"):
        headers = {"Authorization": f"Bearer {token}"}
        answers = [
            http.get("messages", headers=headers), http.get("stream", headers=headers),
            http.post("messages", json={"text": "x", "client_id": "1"}, headers=headers),
            http.post("ack", json={"up_to": 1}, headers=headers),
            http.post("typing", json={"writes": True}, headers=headers),
        ]
        assert [answer.status_code for answer in answers] == [401] * 5
        assert answers[0].json()["error"] == "no_session"
    assert http.get("messages", params={"token": conversation_id}).status_code == 401


def test_the_page_tells_who_the_customer_is(http: httpx.Client, chat: LiveChat) -> None:
    conversation_id, _ = start(http, identity=identity("Late@example.com", name="Marcus"))
    found = chat.services.ledger.conversation(conversation_id).identity
    assert found is not None
    assert (found.email, found.name) == ("late@example.com", "Marcus")


@pytest.mark.parametrize("token", [
    "nonsense", 5, {"a": 1}, "", None, "\ud800", identity("a@example.com", secret="not the shop's own secret!"),
    identity("a@example.com", exp=1),
])
def test_a_bad_identity_is_no_identity_and_no_error(http: httpx.Client, chat: LiveChat, token: Any) -> None:
    opened = http.post("sessions", content=json.dumps({"identity": token}))
    assert opened.status_code == 200
    assert opened.json()["identified"] is False
    assert chat.services.ledger.conversation(opened.json()["conversation_id"]).identity is None


def test_signing_in_during_a_conversation_keeps_it(http: httpx.Client, chat: LiveChat) -> None:
    conversation_id, auth = start(http)
    again = http.post("sessions", json={"identity": identity("late@example.com")}, headers=auth).json()
    assert again["conversation_id"] == conversation_id
    assert chat.services.ledger.conversation(conversation_id).identity is not None


def test_another_customer_on_the_same_computer_gets_another_conversation(http: httpx.Client) -> None:
    conversation_id, auth = start(http, identity=identity("late@example.com"))
    other = http.post("sessions", json={"identity": identity("vip@example.com")}, headers=auth).json()
    assert other["conversation_id"] != conversation_id
    assert other["resumed"] is False


def test_the_session_of_an_anonymous_visit_opens_nothing_once_the_customer_has_signed_in(
    http: httpx.Client, chat: LiveChat,
) -> None:
    conversation_id, kept = start(http)
    http.post("messages", json={"text": "hello", "client_id": "1"}, headers=kept)
    eventually(lambda: len(texts(http, kept)) == 2)
    with http.stream("GET", "stream", headers=kept) as response:
        seen = events(response)
        for _ in range(3):
            next(seen)
        opened = http.post("sessions", json={"identity": identity("late@example.com")}, headers=kept).json()
        fresh = {"Authorization": f"Bearer {opened['token']}"}
        assert opened["conversation_id"] == conversation_id
        http.post("messages", json={"text": "Where is my order?", "client_id": "2"}, headers=fresh)
        rest = [one["data"].get("text") for one in seen]  # until the server ends it
        assert "Where is my order?" not in rest
    tries = [
        http.get("messages", headers=kept), http.get("stream", headers=kept),
        http.post("messages", json={"text": "their orders", "client_id": "3"}, headers=kept),
        http.post("ack", json={"up_to": 9}, headers=kept), http.post("typing", json={"writes": True}, headers=kept),
        http.post("sign-out", headers=kept),
    ]
    assert [(one.status_code, one.json()["error"]) for one in tries[:-1]] == [(401, "no_session")] * 5
    again = http.post("sessions", json={}, headers=kept).json()
    assert again["conversation_id"] != conversation_id
    assert eventually(lambda: texts(http, fresh)[-1] == "You said: Where is my order?")
    assert chat.services.ledger.conversation(conversation_id).identity is not None
    assert "their orders" not in texts(http, fresh)


def test_signing_out_ends_session_and_identity_on_the_server(http: httpx.Client, chat: LiveChat) -> None:
    conversation_id, auth = start(http, identity=identity("late@example.com"))
    with http.stream("GET", "stream", headers=auth) as response:
        seen = events(response)
        next(seen)
        assert http.post("sign-out", headers=auth).status_code == 204
        assert list(seen) == [], "its streams end at once"
    assert chat.services.ledger.conversation(conversation_id).identity is None
    for answer in (http.get("messages", headers=auth), http.get("stream", headers=auth),
                   http.post("messages", json={"text": "x", "client_id": "1"}, headers=auth)):
        assert (answer.status_code, answer.json()["error"]) == (401, "signed_out")
    for body in ({}, {"identity": identity("late@example.com")}):
        assert http.post("sessions", json=body, headers=auth).json()["conversation_id"] != conversation_id
    assert http.post("sign-out", headers=auth).status_code == 204, "asked again, nothing happens"


def test_an_identity_ends_with_its_token(http: httpx.Client, chat: LiveChat) -> None:
    ends = int(time.time()) + 3
    conversation_id, auth = start(http, identity=identity("late@example.com", exp=ends))
    assert chat.services.ledger.conversation(conversation_id).identity is not None
    time.sleep(ends - time.time() + 0.01)
    assert chat.services.ledger.conversation(conversation_id).identity is None
    answer = http.post("messages", json={"text": "hello", "client_id": "1"}, headers=auth)
    assert answer.status_code == 200, "the conversation goes on"


def test_resuming_without_a_token_ends_the_identity_and_keeps_the_conversation(
    http: httpx.Client, chat: LiveChat,
) -> None:
    conversation_id, auth = start(http, identity=identity("late@example.com"))
    resumed = http.post("sessions", json={}, headers=auth).json()
    assert (resumed["conversation_id"], resumed["identified"]) == (conversation_id, False)
    assert chat.services.ledger.conversation(conversation_id).identity is None


def test_what_a_visitor_has_matched_does_not_pass_to_the_next_customer(http: httpx.Client, chat: LiveChat) -> None:
    seed(chat.services.engine, now(), chat.settings.shop_timezone)
    conversation_id, auth = start(http)
    http.post("messages", json={"text": "hello", "client_id": "1"}, headers=auth)
    chat.services.identification.verify(conversation_id, "TD-10402", "two-orders@example.com")
    same = http.post("sessions", json={"identity": identity("two-orders@example.com")}, headers=auth).json()
    assert same["conversation_id"] == conversation_id
    conversation_id, auth = start(http)
    chat.services.identification.verify(conversation_id, "TD-10402", "two-orders@example.com")
    other = http.post("sessions", json={"identity": identity("vip@example.com")}, headers=auth).json()
    assert other["conversation_id"] != conversation_id
    assert chat.services.identification.verified_orders(other["conversation_id"]) == ()
    assert http.get("messages", headers=auth).status_code == 401


def test_a_request_for_another_conversation_than_the_sessions_is_refused(http: httpx.Client, chat: LiveChat) -> None:
    first, _ = start(http)
    second, auth = start(http)
    mixed = {**auth, "X-Tandem-Conversation": first}
    answers = [
        http.post("messages", json={"text": "for the first", "client_id": "1"}, headers=mixed),
        http.get("messages", headers=mixed), http.get("stream", headers=mixed),
        http.post("ack", json={"up_to": 1}, headers=mixed), http.post("typing", json={"writes": True}, headers=mixed),
        http.post("sign-out", headers=mixed),
    ]
    assert [answer.status_code for answer in answers] == [409] * 6
    assert answers[0].json()["error"] == "other_conversation"
    assert chat.services.ledger.messages(second) == []
    assert http.get("messages", headers={**auth, "X-Tandem-Conversation": second}).status_code == 200


def test_a_session_of_an_earlier_version_keeps_an_anonymous_conversation_going(
    http: httpx.Client, chat: LiveChat,
) -> None:
    conversation_id, _ = start(http)
    token = URLSafeTimedSerializer("s" * 32, salt="tandem.webchat.session").dumps(conversation_id)
    old = {"Authorization": f"Bearer {token}"}
    assert http.post("messages", json={"text": "hello", "client_id": "1"}, headers=old).status_code == 200
    resumed = http.post("sessions", json={}, headers=old).json()
    assert (resumed["conversation_id"], resumed["resumed"]) == (conversation_id, True)
    known = http.post("sessions", json={"identity": identity("late@example.com")}, headers=old).json()
    assert known["conversation_id"] == conversation_id
    assert http.get("messages", headers=old).status_code == 401


def test_an_erased_conversation_is_gone_and_stays_gone(http: httpx.Client, chat: LiveChat) -> None:
    conversation_id, auth = start(http)
    http.post("messages", json={"text": "my secret", "client_id": "1"}, headers=auth)
    eventually(lambda: len(texts(http, auth)) == 2)
    chat.services.ledger.erase(conversation_id)
    assert http.get("messages", headers=auth).status_code == 404
    assert http.get("stream", headers=auth).status_code == 404
    assert http.post("messages", json={"text": "hi", "client_id": "2"}, headers=auth).status_code == 404
    assert http.post("sessions", json={}, headers=auth).json()["conversation_id"] != conversation_id


# -- bad input ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe\x00", b'{"text": "x"}', b'{"client_id": "1"}',
    b'{"text": 5, "client_id": "1"}', b'{"text": "", "client_id": "1"}', b'{"text": "  \\n ", "client_id": "1"}',
    b'{"text": "x", "client_id": ""}', b'{"text": "x", "client_id": 7}', b'{"text": "x", "client_id": "\\u0000"}',
    b'{"text": "x", "client_id": "1", "payload": "no slash"}', b'{"text": "x", "client_id": "1", "payload": {}}',
    b'{"text": "x", "client_id": "' + b"i" * 300 + b'"}', b'{"text": "' + b"x" * 10_001 + b'", "client_id": "1"}',
    b"[" * 100_000, b'{"text": "x", "client_id": "1", "n": ' + b"9" * 50_000 + b"}",
])
def test_bad_messages_get_a_clear_answer(http: httpx.Client, chat: LiveChat, body: bytes) -> None:
    conversation_id, auth = start(http)
    answer = http.post("messages", content=body, headers=auth)
    assert answer.status_code == 400
    assert answer.json()["error"] == "bad_request"
    assert answer.json()["message"].endswith(".")
    assert chat.services.ledger.messages(conversation_id) == []


def test_hostile_text_comes_back_as_it_was_written(http: httpx.Client) -> None:
    _, auth = start(http)
    hostile = '<img src=x onerror=alert(1)> \u202e\u200b\u0007 "quotes" \\ \u2028 😀 é\u0301'
    assert http.post("messages", json={"text": hostile, "client_id": "1"}, headers=auth).status_code == 200
    assert texts(http, auth)[0] == hostile
    half = http.post("messages", content=b'{"text": "\\ud83d \\u0000", "client_id": "2"}', headers=auth)
    assert half.status_code == 200


def test_a_huge_body_is_refused(http: httpx.Client, chat: LiveChat) -> None:
    conversation_id, auth = start(http)
    body = json.dumps({"text": "x" * 300_000, "client_id": "1"}).encode()
    assert http.post("messages", content=body, headers=auth).status_code == 413

    def parts() -> Iterator[bytes]:
        for _ in range(300):
            yield b" " * 1000

    assert http.post("messages", content=parts(), headers=auth).status_code == 413
    assert chat.services.ledger.messages(conversation_id) == []


@pytest.mark.parametrize(("method", "path", "body"), [
    ("GET", "messages?after=-1", None), ("GET", "messages?after=x", None), ("GET", "stream?after=1e3", None),
    ("POST", "ack", {}), ("POST", "ack", {"up_to": "many"}), ("POST", "ack", {"up_to": -1}),
    ("POST", "ack", {"up_to": 10**30}), ("POST", "typing", {}), ("POST", "typing", {"writes": "yes"}),
])
def test_bad_values_are_named(http: httpx.Client, method: str, path: str, body: Any) -> None:
    _, auth = start(http)
    answer = http.request(method, path, json=body, headers=auth)
    assert answer.status_code == 400
    assert "`" in answer.json()["message"]


def test_a_raw_byte_in_the_token_is_no_token(chat: LiveChat) -> None:
    with httpx.Client() as http:
        request = http.build_request("GET", chat.url + "messages", headers=[(b"Authorization", b"Bearer \xff\xfe")])
        assert http.send(request).status_code == 401


# -- the stream -----------------------------------------------------------------------------------------------


def test_the_stream_brings_history_then_what_comes(http: httpx.Client, chat: LiveChat) -> None:
    conversation_id, auth = start(http)
    http.post("messages", json={"text": "hello", "client_id": "c1"}, headers=auth)
    eventually(lambda: len(texts(http, auth)) == 2)
    with http.stream("GET", "stream", headers=auth) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        seen = events(response)
        assert [next(seen)["data"]["text"] for _ in range(2)] == ["hello", "You said: hello"]
        assert next(seen)["data"]["owner"] == "bot"
        chat.hand_off(conversation_id)
        state = next(seen)["data"]
        assert (state["owner"], state["queue_position"]) == ("waiting", 1)
        chat.claim(conversation_id)
        joined, state = next(seen), next(seen)
        assert joined["data"]["data"] == {"event": "agent_joined", "agent": "Anna Berg"}
        assert (state["data"]["owner"], state["data"]["agent"]) == ("agent", "Anna Berg")
        chat.reply(conversation_id, "Hi, this is Anna")
        said = next(seen)
        assert (said["id"], said["data"]["author"], said["data"]["name"]) == ("4", "agent", "Anna Berg")


def test_a_long_conversation_comes_in_pages_and_nothing_is_lost(http: httpx.Client, chat: LiveChat) -> None:
    conversation_id, auth = start(http)
    chat.hand_off(conversation_id)
    chat.claim(conversation_id)
    for number in range(130):
        chat.reply(conversation_id, f"line {number}")
        if number % 9 == 0:
            chat.services.ownership.note(conversation_id, ANNA, "between agents")
    whole = http.get("messages", headers=auth).json()["messages"]

    def latest(**params: int) -> tuple[int, list[int]]:
        with http.stream("GET", "stream", params={"last": 50, **params}, headers=auth) as response:
            seen, found = events(response), []
            begin = next(seen)["data"]["after"]
            for one in seen:
                if one["event"] != "message":
                    return begin, found
                found.append(int(one["id"]))
        raise AssertionError

    begin, found = latest(after=10_000)
    assert found == [one["seq"] for one in whole[-50:]]
    assert begin == found[0] - 1
    unread = whole[20]["seq"]
    assert latest(after=unread)[1] == [one["seq"] for one in whole[21:]], "all that was not read comes"
    pages = [found]
    while True:
        page = http.get("messages", params={"before": pages[0][0], "last": 50}, headers=auth).json()
        pages.insert(0, [one["seq"] for one in page["messages"]])
        if not page["older"]:
            break
    assert [seq for page in pages for seq in page] == [one["seq"] for one in whole]
    assert len(pages) == 3


def test_a_stream_goes_on_where_the_last_one_ended(http: httpx.Client) -> None:
    _, auth = start(http)
    for number in range(3):
        http.post("messages", json={"text": f"line {number}", "client_id": str(number)}, headers=auth)
    eventually(lambda: len(texts(http, auth)) == 6)
    for params, headers in (({"after": "4"}, auth), ({"after": "0"}, {**auth, "Last-Event-ID": "4"})):
        with http.stream("GET", "stream", params=params, headers=headers) as response:
            seen = events(response)
            assert [next(seen)["id"] for _ in range(2)] == ["5", "6"]


def test_the_typing_sign_of_an_agent_comes_and_ends_by_itself(http: httpx.Client, chat: LiveChat) -> None:
    conversation_id, auth = start(http)
    with http.stream("GET", "stream", headers=auth) as response:
        seen = events(response)
        assert next(seen)["data"]["typing"] is None
        chat.services.ledger.set_typing(conversation_id, Author.AGENT, "Anna")
        assert next(seen)["data"]["typing"] == {"author": "agent", "name": "Anna"}
        assert next(seen)["data"]["typing"] is None


def test_the_bots_typing_sign_covers_its_turn(http: httpx.Client) -> None:
    _, auth = start(http)
    with http.stream("GET", "stream", headers=auth) as response:
        seen = events(response)
        assert next(seen)["data"]["bot_writing"] is False
        http.post("messages", json={"text": "slow", "client_id": "1"}, headers=auth)
        order = [next(seen) for _ in range(4)]
        assert [one["data"].get("bot_writing", one["data"].get("author")) for one in order] in (
            ["customer", True, "bot", False], [True, "customer", "bot", False])


def test_agents_notes_never_reach_the_customer(http: httpx.Client, chat: LiveChat) -> None:
    conversation_id, auth = start(http)
    chat.hand_off(conversation_id)
    chat.claim(conversation_id)
    chat.services.ownership.note(conversation_id, ANNA, "customer seems to be a reseller")
    chat.reply(conversation_id, "Hello!")
    assert "reseller" not in http.get("messages", headers=auth).text
    with http.stream("GET", "stream", headers=auth) as response:
        seen = events(response)
        assert [next(seen)["data"]["text"] for _ in range(2)] == ["Anna Berg has joined the conversation.", "Hello!"]


def test_acknowledged_messages_count_as_delivered(http: httpx.Client, chat: LiveChat) -> None:
    conversation_id, auth = start(http)
    chat.hand_off(conversation_id)
    chat.claim(conversation_id)
    chat.reply(conversation_id, "one")
    chat.reply(conversation_id, "two")
    assert http.post("ack", json={"up_to": 2}, headers=auth).status_code == 204
    states = [message.delivery for message in chat.services.ledger.messages(conversation_id)]
    assert states == [Delivery.DELIVERED, Delivery.DELIVERED, Delivery.WAITING]


def test_the_customers_typing_reaches_the_ledger(http: httpx.Client, chat: LiveChat) -> None:
    conversation_id, auth = start(http)
    http.post("typing", json={"writes": True}, headers=auth)
    assert chat.services.ledger.conversation(conversation_id).customer_typing
    http.post("typing", json={"writes": False}, headers=auth)
    assert not chat.services.ledger.conversation(conversation_id).customer_typing


def test_a_stopping_server_ends_its_streams(make_chat: Callable[..., LiveChat]) -> None:
    chat = make_chat()
    with httpx.Client(base_url=chat.url, timeout=10) as http:
        _, auth = start(http)
        lines: list[str] = []
        with http.stream("GET", "stream", headers=auth) as response:
            reader = threading.Thread(target=lambda: lines.extend(response.iter_lines()))
            reader.start()
            time.sleep(0.3)
            chat.stop()
            reader.join(15)
            assert not reader.is_alive()
    assert chat.left_open == 0
    chat.start()


def test_a_conversation_has_a_limited_number_of_streams(http: httpx.Client) -> None:
    _, auth = start(http)
    streams = []
    try:
        for _ in range(13):
            stream = http.stream("GET", "stream", headers=auth)
            streams.append((stream, stream.__enter__()))
        assert [response.status_code for _, response in streams] == [200] * 12 + [429]
    finally:
        for stream, _ in streams:
            stream.__exit__(None, None, None)
    time.sleep(0.5)
    with http.stream("GET", "stream", headers=auth) as response:
        assert response.status_code == 200


# -- limits, origins, files -----------------------------------------------------------------------------------


def test_too_many_messages_are_refused_politely(make_chat: Callable[..., LiveChat]) -> None:
    chat = make_chat(options=WebChatOptions(messages_per_minute=6))
    with httpx.Client(base_url=chat.url) as http:
        _, auth = start(http)
        codes = [http.post("messages", json={"text": "x", "client_id": str(n)}, headers=auth) for n in range(6)]
        assert [one.status_code for one in codes] == [200] * 5 + [429]
        assert 1 <= int(codes[-1].headers["retry-after"]) <= 11
        assert codes[-1].json()["error"] == "too_many"


def test_too_many_sessions_from_one_address_are_refused(make_chat: Callable[..., LiveChat]) -> None:
    chat = make_chat(options=WebChatOptions(sessions_per_minute=3))
    with httpx.Client(base_url=chat.url) as http:
        assert [http.post("sessions").status_code for _ in range(4)] == [200, 200, 200, 429]


def test_foreign_pages_fill_no_log(make_chat: Callable[..., LiveChat]) -> None:
    chat = make_chat()
    with httpx.Client(base_url=chat.url) as http:
        assert_limited(lambda: http.post("sessions", json={}, headers={"Origin": "https://evil.example"}).status_code,
                       status=403, at_once=REJECTED, per_minute=REJECTED)
        assert http.post("sessions", json={}).status_code == 200


def test_streams_of_one_address_are_limited_and_another_address_is_served(make_chat: Callable[..., LiveChat]) -> None:
    chat = make_chat(options=WebChatOptions(streams_per_address=2, proxies=1))
    with httpx.Client(base_url=chat.url) as http, contextlib.ExitStack() as streams:
        visitors = [start(http)[1] for _ in range(3)]

        def opens(auth: dict[str, str], address: str) -> int:
            headers = {**auth, "X-Forwarded-For": address}
            return streams.enter_context(http.stream("GET", "stream", headers=headers)).status_code

        assert [opens(auth, "203.0.113.7") for auth in visitors] == [200, 200, 429]
        assert opens(visitors[2], "203.0.113.8") == 200


def test_only_pages_of_named_origins_may_call(make_chat: Callable[..., LiveChat]) -> None:
    chat = make_chat(webchat_origins=("https://shop.example",))
    with httpx.Client(base_url=chat.url) as http:
        foreign = http.post("sessions", json={}, headers={"Origin": "https://evil.example"})
        assert foreign.status_code == 403
        assert "access-control-allow-origin" not in foreign.headers
        named = http.post("sessions", json={}, headers={"Origin": "https://shop.example"})
        assert named.headers["access-control-allow-origin"] == "https://shop.example"
        assert named.headers["vary"] == "Origin"
        assert http.post("sessions", json={}, headers={"Origin": chat.origin}).status_code == 200
        for path in ("sessions", "messages", "stream", "ack", "typing"):
            asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
            preflight = http.options(path, headers={**asked, "Origin": "https://shop.example"})
            assert preflight.is_success
            assert preflight.headers["access-control-allow-origin"] == "https://shop.example"
            assert "authorization" in preflight.headers["access-control-allow-headers"]
            refused = http.options(path, headers={**asked, "Origin": "https://evil.example"})
            assert "access-control-allow-origin" not in refused.headers
        assert http.get("widget.js", headers={"Origin": "https://evil.example"}).status_code == 200
        error = http.get("messages", headers={"Origin": "https://shop.example"})
        assert error.status_code == 401
        assert error.headers["access-control-allow-origin"] == "https://shop.example"


def test_files_are_served_with_validators_and_nothing_else_is(http: httpx.Client) -> None:
    loader = http.get("widget.js")
    assert loader.headers["content-type"].startswith("text/javascript")
    assert http.get("widget.js", headers={"If-None-Match": loader.headers["etag"]}).status_code == 304
    version = loader.text.split("assets/")[1].split("/")[0]
    assert "immutable" in http.get(f"assets/{version}/main.js").headers["cache-control"]
    for path in ("assets/x/..%2f..%2fserver.py", "assets/x/%2e%2e/server.py", "assets/x/missing.js"):
        assert http.get(path).status_code == 404


def test_demo_identities_exist_in_demo_mode_only(http: httpx.Client, make_chat: Callable[..., LiveChat]) -> None:
    assert len(http.get("demo-identity").json()["customers"]) == 8
    token = http.get("demo-identity", params={"email": "late@example.com"}).json()["identity"]
    assert http.post("sessions", json={"identity": token}).json()["identified"] is True
    assert http.get("demo-identity", params={"email": "who@example.com"}).status_code == 404
    real = make_chat(demo=False)
    assert httpx.get(real.url + "demo-identity").status_code == 404
    assert httpx.get(real.url + "demo-identity?email=late@example.com").status_code == 404
    assert httpx.get(real.url).status_code == 404
    assert httpx.get(real.url + "widget.js").status_code == 200


def test_the_session_outlives_the_server(make_chat: Callable[..., LiveChat]) -> None:
    chat = make_chat()
    with httpx.Client(base_url=chat.url) as http:
        conversation_id, auth = start(http)
        http.post("messages", json={"text": "hello", "client_id": "1"}, headers=auth)
    chat.stop()
    chat.start()
    with httpx.Client(base_url=chat.url) as http:
        assert texts(http, auth)[0] == "hello"
        assert SessionTokens("s" * 32).read(auth["Authorization"].split()[1]).conversation_id == conversation_id


# -- behind a proxy -----------------------------------------------------------------------------------------------


def visits(chat: LiveChat, *addresses: str) -> list[int]:
    """New conversations from these addresses, as a proxy passes them on; the status of each answer."""
    return [httpx.post(f"{chat.url}sessions", json={}, headers={"X-Forwarded-For": address}).status_code
            for address in addresses]


def test_behind_a_proxy_of_the_shops_each_customer_has_limits_of_their_own(
    make_chat: Callable[..., LiveChat], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tandem.channels.webchat.http._unbelieved._told", False)
    chat = make_chat(options=WebChatOptions(sessions_per_minute=2), proxies=1)
    with caplog.at_level(logging.WARNING, "tandem.channels.webchat"):
        assert visits(chat, *["203.0.113.9"] * 3, "203.0.113.10", "6.6.6.6, 203.0.113.9") == [200, 200, 429, 200, 429]
    assert "TANDEM_PROXIES" not in caplog.text


def test_a_proxy_that_the_settings_do_not_know_is_told_once(
    make_chat: Callable[..., LiveChat], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tandem.channels.webchat.http._unbelieved._told", False)
    chat = make_chat(options=WebChatOptions(sessions_per_minute=2))
    with caplog.at_level(logging.WARNING, "tandem.channels.webchat"):
        assert visits(chat, "203.0.113.9", "203.0.113.10", "203.0.113.11") == [200, 200, 429], "one address for all"
    said = [record.getMessage() for record in caplog.records if "TANDEM_PROXIES" in record.getMessage()]
    assert len(said) == 1 and said[0].startswith("Requests to the web chat carry X-Forwarded-For")


def test_credentials_go_before_the_setting(make_chat: Callable[..., LiveChat]) -> None:
    chat = make_chat(options=WebChatOptions(sessions_per_minute=1, proxies=2), proxies=1)
    assert visits(chat, "203.0.113.9, 10.0.0.2", "203.0.113.9, 10.0.0.3", "203.0.113.10, 10.0.0.3") == [200, 429, 200]

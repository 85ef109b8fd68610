"""Who gets in: every route asks, sessions and CSRF hold, guessing is braked."""
from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from tandem.agents.accounts import find
from tandem.agents.tables import desk_sessions
from tandem.conversations.model import Message
from tandem.db.engine import now
from tandem.desk.agent_service import AgentService
from tandem.desk.app import create_app
from tandem.desk.security.rate_limit import REJECTED
from tandem.desk.security.sessions import IDLE, Sessions
from tandem.services import Services
from tandem.settings import Settings
from tests.rate_limits import assert_limited

PUBLIC = {  # with the reason
    ("GET", "/healthz"): "says whether the database answers, and nothing else",
    ("GET", "/sign-in"): "the page on which one signs in", ("POST", "/sign-in"): "asks for the password itself",
    ("POST", "/sign-out"): "ends the session that it is sent, if it is sent its form",
    ("GET", "/docs"): "how the API is used", ("GET", "/favicon.ico"): "a picture",
    ("POST", "/live-agents/{channel}/webhook"): "signed by the tool",
    ("POST", "/order-updates/{engine}/webhook"): "signed by the shop's engine",
}
OTHER_ROUTES = {"/openapi.json": "the API's description", "/static": "style, scripts and pictures"}
DEEP = "[" * 900 + "]" * 900


def routes(app: FastAPI) -> list[tuple[str, str]]:
    found = [(method, route.path) for route in app.routes if isinstance(route, APIRoute) for method in route.methods]
    assert len(found) > 20
    return found


def address_of(path: str) -> str:
    return path.replace("{conversation_id:path}", "c1").replace("{seq}", "1")


def test_every_route_checks_its_caller(app: FastAPI, stranger: TestClient, waits: Callable[..., str]) -> None:
    waits("c1")
    for method, path in routes(app):
        if (method, path) in PUBLIC:
            continue
        answer = stranger.request(method, address_of(path), params={"c": "c1"},
                                  json={"text": "x"} if method == "POST" else None)
        assert answer.status_code == 401, f"{method} {path} answered {answer.status_code} to a stranger"
        assert "Where is my order" not in answer.text


def test_every_mount_that_is_no_api_route_is_listed(app: FastAPI) -> None:
    assert {route.path for route in app.routes if not isinstance(route, APIRoute)} == set(OTHER_ROUTES)


def test_every_route_limits_what_a_request_may_carry(app: FastAPI, stranger: TestClient, program: TestClient) -> None:
    for method, path in routes(app):
        if method in ("GET", "HEAD"):
            continue
        for client in (stranger, program):
            headers = {"Content-Type": "application/json"}
            for body, status in ((DEEP, 400), ("[" + "1," * 10_000 + "1]", 400), ("x" * 1_000_001, 413)):
                answer = client.request(method, address_of(path), content=body, headers=headers)
                assert answer.status_code == status, f"{method} {path}"
                assert answer.json()["error"] and answer.json()["detail"]


def asking(client: TestClient) -> Callable[[], int]:
    """Ask for the numbers, and return the status of the answer."""
    return lambda: client.get("/api/stats").status_code


def test_callers_are_slowed_each_by_itself(settings: Settings, services: Services,
                                           monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tandem.desk.security.rate_limit.PROGRAM", 12)
    monkeypatch.setattr("tandem.desk.security.rate_limit.AGENT", 6)
    app = create_app(settings, services)
    program = TestClient(app, headers={"Authorization": f"Bearer {settings.api_token}"})
    assert_limited(asking(program), status=200, at_once=2, per_minute=12)
    refused = next(one for one in (program.get("/api/stats") for _ in range(9)) if one.status_code == 429)
    assert int(refused.headers["Retry-After"]) >= 1
    for name in ("anna", "sam"):
        account = find(services.engine, name)
        assert account is not None
        agent = TestClient(app, cookies={"tandem_desk": Sessions(services.engine).open(account)[0]})
        assert_limited(asking(agent), status=200, at_once=3, per_minute=6)


def test_wrong_tokens_of_one_address_are_refused_briefly_after_a_while(app: FastAPI, program: TestClient) -> None:
    guesser = TestClient(app, headers={"Authorization": "Bearer wrong"})
    assert_limited(asking(guesser), status=401, at_once=REJECTED, per_minute=REJECTED)
    assert program.get("/api/stats").status_code == 200, "who has the token is not held up"


def test_every_writing_route_needs_the_csrf_token(app: FastAPI, anna: TestClient, waits: Callable[..., str]) -> None:
    waits("c1")
    del anna.headers["X-CSRF-Token"]
    for method, path in routes(app):
        if method == "GET" or (method, path) in PUBLIC:
            continue
        address = address_of(path)
        for token in (None, "wrong"):
            answer = anna.request(method, address, json={"text": "x"} if method == "POST" else None,
                                  headers={"X-CSRF-Token": token} if token else {})
            assert (answer.status_code, answer.json()["error"]) == (403, "forbidden"), f"{method} {path}"


def test_browsers_are_shown_the_sign_in_page(stranger: TestClient) -> None:
    answer = stranger.get("/", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


def test_the_session_cookie_is_kept_from_scripts_and_other_sites(stranger: TestClient) -> None:
    token = stranger.get("/sign-in").text.split('name="form_token" value="')[1].split('"')[0]
    answer = stranger.post("/sign-in", data={"username": "anna", "password": "correct horse battery",
                                             "form_token": token})
    cookie = next(value for value in answer.headers.get_list("set-cookie") if value.startswith("tandem_desk="))
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Secure" not in cookie


def test_secure_cookies_are_bound_to_this_host(services: Services, settings: Settings) -> None:
    app = create_app(Settings(database_url=settings.database_url, secure_cookies=True), services)
    with TestClient(app, base_url="https://desk.example", follow_redirects=False) as client:
        token = client.get("/sign-in").text.split('name="form_token" value="')[1].split('"')[0]
        answer = client.post("/sign-in", data={"username": "anna", "password": "correct horse battery",
                                               "form_token": token})
        cookie = next(one for one in answer.headers.get_list("set-cookie") if "tandem_desk=" in one)
        assert cookie.startswith("__Host-tandem_desk=") and "Secure" in cookie
        assert "Strict-Transport-Security" in answer.headers
        assert client.get("/").status_code == 200


def test_only_what_an_agent_does_keeps_a_session_alive(
    anna: TestClient, services: Services, waits: Callable[..., str],
) -> None:
    waits("c1")
    long_ago = now() - IDLE / 2

    def keeps_alive(method: str, address: str, **headers: str) -> bool:
        with services.engine.begin() as connection:
            connection.execute(update(desk_sessions).values(seen_at=long_ago))
        answer = anna.request(method, address, headers=headers, json={} if method == "POST" else None)
        assert answer.status_code < 400, (address, answer.text)
        with services.engine.begin() as connection:
            return bool(connection.execute(select(desk_sessions.c.seen_at)).scalar_one() > long_ago)

    by_itself = ["/desk/queue?c=c1", "/desk/conversation?c=c1", "/api/conversations?owner=waiting", "/api/stats"]
    assert [address for address in by_itself if keeps_alive("GET", address, Accept="text/html-fragment")] == []
    by_hand = [("GET", "/"), ("GET", "/desk/conversation?first=1&c=c1"), ("POST", "/api/conversations/c1/claim")]
    assert [step for step in by_hand if not keeps_alive(*step)] == []


def test_a_session_ends_idle_although_its_page_refreshes_itself(anna: TestClient, services: Services) -> None:
    with services.engine.begin() as connection:
        connection.execute(update(desk_sessions).values(seen_at=now() - IDLE + timedelta(seconds=20)))
    assert anna.get("/desk/queue").status_code == 200
    with services.engine.begin() as connection:
        last = connection.execute(select(desk_sessions.c.seen_at)).scalar_one()
        connection.execute(update(desk_sessions).values(seen_at=last - timedelta(minutes=1)))
    assert anna.get("/desk/queue").status_code == 401


def test_signing_out_ends_the_session_on_the_server(anna: TestClient) -> None:
    cookie = anna.cookies["tandem_desk"]
    assert anna.post("/sign-out", data={"csrf_token": "wrong"}).status_code == 403
    assert anna.post("/sign-out", data={"csrf_token": anna.headers["X-CSRF-Token"]}).status_code == 303
    anna.cookies.set("tandem_desk", cookie)
    assert anna.get("/api/stats").status_code == 401


@pytest.mark.parametrize("wrong", [{"form_token": ""}, {"form_token": "x" * 32}])
def test_a_sign_in_form_of_another_site_is_refused(stranger: TestClient, wrong: dict[str, str]) -> None:
    stranger.get("/sign-in")
    answer = stranger.post("/sign-in", data={"username": "anna", "password": "correct horse battery", **wrong})
    assert answer.status_code == 403 and "tandem_desk" not in stranger.cookies


def test_a_sign_in_from_another_origin_is_refused(stranger: TestClient) -> None:
    token = stranger.get("/sign-in").text.split('name="form_token" value="')[1].split('"')[0]
    answer = stranger.post("/sign-in", headers={"Origin": "https://evil.example"}, data={
        "username": "anna", "password": "correct horse battery", "form_token": token})
    assert answer.status_code == 403


def test_wrong_names_and_wrong_passwords_look_the_same_and_guessing_is_braked(stranger: TestClient) -> None:
    token = stranger.get("/sign-in").text.split('name="form_token" value="')[1].split('"')[0]

    def attempt(name: str, password: str) -> tuple[int, str]:
        answer = stranger.post("/sign-in", data={"username": name, "password": password, "form_token": token})
        return answer.status_code, answer.text.replace(name, "")

    assert attempt("anna", "wrong") == attempt("nobody", "wrong")
    for _ in range(4):
        assert attempt("anna", "wrong")[0] == 401
    assert attempt("anna", "correct horse battery")[0] == 429


@pytest.mark.parametrize("header", ["Bearer wrong", "Bearer ", "Basic YTpi", "a-token-only-for-tests", "Bearer \xff"])
def test_a_wrong_token_is_refused_even_beside_a_session(anna: TestClient, header: str) -> None:
    answer = anna.get("/api/stats", headers={"Authorization": header.encode("latin-1")})
    assert answer.status_code == 401 and answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["Bearer ", "Bearer None", "Bearer"])
def test_without_a_configured_token_no_token_opens(services: Services, settings: Settings, header: str) -> None:
    app = create_app(Settings(database_url=settings.database_url), services)
    with TestClient(app, headers={"Authorization": header}) as client:
        assert client.get("/api/stats").status_code == 401


def test_every_answer_carries_the_security_headers(anna: TestClient) -> None:
    for address in ("/", "/sign-in", "/docs", "/api/stats", "/nowhere", "/static/desk.css"):
        headers = anna.get(address).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert (headers["x-frame-options"], headers["x-content-type-options"]) == ("DENY", "nosniff")
        assert headers["referrer-policy"] == "no-referrer"
    assert anna.get("/").headers["cache-control"] == "no-store"


def test_roles_decide_who_may_step_in(
    anna: TestClient, sam: TestClient, program: TestClient, waits: Callable[..., str],
) -> None:
    waits("c1")
    assert sam.post("/api/conversations/c1/claim").status_code == 200
    assert anna.post("/api/conversations/c1/take-over").status_code == 403
    assert anna.post("/api/conversations/c1/release").status_code == 403
    assert anna.post("/api/conversations/c1/resolve").status_code == 403
    waits("c2")
    assert anna.post("/api/conversations/c2/claim").status_code == 200
    assert sam.post("/api/conversations/c2/take-over").json()["handoff"]["claimed_by"] == "sam"
    for client, expected in ((anna, 403), (sam, 403), (program, 200)):
        assert client.get("/api/customers/export", params={"conversation_id": "c1"}).status_code == expected


def test_an_agent_takes_nothing_from_a_colleague_who_claimed_a_moment_earlier(
    anna: TestClient, sam: TestClient, services: Services, says: Callable[..., Message],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    says("c1", "hello")
    before = services.ledger.conversation("c1")
    assert sam.post("/api/conversations/c1/take-over").status_code == 200
    monkeypatch.setattr(AgentService, "conversation", lambda *_: before)
    assert anna.post("/api/conversations/c1/take-over").status_code == 409
    assert services.ledger.open_handoffs()["c1"].claimed_by == "sam"


@pytest.mark.parametrize(("onward", "leads_to"), [
    ("/?c=c1", "/?c=c1"), ("/?c=a%2Fb&all=1", "/?c=a%2Fb&all=1"), ("/numbers", "/numbers"), ("", "/"),
    ("//evil.example", "/"), ("https://evil.example/", "/"), ("/\\evil.example", "/"), ("\\\\evil.example", "/"),
    ("/\t/evil.example", "/"), ("javascript:alert(1)", "/"), ("/sign-out", "/"), ("/" + "x" * 3000, "/"), ("evil", "/"),
    ("/\r\nSet-Cookie: a=b", "/"),
])
def test_signing_in_leads_to_the_page_that_was_asked_for_and_to_no_other_site(
    stranger: TestClient, onward: str, leads_to: str,
) -> None:
    form = stranger.get("/sign-in", params={"next": onward})
    token = form.text.split('name="form_token" value="')[1].split('"')[0]
    answer = stranger.post("/sign-in", data={"username": "anna", "password": "correct horse battery",
                                             "form_token": token, "next": onward})
    assert (answer.status_code, answer.headers["location"]) == (303, leads_to)


def test_a_link_into_the_desk_survives_the_sign_in(stranger: TestClient) -> None:
    sent = stranger.get("/?c=c%2F1%C3%BC", headers={"Accept": "text/html,application/xhtml+xml;q=0.9"})
    assert (sent.status_code, sent.headers["location"]) == (303, "/sign-in?next=%2F%3Fc%3Dc%252F1%25C3%25BC")
    form = stranger.get(sent.headers["location"])
    assert 'name="next" value="/?c=c%2F1%C3%BC"' in form.text


@pytest.mark.parametrize("origin", ["http://[", "http://]", "\\", "http://evil.example", "x" * 500])
def test_any_other_origin_is_refused_without_an_error(stranger: TestClient, origin: str) -> None:
    token = stranger.get("/sign-in").text.split('name="form_token" value="')[1].split('"')[0]
    answer = stranger.post("/sign-in", data={"username": "anna", "password": "x", "form_token": token},
                           headers={"Origin": origin})
    assert answer.status_code == 403

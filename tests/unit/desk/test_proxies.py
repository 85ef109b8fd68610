"""Addresses of the desk behind proxies."""
from __future__ import annotations

import logging
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from tandem.access.proxies import client_address
from tandem.desk.security.proxies import BehindProxies, under
from tandem.settings import Settings, SettingsError, load


def client(**settings: Any) -> TestClient:
    async def show(request: Request) -> Response:
        answer = JSONResponse({"path": request.url.path, "client": request.client.host if request.client else ""})
        answer.set_cookie("tandem_form", "x", path="/sign-in")
        answer.set_cookie("__Host-tandem_desk", "x", path="/", secure=True)
        return answer

    async def away(_request: Request) -> Response:
        return RedirectResponse("/sign-in", status_code=303)

    app = Starlette(routes=[Route("/away", away), Route("/{rest:path}", show)])
    return TestClient(BehindProxies(app, Settings(**settings)), follow_redirects=False)


@pytest.mark.parametrize(("base", "location"), [("", "/away"), ("/desk", "/desk/away")])
def test_no_redirect_leads_to_a_host_that_a_request_names(base: str, location: str) -> None:
    settings = Settings(public_desk_url=f"https://shop.example.com{base}")
    app = Starlette(routes=[Route("/away", lambda _request: Response())])  # a slash behind it is redirected
    there = TestClient(BehindProxies(app, settings), follow_redirects=False)
    answer = there.get(f"{base}/away/", headers={"Host": "evil.example"})
    assert answer.status_code == 307 and answer.headers["location"] == location


@pytest.mark.parametrize(("asked", "seen"), [
    ("/desk/", "/"), ("/desk", "/"), ("/desk/desk/queue", "/desk/queue"), ("/healthz", "/healthz"),
    ("/desktop", "/desktop"), ("/desk/a%2Fb", "/a/b"),
])
def test_the_path_is_taken_off_requests(asked: str, seen: str) -> None:
    assert client(public_desk_url="https://shop.example.com/desk").get(asked).json()["path"] == seen


def test_redirects_and_cookies_stand_under_the_path() -> None:
    there = client(public_desk_url="https://shop.example.com/desk")
    assert there.get("/desk/away").headers["location"] == "/desk/sign-in"
    cookies = there.get("/desk/").headers.get_list("set-cookie")
    assert "Path=/desk/sign-in" in cookies[0] and "Path=/;" in f"{cookies[1]};"
    assert client().get("/away").headers["location"] == "/sign-in"


@pytest.mark.parametrize(("address", "moved"), [
    ("/", "/desk/"), ("/?c=1", "/desk/?c=1"), ("/desk/x", "/desk/x"), ("/desktop", "/desk/desktop"),
    ("https://other.example.com/", "https://other.example.com/"), ("//other.example.com", "//other.example.com"),
    ("?c=1", "?c=1"), ("#top", "#top"),
])
def test_only_the_desks_own_addresses_are_moved(address: str, moved: str) -> None:
    assert under("/desk", address) == moved
    assert under("", address) == address


@pytest.mark.parametrize(("forwarded", "proxies", "found"), [
    ([], 1, "10.0.0.1"), (["203.0.113.9"], 0, "10.0.0.1"), (["203.0.113.9"], 1, "203.0.113.9"),
    (["6.6.6.6, 203.0.113.9"], 1, "203.0.113.9"), (["6.6.6.6", "203.0.113.9, 10.0.0.2"], 2, "203.0.113.9"),
    (["203.0.113.9"], 2, "10.0.0.1"), ([" , "], 1, "10.0.0.1"),
])
def test_so_many_entries_at_the_end_are_believed_as_there_are_proxies(
    forwarded: list[str], proxies: int, found: str,
) -> None:
    assert client_address("10.0.0.1", forwarded, proxies) == found


def test_a_proxy_that_the_settings_do_not_know_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    there = client()
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert there.get("/", headers={"X-Forwarded-For": "203.0.113.9"}).json()["client"] == "testclient"
    assert [record.getMessage().count("TANDEM_PROXIES is 0") for record in caplog.records] == [1]
    assert client(proxies=1).get("/", headers={"X-Forwarded-For": "203.0.113.9"}).json()["client"] == "203.0.113.9"


@pytest.mark.parametrize("value", ["desk.example.com", "ftp://desk", "https://", "https://x/?a=1", "https://x/#a"])
def test_the_desks_address_is_checked(value: str) -> None:
    with pytest.raises(SettingsError, match="TANDEM_DESK_URL"):
        load({"TANDEM_DESK_URL": value})


@pytest.mark.parametrize("value", ["-1", "11", "one"])
def test_the_number_of_proxies_is_checked(value: str) -> None:
    with pytest.raises(SettingsError, match="TANDEM_PROXIES"):
        load({"TANDEM_PROXIES": value})

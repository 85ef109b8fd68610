"""Behind a proxy everything works as without one, and a proxy that is set up wrongly is told so."""
from __future__ import annotations

import sys
import time
import uuid
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Response, expect
from sqlalchemy import select

from tandem.agents.tables import sign_in_attempts
from tests.system.conftest import free_ports
from tests.system.proxies.conftest import PASSWORD, Behind, nginx_with, process

STATUS = "async (address) => (await fetch(address)).status"
pytestmark = pytest.mark.timeout(180)


def talk(behind: Behind, host: str, text: str) -> str:
    """A customer writes through the proxy, from a page of the shop's; the conversation's id."""
    with behind.client(host) as client:
        client.headers["Origin"] = behind.origin("shop.example.com")
        opened = client.post("/webhooks/webchat/sessions", json={}).raise_for_status().json()
        client.headers["Authorization"] = f"Bearer {opened['token']}"
        client.post("/webhooks/webchat/messages", json={"text": text, "client_id": uuid.uuid4().hex}).raise_for_status()
        began = time.monotonic()
        with client.stream("GET", "/webhooks/webchat/stream?after=0") as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            for line in stream.iter_lines():
                if f"You said: {text}" in line:
                    break
        assert time.monotonic() - began < 12  # held back in a buffer it would come with the next sign of life
        return str(opened["conversation_id"])


@pytest.mark.parametrize("host", ["chat.example.com", "shop.example.com"])
def test_the_chat_and_its_live_stream_pass(behind: Behind, host: str) -> None:
    talk(behind, host, "hello through the proxy")


@pytest.mark.parametrize("host", ["chat.example.com", "desk.example.com", "shop.example.com"])
@pytest.mark.parametrize("path", ["/model/parse", "/conversations/x/tracker", "/status", "/domain"])
def test_rasas_own_api_is_not_reached_from_outside(behind: Behind, host: str, path: str) -> None:
    with behind.client(host) as client:
        assert client.get(path).status_code in (404, 405)


@pytest.mark.parametrize(("host", "base"), [("desk.example.com", ""), ("shop.example.com", "/desk")])
def test_an_agent_signs_in_works_and_signs_out(behind: Behind, browser: Browser, host: str, base: str) -> None:
    conversation = talk(behind, host.replace("desk", "chat"), f"please help {uuid.uuid4().hex[:6]}")
    address = behind.origin(host) + base
    context = browser.new_context(ignore_https_errors=True)
    page = context.new_page()
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    page.goto(f"{address}/")
    expect(page).to_have_url(f"{address}/sign-in")
    page.fill("[name=username]", "anna")
    page.fill("[name=password]", PASSWORD)
    page.click("button[type=submit]")
    expect(page).to_have_url(f"{address}/")
    behind.chat.hand_off(conversation)
    row = page.locator(f"a[href*='c={conversation}']").first  # comes by the live stream, without a reload
    expect(row).to_be_visible(timeout=15_000)
    row.click()
    expect(page.locator("#lines")).to_contain_text("please help")
    for path in ("/account", "/docs", "/static/desk.css", "/api/conversations?owner=waiting"):
        assert page.evaluate(STATUS, f"{base}{path}") == 200, path
    page.goto(f"{address}/docs")
    page.locator("a", has_text="Desk").first.click()
    expect(page).to_have_url(f"{address}/")
    page.locator("#sign-out button").click()
    expect(page).to_have_url(f"{address}/sign-in")
    bad = [f"{one.status} {one.url}" for one in answers if one.status >= 400]
    away = [one.url for one in answers if not one.url.startswith(f"{address}/")]
    assert bad == [] and away == []
    assert page.evaluate(STATUS, f"{base}/api/conversations") == 401
    context.close()


def test_the_path_without_its_slash_leads_to_the_desk(behind: Behind) -> None:
    with behind.client("shop.example.com") as client:
        answer = client.get("/desk")
        assert answer.status_code == 308 and answer.headers["location"].endswith("/desk/")


@pytest.mark.parametrize(("host", "base"), [("desk.example.com", ""), ("shop.example.com", "/desk")])
def test_a_client_counts_by_its_own_address_and_cannot_make_one_up(behind: Behind, host: str, base: str) -> None:
    name = f"guess-{uuid.uuid4().hex[:8]}"
    with behind.client(host) as client:
        page = client.get(f"{base}/sign-in")
        token = page.text.split('name="form_token" value="')[1].split('"')[0]
        cookie = page.headers["set-cookie"].split(";")[0]
        path = page.headers["set-cookie"].split("Path=")[1].split(";")[0]
        assert path == f"{base}/sign-in"
        refused = client.post(f"{base}/sign-in", data={"username": name, "password": "wrong", "form_token": token},
                              headers={"Cookie": cookie, "X-Forwarded-For": "203.0.113.9"})
        assert refused.status_code == 401
    with behind.chat.services.engine.connect() as connection:
        query = select(sign_in_attempts.c.address).where(sign_in_attempts.c.agent_id == name)
        assert connection.execute(query).scalar_one() == "127.0.0.1"


def test_a_plain_proxy_is_told_what_is_wrong_with_it(tmp_path: Path, behind: Behind) -> None:
    """`proxy_pass` alone changes Host: neither desk nor chat can tell their own page from a stranger's."""
    if behind.scheme == "https":
        return  # once is enough
    front, desk = free_ports(2)
    log = tmp_path / "desk.log"
    plain = (f"server {{ listen 127.0.0.1:{front};"
             f" location /webhooks/ {{ proxy_pass http://127.0.0.1:{behind.chat.port}; }}"
             f" location / {{ proxy_pass http://127.0.0.1:{desk}; }} }}")
    environment = {"TANDEM_DATABASE_URL": behind.chat.settings.database_url, "TANDEM_DESK_PORT": str(desk),
                   "TANDEM_API_TOKEN": "t" * 32, "TANDEM_SECURE_COOKIES": "1"}
    with process([sys.executable, "-m", "tandem.desk"], desk, log, **environment), \
            process(nginx_with(tmp_path, plain), front, tmp_path / "nginx.log"), \
            httpx.Client(base_url=f"http://127.0.0.1:{front}", trust_env=False) as client:
        token = client.get("/sign-in").text.split('name="form_token" value="')[1].split('"')[0]
        form = {"username": "anna", "password": PASSWORD, "form_token": token}
        refused = client.post("/sign-in", data=form, headers={"Origin": f"http://127.0.0.1:{front}"})
        cause = f"Host is 127.0.0.1:{desk}, Origin is http://127.0.0.1:{front}"
        for said in (refused.text, log.read_text()):
            assert cause in said and "docs/proxies.md" in said
        # A browser that sends no Origin comes further, and then its cookie is missing: that is for https only.
        refused = client.post("/sign-in", data=form)
        assert "TANDEM_SECURE_COOKIES=1" in refused.text and "TANDEM_SECURE_COOKIES=1" in log.read_text()
        refused = client.post("/webhooks/webchat/sessions", json={}, headers={"Origin": f"http://127.0.0.1:{front}"})
        assert refused.status_code == 403
        said = refused.json()["message"]
        assert all(part in said for part in (f"127.0.0.1:{behind.chat.port}", f"http://127.0.0.1:{front}", "Host",
                                             "docs/proxies.md"))


@pytest.mark.parametrize(("origin", "says"), [
    ("http://[", "cannot be read"), ("https://evil.example.com", "Origin is https://evil.example.com"),
])
def test_a_strangers_page_cannot_sign_anybody_in(behind: Behind, origin: str, says: str) -> None:
    with behind.client("desk.example.com") as client:
        refused = client.post("/sign-in", data={"username": "anna", "password": PASSWORD}, headers={"Origin": origin})
        assert refused.status_code == 403 and says in refused.text

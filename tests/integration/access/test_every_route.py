"""Every route of Rasa's server and of the action server asks who calls, or is known to be public and why."""
from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from rasa.core.agent import Agent
from rasa.core.run import configure_app
from rasa.utils.endpoints import EndpointConfig
from rasa_sdk import endpoint
from rasa_sdk.plugin import plugin_manager
from sanic import Sanic

import actions.base.server
from tandem.channels.messaging import Facebook, Slack, Telegram, Twilio
from tandem.channels.rest import Rest
from tandem.channels.webchat.server import WebChat
from tandem.gateway.rasa_server import guarded
from tandem.gateway.runtime import Runtime
from tandem.handoff.business_hours import BusinessHours
from tandem.handoff.waiting_rules import read_waiting_room
from tandem.services import Services
from tandem.settings import VARIABLES, Settings
from tests.fakes.core import Core
from tests.integration.channels import payloads
from tests.integration.channels.stage import Bot, serving

TOKENS = {"rasa_token": "rasa-token-of-tests", "rest_token": "rest-token-of-tests", "api_token": "api-token-of-tests"}
PUBLIC = {  # with the reason
    "/": "a greeting with Rasa's version", "/version": "Rasa's version",
    "/healthz": "says whether the model is loaded, and nothing else",
    "/webhooks/rest": "says that the channel runs", "/webhooks/telegram": "says that the channel runs",
    "/webhooks/slack": "says that the channel runs", "/webhooks/twilio": "says that the channel runs",
    "/webhooks/facebook": "says that the channel runs",
    "/webhooks/webchat": "the page for trying the chat", "/webhooks/webchat/widget.js": "the chat's script",
    "/webhooks/webchat/sessions": "opens a conversation for whoever visits the shop; limited by address",
    "/webhooks/webchat/assets/<version:str>/<name:path>": "style and scripts",
    "/webhooks/webchat/origin": "says to a page whether it may embed the chat, and nothing else",
    "/health": "says that the action server runs, and nothing else",
}
REFUSED = {401, 403, 404}  # 404: there is no such thing for anybody, such as the demo's sign-in
DEEP = b'{"sender": "c", "message": "hi", "deep": ' + b"[" * 900 + b"]" * 900 + b"}"


@contextlib.asynccontextmanager
async def rasa_server(core: Core) -> AsyncIterator[tuple[Sanic, str]]:
    """Rasa's own application with its API and all channels, as outside the demo; the bot is one of strings."""
    settings = Settings(secret_key="k" * 32, identity_secret="i" * 32, **TOKENS)
    channels = [
        Rest(), WebChat(), Telegram("123:token", "shop_bot", "https://chat.example.com/webhook"),
        Slack("xoxb-token", slack_signing_secret=payloads.SLACK_SECRET),
        Twilio.from_credentials({"account_sid": "AC1", "auth_token": "token", "twilio_number": "+15550100",
                                 "webhook_url": "https://chat.example.com/webhook"}),
        Facebook("verify", payloads.FACEBOOK_SECRET, "page-token"),
    ]
    Sanic.test_mode = True
    app = guarded(configure_app, settings)(channels, enable_api=True)
    app.ctx.agent = Bot()
    services = SimpleNamespace(
        engine=core.engine, ledger=core.ledger, ownership=core.ownership, outbox=core.outbox,
        router=core.router, case_file=core.case_file, identification=None,
        waiting_room=read_waiting_room(), business_hours=BusinessHours(timezone.utc))
    app.ctx.tandem = Runtime(app, settings, cast(Services, services))
    try:
        async with serving(app) as url:
            yield app, url
    finally:
        Sanic._app_registry.pop(app.name, None)


@contextlib.asynccontextmanager
async def action_server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Sanic, str]]:
    monkeypatch.setenv("TANDEM_SECRET_KEY", "k" * 32)
    assert plugin_manager().has_plugin(actions.base.server.NAME)
    Sanic.test_mode = True
    app = endpoint.create_app("tests.integration.access")
    plugin_manager().hook.attach_sanic_app_extensions(app=app)
    try:
        async with serving(app) as url:
            yield app, url
    finally:
        Sanic._app_registry.pop(app.name, None)


def routes(app: Sanic) -> list[tuple[str, str]]:
    """(method, path) of every route."""
    found = [(method, "/" + str(route.path).lstrip("/")) for route in app.router.routes for method in route.methods]
    return sorted({(method, path) for method, path in found if method != "OPTIONS"})


def address_of(path: str) -> str:
    for part, value in (("<conversation_id:path>", "c"), ("<conversation_id>", "c"), ("<conversation_id:str>", "c"),
                        ("<version:str>", "1"), ("<name:path>", "x.js")):
        path = path.replace(part, value)
    assert "<" not in path, f"say in this test what stands for the parameter of {path}"
    return path


async def telegram_away(*_: Any) -> None:
    raise ConnectionError("Telegram is not called in this test")


@pytest.fixture(params=["rasa", "actions"])
async def server(
    request: pytest.FixtureRequest, core: Core, monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[tuple[Sanic, str]]:
    monkeypatch.setattr("tandem.channels.telegram._TelegramOutput.request", telegram_away)
    async with rasa_server(core) if request.param == "rasa" else action_server(monkeypatch) as started:
        yield started


async def test_every_route_refuses_strangers_or_is_known_to_be_public(server: tuple[Sanic, str], core: Core) -> None:
    app, url = server
    found = routes(app)
    assert len(found) >= 3
    async with httpx.AsyncClient(timeout=30) as client:
        for method, path in found:
            if path in PUBLIC:
                continue
            for token in ("", *TOKENS.values(), "k" * 32):
                if token in (TOKENS["rest_token"], TOKENS["rasa_token"]):
                    continue  # each opens its own door: tests/system/test_access.py
                answer = await client.request(
                    method, url + address_of(path), json={"sender": "c", "message": "hi"} if method != "GET" else None,
                    headers={"Authorization": f"Bearer {token}"} if token else {})
                assert answer.status_code in REFUSED | {429}, f"{method} {path} answered {answer.status_code}"
    assert core.ledger.list() == []


async def test_what_is_said_to_be_public_exists(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tandem.channels.telegram._TelegramOutput.request", telegram_away)
    async with rasa_server(core) as (rasa, _), action_server(monkeypatch) as (sdk, _):
        assert set(PUBLIC) <= {path for _, path in [*routes(rasa), *routes(sdk)]}
        await asyncio.sleep(0)


async def test_every_route_limits_what_a_request_may_carry(server: tuple[Sanic, str], core: Core) -> None:
    app, url = server
    async with httpx.AsyncClient(timeout=30) as client:
        for method, path in routes(app):
            if method in ("GET", "HEAD", "DELETE"):
                continue  # Sanic does not read their bodies
            for token in ("", TOKENS["rasa_token"], TOKENS["rest_token"]):
                headers = {"Authorization": f"Bearer {token}"} if token else {}
                deep = await client.request(method, url + address_of(path), content=DEEP, headers=headers)
                assert deep.status_code in REFUSED | {400, 429}, f"{method} {path} took 900 levels: {deep.status_code}"
                with contextlib.suppress(httpx.NetworkError, httpx.RemoteProtocolError):  # it may hang up at once
                    large = await client.request(method, url + address_of(path), headers=headers,
                                                 content=b'{"a": "' + b"x" * 21_000_000 + b'"}')
                    assert large.status_code in REFUSED | {413, 429}, f"{method} {path} took 21 MB"
    assert core.ledger.list() == []


async def test_a_rasa_server_that_is_started_by_hand_is_protected_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TANDEM_DATABASE_URL", f"sqlite:///{tmp_path / 'tandem.db'}")
    monkeypatch.setenv("TANDEM_SECRET_KEY", "k" * 32)
    monkeypatch.setenv("TANDEM_REST_TOKEN", TOKENS["rest_token"])
    Sanic.test_mode = True
    app = configure_app([Rest()], enable_api=True)  # as `rasa run --enable-api` makes it
    app.ctx.agent = Agent(action_endpoint=EndpointConfig("http://127.0.0.1:9/webhook"))
    try:
        async with serving(app) as url, httpx.AsyncClient(timeout=30) as client:
            for method, path in routes(app):
                answer = await client.request(method, url + address_of(path), json={} if method != "GET" else None)
                assert answer.status_code in REFUSED or path in PUBLIC, f"{method} {path} answered {answer.status_code}"
            assert app.ctx.agent.action_endpoint.headers["Authorization"].startswith("Bearer "), "and calls its actions"
    finally:
        app.ctx.tandem.services.engine.dispose()
        Sanic._app_registry.pop(app.name, None)

"""The action server asks for its own token, and Rasa's calls carry it; through the real servers' code."""
from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from rasa.core.agent import Agent
from rasa.core.utils import AvailableEndpoints
from rasa.utils.endpoints import ClientResponseError, EndpointConfig
from rasa_sdk import endpoint
from rasa_sdk.plugin import plugin_manager
from sanic import Sanic

import actions.base.server
from tandem.access.tokens import derived
from tandem.rasa_ext.action_endpoint import ActionEndpoint, authorise
from tandem.settings import Settings

CALL = {"next_action": "action_that_does_not_exist", "tracker": {}, "domain": {}}


@asynccontextmanager
async def action_server() -> AsyncIterator[str]:
    """The application of rasa_sdk with its plugins, as `python -m rasa_sdk` makes it."""
    Sanic.test_mode = True
    app = endpoint.create_app("tests.integration.access")
    plugin_manager().hook.attach_sanic_app_extensions(app=app)
    free = socket.socket()
    free.bind(("127.0.0.1", 0))
    server = await app.create_server(sock=free, return_asyncio_server=True, access_log=False)
    assert server is not None
    await server.startup()
    await server.start_serving()
    try:
        yield f"http://127.0.0.1:{free.getsockname()[1]}"
    finally:
        await server.close()
        for connection in list(server.connections):
            connection.abort()
        Sanic._app_registry.pop("rasa_sdk", None)


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    assert plugin_manager().has_plugin(actions.base.server.NAME)
    for name in ("TANDEM_ACTIONS_TOKEN", "TANDEM_DEMO"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TANDEM_SECRET_KEY", "k" * 32)


async def test_only_health_is_open() -> None:
    async with action_server() as url, httpx.AsyncClient(timeout=10) as client:
        assert (await client.get(f"{url}/health")).status_code == 200
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Bearer {'k' * 32}"}):
            assert (await client.post(f"{url}/webhook", json=CALL, headers=headers)).status_code == 401
            assert (await client.get(f"{url}/actions", headers=headers)).status_code == 401
        good = {"Authorization": f"Bearer {derived('k' * 32, 'action server')}"}
        assert (await client.get(f"{url}/actions", headers=good)).status_code == 200
        assert (await client.post(f"{url}/webhook", json=CALL, headers=good)).status_code == 404, "no such action"


async def test_a_demo_on_loopback_is_not_open_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_DEMO", "1")
    async with action_server() as url, httpx.AsyncClient(timeout=10) as client:
        assert (await client.post(f"{url}/webhook", json=CALL)).status_code == 401


async def test_without_any_secret_nobody_is_let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TANDEM_SECRET_KEY")
    async with action_server() as url, httpx.AsyncClient(timeout=10) as client:
        answer = await client.post(f"{url}/webhook", json=CALL, headers={"Authorization": "Bearer x"})
        assert answer.status_code == 403 and "TANDEM_ACTIONS_TOKEN" in answer.json()["error"]


async def test_two_tokens_are_good_while_one_is_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_ACTIONS_TOKEN", f"{'n' * 16},{'o' * 16}")
    async with action_server() as url, httpx.AsyncClient(timeout=10) as client:
        for token, status in (("n" * 16, 200), ("o" * 16, 200), (derived("k" * 32, "action server"), 401)):
            answer = await client.get(f"{url}/actions", headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == status


@pytest.mark.parametrize("body", ["[" * 900 + "]" * 900, "[" * 100_000], ids=["900 levels", "not JSON"])
async def test_a_hostile_body_is_refused_before_the_server_reads_it(body: str) -> None:
    good = {"Authorization": f"Bearer {derived('k' * 32, 'action server')}"}
    async with action_server() as url, httpx.AsyncClient(timeout=10) as client:
        answer = await client.post(f"{url}/webhook", content=body, headers=good)
        assert answer.status_code == 400 and "nested" in answer.json()["error"]


@pytest.mark.parametrize("equipped", [True, False], ids=["Tandem's endpoint", "Rasa's endpoint"])
async def test_rasas_calls_carry_the_token_with_an_endpoints_yml_that_knows_none(equipped: bool) -> None:
    settings = Settings(secret_key="k" * 32)
    async with action_server() as url:
        plain = EndpointConfig.from_dict({"url": f"{url}/webhook"})
        with pytest.raises(ClientResponseError) as refused:
            await plain.request(json=CALL)
        assert refused.value.status == 401
        authorise(plain, settings)
        endpoint_of_rasa = ActionEndpoint(plain) if equipped else plain
        with pytest.raises(ClientResponseError) as taken:
            await endpoint_of_rasa.request(json=CALL)
        assert taken.value.status == 404, "let in; there is no such action"
        if isinstance(endpoint_of_rasa, ActionEndpoint):
            await endpoint_of_rasa.close()


async def test_an_authorization_header_in_endpoints_yml_is_left_as_it_is() -> None:
    theirs = EndpointConfig.from_dict({"url": "http://x/webhook", "headers": {"Authorization": "Basic abc"}})
    authorise(theirs, Settings(secret_key="k" * 32))
    assert theirs.headers["Authorization"] == "Basic abc"
    assert Agent(action_endpoint=theirs).action_endpoint is theirs, "each model's agent is given the same endpoint"
    assert AvailableEndpoints(action=theirs).action is theirs
    await asyncio.sleep(0)

"""Calls to the action server: kept connections, and patience with one that is away."""
from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest
from aiohttp import web
from rasa.utils.endpoints import ClientResponseError, EndpointConfig

from tandem.rasa_ext import action_endpoint
from tandem.rasa_ext.action_endpoint import ActionEndpoint, close_action_endpoint, install_action_endpoint
from tests.fakes.black_hole import black_hole

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@asynccontextmanager
async def action_server(port: int, handler: Handler) -> AsyncIterator[None]:
    app = web.Application()
    app.router.add_post("/webhook", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield
    finally:
        await runner.cleanup()


@asynccontextmanager
async def endpoint_at(port: int, patience: float = 5.0) -> AsyncIterator[ActionEndpoint]:
    made = ActionEndpoint(EndpointConfig(f"http://127.0.0.1:{port}/webhook"), patience)
    try:
        yield made
    finally:
        await made.close()


async def test_calls_share_a_connection() -> None:
    peers = set()

    async def answer(request: web.Request) -> web.Response:
        assert request.transport is not None
        peers.add(request.transport.get_extra_info("peername"))
        return web.json_response({"events": [], "responses": [(await request.json())["next_action"]]})

    port = free_port()
    async with action_server(port, answer), endpoint_at(port) as endpoint:
        for name in ("one", "two", "three"):
            assert (await endpoint.request(json={"next_action": name}))["responses"] == [name]
    assert len(peers) == 1


async def test_a_server_that_is_away_for_a_moment_is_called_again() -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response({"events": [], "responses": []})

    port = free_port()
    async with endpoint_at(port) as endpoint:
        call = asyncio.create_task(endpoint.request(json={}))
        await asyncio.sleep(0.4)
        assert not call.done()
        async with action_server(port, answer):
            assert await call == {"events": [], "responses": []}


async def test_a_call_that_breaks_off_is_made_again() -> None:
    calls = []

    async def breaks_off_once(request: web.Request) -> web.Response:
        calls.append(await request.json())
        if len(calls) == 1:
            assert request.transport is not None
            request.transport.close()
        return web.json_response({"events": []})

    port = free_port()
    async with action_server(port, breaks_off_once), endpoint_at(port) as endpoint:
        assert await endpoint.request(json={"next_action": "action_greet"}) == {"events": []}
    assert calls == [{"next_action": "action_greet"}] * 2


async def test_patience_ends() -> None:
    async with endpoint_at(free_port(), patience=0.3) as endpoint:
        with pytest.raises(aiohttp.ClientConnectionError):
            await endpoint.request(json={})


async def test_a_server_that_takes_calls_and_never_answers_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(action_endpoint, "ANSWER_SECONDS", 0.3)
    with black_hole() as hole:
        async with endpoint_at(hole.port) as endpoint:
            began = time.monotonic()
            with pytest.raises(asyncio.TimeoutError):
                await endpoint.request(json={}, timeout=300)  # as Rasa calls it
            assert time.monotonic() - began < 10
        assert len(hole.taken) == 1, "and is not called again"


async def test_an_error_of_the_server_is_told_at_once_as_rasa_tells_it() -> None:
    calls = []

    async def refuses(request: web.Request) -> web.Response:
        calls.append(request)
        return web.json_response({"action_name": "action_greet", "error": "no"}, status=400)

    port = free_port()
    async with action_server(port, refuses), endpoint_at(port) as endpoint:
        with pytest.raises(ClientResponseError) as caught:
            await endpoint.request(json={})
    assert caught.value.status == 400 and b"action_greet" in cast(Any, caught.value.text)
    assert len(calls) == 1


async def test_what_a_customer_wrote_is_not_in_the_error_of_an_action() -> None:
    async def fails(request: web.Request) -> web.Response:
        body = {"error": "it broke", "request_body": {"tracker": {"latest_message": {"text": "my secret"}}}}
        return web.json_response(body, status=500)

    port = free_port()
    async with action_server(port, fails), endpoint_at(port) as endpoint:
        with pytest.raises(ClientResponseError) as caught:
            await endpoint.request(json={})
    assert "it broke" in str(caught.value) and "secret" not in str(caught.value)


async def test_an_agent_is_equipped_once() -> None:
    processor = SimpleNamespace(action_endpoint=EndpointConfig("http://127.0.0.1:1/webhook", token="t",
                                                               enable_selective_domain=True))
    agent = cast(Any, SimpleNamespace(processor=processor))
    install_action_endpoint(agent)
    first: Any = processor.action_endpoint
    install_action_endpoint(agent)
    assert processor.action_endpoint is first and isinstance(first, ActionEndpoint)
    assert (first.url, first.token) == ("http://127.0.0.1:1/webhook", "t")
    assert first.kwargs == {"enable_selective_domain": True}
    await close_action_endpoint(agent)
    install_action_endpoint(cast(Any, SimpleNamespace(processor=None)))
    await close_action_endpoint(None)

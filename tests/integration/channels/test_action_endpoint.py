"""Calls to the action server: kept connections, and patience with one that is away."""
from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest
from aiohttp import web
from rasa.utils.endpoints import ClientResponseError, EndpointConfig

from tandem.channels import action_endpoint
from tandem.channels.action_endpoint import ActionEndpoint, equip, unequip
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


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n"
SAYINGS = {
    "chunked": [HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n", b"2\r\n1}\r\n0\r\n\r\n"],
    "byte by byte": [bytes([one]) for one in HEAD + b"Content-Length: 7\r\n\r\n{\"a\":1}"],
    "after a hint": [b"HTTP/1.1 103 Early Hints\r\n\r\n", HEAD + b"Content-Length: 7\r\n\r\n{\"a\":1}"],
    "no more after it": [HEAD + b"Connection: close\r\nContent-Length: 7\r\n\r\n{\"a\":1}"],
    "as long as the connection": [HEAD + b"\r\n{\"a\":", b"1}", b""],
}


@asynccontextmanager
async def raw_server(port: int, sayings: list[bytes]) -> AsyncIterator[list[bytes]]:
    """Says the same to each call, piece by piece; an empty piece hangs up. Gives the heads of the calls."""
    heads: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while not writer.is_closing():
                heads.append(await reader.readuntil(b"\r\n\r\n"))
                await reader.readexactly(int(heads[-1].lower().partition(b"content-length: ")[2].split()[0]))
                for piece in sayings:
                    if piece:
                        writer.write(piece)
                        await asyncio.sleep(0.001)
                    else:
                        writer.close()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", port)
    try:
        yield heads
    finally:
        server.close()


@pytest.mark.parametrize("sayings", SAYINGS.values(), ids=SAYINGS)
async def test_an_answer_is_read_however_it_is_told(sayings: list[bytes]) -> None:
    port = free_port()
    async with raw_server(port, sayings) as heads, endpoint_at(port) as endpoint:
        endpoint.headers["Authorization"] = "Bearer secret"
        for _ in range(3):
            assert await endpoint.request(json={"b": "ä"}, method="post", timeout=300) == {"a": 1}
    assert len(heads) == 3
    assert all(head.startswith(b"POST /webhook HTTP/1.1\r\n") and b"Authorization: Bearer secret" in head
               for head in heads)


@pytest.mark.parametrize("sayings", [
    [b"SSH-2.0-OpenSSH_9.2\r\n"], [HEAD + b"Content-Length: 70\r\n\r\n{", b""], [HEAD, b""], [b""],
], ids=["not HTTP", "half an answer", "half a head", "nothing"])
async def test_what_is_no_answer_is_none(sayings: list[bytes]) -> None:
    port = free_port()
    async with raw_server(port, sayings) as heads, endpoint_at(port, patience=0.3) as endpoint:
        with pytest.raises(aiohttp.ClientConnectionError):
            await endpoint.request(json={})
    assert len(heads) > 1, "it is called again"


async def test_a_call_that_is_given_up_leaves_its_connection_to_nobody() -> None:
    asked = asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        name = (await request.json())["next_action"]
        if name == "slow":
            asked.set()
            await asyncio.sleep(0.3)
        return web.json_response({"events": [name]})

    port = free_port()
    async with action_server(port, answer), endpoint_at(port) as endpoint:
        slow = asyncio.create_task(endpoint.request(json={"next_action": "slow"}))
        await asked.wait()
        slow.cancel()
        await asyncio.gather(slow, return_exceptions=True)
        answers = await asyncio.gather(*(endpoint.request(json={"next_action": str(one)}) for one in range(20)))
    assert answers == [{"events": [str(one)]} for one in range(20)]


async def test_a_server_that_sends_the_call_elsewhere_is_no_action_server() -> None:
    async def elsewhere(request: web.Request) -> web.Response:
        raise web.HTTPFound("/other")

    port = free_port()
    async with action_server(port, elsewhere), endpoint_at(port) as endpoint:
        with pytest.raises(ClientResponseError, match="302"):
            await endpoint.request(json={})


async def test_parameters_of_an_endpoint_reach_the_server() -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response(dict(request.query))

    port = free_port()
    async with action_server(port, answer):
        endpoint = ActionEndpoint(EndpointConfig(f"http://127.0.0.1:{port}/webhook", token="t"))
        assert await endpoint.request(json={}) == {"token": "t"}
        await endpoint.close()


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
    equip(agent)
    first: Any = processor.action_endpoint
    equip(agent)
    assert processor.action_endpoint is first and isinstance(first, ActionEndpoint)
    assert (first.url, first.token) == ("http://127.0.0.1:1/webhook", "t")
    assert first.kwargs == {"enable_selective_domain": True}
    await unequip(agent)
    equip(cast(Any, SimpleNamespace(processor=None)))
    await unequip(None)

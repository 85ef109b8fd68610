"""A real Sanic server with channels behind the router, a bot of strings, and outside services of our own making."""
from __future__ import annotations

import asyncio
import itertools
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any, cast

import httpx
from rasa.core.channels.channel import InputChannel, UserMessage
from rasa.core.lock_store import InMemoryLockStore
from rasa.core.tracker_store import InMemoryTrackerStore
from rasa.shared.core.domain import Domain
from sanic import Sanic, response
from sanic.request import Request
from sanic.response import HTTPResponse
from sqlalchemy import select

from tandem.conversations.model import Message
from tandem.conversations.tables import messages
from tandem.db.engine import now
from tandem.gateway.protection import protect_rasa
from tandem.gateway.runtime import Runtime
from tandem.handoff.business_hours import BusinessHours
from tandem.handoff.waiting_rules import read_waiting_room
from tandem.orders.demo_orders import demo_orders
from tandem.orders.identification import IdentificationService
from tandem.orders.policies import ShopPolicies
from tandem.services import Services
from tandem.settings import Settings
from tests.fakes.core import ANNA, Core
from tests.fakes.orders import FakeOrderSystem

SECRET = "a secret for the identities of customers"
SENTIMENT = {"name": "negative", "confidence": 0.9, "polarity": -0.6, "emotion": "disappointed", "frustration": 0.5,
             "urgency": 0.2}
TROUBLE = "Something went wrong on our side"  # what the notice of trouble begins with
_names = itertools.count()


class RunningClock:
    """The real time, and how far the test has put it forward."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return now() + self.ahead

    def advance(self, **duration: float) -> None:
        self.ahead += timedelta(**duration)


class Bot:
    """Stands where Rasa's agent stands: reads every text the same way, and answers as the test says."""

    def __init__(self) -> None:
        self.heard: list[UserMessage] = []
        self.read: list[str] = []
        self.sentiment: Any = SENTIMENT
        self.intents: dict[str, str] = {}  # how a text is read; all others are "inform"
        self.answer: Callable[[UserMessage], Awaitable[None]] = self.echo
        self.domain = Domain.empty()
        self.tracker_store = InMemoryTrackerStore(self.domain)
        self.lock_store = InMemoryLockStore()
        self.processor = SimpleNamespace(model_filename="", action_endpoint=None,
                                         parse_message=lambda message, tracker=None: self.parse_message(message.text))

    async def parse_message(self, text: str) -> dict[str, Any]:
        self.read.append(text)
        return {"text": text, "intent": {"name": self.intents.get(text, "inform"), "confidence": 0.9}, "entities": [],
                "sentiment": self.sentiment}

    async def handle_message(self, message: UserMessage) -> None:
        self.heard.append(message)
        await self.answer(message)

    async def echo(self, message: UserMessage) -> None:
        """Say back what was said."""
        await message.output_channel.send_response(message.sender_id, {"text": f"You said: {message.text}"})

    def holds_back(self) -> asyncio.Event:
        """From now on the bot echoes only once the event that is returned is set."""
        go_on = asyncio.Event()

        async def slow(message: UserMessage) -> None:
            await go_on.wait()
            await self.echo(message)

        self.answer = slow
        return go_on

    @property
    def texts(self) -> list[str]:
        return [str(message.text) for message in self.heard]


@dataclass
class Stage:
    """A running server."""

    url: str
    app: Sanic
    runtime: Runtime
    bot: Bot
    core: Core
    client: httpx.AsyncClient

    async def said(self, conversation: str) -> list[tuple[str, str]]:
        """(author, text) of a conversation."""
        found = await asyncio.to_thread(self.core.ledger.messages, conversation)
        return [(message.author.value, message.text) for message in found]

    async def message(self, conversation: str, text: str) -> Message:
        """The message with this text."""
        found = await asyncio.to_thread(self.core.ledger.messages, conversation)
        return next(message for message in found if message.text == text)

    async def until(self, true: Callable[[], Any], seconds: float = 60) -> Any:
        """Wait for what is asked (in a thread) to become true."""
        end = time.monotonic() + seconds
        while True:
            found = await asyncio.to_thread(true)
            if found:
                return found
            assert time.monotonic() < end, f"waited {seconds} seconds in vain"
            await asyncio.sleep(0.02)

    async def delivered(self, conversation: str, text: str, state: str, seconds: float = 60) -> None:
        """Wait for a message to reach a delivery state."""
        await self.until(lambda: any(
            one.text == text and one.delivery.value == state for one in self.core.ledger.messages(conversation)
        ), seconds)

    async def tried(self, text: str, attempts: int) -> None:
        """Wait until so many attempts to send a message have ended."""
        query = select(messages.c.id).where(
            messages.c.text == text, messages.c.attempts >= attempts, messages.c.attempt_open.is_(False))

        def found() -> bool:
            with self.core.ledger.reading.connect() as connection:
                return connection.execute(query).first() is not None

        await self.until(found)

    async def asks(self, text: str, message_id: str | None = None) -> list[str]:
        """The customer `c` writes over REST; the texts of the answer."""
        body = {"sender": "c", "message": text, "message_id": message_id}
        answer = await self.client.post(f"{self.url}/webhooks/rest/webhook", json=body)
        return [reply.get("text", "") for reply in answer.json()]

    def dispatches(self, text: str) -> None:
        """The customer `c` writes what nobody waits for, as the web chat sends it."""
        receipt = self.core.says(text, channel="rest", push=False)
        self.runtime.dispatch(receipt, *self.runtime.channels["rest"])

    async def agent_says(self, conversation: str, text: str) -> None:
        """A person takes the conversation and writes."""
        await asyncio.to_thread(self.core.ownership.take_over, conversation, ANNA, "")
        await asyncio.to_thread(self.core.ownership.reply, conversation, ANNA, text)


def identification(core: Core) -> IdentificationService:
    """Identification over the same database, with the demo shop's orders."""
    orders = FakeOrderSystem(demo_orders(core.clock(), timezone.utc), core.clock, ShopPolicies())
    return IdentificationService(core.engine, orders, core.clock)


@asynccontextmanager
async def staged(core: Core, channels: Sequence[InputChannel], bot: Bot | None = None,
                 **settings: Any) -> AsyncIterator[Stage]:
    """Serve these channels on a free port, as Rasa's server does."""
    bot = bot or Bot()
    app = _app()
    app.ctx.agent = bot
    services = SimpleNamespace(
        engine=core.engine, ledger=core.ledger, ownership=core.ownership, outbox=core.outbox,
        router=core.router, case_file=core.case_file, identification=identification(core),
        business_hours=BusinessHours(timezone.utc), waiting_room=read_waiting_room(),
    )
    known = Settings(**{"identity_secret": SECRET, "demo": True, **settings})
    app.ctx.tandem = Runtime(app, known, cast(Services, services))
    protect_rasa(app, known)

    async def handler(message: UserMessage) -> None:
        await app.ctx.agent.handle_message(message)

    for channel in channels:
        app.blueprint(channel.blueprint(handler), url_prefix=f"/webhooks/{channel.url_prefix()}")
    async with serving(app) as url, httpx.AsyncClient(timeout=20) as client:
        yield Stage(url, app, app.ctx.tandem, bot, core, client)


@dataclass
class Outside:
    """The API of an outside service: keeps what it is sent, and answers as the test says."""

    url: str = ""
    answer: Any = field(default_factory=dict)
    moods: list[str] = field(default_factory=list)  # how the next sends end: "500", "hang", "drop", or ok when empty
    got: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def sent(self, ending: str) -> list[dict[str, Any]]:
        """The bodies that came to paths with this ending."""
        return [body for path, body in self.got if path.endswith(ending)]


@asynccontextmanager
async def outside(sends: str, answers: Callable[[str, dict[str, Any]], tuple[int, Any]]) -> AsyncIterator[Outside]:
    """Serve an outside API. Moods strike requests to paths that end in `sends`."""
    service = Outside()
    app = _app()

    @app.route("/<path:path>", methods=["GET", "POST"])
    async def any_call(request: Request, path: str) -> HTTPResponse:
        kind = request.headers.get("content-type", "")
        body = request.json if "json" in kind else {key: value[0] for key, value in (request.form or {}).items()}
        struck = path.endswith(sends) and "sender_action" not in (body or {})
        mood = service.moods.pop(0) if struck and service.moods else ""
        if mood == "500":
            return response.json({"ok": False, "description": "broken", "code": 1, "message": "broken"}, 500)
        if mood == "refuse":
            status, answer = answers("refuse", body or {})
            return response.json(answer, status)
        service.got.append((f"/{path}", body or {}))
        if mood == "drop":
            request.transport.abort()
        if mood == "hang":
            await asyncio.sleep(30)
        status, answer = answers(path, body or {})
        return response.json(answer, status)

    async with serving(app) as url:
        service.url = url
        yield service


def _app() -> Sanic:
    Sanic.test_mode = True  # else Sanic rewrites its own classes for the only application of a process
    app = Sanic(f"stage-{next(_names)}", configure_logging=False)
    app.config.TOUCHUP = False  # compiling handlers anew for each application takes longer than most tests
    app.config.FALLBACK_ERROR_FORMAT = "json"
    app.config.GRACEFUL_SHUTDOWN_TIMEOUT = 0.2
    return app


@asynccontextmanager
async def serving(app: Sanic) -> AsyncIterator[str]:
    free = socket.socket()
    free.bind(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{free.getsockname()[1]}"
    server = await app.create_server(sock=free, return_asyncio_server=True, access_log=False)
    assert server is not None
    await server.startup()
    await server.before_start()
    await server.start_serving()
    await server.after_start()
    try:
        yield url
    finally:
        await server.before_stop()
        await server.close()
        for connection in list(server.connections):
            connection.abort()
        await server.after_stop()

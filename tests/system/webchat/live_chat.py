"""The web chat on a real port with a real ledger; only the NLU and the dialogue are played."""
from __future__ import annotations

import asyncio
import socket
import threading
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from rasa.core.channels.channel import UserMessage, register
from rasa.core.lock_store import InMemoryLockStore
from rasa.core.tracker_store import InMemoryTrackerStore
from rasa.server import configure_cors
from rasa.shared.core.domain import Domain
from sanic import Sanic

from tandem.channels.credentials import WebChatOptions
from tandem.channels.webchat import WebChat
from tandem.conversations.model import Agent, Handoff, HandoffRequest
from tandem.gateway.runtime import Runtime
from tandem.handoff.business_hours import BusinessHours
from tandem.services import open_services
from tandem.settings import Settings

ANNA = Agent("anna@example.com", "Anna Berg")
Bot = Callable[[UserMessage], Awaitable[Any]]


class PlayedAgent:
    """Stands where Rasa's agent stands: reads every message as neutral, and answers as the bot of the test."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self.domain = Domain.empty()
        self.tracker_store = InMemoryTrackerStore(self.domain)
        self.lock_store = InMemoryLockStore()
        self.processor = SimpleNamespace(model_filename="", action_endpoint=None,
                                         parse_message=lambda message, tracker=None: self.parse_message(message.text))

    async def parse_message(self, text: str) -> dict[str, Any]:
        return {"text": text, "intent": {"name": "greet"}, "sentiment": {
            "name": "neutral", "confidence": 0.9, "polarity": 0.0, "emotion": "neutral", "frustration": 0.1,
            "urgency": 0.1}}

    async def handle_message(self, message: UserMessage) -> None:
        await self._bot(message)


async def echo(message: UserMessage) -> None:
    """A bot that repeats what it heard, offers a choice when asked for one, and takes its time when asked to."""
    text = message.text or ""
    reply: dict[str, Any] = {"text": f"You said: {text}"}
    if "slow" in text:
        await asyncio.sleep(1.5)
    if "choose" in text:
        reply = {"text": "Which order do you mean?", "buttons": [
            {"title": "TD-10402", "payload": '/inform{"order_number": "TD-10402"}'},
            {"title": "TD-10417", "payload": '/inform{"order_number": "TD-10417"}'}]}
    await message.output_channel.send_response(message.sender_id, reply)
    if "and then" in text:
        await message.output_channel.send_response(message.sender_id, {"text": "Or write its number."})


class LiveChat:
    """A server in a thread of its own. `stop` and `start` again keep the port and the ledger, as a restart does."""

    def __init__(
        self, folder: Path, options: WebChatOptions | None = None, bot: Bot = echo,
        duty: BusinessHours | None = None, **settings: Any,
    ) -> None:
        given: dict[str, Any] = {
            "database_url": f"sqlite:///{folder / 'chat.db'}", "secret_key": "s" * 32, "identity_secret": "i" * 32,
            "demo": True, "shop_name": "Tandem Shop",
        }
        self.settings = Settings(**{**given, **settings})
        self.services = open_services(self.settings)
        if duty is not None:
            self.services = replace(self.services, business_hours=duty)
        self.options = options
        self.bot = bot
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self.origin = f"http://127.0.0.1:{self.port}"
        self.url = f"{self.origin}/webhooks/webchat/"
        self.start()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self._up = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        assert self._up.wait(20), "the server did not start"

    def stop(self) -> None:
        """Stop the server as Rasa is stopped."""
        self._loop.call_soon_threadsafe(self._down.set)
        self._thread.join(20)
        assert not self._thread.is_alive(), "the server did not stop"

    async def _serve(self) -> None:
        self._loop, self._down = asyncio.get_running_loop(), asyncio.Event()
        Sanic.test_mode = True  # otherwise Sanic can start only once in a process
        app = Sanic(f"chat{uuid.uuid4().hex}", configure_logging=False)
        app.config.GRACEFUL_SHUTDOWN_TIMEOUT = 3.0
        configure_cors(app, None)
        app.ctx.agent = PlayedAgent(self.bot)
        app.ctx.tandem = Runtime(app, self.settings, self.services)
        register([WebChat(self.options)], app, "/webhooks/")
        server = await app.create_server(
            "127.0.0.1", self.port, return_asyncio_server=True, access_log=False,
            asyncio_server_kwargs={"start_serving": False})
        await server.startup()
        await server.before_start()
        await server.start_serving()
        await server.after_start()
        self._up.set()
        await self._down.wait()
        server.close()
        await server.before_stop()
        for connection in list(server.connections):
            connection.close_if_idle()
        for _ in range(150):
            if not server.connections:
                break
            await asyncio.sleep(0.02)
        self.left_open = len(server.connections)
        for connection in list(server.connections):
            connection.abort()
        await server.after_stop()

    # -- the people's side ------------------------------------------------------------------------------------

    def hand_off(self, conversation_id: str) -> Handoff:
        """The bot gives the conversation to people."""
        request = HandoffRequest(conversation_id, "Asked for a person", "intent:human")
        return self.services.ownership.open_handoff(request)[0]

    def claim(self, conversation_id: str, agent: Agent = ANNA) -> None:
        """An agent takes it, and the customer is told."""
        self.services.ownership.claim(conversation_id, agent, f"{agent.name} has joined the conversation.")

    def reply(self, conversation_id: str, text: str, agent: Agent = ANNA) -> None:
        """An agent writes to the customer."""
        self.services.ownership.reply(conversation_id, agent, text)

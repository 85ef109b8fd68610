"""Customers on three channels and agents at the desk: each repeats what was not answered, under the same id."""
from __future__ import annotations

import asyncio
import json
import random
import uuid
from abc import ABC, abstractmethod
from collections import Counter
from contextlib import suppress
from copy import copy
from typing import Any

import aiohttp

from tests.system.faults.history import Sent, ShownMessage, Side

PATIENCE = 300.0  # seconds until a client gives up: restarts, leases, pauses between retries, on a machine that is busy
BROKEN = (aiohttp.ClientError, asyncio.TimeoutError, ConnectionError)


class Stuck(Exception):
    """Something did not happen in `PATIENCE` seconds; the text says what."""


class Wire:
    """HTTP as all clients do it: with a time limit, and again after a pause while the other side is not well."""

    def __init__(self, http: aiohttp.ClientSession, rng: random.Random) -> None:
        self._http = http
        self.rng = rng
        self.repeated: Counter[str] = Counter()  # why a request was sent again

    async def ask(
        self, method: str, url: str, what: str, accepted: tuple[int, ...] = (200, 204), **request: Any,
    ) -> tuple[int, Any]:
        """Send until it is answered with one of the `accepted` statuses.

        Raises:
            Stuck: It never was.
        """
        end = asyncio.get_running_loop().time() + PATIENCE
        last = ""
        while asyncio.get_running_loop().time() < end:
            try:
                async with self._http.request(method, url, timeout=aiohttp.ClientTimeout(20), **request) as answer:
                    body = await answer.read()
                    if answer.status in accepted:
                        return answer.status, json.loads(body) if body[:1] in (b"{", b"[") else None
                    last = f"{answer.status} {body[:200]!r}"
                    self.repeated[f"answered {answer.status}"] += 1
            except BROKEN as error:
                last = repr(error)
                self.repeated["connection broke" if "Timeout" not in last else "no answer in time"] += 1
            await asyncio.sleep(self.rng.uniform(0.3, 1.5))
        raise Stuck(f"{what}: {last}")

    def stream(self, url: str, headers: dict[str, str]) -> Any:
        """An open answer to read events from."""
        return self._http.get(url, headers=headers, timeout=aiohttp.ClientTimeout(total=None, sock_read=40))


class Customer(ABC):
    """One customer: what they said and were shown is in `side`."""

    channel = ""

    def __init__(self, wire: Wire, rasa_url: str) -> None:
        self._wire = wire
        self._rasa_url = rasa_url
        self.conversation_id = ""
        self.side = Side()
        self.heard = 0  # messages of others
        self._looks = 0  # for later messages, on a channel that fetches them
        self._listening: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Open the conversation and listen."""
        self.conversation_id = f"{self.channel}-{uuid.uuid4().hex}"

    async def say(self, text: str) -> None:
        """Send until it is kept."""
        client_id = uuid.uuid4().hex
        await self._send(client_id, text)
        self.side.sent.append(Sent(client_id, text))

    async def hears(self, text: str) -> None:
        """Wait until somebody's `text` was shown."""
        await self._until(lambda: any(text == one.text for one in self.side.shown), f"to be shown {text!r}")

    async def hears_more_than(self, count: int, after: str) -> None:
        """Wait until others have said more than `count` messages."""
        await self._until(lambda: self.heard > count, f"an answer to {after!r}")

    async def heard_within(self, seconds: float, count: int) -> bool:
        """Wait so long for others to have said `count` messages; whether they have."""
        for _ in range(round(seconds * 10)):
            if self.heard >= count:
                break
            await asyncio.sleep(0.1)
        return self.heard >= count

    async def _until(self, found: Any, what: str) -> None:
        end = asyncio.get_running_loop().time() + PATIENCE
        while not found():
            if asyncio.get_running_loop().time() > end:
                raise Stuck(f"the customer waited for {what}")
            await asyncio.sleep(0.1)

    @abstractmethod
    async def _send(self, client_id: str, text: str) -> None: ...

    @abstractmethod
    def has_all(self, last_seq: int) -> bool:
        """Whether the customer has caught up with the ledger, as far as this channel can tell."""

    def look_again(self) -> None:
        """The ledger has come to rest: what was looked at before may have been too early."""
        self._looks = 0

    def show(self, text: str, seq: int | None = None) -> None:
        """Note what somebody else said."""
        self.side.shown.append(ShownMessage(text.replace("\n \n", "\n\n"), seq))
        self.heard += 1

    async def end(self) -> None:
        """Close the chat."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)


class WebCustomer(Customer):
    """The widget: a stream, acknowledgements, and connections that break now and then on its own side too."""

    channel = "webchat"

    async def begin(self) -> None:
        self._base = f"{self._rasa_url}/webhooks/webchat"
        _, opened = await self._wire.ask("POST", f"{self._base}/sessions", "a session", json={})
        self.conversation_id = opened["conversation_id"]
        self._auth = {"Authorization": f"Bearer {opened['token']}"}
        self._cursor = 0
        self._acked = 0
        self._listening = asyncio.create_task(self._listen())

    async def _send(self, client_id: str, text: str) -> None:
        body = {"text": text, "client_id": client_id}
        await self._wire.ask("POST", f"{self._base}/messages", "a message to be kept", json=body, headers=self._auth)
        if self._wire.rng.random() < 0.05:  # the answer was lost: the widget sends once more
            await self._wire.ask("POST", f"{self._base}/messages", "a repeat", json=body, headers=self._auth)

    def has_all(self, last_seq: int) -> bool:
        return self._cursor >= last_seq

    async def _listen(self) -> None:
        while True:
            with suppress(*BROKEN):
                async with self._wire.stream(f"{self._base}/stream?after={self._cursor}", self._auth) as answer:
                    if answer.status == 200:
                        await self._read(answer)
            await asyncio.sleep(self._wire.rng.uniform(0.1, 1.0))

    async def _read(self, answer: aiohttp.ClientResponse) -> None:
        event = ""
        async for raw in answer.content:
            name, _, value = raw.decode().rstrip("\n").partition(": ")
            if name == "event":
                event = value
            elif name == "data" and event == "message":
                self._take(json.loads(value))
                if self._wire.rng.random() < 0.02:
                    return  # the customer's network drops
            elif name == "data":
                await self._acknowledge()

    def _take(self, message: dict[str, Any]) -> None:
        self.side.shown.append(ShownMessage(message["text"], message["seq"]))
        self.heard += message["author"] in ("bot", "agent")
        self._cursor = max(self._cursor, message["seq"])

    async def _acknowledge(self) -> None:
        if self._cursor > self._acked:
            self._acked = self._cursor
            await self._wire.ask("POST", f"{self._base}/ack", "an acknowledgement", json={"up_to": self._cursor},
                                 headers=self._auth)


class RestCustomer(Customer):
    """A program on Rasa's REST channel: answers to its requests, and a look now and then for what came later."""

    channel = "rest"

    async def begin(self) -> None:
        await super().begin()
        self._after = 0
        self._alone = asyncio.Lock()  # an answer and a look at once could show a message twice: neither has a number
        self._listening = asyncio.create_task(self._listen())

    async def _send(self, client_id: str, text: str) -> None:
        body = {"sender": self.conversation_id, "message": text, "message_id": client_id}
        async with self._alone:
            _, replies = await self._wire.ask("POST", f"{self._rasa_url}/webhooks/rest/webhook", "an answer", json=body)
            for reply in replies:
                self.show(reply.get("text", ""))
        self._looks = 0

    def has_all(self, last_seq: int) -> bool:
        return self._looks >= 2

    async def _listen(self) -> None:
        url = f"{self._rasa_url}/webhooks/rest/conversations/{self.conversation_id}/messages"
        while True:
            await asyncio.sleep(self._wire.rng.uniform(1.0, 2.0))
            async with self._alone:
                with suppress(Stuck):
                    status, found = await self._wire.ask(
                        "GET", f"{url}?after={self._after}", "later messages", (200, 404))
                    for message in found["messages"] if status == 200 else ():
                        if message["text"]:
                            self.show(message["text"], message["seq"])
                        self._after = message["seq"]
            self._looks += 1


class PushCustomer(Customer):
    """A customer of a messenger; what the fake API got for them arrives through `show`."""

    channel = "push"

    async def begin(self) -> None:
        """Open the conversation, whose id is the channel's name and the sender."""
        self._sender = uuid.uuid4().hex
        self.conversation_id = f"{self.channel}:{self._sender}"

    async def _send(self, client_id: str, text: str) -> None:
        body = {"sender": self._sender, "text": text, "id": client_id}
        await self._wire.ask("POST", f"{self._rasa_url}/webhooks/push/webhook", "a message to be kept", json=body)

    def has_all(self, last_seq: int) -> bool:
        return True  # the outbox knows


class Agent:
    """An agent in one conversation, over the desk's API."""

    def __init__(self, wire: Wire, desk_url: str, token: str, name: str, conversation_id: str, side: Side) -> None:
        self._wire = wire
        self._url = f"{desk_url}/api/conversations/{conversation_id}"
        self._headers = {"Authorization": f"Bearer {token}", "X-Tandem-Agent": name}
        self.name = name
        self.conversation_id = conversation_id
        self.side = side
        self._cursor = max((one.seq or 0 for one in side.shown), default=0)

    def colleague(self, name: str) -> Agent:
        """Another agent who reads on where this one stopped."""
        other = copy(self)
        other.name, other._headers = name, {**self._headers, "X-Tandem-Agent": name}
        return other

    async def step(self, name: str, **body: Any) -> tuple[int, Any]:
        """claim, take-over, hand-back, ...: the status, 200 or 409, and the answer."""
        return await self._wire.ask("POST", f"{self._url}/{name}", name, (200, 409), json=body, headers=self._headers)

    async def reply(self, text: str) -> None:
        """Say something to the customer, until the desk has it."""
        client_id = uuid.uuid4().hex
        await self._wire.ask("POST", f"{self._url}/reply", "a reply to be kept",
                             json={"text": text, "client_id": client_id}, headers=self._headers)
        self.side.sent.append(Sent(client_id, text))

    async def look(self) -> str:
        """Read what is new; who owns the conversation."""
        status, found = await self._wire.ask("GET", f"{self._url}?after={self._cursor}", "the transcript", (200, 404),
                                             headers=self._headers)
        if status == 404:
            return "nobody"
        for message in found["messages"]:
            self.side.shown.append(ShownMessage(message["text"], message["seq"]))
            self._cursor = message["seq"]
        return str(found["owner"])

    async def sees(self, text: str) -> None:
        """Wait until the customer's `text` is at the desk."""
        await self._until(lambda _: any(one.text == text for one in self.side.shown), f"to see {text!r}")

    async def sees_owner(self, owner: str, seconds: float) -> bool:
        """Wait until the conversation has this owner; False if it has not after so many seconds."""
        end = asyncio.get_running_loop().time() + seconds
        while await self.look() != owner:
            if asyncio.get_running_loop().time() > end:
                return False
            await asyncio.sleep(self._wire.rng.uniform(0.6, 1.4))
        return True

    async def _until(self, found: Any, what: str) -> None:
        end = asyncio.get_running_loop().time() + PATIENCE
        while not found(await self.look()):
            if asyncio.get_running_loop().time() > end:
                raise Stuck(f"the agent waited for {what}")
            await asyncio.sleep(self._wire.rng.uniform(0.6, 1.4))

"""An outside live-agent tool and the agents who work in it: signed JSON over HTTP, as an integrator writes it."""
from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import random
import time
import uuid
from collections import Counter, defaultdict
from datetime import datetime, timezone
from typing import Any

from aiohttp import web

from tests.system.faults.clients import PATIENCE, Agent, Stuck, Wire
from tests.system.faults.history import Case, Sent, ShownMessage, Side

NAME = "tool"  # in endpoints.yml
SECRET = "only ever used by these tests"


def sign(body: bytes) -> str:
    """The header of a request in either direction."""
    at = str(int(time.time()))
    return f"t={at},v1=" + hmac.new(SECRET.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()


class OutsideTool:
    """Knows repeats by the event's id; answers 500, drops the connection after receiving, or hangs, now and then.

    It does not fail the same event twice in a row: the relay's schedule then goes to minutes, which no run waits for.
    """

    def __init__(self, rng: random.Random, well: bool = False) -> None:
        self._rng = rng
        self._well = well
        self._events: dict[str, bytes] = {}
        self._failed: set[str] = set()
        self.cases: dict[str, list[Case]] = {}  # by conversation
        self.counts: Counter[str] = Counter()
        self.breaches: dict[str, list[str]] = defaultdict(list)  # by conversation: what no integrator should see

    def routes(self) -> list[web.RouteDef]:
        """What the tool answers to."""
        return [web.post("/tool", self._receive)]

    def case(self, conversation_id: str) -> Case | None:
        """The latest handoff of a conversation, if the tool has it."""
        return (self.cases.get(conversation_id) or [None])[-1]

    async def _receive(self, request: web.Request) -> web.Response:
        try:
            body = await request.read()
        except ConnectionError:
            return web.Response(status=400)  # the sender died while sending
        given = request.headers["Tandem-Signature"].partition(",v1=")
        expected = hmac.new(SECRET.encode(), f"{given[0][2:]}.".encode() + body, hashlib.sha256).hexdigest()
        if given[2] != expected:
            return web.Response(status=401)
        event = json.loads(body)
        fails = not self._well and event["id"] not in self._failed and self._rng.random() < 0.12
        kind = self._rng.choice(("answered 500", "dropped the connection after receiving", "hung after receiving"))
        if fails:
            self._failed.add(event["id"])
            self.counts[f"live-agent tool {kind}"] += 1
            if kind == "answered 500":
                return web.Response(status=500)
        else:
            self._failed.discard(event["id"])
        self._take(event, body)
        if fails and kind.startswith("dropped"):
            assert request.transport is not None
            request.transport.abort()
        elif fails:
            await asyncio.sleep(6)
        return web.json_response({})

    def _take(self, event: dict[str, Any], body: bytes) -> None:
        conversation_id = event["handoff"]["conversation_id"]
        if event["id"] in self._events:
            if self._events[event["id"]] != body:
                self.breaches[conversation_id].append(f"{event['id']} came again with another body")
            return
        self._events[event["id"]] = body
        cases = self.cases.setdefault(conversation_id, [])
        if event["type"] == "handoff.opened":
            case = Case(event["handoff"]["id"])
            for one in event["transcript"]:
                case.shown.append(ShownMessage(one["text"], one["seq"]))
                case.upto = one["seq"]
            cases.append(case)
            return
        mine = [case for case in cases if case.handoff_id == event["handoff"]["id"]]
        if not mine:
            self.breaches[conversation_id].append(f"{event['type']} before its handoff.opened")
        elif mine[0].closed:
            self.breaches[conversation_id].append(f"{event['type']} after handoff.closed")
        elif event["type"] == "handoff.closed":
            mine[0].closed = True
        else:
            shown = ShownMessage(event["message"]["text"], event["message"]["seq"])
            mine[0].shown.append(shown)
            mine[0].told.append(shown)


class ToolAgent:
    """An agent in the outside tool. What they did is posted until it is answered with 200, under the same id."""

    def __init__(self, wire: Wire, desk_url: str, tool: OutsideTool, watch: Agent, side: Side) -> None:
        self._wire = wire
        self._url = f"{desk_url}/live-agents/{NAME}/webhook"
        self._tool = tool
        self._watch = watch  # looks who owns the conversation, over the desk's API
        self._conversation_id = watch.conversation_id
        self.name = watch.name
        self.side = side

    async def joins(self) -> None:
        """Claim the handoff in the tool, and wait until Tandem knows."""
        await self._post("agent.claimed")
        await self._owner("agent")

    async def step(self, name: str, note_for_bot: str = "") -> None:
        """hand-back or resolve, and wait until the bot has the conversation."""
        await self._post({"hand-back": "agent.handed_back", "resolve": "agent.resolved"}[name], note_for_bot)
        await self._owner("bot", "resolved")

    async def reply(self, text: str) -> None:
        """Say something to the customer."""
        key = await self._post("agent.said", text)
        self.side.sent.append(Sent(f"{NAME}:{key}", text))

    async def look(self) -> str:
        """Who owns the conversation. What the tool was told is compared in the end, with all its cases."""
        return await self._watch.look()

    async def sees(self, text: str) -> None:
        """Wait until the customer's `text` is in the tool."""
        end = asyncio.get_running_loop().time() + PATIENCE
        while not any(one.text == text for one in self._case().shown):
            if asyncio.get_running_loop().time() > end:
                raise Stuck(f"the agent in the tool waited to see {text!r}")
            await asyncio.sleep(0.2)

    def _case(self) -> Case:
        case = self._tool.case(self._conversation_id)
        assert case is not None
        return case

    async def _owner(self, *owners: str) -> None:
        end = asyncio.get_running_loop().time() + PATIENCE
        while await self._watch.look() not in owners:
            if asyncio.get_running_loop().time() > end:
                raise Stuck(f"the agent in the tool waited for the owner to be {' or '.join(owners)}")
            await asyncio.sleep(self._wire.rng.uniform(0.4, 1.0))

    async def _post(self, kind: str, text: str = "") -> str:
        key = uuid.uuid4().hex
        at = datetime.now(timezone.utc).isoformat()
        event = {"schema_version": 1, "id": key, "type": kind, "at": at, "handoff_id": self._case().handoff_id,
                 "agent": {"id": self.name, "name": self.name}, **({"text": text} if text else {})}
        body = json.dumps(event).encode()
        for _ in range(2 if self._wire.rng.random() < 0.1 else 1):  # the answer was lost: it is posted once more
            await self._wire.ask("POST", self._url, kind, data=body,
                                 headers={"Tandem-Signature": sign(body), "Content-Type": "application/json"})
        return key

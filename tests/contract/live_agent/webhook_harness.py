"""A receiver of our signed JSON, as an integrator writes it: it checks signature and schema, and knows repeats."""
from __future__ import annotations

import hashlib
import hmac
import itertools
import json
from pathlib import Path
from typing import Any

import jsonschema
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import tandem.live_agents.adapters.webhook as adapter
from tandem.conversations.model import Handoff
from tandem.live_agents.adapters.webhook import WebhookChannel
from tandem.live_agents.protocol import LiveAgentChannel
from tests.contract.live_agent.harness import ServedHarness, Traits
from tests.fakes.clock import Clock
from tests.fakes.stand_in import StandIn

SECRET = "a secret that only tests use"
SCHEMA = json.loads((Path(adapter.__file__).parent / "schema.json").read_text())


VALIDATORS = {direction: jsonschema.Draft202012Validator({"$ref": f"#/$defs/{direction}", "$defs": SCHEMA["$defs"]})
              for direction in ("incoming", "outgoing")}


class Receiver(StandIn):
    """An integrator's server, which knows a repeat by its id."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.events: dict[str, dict[str, Any]] = {}
        self.app = Starlette(routes=[Route("/tandem", self._receive, methods=["POST"])])

    async def _receive(self, request: Request) -> Response:
        body = await request.body()
        if self.down:
            return Response(status_code=503)
        parts = dict(part.split("=", 1) for part in request.headers["tandem-signature"].split(","))
        if not hmac.compare_digest(parts["v1"], _digest(parts["t"], body)):
            return Response(status_code=401)
        event = json.loads(body)
        try:
            VALIDATORS["outgoing"].validate(event)
        except jsonschema.ValidationError as error:
            return Response(error.message, status_code=422)
        if request.headers["idempotency-key"] != event["id"]:
            return Response(status_code=400)
        self.events.setdefault(event["id"], event)
        if self.lost:
            self.lost -= 1
            return Response(status_code=500)
        return Response(status_code=204)

    def signed(self, body: bytes) -> dict[str, str]:
        seconds = str(int(self.clock().timestamp()))
        return {"tandem-signature": f"t={seconds},v1={_digest(seconds, body)}"}


class WebhookHarness(ServedHarness):
    """An integrator's own agent tool."""

    traits = Traits(timed=True, echoes=False)

    def stand_in(self, clock: Clock) -> Receiver:
        self._numbers = itertools.count(1)
        return Receiver(clock)

    def channel(self) -> LiveAgentChannel | None:
        channel = WebhookChannel.from_options("support", {"url": f"{self._url}/tandem", "secret": SECRET})
        channel._clock = lambda: self._clock().timestamp()
        return channel

    def _of(self, conversation_id: str, kind: str) -> list[dict[str, Any]]:
        return [event for event in self._tool.events.values()
                if event["type"] == kind and event["handoff"]["conversation_id"] == conversation_id]

    def openings(self, conversation_id: str) -> list[str]:
        return [json.dumps(event, ensure_ascii=False) for event in self._of(conversation_id, "handoff.opened")]

    def talk(self, conversation_id: str) -> list[str]:
        return [event["message"]["text"] for event in self._of(conversation_id, "message.created")]

    def is_open(self, conversation_id: str) -> bool:
        ended = {event["handoff"]["id"] for event in self._of(conversation_id, "handoff.closed")}
        return any(event["handoff"]["id"] not in ended for event in self._of(conversation_id, "handoff.opened"))

    def agent_claims(self, handoff: Handoff, agent: str = "Kim") -> None:
        self._make("agent.claimed", handoff, agent)

    def agent_types(self, handoff: Handoff, agent: str = "Kim") -> None:
        self._make("agent.typing", handoff, agent)

    def agent_says(self, handoff: Handoff, text: str, agent: str = "Kim") -> None:
        self._make("agent.said", handoff, agent, text=text)

    def agent_notes(self, handoff: Handoff, text: str, agent: str = "Kim") -> None:
        self._make("agent.noted", handoff, agent, text=text)

    def agent_hands_back(
        self, handoff: Handoff, line: str = "", agent: str = "Kim", resume: bool | None = None,
    ) -> None:
        choice = {} if resume is None else {"resume": resume}
        self._make("agent.handed_back", handoff, agent, text=line, **choice)

    def agent_resolves(self, handoff: Handoff, agent: str = "Kim") -> None:
        self._make("agent.resolved", handoff, agent)

    def _make(self, kind: str, handoff: Handoff, agent: str, **content: Any) -> None:
        self._clock.advance(milliseconds=10)
        at = self._clock()
        event = {"schema_version": 1, "id": f"evt-{next(self._numbers)}", "type": kind, "at": at.isoformat(),
                 "handoff_id": handoff.id, "agent": {"id": agent.lower(), "name": agent}, **content}
        VALIDATORS["incoming"].validate(event)
        self._tool.send(event)


def _digest(seconds: str, body: bytes) -> str:
    return hmac.new(SECRET.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()


HARNESS = WebhookHarness

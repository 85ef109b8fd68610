"""The help desk of the template, as its agents see and use it, with a stand-in of its API."""
from __future__ import annotations

import hashlib
import hmac
import itertools
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request

from tandem.conversations.model import Handoff
from tandem.live_agents.adapters.template import TemplateChannel
from tandem.live_agents.protocol import LiveAgentChannel
from tests.contract.live_agent.harness import ServedHarness, Traits
from tests.fakes.clock import Clock
from tests.fakes.stand_in import Refused, StandIn

TOKEN, SECRET = "an-access-token", "a secret that only tests use"
PAGE = 20
Json = dict[str, Any]


class HelpDesk(StandIn):
    """Tickets, messages, webhooks; as strict as the API is documented."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.tickets: list[Json] = []
        self.messages: dict[str, list[Json]] = {}  # by the ticket's id
        self._numbers = itertools.count(101)
        one = "/api/tickets/{id}"
        self.app = Starlette(routes=[
            self.route("GET", "/api/tickets", self._find), self.route("POST", "/api/tickets", self._create),
            self.route("GET", one, self._show), self.route("POST", f"{one}/close", self._close),
            self.route("GET", f"{one}/messages", self._list), self.route("POST", f"{one}/messages", self._write),
        ])

    def check(self, request: Request) -> None:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            raise Refused(401, {"error": "the token is not known"})

    def signed(self, body: bytes) -> dict[str, str]:
        seconds = str(int(self.clock().timestamp()))
        digest = hmac.new(SECRET.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
        return {"x-template-timestamp": seconds, "x-template-signature": digest}

    # -- the API ----------------------------------------------------------------------------------------------

    def _find(self, request: Request, body: Any) -> tuple[int, Any]:
        return 200, {"tickets": [one for one in self.tickets if one["key"] == request.query_params["key"]]}

    def _create(self, request: Request, body: Any) -> tuple[int, Any]:
        fields(body, key=str, customer=str, subject=str)
        ticket = {"id": f"T-{next(self._numbers)}", **body, "status": "open", "closed_by": None, "closed_at": None}
        self.tickets.append(ticket)
        self.messages[ticket["id"]] = []
        return 201, {"ticket": ticket}

    def _show(self, request: Request, body: Any) -> tuple[int, Any]:
        return 200, {"ticket": self._ticket(request)}

    def _close(self, request: Request, body: Any) -> tuple[int, Any]:
        ticket = self._ticket(request)
        if ticket["status"] == "closed":
            raise Refused(409, {"error": "closed already"})
        self.closes(ticket, None)
        return 200, {}

    def _list(self, request: Request, body: Any) -> tuple[int, Any]:
        given, messages = request.query_params, self.messages[self._ticket(request)["id"]]
        start, since = int(given.get("cursor", 0)), datetime.fromisoformat(given["since"])
        found = [one for one in messages if datetime.fromisoformat(one["at"]) >= since]
        more = start + PAGE < len(found)
        return 200, {"messages": found[start:start + PAGE], "next": str(start + PAGE) if more else None}

    def _write(self, request: Request, body: Any) -> tuple[int, Any]:
        fields(body, key=str, author=str, text=str, private=bool)
        if not len(body["text"].strip()) >= 1 or len(body["text"]) > 5000:
            raise Refused(422, {"error": "text must have 1 to 5000 characters"})
        return 201, {"message": self.adds(self._ticket(request), agent=None, **body)}

    def _ticket(self, request: Request) -> Json:
        found = [one for one in self.tickets if one["id"] == request.path_params["id"]]
        if not found:
            raise Refused(404, {"error": "no such ticket"})
        return found[0]

    # -- what happens in it -----------------------------------------------------------------------------------

    def adds(self, ticket: Json, **message: Any) -> Json:
        made = {"id": f"M-{next(self._numbers)}", **message, "at": self.clock().isoformat()}
        self.messages[ticket["id"]].append(made)
        self.tells("message.created", ticket, message=made)
        return made

    def closes(self, ticket: Json, agent: Json | None) -> None:
        ticket.update(status="closed", closed_by=agent, closed_at=self.clock().isoformat())
        self.tells("ticket.closed", ticket)

    def tells(self, kind: str, ticket: Json, **content: Any) -> None:
        shown = {key: value for key, value in ticket.items() if key != "subject"}
        self.send({"id": f"ev-{next(self._numbers)}", "type": kind, "at": self.clock().isoformat(), "ticket": shown,
                   **content})


class TemplateHarness(ServedHarness):
    """Agents at their tickets."""

    traits = Traits(sweeps=True, timed=True)

    def stand_in(self, clock: Clock) -> HelpDesk:
        return HelpDesk(clock)

    def channel(self) -> LiveAgentChannel | None:
        channel = TemplateChannel.from_options("template", {"url": self._url, "token": TOKEN, "secret": SECRET})
        channel._clock = lambda: self._clock().timestamp()
        return channel

    # -- what agents see --------------------------------------------------------------------------------------

    def _texts(self, conversation_id: str) -> dict[tuple[str, str], str]:
        """What we wrote, the parts of a text joined: by handoff and what it is."""
        found: dict[tuple[str, str], str] = {}
        for ticket in self._tool.tickets:
            for message in self._tool.messages[ticket["id"]] if ticket["customer"] == conversation_id else ():
                if message.get("key"):
                    handoff_id, what, _ = message["key"].split(":")
                    found[handoff_id, what] = found.get((handoff_id, what), "") + message["text"]
        return found

    def openings(self, conversation_id: str) -> list[str]:
        texts = self._texts(conversation_id)
        return [words + texts.get((handoff_id, "transcript"), "")
                for (handoff_id, what), words in texts.items() if what == "card"]

    def talk(self, conversation_id: str) -> list[str]:
        return [words for (_, what), words in self._texts(conversation_id).items() if what.isdigit()]

    def is_open(self, conversation_id: str) -> bool:
        return any(one["status"] == "open" for one in self._tool.tickets if one["customer"] == conversation_id)

    # -- what agents do ---------------------------------------------------------------------------------------

    def _ticket(self, handoff: Handoff) -> Json:
        self._clock.advance(milliseconds=10)
        return next(one for one in self._tool.tickets if one["key"] == handoff.id)

    def _writes(self, handoff: Handoff, text: str, agent: str, private: bool) -> None:
        self._tool.adds(self._ticket(handoff), key=None, author=agent, agent=person(agent), text=text, private=private)

    def agent_claims(self, handoff: Handoff, agent: str = "Kim") -> None:
        self._tool.tells("ticket.assigned", self._ticket(handoff), agent=person(agent))

    def agent_types(self, handoff: Handoff, agent: str = "Kim") -> None:
        self._tool.tells("typing.started", self._ticket(handoff), agent=person(agent))

    def agent_says(self, handoff: Handoff, text: str, agent: str = "Kim") -> None:
        self._writes(handoff, text, agent, private=False)

    def agent_notes(self, handoff: Handoff, text: str, agent: str = "Kim") -> None:
        self._writes(handoff, text, agent, private=True)

    def agent_hands_back(
        self, handoff: Handoff, line: str = "", agent: str = "Kim", resume: bool | None = None,
    ) -> None:
        choice = {None: "", True: "resume ", False: "fresh "}[resume]
        self._writes(handoff, f"/handback {choice}{line}", agent, private=True)

    def agent_resolves(self, handoff: Handoff, agent: str = "Kim") -> None:
        self._tool.closes(self._ticket(handoff), person(agent))


def person(name: str) -> Json:
    return {"id": f"id of {name}", "name": name}


def fields(body: Any, **kinds: type) -> None:
    """Refuse a body that has not exactly these fields."""
    if not isinstance(body, dict) or {key: type(value) for key, value in body.items()} != kinds:
        raise Refused(400, {"error": f"the fields must be {', '.join(kinds)}"})


HARNESS = TemplateHarness

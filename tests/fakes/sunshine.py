"""A stand-in of Sunshine Conversations v2 with the agents' workspace, as strict as its published specification."""
from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request

from tests.fakes.clock import Clock
from tests.fakes.stand_in import Refused, StandIn

APP, KEY_ID, KEY_SECRET = "5d8cff3cd55b040010928b5b", "app_5deadbeef", "the key's secret"
WEBHOOK_SECRET = "8564b3e6a8b20a4bdb68b05ce9bc5936"
AGENTS, BOT = "zd-agentWorkspace", "tandem"
INTEGRATIONS = {AGENTS: {"id": "69b431db701f816b35d0929e", "name": AGENTS, "integrationType": "zd:agentWorkspace"},
                BOT: {"id": "69b431db701f816b35d0aaaa", "name": BOT, "integrationType": "custom"}}
PAGE = 100


class SunshineError(Refused):
    """An answer other than 2xx."""

    def __init__(self, status: int, title: str) -> None:
        super().__init__(status, {"errors": [{"code": "bad_request", "title": title}]})


class Sunshine(StandIn):
    """Users, conversations, messages, the switchboard, webhooks. `app` is its ASGI application."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.users: dict[str, dict[str, Any]] = {}  # by external id
        self.conversations: dict[str, dict[str, Any]] = {}
        self.messages: dict[str, list[dict[str, Any]]] = {}
        self.tickets: list[dict[str, Any]] = []  # metadata of each time agents got control anew
        self.tells_control = True
        self.status: int | None = None  # an answer to give to the next call, which does nothing
        self.retry_after = ""
        self._ids = (f"{number:024x}" for number in itertools.count(0x5F32B88ACF6B))
        at = f"/v2/apps/{APP}"
        one = f"{at}/conversations/{{id}}"
        self.app = Starlette(routes=[
            self.route("POST", f"{at}/users", self._create_user),
            self.route("POST", f"{at}/conversations", self._create_conversation),
            self.route("GET", f"{at}/conversations", self._list_conversations),
            self.route("GET", one, self._get_conversation),
            self.route("POST", f"{one}/messages", self._post_message),
            self.route("GET", f"{one}/messages", self._list_messages),
            self.route("POST", f"{one}/passControl", self._pass_control),
            self.route("POST", f"{one}/offerControl", self._offer_control),
            self.route("POST", f"{one}/releaseControl", self._release_control),
        ])

    def check(self, request: Request) -> None:
        if self.status is not None:
            status, self.status = self.status, None
            raise Refused(status, {}, {"Retry-After": self.retry_after} if self.retry_after else None)
        expected = "Basic " + base64.b64encode(f"{KEY_ID}:{KEY_SECRET}".encode()).decode()
        if request.headers.get("authorization") != expected:
            raise SunshineError(401, "unauthorized")
        _require(request.method != "POST" or request.headers.get("content-type") == "application/json", "content-type")

    def signed(self, body: bytes) -> dict[str, str]:
        return {"x-api-key": WEBHOOK_SECRET, "content-type": "application/json"}

    # -- the API ----------------------------------------------------------------------------------------------

    def _create_user(self, request: Request, body: Any) -> tuple[int, Any]:
        _known(body, "externalId", "profile", "metadata", "signedUpAt")
        _text(body.get("externalId"), 1024, "externalId")
        profile = body.get("profile", {})
        _known(profile, "givenName", "surname", "email", "avatarUrl")
        for key, value in profile.items():
            _text(value, 128, key)
        _require("email" not in profile or "@" in profile["email"], "email")
        _metadata(body.get("metadata"))
        if body["externalId"] in self.users:
            raise SunshineError(409, "user exists")
        self.users[body["externalId"]] = {"id": next(self._ids), **body}
        return 201, {"user": self.users[body["externalId"]]}

    def _create_conversation(self, request: Request, body: Any) -> tuple[int, Any]:
        _known(body, "type", "participants", "displayName", "description", "iconUrl", "metadata")
        _require(body.get("type") == "personal", "type")
        participants = body.get("participants")
        _require(isinstance(participants, list) and len(participants) == 1, "participants")
        _known(participants[0], "userExternalId", "subscribeSDKClient")
        if participants[0].get("userExternalId") not in self.users:
            raise SunshineError(404, "user not found")
        _metadata(body.get("metadata"))
        made = {"id": next(self._ids), "type": "personal", "metadata": body.get("metadata"),
                "of": participants[0]["userExternalId"]}
        self.conversations[made["id"]] = made
        self.messages[made["id"]] = []
        return 201, {"conversation": self._shown(made)}

    def _list_conversations(self, request: Request, body: Any) -> tuple[int, Any]:
        user = request.query_params.get("filter[userExternalId]")
        if user not in self.users:
            raise SunshineError(404, "user not found")
        _require(int(request.query_params.get("page[size]", "25")) <= 100, "page[size]")
        found = [self._shown(one) for one in self.conversations.values() if one["of"] == user]
        return 200, {"conversations": found, "meta": {"hasMore": False}, "links": {}}

    def _get_conversation(self, request: Request, body: Any) -> tuple[int, Any]:
        return 200, {"conversation": self._shown(self._conversation(request))}

    def _post_message(self, request: Request, body: Any) -> tuple[int, Any]:
        conversation = self._conversation(request)
        _known(body, "author", "content", "destination", "metadata", "override")
        author, content = body.get("author"), body.get("content")
        _known(author, "type", "userId", "userExternalId", "displayName", "avatarUrl")
        _known(content, "type", "text", "actions")
        _require(author.get("type") in ("business", "user"), "author.type")
        _require((author["type"] == "user") == ("userExternalId" in author or "userId" in author), "author.userId")
        if author["type"] == "user" and author["userExternalId"] != conversation["of"]:
            raise SunshineError(404, "user not found")
        _require(content.get("type") == "text", "content.type")
        _text(content.get("text"), 4096, "content.text")
        _require(bool(content["text"].strip()), "content.text")
        _metadata(body.get("metadata"))
        return 201, {"messages": [self.add(conversation["id"], author, content, body.get("metadata"))]}

    def _list_messages(self, request: Request, body: Any) -> tuple[int, Any]:
        conversation = self._conversation(request)
        _require(set(request.query_params) <= {"page[before]", "page[after]"}, "query")
        found = self.messages[conversation["id"]]
        before = request.query_params.get("page[before]")
        if before is not None:
            found = found[: next(index for index, message in enumerate(found) if message["id"] == before)]
        page = found[-PAGE:]
        meta = {"hasMore": len(found) > PAGE, **({"beforeCursor": page[0]["id"]} if len(found) > PAGE else {})}
        return 200, {"messages": page, "meta": meta, "links": {}}

    def _pass_control(self, request: Request, body: Any) -> tuple[int, Any]:
        conversation, target = self._switch(request, body)
        if conversation.get("active") is not target:
            conversation["active"] = target
            if target["name"] == AGENTS:
                self.tickets.append(body.get("metadata") or {})
            self._event("switchboard:passControl", conversation, metadata=body.get("metadata"))
        return 200, {}

    def _offer_control(self, request: Request, body: Any) -> tuple[int, Any]:
        conversation, target = self._switch(request, body)
        _require(conversation.get("active") is not target, "switchboardIntegration is active")
        conversation["pending"] = target
        self._event("switchboard:offerControl", conversation, metadata=body.get("metadata"))
        return 200, {}

    def _release_control(self, request: Request, body: Any) -> tuple[int, Any]:
        conversation = self._conversation(request)
        _known(body, "reason", "metadata")
        _metadata(body.get("metadata"))
        self.release(conversation["id"], body.get("metadata"))
        return 200, {}

    # -- what its agents do -----------------------------------------------------------------------------------

    def add(self, conversation_id: str, author: Any, content: Any, metadata: Any = None) -> dict[str, Any]:
        """A message comes into a conversation."""
        message = {"id": next(self._ids), "received": stamp(self.clock()), "content": content, "metadata": metadata,
                   "author": {key: value for key, value in author.items() if key != "userExternalId"},
                   "source": {"type": "api:conversations"}}
        self.messages[conversation_id].append(message)
        self._event("conversation:message", self.conversations[conversation_id], message=message)
        return message

    def agent_says(self, conversation_id: str, text: str, agent: str = "Kim", agent_id: str = "") -> None:
        """Someone writes in the agents' workspace; `__trigger` is how automations sign."""
        self.clock.advance(milliseconds=10)
        self.add(conversation_id, {"type": "business", "displayName": agent}, {"type": "text", "text": text},
                 {"__zendesk_msg.agent.id": agent_id or f"id of {agent}", "__zendesk_msg.id": "x"})

    def agent_types(self, conversation_id: str) -> None:
        """Someone begins to write in the agents' workspace."""
        self._event("conversation:typing", self.conversations[conversation_id],
                    activity={"type": "typing:start", "author": {"type": "business"}})

    def release(self, conversation_id: str, metadata: Any = None, reason: str | None = None) -> None:
        """Control is given away, by an agent unless there is metadata."""
        self.clock.advance(milliseconds=10)
        conversation = self.conversations[conversation_id]
        conversation.pop("active", None)
        conversation.pop("pending", None)
        more = {"reason": reason} if reason else {}
        self._event("switchboard:releaseControl", conversation, metadata=metadata, **more)

    def pass_back(self, conversation_id: str) -> None:
        """An agent passes control to the bot's integration."""
        self.clock.advance(milliseconds=10)
        self.conversations[conversation_id]["active"] = INTEGRATIONS[BOT]
        self._event("switchboard:passControl", self.conversations[conversation_id], metadata=None)

    def active(self, conversation_id: str) -> str | None:
        """The name of the integration that is in control."""
        found: dict[str, str] | None = self.conversations[conversation_id].get("active")
        return found["name"] if found else None

    def of_user(self, external_id: str) -> list[str]:
        """The ids of a user's conversations."""
        return [one["id"] for one in self.conversations.values() if one["of"] == external_id]

    def _event(self, kind: str, conversation: Mapping[str, Any], **payload: Any) -> None:
        event = {"id": next(self._ids), "type": kind, "createdAt": stamp(self.clock()),
                 "payload": {"conversation": self._shown(conversation, truncated=True), **payload}}
        self.send({"app": {"id": APP}, "webhook": {"id": "5e554d2cac66fb73a3c01869", "version": "v2"},
                   "events": [event]})

    def _shown(self, conversation: Mapping[str, Any], truncated: bool = False) -> dict[str, Any]:
        shown = {"id": conversation["id"], "type": "personal"}
        if not truncated:
            shown["metadata"] = conversation["metadata"]
        if "active" in conversation and self.tells_control:
            shown["activeSwitchboardIntegration"] = conversation["active"]
        return shown

    def _conversation(self, request: Request) -> dict[str, Any]:
        found = self.conversations.get(request.path_params["id"])
        if found is None:
            raise SunshineError(404, "conversation not found")
        return found

    def _switch(self, request: Request, body: Any) -> tuple[dict[str, Any], dict[str, str]]:
        conversation = self._conversation(request)
        _known(body, "switchboardIntegration", "metadata", "reason")
        _metadata(body.get("metadata"))
        wanted = body.get("switchboardIntegration")
        target = next((one for one in INTEGRATIONS.values() if wanted in (one["id"], one["name"])), None)
        if target is None:
            raise SunshineError(404, "switchboard integration not found")
        return conversation, target


def stamp(at: datetime) -> str:
    """A time as Zendesk writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def _require(fits: bool, what: str) -> None:
    if not fits:
        raise SunshineError(400, f"invalid: {what}")


def _known(value: Any, *keys: str) -> None:
    _require(isinstance(value, dict) and set(value) <= set(keys), f"keys must be among {keys}, not {value!r:.200}")


def _text(value: Any, limit: int, what: str) -> None:
    _require(isinstance(value, str) and 1 <= len(value) <= limit, what)


def _metadata(value: Any) -> None:
    if value is not None:
        _require(isinstance(value, dict), "metadata")
        _require(all(isinstance(one, (str, int, float, bool)) for one in value.values()), "metadata is flat")
        _require(len(json.dumps(value).encode()) <= 4096, "metadata is limited to 4KB")

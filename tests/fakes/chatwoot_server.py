"""Chatwoot's API over `ChatwootAccount`, strict about what is published: fields, types, tokens, headers.

An unknown or wrong field is answered with 400, where Chatwoot itself might pass over it in silence.
"""
from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.fakes.chatwoot_account import (
    ACCOUNT,
    INBOX,
    OTHER_INBOX,
    ChatwootAccount,
    Json,
    ValidationFailed,
    check_attributes,
)

USER_TOKEN = "kU8sN4vYp2WqXe7RtZ5bCj9L"
BOT_TOKEN = "bO7tD3fHn6MzQa1GwKx4VrE8"
STATUSES = ("open", "resolved", "pending", "snoozed")
BOT = {"id": 5, "name": "A bot", "type": "agent_bot"}
_BOT_MAY = {"show_conversation", "create_conversation", "toggle_status", "typing", "custom_attributes",
            "create_message", "assign"}

# Which fields a request may have: type; a star marks those that are required.
_FIELDS: Mapping[str, Mapping[str, tuple[type, ...]]] = {
    "create_contact": {"inbox_id*": (int,), "name": (str,), "email": (str,), "phone_number": (str,),
                       "identifier": (str,), "custom_attributes": (dict,), "additional_attributes": (dict,)},
    "filter_contacts": {"payload*": (list,)},
    "create_conversation": {"source_id*": (str,), "inbox_id": (int,), "contact_id": (int,), "status": (str,),
                            "team_id": (int,), "assignee_id": (int,), "custom_attributes": (dict,),
                            "message": (dict,), "additional_attributes": (dict,)},
    "create_message": {"content*": (str,), "message_type": (str,), "private": (bool,), "content_type": (str,),
                       "content_attributes": (dict,)},
    "toggle_status": {"status*": (str,), "snoozed_until": (int,)},
    "custom_attributes": {"custom_attributes*": (dict,), "merge": (bool,)},
    "assign": {"assignee_id": (int,), "team_id": (int,)},
    "typing": {"typing_status*": (str,), "is_private": (bool,)},
}
_ROUTES = (
    ("GET", r"/api/v1/profile", "profile"),
    ("POST", r"/api/v1/accounts/(\d+)/contacts", "create_contact"),
    ("POST", r"/api/v1/accounts/(\d+)/contacts/filter", "filter_contacts"),
    ("GET", r"/api/v1/accounts/(\d+)/contacts/search", "search_contacts"),
    ("GET", r"/api/v1/accounts/(\d+)/contacts/(\d+)/conversations", "contact_conversations"),
    ("POST", r"/api/v1/accounts/(\d+)/conversations", "create_conversation"),
    ("GET", r"/api/v1/accounts/(\d+)/conversations/(\d+)", "show_conversation"),
    ("GET", r"/api/v1/accounts/(\d+)/conversations/(\d+)/messages", "list_messages"),
    ("POST", r"/api/v1/accounts/(\d+)/conversations/(\d+)/messages", "create_message"),
    ("POST", r"/api/v1/accounts/(\d+)/conversations/(\d+)/toggle_status", "toggle_status"),
    ("POST", r"/api/v1/accounts/(\d+)/conversations/(\d+)/custom_attributes", "custom_attributes"),
    ("POST", r"/api/v1/accounts/(\d+)/conversations/(\d+)/assignments", "assign"),
    ("POST", r"/api/v1/accounts/(\d+)/conversations/(\d+)/toggle_typing_status", "typing"),
)


class Answered(Exception):
    """The request ends with this status and error."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status, self.error = status, error


@dataclass(frozen=True)
class Seen:
    """A request as it came."""

    endpoint: str
    body: Any
    query: Mapping[str, str]


class ChatwootServer:
    """`app` is the ASGI application."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.account = ChatwootAccount(now)
        self.inbox_is_api = True
        self.knows_merge = True  # of custom attributes: newer versions
        self.filter_hides_visitors = False  # as with the feature crm_v2
        self.down: int | None = None  # the status of every answer, and nothing is done
        self.lose = 0  # so many writes take effect and are answered with 500
        self.seen: list[Seen] = []
        self.complaints: list[str] = []  # requests against what is published
        self.lock = threading.RLock()
        self.app = Starlette(routes=[Route("/{path:path}", self._serve, methods=["GET", "POST", "PATCH", "DELETE"])])

    async def _serve(self, request: Request) -> Response:
        body = await request.body()
        with self.lock:
            return self.answer(request.method, request.url.path, dict(request.query_params), request.headers, body)

    def answer(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes,
    ) -> Response:
        if self.down is not None:
            return Response("<html>down</html>", self.down, headers={"Retry-After": "7"} if self.down == 429 else {})
        try:
            answer = self._answer(method, path, query, headers, body)
        except Answered as error:
            if error.status == 400:
                self.complaints.append(f"{method} {path}: {error.error}")
            return JSONResponse({"error": error.error}, error.status)
        except ValidationFailed as error:
            return JSONResponse({"message": str(error), "attributes": ["base"]}, 422)
        if method != "GET" and self.lose and not path.endswith(("/filter", "/search")):
            self.lose -= 1
            return Response("<html>Internal Server Error</html>", 500)
        return JSONResponse(answer) if answer is not None else Response(status_code=200)

    def _answer(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes,
    ) -> Any:
        found = [(endpoint, match) for verb, pattern, endpoint in _ROUTES
                 if verb == method and (match := re.fullmatch(pattern, path))]
        if not found:
            raise Answered(404, "Resource could not be found")
        endpoint, match = found[0]
        principal = self._principal(headers, endpoint)
        numbers = [int(number) for number in match.groups()]
        if numbers and numbers[0] != ACCOUNT:
            raise Answered(401, "You are not authorized to access this account")
        data = self._body(endpoint, headers, body) if method == "POST" else {}
        self.seen.append(Seen(endpoint, data, query))
        return getattr(self, f"_{endpoint}")(principal, data if method == "POST" else query, *numbers[1:])

    def _principal(self, headers: Mapping[str, str], endpoint: str) -> Json:
        if headers.get("accept-encoding") != "identity":
            raise Answered(401, "Invalid Access Token")  # as 4.12.1 does with compressed requests
        token = headers.get("api-access-token")  # the proxy has dropped api_access_token
        if token == USER_TOKEN:
            return self.account.users[12]
        if token == BOT_TOKEN and endpoint in _BOT_MAY:
            return BOT
        raise Answered(401, "Access to this endpoint is not authorized for bots" if token == BOT_TOKEN
                       else "Invalid Access Token")

    def _body(self, endpoint: str, headers: Mapping[str, str], body: bytes) -> Json:
        if headers.get("content-type") != "application/json":
            raise Answered(400, "not JSON")
        data = json.loads(body)
        fields = {name.rstrip("*"): types for name, types in _FIELDS[endpoint].items()}
        for name in _FIELDS[endpoint]:
            if name.endswith("*") and data.get(name[:-1]) in (None, ""):
                raise Answered(400, f"param is missing or the value is empty: {name[:-1]}")
        for name, value in data.items():
            if name not in fields or type(value) not in fields[name]:
                raise Answered(400, f"{name} of type {type(value).__name__} is not published")
        if "\x00" in body.decode() or "\\u0000" in body.decode():
            raise Answered(500, "string contains null byte")
        return dict(data)

    # -- endpoints --------------------------------------------------------------------------------------------

    def _profile(self, user: Json, query: Json) -> Json:
        return {**user, "accounts": [{"id": ACCOUNT, "role": user["role"]}]}

    def _create_contact(self, user: Json, data: Json) -> Json:
        if data["inbox_id"] not in (INBOX, OTHER_INBOX):
            raise Answered(404, "Resource could not be found")
        made = self.account.add_contact(data)
        return {"payload": {"contact": made, "contact_inbox": {"inbox": {"id": INBOX}, "source_id": "a-uuid"}}}

    def _filter_contacts(self, user: Json, data: Json) -> Json:
        [condition] = data["payload"]
        key, values = condition["attribute_key"], condition["values"]
        if key not in ("identifier", "email", "name") or condition["filter_operator"] != "equal_to":
            raise Answered(422, "Invalid attribute")
        found = [contact for contact in self.account.contacts.values()
                 if str(contact[key] or "").lower() == values[0].lower()
                 and not (self.filter_hides_visitors and not contact["email"])]
        return {"meta": {"count": len(found), "current_page": "1"}, "payload": found[:15]}

    def _search_contacts(self, user: Json, query: Json) -> Json:
        if not query.get("q"):
            raise Answered(422, "Specify search string with parameter q")
        pattern = re.escape(query["q"]).replace("_", ".")  # LIKE
        found = [contact for contact in self.account.contacts.values()
                 if any(re.search(pattern, str(contact[key] or "")) for key in ("name", "email", "identifier"))]
        return {"meta": {"count": len(found)}, "payload": found[:15]}

    def _contact_conversations(self, user: Json, query: Json, contact_id: int) -> Json:
        if contact_id not in self.account.contacts:
            raise Answered(404, "Resource could not be found")
        found = [self.account.conversation_json(conversation) for conversation in self.account.conversations.values()
                 if conversation["contact_id"] == contact_id]
        return {"payload": sorted(found, key=lambda one: -one["last_activity_at"])[:20]}

    def _create_conversation(self, user: Json, data: Json) -> Json:
        if data.get("status", "open") not in STATUSES:
            raise Answered(422, f"'{data['status']}' is not a valid status")
        owner = self.account.sources.get(data["source_id"])
        contact_id = data.get("contact_id", owner)
        if contact_id is None or contact_id not in self.account.contacts:
            raise Answered(404, "Resource could not be found")
        if owner is not None and owner != contact_id:
            raise Answered(422, "source_id should be unique")
        self.account.sources[data["source_id"]] = contact_id
        made = self.account.add_conversation(data["source_id"], contact_id, data.get("status", "open"),
                                             data.get("custom_attributes", {}))
        return {"id": made["id"], "account_id": ACCOUNT, "inbox_id": made["inbox_id"]}

    def _show_conversation(self, user: Json, query: Json, number: int) -> Json:
        return self.account.conversation_json(self._conversation(number))

    def _list_messages(self, user: Json, query: Json, number: int) -> Json:
        conversation = self._conversation(number)
        found = [message for message in self.account.messages if message["conversation_id"] == conversation["id"]]
        if "after" in query:
            page = [message for message in found if message["id"] > int(query["after"])][:100]
        else:
            before = int(query["before"]) if "before" in query else float("inf")
            page = [message for message in found if message["id"] < before][-20:]
        return {"meta": {"labels": []}, "payload": [self.account.message_json(message) for message in page]}

    def _create_message(self, user: Json, data: Json, number: int) -> Json:
        conversation, kind = self._conversation(number), data.get("message_type", "outgoing")
        if kind not in ("incoming", "outgoing") or data.get("content_type", "text") != "text":
            raise Answered(422, f"'{kind}' is not a valid message_type")
        if kind == "incoming" and not self.inbox_is_api:
            raise Answered(422, "Incoming messages are only allowed in Api inboxes")
        sender = self.account.contacts[conversation["contact_id"]] if kind == "incoming" else user
        try:
            made = self.account.add_message(conversation, kind, data["content"], sender, data.get("private", False),
                                            data.get("content_attributes"))
        except ValidationFailed as error:
            raise Answered(422, f"Validation failed: {error}") from error
        return self.account.message_json(made)

    def _toggle_status(self, user: Json, data: Json, number: int) -> Json:
        conversation = self._conversation(number)
        if data["status"] not in STATUSES:
            raise Answered(422, f"'{data['status']}' is not a valid status")
        self.account.change(conversation, status=data["status"])
        if data["status"] == "open" and user["type"] == "user" and user["role"] == "agent":
            self.account.change(conversation, assignee_id=user["id"])
        return {"meta": {}, "payload": {"success": True, "current_status": data["status"], "conversation_id": number}}

    def _custom_attributes(self, user: Json, data: Json, number: int) -> Json:
        conversation = self._conversation(number)
        check_attributes(data["custom_attributes"])
        kept = conversation["custom_attributes"] if self.knows_merge and data.get("merge") else {}
        self.account.change(conversation, custom_attributes={**kept, **data["custom_attributes"]})
        return {"custom_attributes": conversation["custom_attributes"]}

    def _assign(self, user: Json, data: Json, number: int) -> Any:
        user_found = self.account.users.get(data.get("assignee_id", 0))
        self.account.change(self._conversation(number), assignee_id=user_found["id"] if user_found else None)
        return user_found

    def _typing(self, user: Json, data: Json, number: int) -> None:
        self._conversation(number)

    def _conversation(self, number: int) -> Json:
        if number not in self.account.conversations:
            raise Answered(404, "Resource could not be found")
        return self.account.conversations[number]

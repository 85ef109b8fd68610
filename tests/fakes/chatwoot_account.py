"""What a Chatwoot account holds, the hands of its agents, and the webhooks of its API inbox.

Made after Chatwoot's published swagger and source (4.13 to 4.18): payloads, snapshots taken when a webhook is built,
Liquid over outgoing messages, the limit of messages a minute, who becomes the assignee, what reopens a conversation.
"""
from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import re
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

ACCOUNT, INBOX, OTHER_INBOX = 3, 8, 9
SECRET = "QkYw2t5vNf1sTz8eRc4bLm7a"
TYPES = {"incoming": 0, "outgoing": 1, "activity": 2, "template": 3}
_LIQUID = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.S)

Json = dict[str, Any]


class ValidationFailed(Exception):
    """A record is not valid; the text is Chatwoot's."""


class ChatwootAccount:
    """One account with one API inbox, and what its agents do in the app."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.users: dict[int, Json] = {12: _user(12, "Tandem"), 21: _user(21, "Kim"), 22: _user(22, "Lee")}
        self.contacts: dict[int, Json] = {}
        self.sources: dict[str, int] = {}  # of the API inbox: contact id
        self.conversations: dict[int, Json] = {}
        self.messages: list[Json] = []
        self.queue: list[tuple[str, Json | Callable[[], Json], int | None]] = []  # webhooks that are not made yet
        self.made: list[tuple[dict[str, str], bytes]] = []  # every webhook so far
        self.failed: set[int] = set()  # messages whose webhook was not taken: agents see them marked
        self.messages_a_minute = 200
        self.keeps_one_conversation = False  # the inbox's setting
        self.has_bot = False  # a bot is attached to the inbox
        self.assigns: int | None = None  # auto-assignment: to whom
        self.lags = False  # webhooks are built late, from what is true by then
        self._numbers = itertools.count(101)

    # -- records ----------------------------------------------------------------------------------------------

    def add_contact(self, values: Mapping[str, Any]) -> Json:
        email, identifier = values.get("email"), values.get("identifier")
        for other in self.contacts.values():
            if email and str(other["email"]).lower() == email.lower():
                raise ValidationFailed("Email has already been taken")
            if identifier and other["identifier"] == identifier:
                raise ValidationFailed("Identifier has already been taken")
        if email and not re.fullmatch(r"[^@\s]+@[^@\s]+", email):
            raise ValidationFailed("Email Invalid email")
        made = {"id": next(self._numbers), "name": values.get("name", ""), "email": email or None,
                "identifier": identifier, "phone_number": None, "custom_attributes": {}, "blocked": False}
        self.contacts[made["id"]] = made
        return made

    def add_conversation(self, source_id: str, contact_id: int, status: str, attributes: Json) -> Json:
        for conversation in self.conversations.values():
            if self.keeps_one_conversation and conversation["source_id"] == source_id:
                return conversation
        check_attributes(attributes)
        number = next(self._numbers)
        made = {"id": number, "source_id": source_id, "contact_id": contact_id, "inbox_id": INBOX,
                "status": "pending" if self.has_bot else status, "assignee_id": self.assigns,
                "custom_attributes": dict(attributes), "created_at": self.now(), "updated_at": self.now(),
                "last_activity_at": self.now()}
        self.conversations[number] = made
        self._tell("conversation_created", lambda: self.conversation_json(made))
        return made

    def change(self, conversation: Json, by: int | None = None, **values: Any) -> None:
        """Change a conversation, with an activity message as agents see it."""
        changed = [{key: {"previous_value": conversation[key], "current_value": value}}
                   for key, value in values.items() if conversation[key] != value]
        if not changed:
            return
        conversation.update(values, updated_at=self.now())
        names = {name for change in changed for name in change}
        if names & {"status", "assignee_id"}:
            self.add_message(conversation, "activity", f"{', '.join(sorted(names))} was changed", None)
        if "status" in names:
            self._tell("conversation_status_changed", lambda: {
                **self.conversation_json(conversation), "changed_attributes": changed})
        self._tell("conversation_updated", lambda: {
            **self.conversation_json(conversation), "changed_attributes": changed})
        if "status" in names and conversation["status"] == "open" and self.assigns and not conversation["assignee_id"]:
            self.change(conversation, assignee_id=self.assigns)

    def add_message(
        self, conversation: Json, kind: str, content: str | None, sender: Json | None, private: bool = False,
        attributes: Json | None = None, attachments: list[Json] | None = None,
    ) -> Json:
        since = self.now() - timedelta(minutes=1)
        recent = [message for message in self.messages
                  if message["conversation_id"] == conversation["id"] and message["at"] >= since]
        if len(recent) >= self.messages_a_minute:
            raise ValidationFailed("Too many messages")
        if content is not None and len(content) > 150_000:
            raise ValidationFailed("Content is too long (maximum is 150000 characters)")
        if content is not None and kind == "outgoing":
            content = _LIQUID.sub("", content)
        message = {"id": next(self._numbers), "conversation_id": conversation["id"], "kind": kind, "content": content,
                   "private": private, "content_attributes": dict(attributes or {}), "sender": sender,
                   "at": self.now(), "attachments": attachments or []}
        self.messages.append(message)
        conversation["last_activity_at"] = conversation["updated_at"] = self.now()
        if kind in ("incoming", "outgoing"):
            self._tell("message_created", lambda: self.message_webhook(message), message["id"])
        if kind == "incoming" and conversation["status"] in ("resolved", "snoozed"):
            self.change(conversation, status="pending" if self.has_bot else "open")
        return message

    # -- agents in the app ------------------------------------------------------------------------------------

    def agent(self, name: str) -> Json:
        return next(user for user in self.users.values() if user["name"] == name)

    def says(self, conversation: Json, agent: str, text: str | None, private: bool = False, **more: Any) -> Json:
        return self.add_message(conversation, "outgoing", text, self.agent(agent), private, **more)

    def types(self, conversation: Json, agent: str, on: bool = True, private: bool = False) -> None:
        self._tell(f"conversation_typing_{'on' if on else 'off'}", lambda: {
            "user": _sender_webhook(self.agent(agent)), "conversation": self.conversation_json(conversation),
            "is_private": private})

    # -- payloads ---------------------------------------------------------------------------------------------

    def conversation_json(self, conversation: Json) -> Json:
        """As in webhooks and, nearly, in the API: the nested message is the last of the talk, whatever happened."""
        assignee = self.users.get(conversation["assignee_id"] or 0)
        talk = [message for message in self.messages if message["conversation_id"] == conversation["id"]
                and message["kind"] != "activity" and not message["private"]]
        return {
            "id": conversation["id"], "inbox_id": conversation["inbox_id"], "status": conversation["status"],
            "channel": "Channel::Api", "can_reply": True, "labels": [], "additional_attributes": {},
            "custom_attributes": dict(conversation["custom_attributes"]), "snoozed_until": None,
            "contact_inbox": {"source_id": conversation["source_id"], "contact_id": conversation["contact_id"],
                              "inbox_id": conversation["inbox_id"], "hmac_verified": False},
            "messages": [self.message_json(message) for message in talk[-1:]],
            "meta": {"sender": self.contacts[conversation["contact_id"]], "assignee": dict(assignee) if assignee
                     else None, "assignee_type": "User" if assignee else None, "team": None, "hmac_verified": False},
            "unread_count": 0, "created_at": int(conversation["created_at"].timestamp()),
            "timestamp": int(conversation["last_activity_at"].timestamp()),
            "last_activity_at": int(conversation["last_activity_at"].timestamp()),
            "updated_at": conversation["updated_at"].timestamp(),
        }

    def message_json(self, message: Json) -> Json:
        """As in lists: the type is a number, the time whole seconds."""
        shown = {key: message[key] for key in ("id", "content", "private", "content_attributes", "conversation_id")}
        return {**shown, "inbox_id": INBOX, "message_type": TYPES[message["kind"]], "content_type": "text",
                "status": "failed" if message["id"] in self.failed else "sent", "source_id": None,
                "created_at": int(message["at"].timestamp()),
                **({"sender": message["sender"]} if message["sender"] else {}),
                **({"attachments": message["attachments"]} if message["attachments"] else {})}

    def message_webhook(self, message: Json) -> Json:
        conversation = self.conversations[message["conversation_id"]]
        return {
            "account": {"id": ACCOUNT, "name": "Shop"}, "additional_attributes": {},
            "content_attributes": message["content_attributes"], "content_type": "text",
            "content": message["content"], "conversation": self.conversation_json(conversation),
            "created_at": message["at"].strftime("%Y-%m-%dT%H:%M:%S.") + f"{message['at'].microsecond // 1000:03}Z",
            "id": message["id"], "inbox": {"id": conversation["inbox_id"], "name": "Tandem"},
            "message_type": message["kind"], "private": message["private"],
            "sender": _sender_webhook(message["sender"]), "source_id": None,
            **({"attachments": message["attachments"]} if message["attachments"] else {}),
        }

    # -- webhooks ---------------------------------------------------------------------------------------------

    def _tell(self, event: str, payload: Callable[[], Json], message: int | None = None) -> None:
        self.queue.append((event, payload if self.lags else payload(), message))

    def webhooks(self) -> list[tuple[dict[str, str], bytes]]:
        """The webhooks since the last call, built and signed now; each is sent once, whatever becomes of it."""
        queue, self.queue = self.queue, []
        made = []
        for event, payload, _ in queue:
            body = json.dumps({**(payload() if callable(payload) else payload), "event": event}).encode()
            made.append((self.signed(body), body))
        self.made += made
        return made

    def post(self, send: Callable[[dict[str, str], bytes], bool]) -> None:
        """Send what is to be sent; a message whose webhook is not taken is marked as failed, and not sent again."""
        messages = [message for _, _, message in self.queue]
        for message, (headers, body) in zip(messages, self.webhooks(), strict=True):
            if not send(headers, body) and message is not None:
                self.failed.add(message)

    def signed(self, body: bytes, secret: str = SECRET, at: float | None = None) -> dict[str, str]:
        """The headers of a webhook, with names in lower case."""
        seconds = int(self.now().timestamp() if at is None else at)
        digest = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
        return {"content-type": "application/json", "accept": "application/json",
                "x-chatwoot-signature": f"sha256={digest}", "x-chatwoot-timestamp": str(seconds),
                "x-chatwoot-delivery": str(uuid.uuid4())}


def check_attributes(attributes: Mapping[str, Any]) -> None:
    """Raise as Chatwoot does for custom attributes that are too long; nested ones would not be shown."""
    for key, value in attributes.items():
        if isinstance(value, str) and len(value) > 1500:
            raise ValidationFailed(f"Custom attributes {key} length should be < 1500")
        if isinstance(value, int) and value > 9_999_999_999:
            raise ValidationFailed(f"Custom attributes {key} value should be < 9999999999")
        if isinstance(value, (dict, list)):
            raise ValidationFailed(f"Custom attributes {key} is not flat")


def _user(number: int, name: str) -> Json:
    return {"id": number, "name": name, "available_name": name, "email": f"{name.lower()}@shop.example",
            "role": "agent", "type": "user", "availability_status": "online", "thumbnail": ""}


def _sender_webhook(sender: Json | None) -> Json | None:
    if sender is None:
        return None
    kept = {key: sender[key] for key in ("id", "name", "email") if key in sender}
    return {**kept, "type": sender["type"]} if "type" in sender else {**kept, "account": {"id": ACCOUNT}}

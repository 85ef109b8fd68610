"""What Chatwoot posts: who sent it, and what it tells."""
from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tandem.live_agents.adapters.chatwoot.client import mark_of
from tandem.live_agents.adapters.chatwoot.inbound import mapping, said, state, typing
from tandem.live_agents.protocol import Act, AgentEvent, WebhookRejected, WebhookUnreadable

SIGNATURE, TIMESTAMP, DELIVERY = "x-chatwoot-signature", "x-chatwoot-timestamp", "x-chatwoot-delivery"
WINDOW = 300  # seconds that a webhook's time may be away from ours
_DIGEST = re.compile(r"sha256=([0-9a-f]{64})")
_TYPING: Mapping[str, Act] = {"conversation_typing_on": Act.TYPING, "conversation_typing_off": Act.STOPPED_TYPING}
_STATES = ("conversation_created", "conversation_updated", "conversation_status_changed")


def verify(secret: str, headers: Mapping[str, str], body: bytes, at: float) -> None:
    """Check a webhook's signature at the moment `at` (seconds since 1970); header names are in lower case.

    Raises:
        WebhookRejected: The signature is missing, wrong or too old.
    """
    digest, seconds = _DIGEST.fullmatch(headers.get(SIGNATURE, "")), headers.get(TIMESTAMP, "")
    if digest is None or not re.fullmatch(r"[0-9]{1,12}", seconds):
        raise WebhookRejected("not signed as Chatwoot signs (4.13 or newer); see docs/chatwoot.md")
    expected = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(digest.group(1), expected):
        raise WebhookRejected("the signature does not fit the body and the inbox's webhook secret")
    if abs(at - int(seconds)) > WINDOW:
        raise WebhookRejected(f"signed more than {WINDOW} seconds away from this server's clock")


def delivery_id(headers: Mapping[str, str], body: bytes) -> str:
    """The delivery's id, the same when it is repeated; made from the body if Chatwoot gives none."""
    return headers.get(DELIVERY, "").strip() or "body:" + hashlib.sha256(body).hexdigest()


def parse(body: bytes) -> Mapping[str, Any]:
    """The webhook's JSON.

    Raises:
        WebhookUnreadable: It is not JSON, or names no event.
    """
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise WebhookUnreadable("the body is not JSON") from error
    if not isinstance(data, dict) or not isinstance(data.get("event"), str):
        raise WebhookUnreadable("the body must be a JSON object with an event")
    return data


def read(data: Mapping[str, Any], inbox_id: int) -> Sequence[AgentEvent]:
    """What an agent did. Nothing for other inboxes, other events, bots, and our own doings."""
    event = data["event"]
    conversation = data if event in _STATES else mapping(data, "conversation")
    if conversation.get("inbox_id", inbox_id) != inbox_id or not isinstance(conversation.get("id"), int):
        return ()
    if event == "message_created":
        return () if mark_of(data) is not None else list(said(data, conversation))
    if event in _TYPING:
        user = mapping(data, "user")
        is_agent = str(user.get("type", "")).lower() == "user" and not data.get("is_private")
        return [typing(_TYPING[event], user, conversation)] if is_agent else ()
    if event in _STATES:
        return list(state(conversation, _has_ended(data), _again(data)))
    return ()


def _has_ended(data: Mapping[str, Any]) -> bool:
    """Whether the webhook tells of a change of status, and not of one that it was made with.

    With a bot in the inbox a conversation is pending until we open it. What the status is now stands in the webhook:
    Chatwoot builds it after its cause.
    """
    return data["event"] == "conversation_status_changed" or "status" in _changes(data)


def _again(data: Mapping[str, Any]) -> str:
    """Tells a later assignment of the same agent from their first."""
    changed = _changes(data).get("assignee_id")
    if changed is None or changed.get("previous_value") is None:
        return ""
    return f":{data.get('updated_at') or data.get('timestamp') or ''}"


def _changes(data: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    found = data.get("changed_attributes")
    return {str(key): value for change in found if isinstance(change, dict) for key, value in change.items()
            if isinstance(value, dict)} if isinstance(found, list) else {}

"""What Chatwoot's webhooks tell of agents; its messages and conversations say the same in a sweep."""
from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from tandem.live_agents import json_payloads
from tandem.live_agents.adapters.chatwoot.outbound import HANDOFF, HANDOFF_ID, LINE, MARK, OWN_USER, RESUME
from tandem.live_agents.agent_commands import read_command
from tandem.live_agents.json_payloads import Json, mapping, objects, text
from tandem.live_agents.protocol import Act, AgentEvent, WebhookUnreadable
from tandem.live_agents.signatures import check_signature

SIGNATURE, TIMESTAMP, DELIVERY = "x-chatwoot-signature", "x-chatwoot-timestamp", "x-chatwoot-delivery"
_TYPING: Mapping[str, Act] = {"conversation_typing_on": Act.TYPING, "conversation_typing_off": Act.STOPPED_TYPING}
_STATES = ("conversation_created", "conversation_updated", "conversation_status_changed")
_OUTGOING = ("outgoing", 1)  # in webhooks, in lists
_ENDS: Mapping[str, Act] = {"pending": Act.HANDED_BACK, "resolved": Act.RESOLVED}
_TICK = 1_000_000  # microseconds
_LAST = 2**38  # seconds since 1970: later than any time that can be kept


# -- webhooks -----------------------------------------------------------------------------------------------------


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> None:
    """Check a webhook at the moment `now` (seconds since 1970): `sha256=` and the HMAC-SHA256 of `<timestamp>.<body>`.

    Raises:
        WebhookRejected: The signature is missing, wrong or too old.
    """
    kind, _, digest = headers.get(SIGNATURE, "").partition("=")
    timestamp = headers.get(TIMESTAMP, "")
    check_signature(secret, f"{timestamp}.".encode() + body, [digest] if kind == "sha256" else [], timestamp, now,
                    "not signed as Chatwoot signs (4.13 or newer); see docs/chatwoot.md")


def delivery(headers: Mapping[str, str], body: bytes) -> str:
    """Return the delivery's id, the same when it is repeated; made from the body if Chatwoot gives none."""
    return headers.get(DELIVERY, "").strip() or "body:" + hashlib.sha256(body).hexdigest()


def parse(body: bytes) -> Json:
    """Read the webhook's JSON.

    Raises:
        WebhookUnreadable: It is not JSON, or names no event.
    """
    data = json_payloads.parse(body)
    if not isinstance(data.get("event"), str):
        raise WebhookUnreadable("the body must be a JSON object with an event")
    return data


def read(data: Json, inbox_id: int) -> Sequence[AgentEvent]:
    """Read what an agent did; nothing for other inboxes, other events, bots, and our own doings."""
    event = data["event"]
    conversation = data if event in _STATES else mapping(data.get("conversation"))
    if conversation.get("inbox_id", inbox_id) != inbox_id or not isinstance(conversation.get("id"), int):
        return ()
    if event == "message_created":
        return () if mark_of(data) is not None else list(said(data, conversation))
    if event in _TYPING:
        user = mapping(data.get("user"))
        is_agent = str(user.get("type", "")).lower() == "user" and not data.get("is_private")
        return [_event(_TYPING[event], conversation, user, "typing", "", None)] if is_agent else ()
    if event in _STATES:
        return list(state(conversation, _has_ended(data), _again(data)))
    return ()


def _has_ended(data: Json) -> bool:
    """Check whether the webhook tells of a change of status, and not of one that it was made with.

    With a bot in the inbox a conversation is pending until we open it. What the status is now stands in the webhook:
    Chatwoot builds it after its cause.
    """
    return data["event"] == "conversation_status_changed" or "status" in _changes(data)


def _again(data: Json) -> str:
    """Tell a later assignment of the same agent from their first."""
    changed = _changes(data).get("assignee_id")
    if changed is None or changed.get("previous_value") is None:
        return ""
    return f":{data.get('updated_at') or data.get('timestamp') or ''}"


def _changes(data: Json) -> dict[str, Json]:
    return {str(key): value for change in objects(data.get("changed_attributes")) for key, value in change.items()
            if isinstance(value, dict)}


# -- messages and conversations -----------------------------------------------------------------------------------


def said(message: Json, conversation: Json) -> Iterator[AgentEvent]:
    """Read a message, if a person wrote it in Chatwoot. The caller leaves out those that we made."""
    sender = mapping(message.get("sender"))
    number, is_deleted = message.get("id"), bool(mapping(message.get("content_attributes")).get("deleted"))
    if message.get("message_type") not in _OUTGOING or not isinstance(number, int) or is_deleted \
            or str(sender.get("type", "")).lower() != "user":
        return
    words = "\n".join(_lines(message))
    if not words:
        return
    command = read_command(words) if message.get("private") else None
    if command is not None and command.act in (Act.HANDED_BACK, Act.RESUMED, Act.RESOLVED):
        # Lists tell whole seconds: the end must not be older than the handoff and the words of its second.
        yield _event(command.act, conversation, sender, f"message:{number}", command.words or _line(conversation),
                     _end_of_second(_seconds(message.get("created_at"))))
        return
    act = Act.NOTED if message.get("private") else Act.SAID
    yield _event(act, conversation, sender, f"message:{number}", words, created_at(message))


def state(conversation: Json, ended: bool = True, again: str = "") -> Iterator[AgentEvent]:
    """Read who has a conversation, and whether it is over.

    Args:
        ended: Whether its status tells of an end now, or may be an old one.
        again: Makes the claim another one than the first of the same agent.
    """
    status, assignee = str(conversation.get("status")), _assignee(conversation)
    place = f"{conversation.get('id')}:{handoff_of(conversation)}"
    ours = mapping(conversation.get("custom_attributes"))
    if assignee and str(assignee.get("id")) != str(ours.get(OWN_USER)) and status in ("open", "snoozed"):
        yield _event(Act.CLAIMED, conversation, assignee, f"claimed:{place}:{assignee.get('id')}{again}", "", None)
    if ended and status in _ENDS:
        act = _ENDS[status]
        if act is Act.HANDED_BACK and ours.get(RESUME) is True:
            act = Act.RESUMED
        # When it was changed last, not before any message of that second. One key for both ways: a handoff ends once.
        known = [_seconds(conversation.get(key)) for key in ("updated_at", "last_activity_at", "timestamp")]
        latest = max((seconds for seconds in known if seconds is not None), default=None)
        yield _event(act, conversation, assignee, f"{status}:{place}", _line(conversation), _end_of_second(latest))


def handoff_of(conversation: Json) -> str:
    """Return the handoff that the conversation was opened for last; empty if it says none."""
    found = text(mapping(conversation.get("custom_attributes")).get(HANDOFF))
    return found if HANDOFF_ID.fullmatch(found) else ""


def mark_of(message: Json) -> str | None:
    """Return our mark, if we have made the message."""
    mark = mapping(message.get("content_attributes")).get(MARK)
    return mark if isinstance(mark, str) else None


def created_at(message: Json) -> datetime | None:
    """Read when a message was made.

    Lists tell whole seconds and webhooks more: both are cut to the second, so that an event has one time, and the id
    puts those of a second in order.
    """
    seconds, number = _seconds(message.get("created_at")), message.get("id")
    order = number % _TICK if isinstance(number, int) and not isinstance(number, bool) else 0
    return None if seconds is None else _moment(math.floor(seconds), order)


def _end_of_second(seconds: float | None) -> datetime | None:
    return None if seconds is None else _moment(math.floor(seconds), _TICK - 1)


def _moment(seconds: int, micro: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, timezone.utc) + timedelta(microseconds=micro)
    except (OverflowError, OSError, ValueError):
        return None


def _seconds(value: Any) -> float | None:
    """Read a number or an ISO time as seconds since 1970."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value) if 0 < value < _LAST else None
    read = json_payloads.moment(value)
    return None if read is None else read.timestamp()


def _line(conversation: Json) -> str:
    """Read what the agent has written for the bot beside the conversation."""
    return text(mapping(conversation.get("custom_attributes")).get(LINE)).strip()


def _lines(message: Json) -> Iterator[str]:
    content = text(message.get("content"))
    if content.strip():
        yield content
    yield from filter(None, (text(attachment.get("data_url")) for attachment in objects(message.get("attachments"))))


def _assignee(conversation: Json) -> Json:
    """Return the person who has the conversation; empty if there is none, or a bot has it."""
    meta = mapping(conversation.get("meta"))
    assignee = mapping(meta.get("assignee"))
    is_bot = meta.get("assignee_type") == "AgentBot" or str(assignee.get("type", "user")).lower() != "user"
    return {} if is_bot or not isinstance(assignee.get("id"), int) else assignee


def _event(
    act: Act, conversation: Json, agent: Json, key: str, words: str, at: datetime | None,
) -> AgentEvent:
    return AgentEvent(
        handoff_id=handoff_of(conversation), act=act, key=key, agent_id=str(agent.get("id") or ""),
        agent_name=text(agent.get("available_name") or agent.get("name")), text=words,
        thread=str(conversation.get("id") or ""), at=at,
    )

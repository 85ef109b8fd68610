"""Chatwoot's messages and conversations as what agents did; the same for webhooks and for sweeps."""
from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from tandem.live_agents.agent_commands import read_command
from tandem.live_agents.protocol import Act, AgentEvent

HANDOFF = "tandem_handoff_id"  # custom attributes of a conversation: which handoff is before agents,
OWN_USER = "tandem_user_id"  # whose token we use: opening a conversation may assign it to them,
LINE = "tandem_note_for_bot"  # and what the agent wants the bot to know after the hand-back
RESUME = "tandem_resume"  # and whether it carries on with what it was in the middle of
_HANDOFF_ID = re.compile(r"[0-9a-f]{32}")
_OUTGOING = ("outgoing", 1)  # in webhooks, in lists
_ENDS: Mapping[str, Act] = {"pending": Act.HANDED_BACK, "resolved": Act.RESOLVED}
_TICK = 1_000_000  # microseconds
_LAST = 2**38  # seconds since 1970: later than any time that can be kept

Json = Mapping[str, Any]


def said(message: Json, conversation: Json) -> Iterator[AgentEvent]:
    """A message, if a person wrote it in Chatwoot. The caller leaves out those that we made."""
    sender = mapping(message, "sender")
    number = message.get("id")
    if message.get("message_type") not in _OUTGOING or not isinstance(number, int) or _is_deleted(message) \
            or str(sender.get("type", "")).lower() != "user":
        return
    text = "\n".join(_lines(message))
    if not text:
        return
    command = read_command(text) if message.get("private") else None
    if command is not None and command.act in (Act.HANDED_BACK, Act.RESUMED, Act.RESOLVED):
        # Lists tell whole seconds: the end must not be older than the handoff and the words of its second.
        yield _event(command.act, conversation, sender, f"message:{number}", command.words or _line(conversation),
                     _end_of_second(message))
        return
    act = Act.NOTED if message.get("private") else Act.SAID
    yield _event(act, conversation, sender, f"message:{number}", text, created_at(message))


def state(conversation: Json, ended: bool = True, again: str = "") -> Iterator[AgentEvent]:
    """Who has a conversation, and whether it is over.

    Args:
        ended: Whether its status tells of an end now, or may be an old one.
        again: Makes the claim another one than the first of the same agent.
    """
    status, assignee = str(conversation.get("status")), _assignee(conversation)
    place = f"{conversation.get('id')}:{handoff_of(conversation)}"
    own = mapping(conversation, "custom_attributes").get(OWN_USER)
    if assignee and str(assignee.get("id")) != str(own) and status in ("open", "snoozed"):
        yield _event(Act.CLAIMED, conversation, assignee, f"claimed:{place}:{assignee.get('id')}{again}", "", None)
    if ended and status in _ENDS:
        act = _ENDS[status]
        if act is Act.HANDED_BACK and mapping(conversation, "custom_attributes").get(RESUME) is True:
            act = Act.RESUMED
        # One key for both ways: a handoff ends once.
        yield _event(act, conversation, assignee, f"{status}:{place}", _line(conversation), _last_moment(conversation))


def typing(act: Act, user: Json, conversation: Json) -> AgentEvent:
    """An agent begins or stops writing."""
    return _event(act, conversation, user, "typing", "", None)


def handoff_of(conversation: Json) -> str:
    """The handoff that the conversation was opened for last; empty if it says none."""
    found = mapping(conversation, "custom_attributes").get(HANDOFF)
    return found if isinstance(found, str) and _HANDOFF_ID.fullmatch(found) else ""


def mapping(value: Json, key: str) -> Json:
    """An object inside another; empty if it is missing."""
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def created_at(message: Json) -> datetime | None:
    """When a message was made.

    Lists tell whole seconds and webhooks more: both are cut to the second, so that an event has one time, and the id
    puts those of a second in order.
    """
    seconds, number = _seconds(message.get("created_at")), message.get("id")
    if seconds is None:
        return None
    order = number % _TICK if isinstance(number, int) and not isinstance(number, bool) else 0
    return _moment(math.floor(seconds), order)


def _end_of_second(message: Json) -> datetime | None:
    seconds = _seconds(message.get("created_at"))
    return None if seconds is None else _moment(math.floor(seconds), _TICK - 1)


def _line(conversation: Json) -> str:
    """What the agent has written for the bot beside the conversation."""
    line = mapping(conversation, "custom_attributes").get(LINE)
    return line.strip() if isinstance(line, str) else ""


def _last_moment(conversation: Json) -> datetime | None:
    """When the conversation was changed last, not before any message of that second."""
    known = [_seconds(conversation.get(key)) for key in ("updated_at", "last_activity_at", "timestamp")]
    latest = max((seconds for seconds in known if seconds is not None), default=None)
    return None if latest is None else _moment(math.floor(latest), _TICK - 1)


def _moment(seconds: int, micro: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, timezone.utc) + timedelta(microseconds=micro)
    except (OverflowError, OSError, ValueError):
        return None


def _seconds(value: Any) -> float | None:
    """Seconds since 1970 of a number or an ISO time."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return float(value) if 0 < value < _LAST else None
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(re.sub(r"(\.\d{1,6})\d*", _six_digits, value.strip().replace("Z", "+00:00")))
        return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
    except (ValueError, OverflowError):
        return None


def _six_digits(fraction: re.Match[str]) -> str:
    return fraction.group(1).ljust(7, "0")  # all that Python 3.10 reads


def _lines(message: Json) -> Iterator[str]:
    content = message.get("content")
    if isinstance(content, str) and content.strip():
        yield content
    attachments = message.get("attachments")
    for attachment in attachments if isinstance(attachments, list) else ():
        address = attachment.get("data_url") if isinstance(attachment, dict) else None
        if isinstance(address, str) and address:
            yield address


def _is_deleted(message: Json) -> bool:
    return bool(mapping(message, "content_attributes").get("deleted"))


def _assignee(conversation: Json) -> Json:
    """The person who has the conversation; empty if there is none, or a bot has it."""
    meta = mapping(conversation, "meta")
    assignee = mapping(meta, "assignee")
    is_bot = meta.get("assignee_type") == "AgentBot" or str(assignee.get("type", "user")).lower() != "user"
    return {} if is_bot or not isinstance(assignee.get("id"), int) else assignee


def _event(
    act: Act, conversation: Json, agent: Json, key: str, text: str, at: datetime | None,
) -> AgentEvent:
    name = agent.get("available_name") or agent.get("name")
    return AgentEvent(
        handoff_id=handoff_of(conversation), act=act, key=key, agent_id=str(agent.get("id") or ""),
        agent_name=name if isinstance(name, str) else "", text=text, thread=str(conversation.get("id") or ""), at=at,
    )

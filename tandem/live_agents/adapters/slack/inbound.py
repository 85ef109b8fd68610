"""What Slack's events, and the messages of a thread, tell of agents."""
from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any

from tandem.live_agents.adapters.slack.config import SlackOptions
from tandem.live_agents.adapters.slack.text import plain
from tandem.live_agents.agent_commands import read_command
from tandem.live_agents.protocol import Act, AgentEvent, WebhookUnreadable

SPOKEN = (None, "thread_broadcast", "me_message", "file_share")  # subtypes of what a person writes
_TS = re.compile(r"[0-9]{1,12}\.[0-9]{1,9}")


def envelope(body: bytes) -> Mapping[str, Any]:
    """The envelope of a request.

    Raises:
        WebhookUnreadable: It is not one of the Events API.
    """
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise WebhookUnreadable("the body is not JSON; only the Events API is to be pointed here") from error
    if not isinstance(data, dict):
        raise WebhookUnreadable("the body must be a JSON object")
    return data


def delivery(data: Mapping[str, Any]) -> str:
    """The name of a delivery: a retry (`X-Slack-Retry-Num`) has the same.

    Raises:
        WebhookUnreadable: The envelope is of no known type.
    """
    kind = data.get("type")
    marks = {"event_callback": "event_id", "url_verification": "challenge",
             "app_rate_limited": "minute_rate_limited"}
    mark = data.get(marks.get(str(kind), ""))
    if not isinstance(mark, (str, int)) or isinstance(mark, bool) or not str(mark):
        raise WebhookUnreadable("type: must be event_callback with event_id, or url_verification with challenge")
    return str(mark) if kind == "event_callback" else f"{kind}:{mark}"


def thread_id(channel: str, ts: str) -> str:
    """The name of a thread: of its channel and its first message."""
    return f"{channel}:{ts}"


def read_event(event: Mapping[str, Any], options: SlackOptions, name_of: Callable[[str], str]) -> AgentEvent | None:
    """What an event tells of an agent's act, if anything."""
    if event.get("type") == "reaction_added":
        return _read_reaction(event, options, name_of)
    if event.get("type") != "message" or event.get("channel") != options.channel:
        return None
    return read_message(event, options, name_of)


def read_message(
    message: Mapping[str, Any], options: SlackOptions, name_of: Callable[[str], str],
) -> AgentEvent | None:
    """A person's reply in a thread; None for bots, ours among them, edits, deletions, and the channel's own talk."""
    user, ts, thread = message.get("user"), message.get("ts"), message.get("thread_ts")
    at = moment(ts)
    spoken = message.get("subtype") in SPOKEN and not message.get("bot_id") and not message.get("hidden")
    if not spoken or not isinstance(user, str) or user in ("", "USLACKBOT") or at is None:
        return None
    if not isinstance(thread, str) or thread == ts:
        return None
    written = message.get("text")
    text = plain(written if isinstance(written, str) else "", message.get("blocks"), name_of)
    command = read_command(text)
    act, words = (command.act, command.words) if command else (Act.SAID, text)
    if act in (Act.SAID, Act.NOTED) and not words.strip():
        return None
    return AgentEvent("", act, f"{options.channel}:{ts}", user, name_of(user), words if act is not Act.CLAIMED else "",
                      thread_id(options.channel, thread), at)


def moment(ts: Any) -> datetime | None:
    """The time of Slack's `ts`; None if it is not one."""
    if not isinstance(ts, str) or not _TS.fullmatch(ts):
        return None
    seconds, _, fraction = ts.partition(".")
    try:
        return datetime.fromtimestamp(int(seconds), timezone.utc).replace(microsecond=int(f"{fraction:0<6}"[:6]))
    except (ValueError, OverflowError, OSError):
        return None


def _read_reaction(
    event: Mapping[str, Any], options: SlackOptions, name_of: Callable[[str], str],
) -> AgentEvent | None:
    item = event.get("item")
    user, ts = event.get("user"), item.get("ts") if isinstance(item, dict) else None
    if not isinstance(item, dict) or item.get("channel") != options.channel or moment(ts) is None:
        return None
    if event.get("reaction") != options.claim_reaction or not isinstance(user, str) or not user:
        return None
    key = f"reaction:{options.channel}:{ts}:{user}:{event.get('event_ts')}"
    return AgentEvent("", Act.CLAIMED, key, user, name_of(user), "", thread_id(options.channel, str(ts)),
                      moment(event.get("event_ts")))

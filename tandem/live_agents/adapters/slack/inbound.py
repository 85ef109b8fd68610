"""What Slack's events, and the messages of a thread, tell of agents."""
from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any

from tandem.live_agents.adapters.slack.config import SlackOptions
from tandem.live_agents.agent_commands import read_command
from tandem.live_agents.json_payloads import Json, mapping, parse, text
from tandem.live_agents.protocol import Act, AgentEvent, WebhookUnreadable
from tandem.live_agents.signatures import check_signature

SPOKEN = (None, "thread_broadcast", "me_message", "file_share")  # subtypes of what a person writes
SIGNATURE, TIMESTAMP = "x-slack-signature", "x-slack-request-timestamp"
_TS = re.compile(r"[0-9]{1,12}\.[0-9]{1,9}")
_MARK = re.compile(r"<([^<>\n]*)>")
_SCHEME = re.compile(r"^(https?://|mailto:|tel:)")


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> None:
    """Check a request at the moment `now` (seconds since 1970): `v0=` and the HMAC-SHA256 of `v0:<timestamp>:<body>`.

    Raises:
        WebhookRejected: The signature is missing or wrong, or the request too old.
    """
    version, _, digest = headers.get(SIGNATURE, "").partition("=")
    timestamp = headers.get(TIMESTAMP, "")
    check_signature(secret, f"v0:{timestamp}:".encode() + body, [digest] if version == "v0" else [], timestamp, now,
                    "X-Slack-Signature or X-Slack-Request-Timestamp is missing or not Slack's")


def envelope(body: bytes) -> Json:
    """Read the envelope of a request.

    Raises:
        WebhookUnreadable: It is not one of the Events API.
    """
    return parse(body, "; only the Events API is to be pointed here")


def delivery(data: Mapping[str, Any]) -> str:
    """Name a delivery: a retry (`X-Slack-Retry-Num`) has the same name.

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
    """Return the name of a thread: of its channel and its first message."""
    return f"{channel}:{ts}"


def read_event(event: Mapping[str, Any], options: SlackOptions, name_of: Callable[[str], str]) -> AgentEvent | None:
    """Read what an event tells of an agent's act, if anything."""
    if event.get("type") == "reaction_added":
        return _read_reaction(event, options, name_of)
    if event.get("type") != "message" or event.get("channel") != options.channel:
        return None
    return read_message(event, options, name_of)


def read_message(
    message: Mapping[str, Any], options: SlackOptions, name_of: Callable[[str], str],
) -> AgentEvent | None:
    """Return a person's reply in a thread.

    None for bots, ours among them, edits, deletions, and the channel's own talk.
    """
    user, ts, thread = message.get("user"), message.get("ts"), message.get("thread_ts")
    at = moment(ts)
    spoken = message.get("subtype") in SPOKEN and not message.get("bot_id") and not message.get("hidden")
    if not spoken or not isinstance(user, str) or user in ("", "USLACKBOT") or at is None:
        return None
    if not isinstance(thread, str) or thread == ts:
        return None
    written = plain(text(message.get("text")), message.get("blocks"), name_of)
    command = read_command(written)
    act, words = (command.act, command.words) if command else (Act.SAID, written)
    if act in (Act.SAID, Act.NOTED) and not words.strip():
        return None
    return AgentEvent("", act, f"{options.channel}:{ts}", user, name_of(user), words if act is not Act.CLAIMED else "",
                      thread_id(options.channel, thread), at)


def plain(written: str, blocks: Any, name_of: Callable[[str], str]) -> str:
    """Read what a person wrote, without Slack's notation.

    Args:
        blocks: The message's blocks, which tell the signs of its emoji.
        name_of: The display name of a user's id.
    """
    read, end = "", 0
    for mark in _MARK.finditer(written):
        read += _unescape(written[end:mark.start()]) + _marked(mark.group(1), name_of)
        end = mark.end()
    read += _unescape(written[end:])
    for token, sign in sorted(_emoji(blocks).items(), key=lambda one: -len(one[0])):
        read = read.replace(token, sign)
    return read


def moment(ts: Any) -> datetime | None:
    """Return the time of Slack's `ts`; None if it is not one."""
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
    item = mapping(event.get("item"))
    user, ts = event.get("user"), item.get("ts")
    if item.get("channel") != options.channel or moment(ts) is None:
        return None
    if event.get("reaction") != options.claim_reaction or not isinstance(user, str) or not user:
        return None
    key = f"reaction:{options.channel}:{ts}:{user}:{event.get('event_ts')}"
    return AgentEvent("", Act.CLAIMED, key, user, name_of(user), "", thread_id(options.channel, str(ts)),
                      moment(event.get("event_ts")))


def _unescape(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _marked(content: str, name_of: Callable[[str], str]) -> str:
    target, _, label = content.partition("|")
    label, address = _unescape(label), _unescape(target)
    if target.startswith("@"):
        return f"@{label or name_of(target[1:])}"
    if target.startswith("#"):
        return f"#{label or target[1:]}"
    if target.startswith("!"):
        return label or f"@{target[1:].partition('^')[0]}"
    bare = _SCHEME.sub("", address)
    if not label or label == address:
        return address if address.startswith("http") else bare
    return label if label.rstrip("/") == bare.rstrip("/") else f"{label} ({address})"


def _emoji(blocks: Any) -> Mapping[str, str]:
    """Return the emoji in a message's blocks: how they stand in the text, and their signs."""
    found: dict[str, str] = {}
    waiting = [blocks]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            waiting += [inner for inner in value.values() if isinstance(inner, (list, dict))]
            name, code = value.get("name"), value.get("unicode")
            if value.get("type") == "emoji" and isinstance(name, str) and isinstance(code, str):
                sign = _sign(code)
                tone = value.get("skin_tone")
                if sign:
                    found[f":{name}::skin-tone-{tone}:" if tone else f":{name}:"] = sign
    return found


def _sign(code: str) -> str:
    try:
        return "".join(chr(int(point, 16)) for point in code.split("-"))
    except (ValueError, OverflowError):
        return ""

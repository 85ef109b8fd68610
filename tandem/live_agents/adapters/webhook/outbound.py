"""What is sent to the integrator's address. The same event has the same bytes at each attempt."""
from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tandem.conversations.model import Handoff, Message

SCHEMA_VERSION = 1
TRANSCRIPT = 500_000  # characters of text that an opening carries, the newest


def opened(channel: str, handoff: Handoff, transcript: Sequence[Message]) -> Mapping[str, Any]:
    """Write `handoff.opened`: the handoff with its card and what was said before."""
    kept = _newest(transcript)
    return _event(f"{handoff.id}:opened", "handoff.opened", handoff.opened_at, channel, handoff, {
        "card": handoff.card.to_dict(),
        "transcript": [_message(message) for message in kept],
        "transcript_left_out": len(transcript) - len(kept),
    }, reason=handoff.reason, trigger=handoff.trigger, urgency=handoff.urgency,
        opened_at=handoff.opened_at.isoformat())


def created(channel: str, handoff: Handoff, message: Message) -> Mapping[str, Any]:
    """Write `message.created`: a word of the customer, or of an agent at the desk."""
    return _event(f"{handoff.id}:message:{message.seq}", "message.created", message.at, channel, handoff,
                  {"message": _message(message)})


def closed(channel: str, handoff: Handoff) -> Mapping[str, Any]:
    """Write `handoff.closed`: nobody need answer any more."""
    return _event(f"{handoff.id}:closed", "handoff.closed", handoff.closed_at or handoff.opened_at, channel, handoff,
                  {"outcome": handoff.outcome or "handed_back", "note_for_bot": handoff.note_for_bot})


def encode(event: Mapping[str, Any]) -> bytes:
    """Write the body: JSON in ASCII, numbers that JSON does not know as null."""
    finite = json.loads(json.dumps(event), parse_constant=lambda _: None)
    return json.dumps(finite, separators=(",", ":"), sort_keys=True).encode("ascii")


def _event(
    event_id: str, kind: str, at: datetime, channel: str, handoff: Handoff, content: Mapping[str, Any], **more: Any,
) -> Mapping[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION, "id": event_id, "type": kind, "at": at.isoformat(), "channel": channel,
        "handoff": {"id": handoff.id, "conversation_id": handoff.conversation_id, **more}, **content,
    }


def _message(message: Message) -> dict[str, Any]:
    return {"seq": message.seq, "author": message.author.value, "kind": message.kind.value, "name": message.name,
            "text": message.text, "at": message.at.isoformat(), "data": dict(message.data)}


def _newest(transcript: Sequence[Message]) -> Sequence[Message]:
    room = TRANSCRIPT
    for index in range(len(transcript) - 1, -1, -1):
        room -= len(transcript[index].text)
        if room < 0:
            return transcript[index + 1:]
    return transcript

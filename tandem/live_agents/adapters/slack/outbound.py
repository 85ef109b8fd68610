"""What is written into the agents' channel: an opening for each handoff, then the customer's words."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tandem.conversations.model import Handoff, Message
from tandem.live_agents.json_payloads import mapping
from tandem.live_agents.rendering import card_text, speaker, split_text, transcript_text

EVENT = "tandem_message"  # the type of the metadata that our messages carry
KEY, HANDOFF = "key", "handoff"
LIMIT = 3900  # characters of one message; Slack asks for fewer than 4000
_ESCAPED = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_TRANSCRIPT = 12_000  # characters
_SUMMARY = 600  # characters in the channel; the whole card stands in the thread
_ENDED = {"handed_back": "Closed: the customer is with the bot again.", "resolved": "Closed: resolved."}
_HELP = ("Reply in this thread: the customer reads it. !note is for colleagues, !claim takes the customer, "
         "!handback and !resolve end the talk (a line for the bot may follow); !say writes what begins with a command.")


def head_key(handoff: Handoff) -> str:
    """Return the key of the message that announces a handoff in the channel."""
    return f"{handoff.id}:head"


def head(handoff: Handoff) -> str:
    """Write the announcement in the channel."""
    who = " ".join((handoff.card.customer.name or "A customer").split())[:80]
    lines = [f"{who}: {handoff.reason}", handoff.card.summary, _HELP]
    return escape("\n".join(line[:_SUMMARY] for line in lines if line))


def opening(handoff: Handoff, transcript: Sequence[Message]) -> Iterator[tuple[str, str]]:
    """Write what stands in the thread first, in messages with their keys: the card, then what was said before."""
    yield from _keyed(f"{handoff.id}:card", card_text(handoff))
    yield from _keyed(f"{handoff.id}:transcript", transcript_text(transcript, _TRANSCRIPT))


def message_parts(handoff: Handoff, message: Message) -> Iterator[tuple[str, str]]:
    """Write one message after its speaker's name, in parts that Slack takes, with their keys."""
    return _keyed(f"{handoff.id}:{message.seq}", f"{speaker(message)}: {message.text}")


def closing(handoff: Handoff) -> tuple[str, str]:
    """Write the line that tells agents of an end, with its key."""
    return f"{handoff.id}:closed", _ENDED.get(handoff.outcome or "", _ENDED["handed_back"])


def metadata(handoff: Handoff, key: str) -> Mapping[str, Any]:
    """Return what a message of ours carries, to be found again."""
    return {"event_type": EVENT, "event_payload": {KEY: key, HANDOFF: handoff.id}}


def key_of(message: Mapping[str, Any]) -> str | None:
    """Return the key of a message of ours; None for all others."""
    found = mapping(message.get("metadata"))
    key = mapping(found.get("event_payload")).get(KEY) if found.get("event_type") == EVENT else None
    return key if isinstance(key, str) else None


def escape(text: str) -> str:
    """Escape a text so that Slack shows it as it is: without control sequences, no mention can come about."""
    return "".join(_ESCAPED.get(sign, sign) for sign in text)


def parts(text: str) -> Iterator[str]:
    """Split a text, escaped, into messages that Slack takes; parts of blanks alone, which it refuses, are left out."""
    return (escape(part) for part in split_text(text, LIMIT, _size) if part.strip())


def _keyed(key: str, text: str) -> Iterator[tuple[str, str]]:
    for number, part in enumerate(parts(text), 1):
        yield f"{key}:{number}", part


def _size(sign: str) -> int:
    return len(_ESCAPED.get(sign, sign)) + (ord(sign) > 0xFFFF)

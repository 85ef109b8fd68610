"""What is written into Sunshine Conversations: metadata with our ids, ticket fields, the opening as text."""
from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tandem.conversations.model import Handoff, Message
from tandem.live_agents.rendering import card_text, split_text, transcript_text

KEY = "tandem_key"  # in a message's metadata: what of ours the message is
HANDOFF = "tandem_handoff"
CONVERSATION = "tandem_conversation"
OWN = "tandem_own"  # in the metadata of a switchboard action: it was ours
MAX_TEXT = 4096  # characters of one message
MAX_METADATA = 4000  # bytes; the documented limit is 4 KB for keys and values
_TRANSCRIPT = 12_000  # characters
_VALUE = 1000  # characters of one ticket field
_PROFILE = 128  # characters of a name or an address
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,63}\.[^@\s.]{2,}")
_SYSTEM = "dataCapture.systemField."
_TICKET = "dataCapture.ticketField."

FIELDS: Mapping[str, Callable[[Handoff], Any]] = {  # what a ticket field can be filled with
    "handoff_id": lambda handoff: handoff.id,
    "conversation_id": lambda handoff: handoff.conversation_id,
    "reason": lambda handoff: handoff.reason,
    "trigger": lambda handoff: handoff.trigger,
    "urgency": lambda handoff: round(handoff.urgency, 2),
    "summary": lambda handoff: handoff.card.summary,
    "channel": lambda handoff: handoff.card.channel,
    "order": lambda handoff: handoff.card.orders[0].number if handoff.card.orders else None,
    "order_status": lambda handoff: handoff.card.orders[0].status if handoff.card.orders else None,
    "interrupted_flow": lambda handoff: handoff.card.interrupted_flow,
    "verified_by": lambda handoff: handoff.card.customer.verified_by,
}


def profile(handoff: Handoff) -> dict[str, str]:
    """Return the customer's profile, as far as they are known."""
    customer, found = handoff.card.customer, {}
    if customer.name.strip():
        found["givenName"] = customer.name.strip()[:_PROFILE]
    if len(customer.email) <= _PROFILE and _EMAIL.fullmatch(customer.email):
        found["email"] = customer.email
    return found


def ticket_metadata(handoff: Handoff, ticket_fields: Mapping[str, str], tags: Sequence[str]) -> dict[str, Any]:
    """Return the metadata with which agents get control.

    Ids, requester, tags, ticket fields; flat, within the limit.
    """
    known = profile(handoff)
    metadata: dict[str, Any] = {HANDOFF: handoff.id, CONVERSATION: handoff.conversation_id}
    if "givenName" in known:
        metadata[f"{_SYSTEM}requester.name"] = known["givenName"]
    if "email" in known:
        metadata[f"{_SYSTEM}requester.email"] = known["email"]
    if tags:
        metadata[f"{_SYSTEM}tags"] = ",".join(tags)
    for what, field_id in ticket_fields.items():
        value = FIELDS[what](handoff)
        if value not in (None, ""):
            metadata[f"{_TICKET}{field_id}"] = value if isinstance(value, (int, float)) else str(value)[:_VALUE]
    return within_limit(metadata)


def within_limit(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Cut the longest values of metadata until all of it is within the limit; our own ids are never cut."""
    kept = dict(metadata)
    while len(json.dumps(kept).encode()) > MAX_METADATA:
        texts = {key: value for key, value in kept.items()
                 if isinstance(value, str) and not key.startswith("tandem_") and value}
        longest = max(texts, key=lambda key: len(json.dumps(texts[key])), default=None)
        if longest is None:
            break
        kept[longest] = texts[longest][: len(texts[longest]) // 2]
    return kept


def opening(handoff: Handoff, transcript: Sequence[Message]) -> Iterator[tuple[str, str]]:
    """Write what agents read first, in messages with their keys: the card, then what was said before."""
    yield from parts(f"{handoff.id}:card", card_text(handoff))
    said = transcript_text(transcript, _TRANSCRIPT)
    if said:
        yield from parts(f"{handoff.id}:transcript", said)


def message_parts(handoff: Handoff, message: Message) -> Iterator[tuple[str, str]]:
    """Write one message in parts that are taken, with their keys."""
    return parts(f"{handoff.id}:{message.seq}", message.text)


def closing_key(handoff: Handoff) -> str:
    """Return the key of the line that tells agents of an end."""
    return f"{handoff.id}:closed"


def parts(key: str, text: str) -> Iterator[tuple[str, str]]:
    """Split a text into messages that are taken, with their keys; parts of blanks alone are left out."""
    for number, part in enumerate(split_text(text, MAX_TEXT), 1):
        if part.strip():
            yield f"{key}:{number}", part

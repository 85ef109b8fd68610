"""What the browser gets to see of a conversation: messages and the state, as JSON-ready data."""
from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from tandem.conversations.buttons import stamped
from tandem.conversations.ledger import Ledger
from tandem.conversations.model import Author, Conversation, Kind, Message, Owner
from tandem.conversations.queue import places

_SHOWN = ("image", "attachment", "custom", "elements", "event", "agent")
_WINDOW = 100  # messages looked through at a time for the name of the agent
_PLACES_TTL = 2.0  # seconds for which the queue's order is kept


def message_json(message: Message) -> dict[str, Any]:
    """Write a message for the customer. What agents and the bot keep to themselves stays out."""
    data = {key: message.data[key] for key in _SHOWN if message.data.get(key)}
    buttons = _buttons(message)
    if buttons:
        data["buttons"] = buttons
    return {
        "seq": message.seq, "author": message.author.value, "kind": message.kind.value, "name": message.name,
        "text": message.text, "at": message.at.isoformat(), "data": data,
        "client_id": message.client_id if message.author is Author.CUSTOMER else None,
    }


def state_json(
    conversation: Conversation, agent: str | None, bot_writing: bool, place: int | None, on_duty: bool = True,
) -> dict[str, Any]:
    """Return who answers the customer now, and who writes.

    Args:
        agent: The agent's name as customers see it, while an agent owns the conversation.
        bot_writing: Whether a bot turn is in progress.
        place: The place in the queue, from 1, while the conversation waits.
        on_duty: Whether there is somebody to wait for just now.
    """
    return {
        "owner": conversation.owner.value,
        "agent": agent,
        "typing": dict(zip(("author", "name"), conversation.typing)) if conversation.typing else None,
        "bot_writing": bot_writing and conversation.owner is Owner.BOT,
        "queue_position": place,
        "on_duty": on_duty,
    }


def agent_name(ledger: Ledger, conversation_id: str) -> str | None:
    """Read the name of the agent who joined or spoke last; blocking."""
    end = ledger.last_seq(conversation_id)
    while end > 0:
        start = max(0, end - _WINDOW)
        for message in reversed(ledger.messages(conversation_id, after=start, limit=end - start, for_customer=True)):
            if message.author is Author.AGENT and message.name:
                return message.name
            if message.kind is Kind.EVENT and message.data.get("event") == "agent_joined":
                return str(message.data.get("agent") or "") or None
        end = start
    return None


class Places:
    """Places in the queue for people, by how long each customer has waited.

    Agents may take a more urgent customer first, so a place is an honest guess and no promise. The order is read at
    most every `_PLACES_TTL` seconds, whatever the number of customers who watch it.
    """

    def __init__(self, ledger: Ledger, clock: Callable[[], float] = time.monotonic) -> None:
        self._ledger = ledger
        self._clock = clock
        self._read_at: float | None = None
        self._places: Mapping[str, int] = {}

    def of(self, conversation_id: str) -> int | None:
        """Return the place of a waiting conversation, from 1; None if it does not wait. Blocking."""
        stale = self._read_at is None or self._clock() - self._read_at > _PLACES_TTL
        if stale or conversation_id not in self._places:
            self._places = places(self._ledger)
            self._read_at = self._clock()
        return self._places.get(conversation_id)


def _buttons(message: Message) -> list[dict[str, str]]:
    found = []
    for button in stamped(message):
        if not button.get("title"):
            continue
        shown = {"title": str(button["title"])}
        for key in ("payload", "url"):
            if isinstance(button.get(key), str):
                shown[key] = button[key]
        if len(shown) > 1:
            found.append(shown)
    return found

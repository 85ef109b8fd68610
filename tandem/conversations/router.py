"""The router stands in front of the bot: every customer's message is in the ledger before anybody acts on it."""
from __future__ import annotations

from dataclasses import replace

from tandem.conversations.ledger import Ledger
from tandem.conversations.model import (
    Author,
    ConversationNotFound,
    InboundMessage,
    NotAllowed,
    Owner,
    Receipt,
)
from tandem.conversations.ownership import Ownership

BACK_TO_BOT = "/back_to_bot"  # the payload of the button that leaves the queue
_LOOK_BACK = 30  # messages in which a button's title is looked up
_LONGEST_TITLE = 80  # characters


class Router:
    """Decides who sees a customer's message."""

    def __init__(self, ledger: Ledger, ownership: Ownership) -> None:
        self._ledger = ledger
        self._ownership = ownership

    def receive(self, inbound: InboundMessage) -> Receipt:
        """Store a message and name its reader; blocking.

        A button's payload is stored under the title that the customer saw, with the payload beside it. A customer
        who waits for a person and presses "back to the assistant", or types it, leaves the queue.

        Raises:
            InvalidMessage: The message cannot be taken.
        """
        payload = inbound.data.get("payload") or self._typed_way_back(inbound) or inbound.text
        if isinstance(payload, str) and payload.startswith("/"):
            inbound = self._titled(inbound, payload)
            if payload.strip() == BACK_TO_BOT and not self._ledger.has_received(inbound):
                self._leave_queue(inbound)
        return self._ledger.receive(inbound)

    def _typed_way_back(self, inbound: InboundMessage) -> str | None:
        """The payload of the button that leaves the queue, if its words were typed: not every channel has buttons."""
        words = _bare(inbound.text) if isinstance(inbound.text, str) else ""
        if not words or len(words) > _LONGEST_TITLE:
            return None
        try:
            waits = self._ledger.conversation(inbound.conversation_id).owner is Owner.WAITING
        except ConversationNotFound:
            return None
        title = self._title_of(inbound.conversation_id, BACK_TO_BOT) if waits else None
        return BACK_TO_BOT if title and words == _bare(title) else None

    def _titled(self, inbound: InboundMessage, payload: str) -> InboundMessage:
        title = inbound.text if inbound.text != payload else self._title_of(inbound.conversation_id, payload)
        return replace(inbound, text=title or inbound.text, data={**inbound.data, "payload": payload})

    def _title_of(self, conversation_id: str, payload: str) -> str | None:
        try:
            seq = self._ledger.last_seq(conversation_id)
        except ConversationNotFound:
            return None
        for message in reversed(self._ledger.messages(conversation_id, after=max(0, seq - _LOOK_BACK))):
            if message.author is not Author.CUSTOMER:
                for button in message.data.get("buttons") or ():
                    if button.get("payload") == payload:
                        return str(button.get("title") or "") or None
        return None

    def _leave_queue(self, inbound: InboundMessage) -> None:
        try:
            if self._ledger.conversation(inbound.conversation_id).channel == inbound.channel:
                self._ownership.leave_queue(inbound.conversation_id)
        except (ConversationNotFound, NotAllowed):
            return  # nobody waits, or somebody was quicker: the message goes to whoever owns the conversation


def _bare(text: str) -> str:
    """Words alone: neither case nor signs around them matter to who types a title."""
    return " ".join("".join(c if c.isalnum() else " " for c in text.casefold()).split())

"""The router stands in front of the bot: every customer's message is in the ledger before anybody acts on it."""
from __future__ import annotations

from dataclasses import replace

from tandem.conversations.buttons import BACK_TO_BOT, ButtonPress, find_press, message_of
from tandem.conversations.ledger import Ledger
from tandem.conversations.model import (
    Conversation,
    ConversationNotFound,
    InboundMessage,
    Message,
    NotAllowed,
    Owner,
    Receipt,
)
from tandem.conversations.ownership import Ownership

_LOOK_BACK = 200  # messages in which a button is looked for; some channels leave old ones to be pressed
_LONGEST_TITLE = 80  # characters


class Router:
    """Decides who sees a customer's message."""

    def __init__(self, ledger: Ledger, ownership: Ownership) -> None:
        self._ledger = ledger
        self._ownership = ownership

    def receive(self, inbound: InboundMessage) -> Receipt:
        """Look the conversation up, and do what `receive_in` does; blocking."""
        return self.receive_in(self._ledger.find(inbound.conversation_id), inbound)

    def receive_in(self, conversation: Conversation | None, inbound: InboundMessage) -> Receipt:
        """Store a message of a conversation, None for a new one, and name its reader; blocking.

        A button that was offered in this conversation is stored under the title that the customer saw, with its
        payload beside it, and the number of the message that offered it; any other payload is dropped, for what
        customers write are words and never commands to the bot. Of an answer to a question that is no longer open the
        bot is told no more than that. A customer who waits for a person and presses "back to the assistant", or types
        it, leaves the queue.

        Raises:
            InvalidMessage: The message cannot be taken.
        """
        payload = inbound.data.get("payload") or self._typed_way_back(conversation, inbound) or inbound.text
        is_payload = isinstance(payload, str) and payload.startswith("/")
        press = self._offered(conversation, inbound, payload) if is_payload else None
        if press is None:
            words = {key: value for key, value in inbound.data.items() if key not in ("payload", "button_of")}
            return self._ledger.receive(replace(inbound, data=words))
        if press.payload == BACK_TO_BOT and not self._ledger.has_received(inbound):
            self._leave_queue(inbound)
        text = press.title if inbound.text == payload else inbound.text
        data = {**inbound.data, "payload": press.payload, "button_of": press.message}
        return self._ledger.receive(replace(inbound, text=text, data=data))

    def _offered(self, conversation: Conversation | None, inbound: InboundMessage, payload: str) -> ButtonPress | None:
        """Return the button with this payload; None if there was none.

        The way out of the queue stands open as long as the customer waits, whatever was said since it was offered.
        """
        press = find_press(self._recent(inbound.conversation_id, message_of(payload)), payload)
        if press is None and payload == BACK_TO_BOT and _is_waiting(conversation):
            return ButtonPress(payload, payload, 0)
        return press

    def _typed_way_back(self, conversation: Conversation | None, inbound: InboundMessage) -> str | None:
        """Return the payload of the button that leaves the queue, if its words were typed instead of pressed."""
        words = _bare(inbound.text) if isinstance(inbound.text, str) else ""
        if not words or len(words) > _LONGEST_TITLE:
            return None
        press = find_press(self._recent(inbound.conversation_id), BACK_TO_BOT) if _is_waiting(conversation) else None
        return BACK_TO_BOT if press and words == _bare(press.title) else None

    def _recent(self, conversation_id: str, number: int | None = None) -> list[Message]:
        """Read the latest messages, and message `number` before them if it is older."""
        try:
            first = max(0, self._ledger.last_seq(conversation_id) - _LOOK_BACK)
        except ConversationNotFound:
            return []
        older = self._ledger.messages(conversation_id, after=number - 1, limit=1) if number and number <= first else []
        return [*older, *self._ledger.messages(conversation_id, after=first)]

    def _leave_queue(self, inbound: InboundMessage) -> None:
        try:
            if self._ledger.conversation(inbound.conversation_id).channel == inbound.channel:
                self._ownership.leave_queue(inbound.conversation_id)
        except (ConversationNotFound, NotAllowed):
            return  # nobody waits, or somebody was quicker: the message goes to whoever owns the conversation


def _is_waiting(conversation: Conversation | None) -> bool:
    return conversation is not None and conversation.owner is Owner.WAITING


def _bare(text: str) -> str:
    """Reduce a text to its words: neither case nor signs matter to who types a title."""
    return " ".join("".join(c if c.isalnum() else " " for c in text.casefold()).split())

"""The bot's way out: every reply passes the ledger, which records it or fences it."""
from __future__ import annotations

import itertools
from typing import Any

from rasa.core.channels.channel import OutputChannel

from tandem.conversations.buttons import ASIDE
from tandem.conversations.channel_capabilities import ChannelCapabilities
from tandem.conversations.consent import QUESTION
from tandem.conversations.ledger import Ledger
from tandem.conversations.model import Message
from tandem.conversations.writing import write
from tandem.gateway.message_layout import legible_to, parts_of

KEPT = ("buttons", "quick_replies", "image", "attachment", "custom", "elements")


class DirectAnswer:
    """The answer to a customer's own request, on a channel that answers within it; no reply goes into it twice.

    Attributes:
        is_awaited: Whether the customer's side still waits for it.
        is_complete: All that was said to the message is in it, and noted in the ledger as answered.
    """

    def __init__(self, output: OutputChannel, capabilities: ChannelCapabilities, recipient: str = "") -> None:
        """
        Args:
            recipient: The customer as the channel knows them; the conversation's id if empty.
        """
        self._output = output
        self._recipient = recipient
        self._capabilities = capabilities
        self._taken: set[int] = set()
        self.is_awaited = True
        self.is_complete = False

    @property
    def taken(self) -> frozenset[int]:
        """Return the sequence numbers of the replies in the answer."""
        return frozenset(self._taken)

    def has(self, reply: Message) -> bool:
        """Check whether a reply is in the answer."""
        return reply.seq in self._taken

    async def take(self, reply: Message) -> None:
        """Put a recorded reply into the answer, unless it is there."""
        if not self.has(reply):
            recipient = self._recipient or reply.conversation_id
            for part in parts_of(reply, self._capabilities):
                await self._output.send_response(recipient, legible_to(self._output, part))
            self._taken.add(reply.seq)


class FencedOutput(OutputChannel):
    """Rasa's output channel during one bot turn.

    Args:
        ledger: Where replies are recorded.
        channel_name: The real channel's name, so that Rasa picks the response variation written for it.
        conversation_id: The conversation of this turn.
        epoch: The conversation's epoch when the turn began; None speaks for whatever epoch the bot owns now, which
            is what reminders and triggered intents need.
        reply_to: The customer's message this turn answers, if it answers one.
        answer: Where a recorded reply goes at once, for a channel that answers within the customer's request.
        on_recorded: Called with each reply that was recorded.
    """

    def __init__(
        self, ledger: Ledger, channel_name: str, conversation_id: str, epoch: int | None = None,
        reply_to: int | None = None, answer: DirectAnswer | None = None, on_recorded: Any = None,
    ) -> None:
        self._ledger = ledger
        self._channel_name = channel_name
        self._conversation_id = conversation_id
        self._epoch = epoch
        self._reply_to = reply_to
        self._answer = answer
        self._on_recorded = on_recorded
        self._count = itertools.count()
        self.spoke = False  # the bot had something to say, fenced or not

    def name(self) -> str:
        """Return the real channel's name."""
        return self._channel_name

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        """Record a reply, and pass it on if it was not fenced."""
        announces = message.get("announces")
        index = next(self._count)
        key = f"{self._reply_to}.{index}" if self._reply_to is not None else None
        if announces:
            key = f"{announces}.{message.get('utter_action', index)}"
        data = {name: message[name] for name in (*KEPT, QUESTION, ASIDE) if message.get(name)}
        text = str(message.get("text") or "")
        if not text and not data:
            return
        self.spoke = True
        recorded = await write(self._conversation_id, self._record, text, data, key, announces)
        if recorded is None:
            return
        if self._on_recorded is not None:
            self._on_recorded(recorded)
        if self._answer is not None:
            await self._answer.take(recorded)

    async def send_text_message(self, recipient_id: str, text: str, **kwargs: Any) -> None:
        """Record a plain text."""
        await self.send_response(recipient_id, {"text": text, **kwargs})

    def _record(self, text: str, data: dict[str, Any], key: str | None, announces: str | None) -> Message | None:
        epoch = self._epoch
        if epoch is None:
            epoch = self._ledger.conversation(self._conversation_id).epoch
        return self._ledger.record_bot_reply(
            self._conversation_id, epoch, text, data=data, reply_to=self._reply_to, key=key, announces=announces,
        )


class ProactiveOutput(OutputChannel):
    """Where the bot speaks without having been spoken to: to whatever conversation it still owns then."""

    def __init__(self, ledger: Ledger, channel_name: str, on_recorded: Any = None) -> None:
        self._ledger = ledger
        self._channel_name = channel_name
        self._on_recorded = on_recorded

    def name(self) -> str:
        """Return the real channel's name."""
        return self._channel_name

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        """Record what the bot says, or fence it."""
        fenced = FencedOutput(self._ledger, self._channel_name, recipient_id, on_recorded=self._on_recorded)
        await fenced.send_response(recipient_id, message)

    async def send_text_message(self, recipient_id: str, text: str, **kwargs: Any) -> None:
        """Record a plain text."""
        await self.send_response(recipient_id, {"text": text, **kwargs})

"""What customers are told of a message to which the bot has no reply: it failed, came too late, or is outdated."""
from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from tandem.conversations.buttons import ASIDE
from tandem.conversations.consent import Consents, Question
from tandem.conversations.ledger import Ledger
from tandem.conversations.model import Message, Receipt
from tandem.conversations.turn_queue import MAX_TRIES
from tandem.conversations.writing import write
from tandem.logs import about
from tandem.wording.phrases import notice

logger = logging.getLogger(__name__)


class TurnNotices:
    """Says notices in the bot's place, each once, and none in a conversation that people have.

    Args:
        recorded: Called with each message for the customer that is in the ledger.
    """

    def __init__(self, ledger: Ledger, recorded: Callable[[Message], None]) -> None:
        self._ledger = ledger
        self._recorded = recorded

    async def say_outdated(self, receipt: Receipt) -> None:
        """Tell the customer that a button's question is no longer open; the bot does not hear of it."""
        conversation, stored = receipt.conversation, receipt.message

        def say() -> Message | None:
            asked = self._ledger.messages(conversation.id, after=int(stored.data["button_of"]) - 1, limit=1)
            question = Question.of(asked[0]) if asked else None
            done = question is not None and any(
                act.done and act.question.id == question.id for act in Consents(self._ledger).acts(conversation.id))
            words = notice("outdated_button_done" if done else "outdated_button")
            return self._ledger.record_bot_reply(conversation.id, conversation.epoch, words, data={ASIDE: True},
                                                 reply_to=stored.seq, key=f"{stored.seq}.outdated")

        self._tell(await asyncio.to_thread(say))

    async def apologise(self, receipt: Receipt, reason: str, name: str = "trouble") -> None:
        """Tell the customer that this message finds no answer."""
        conversation, seq = receipt.conversation, receipt.message.seq
        logger.error("Turn %d %s", seq, reason, extra=about(conversation.id, conversation.epoch))
        if not receipt.for_bot:
            return  # the agents have the message

        def say() -> Message | None:
            if receipt.tries > MAX_TRIES and self._ledger.replies_to(conversation.id, seq):
                return None  # it was answered, but no try lived long enough to say so
            return self._ledger.record_bot_reply(conversation.id, conversation.epoch, self._apology(receipt, name),
                                                 reply_to=seq, key=f"{seq}.{name}")

        self._tell(await write(conversation.id, say))

    def _apology(self, receipt: Receipt, name: str) -> str:
        """Return the text of the notice; it says so if the customer's yes was acted upon before the turn broke off."""
        acts = Consents(self._ledger).acts(receipt.conversation.id)
        told = [notice("trouble_done" if act.done else "trouble_unsure", number=act.number)
                for act in reversed(acts) if act.seq == receipt.message.seq]
        return " ".join(told) or notice(name)

    def _tell(self, message: Message | None) -> None:
        if message is not None:
            self._recorded(message)

"""Reads customers' messages with Rasa's NLU, whoever has the conversation."""
from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

from rasa.core.agent import Agent

from tandem.conversations.feed import Feed
from tandem.conversations.ledger import Ledger
from tandem.conversations.model import Message
from tandem.conversations.writing import write
from tandem.gateway.bot_input import for_bot
from tandem.gateway.message_mood import read_mood
from tandem.gateway.waiting_customers import READ_SECONDS
from tandem.logs import about
from tandem.nlu.context_of_tracker import full_intent
from tandem.nlu.interpretation import INTERPRETATION
from tandem.rasa_ext.trackers import Standing, read_in_conversation

logger = logging.getLogger(__name__)


class MessageReader:
    """Reads messages, and notes the mood and the intent of each in the ledger.

    Args:
        agent: Rasa's agent; another one after it has loaded another model.
    """

    def __init__(self, ledger: Ledger, feed: Feed, agent: Callable[[], Agent]) -> None:
        self._ledger = ledger
        self._feed = feed
        self._agent = agent

    async def read_in_conversation(
        self, message: Message, agent: Agent, for_people: bool = False,
    ) -> tuple[dict[str, Any], Standing]:
        """Read a message, and tell how its conversation stood before it.

        Args:
            for_people: Whether people have the conversation, to whom the bot's choice of an intent says nothing.
        """
        text = for_bot(message)
        parse, standing = await read_in_conversation(agent, message.conversation_id, text)
        mood, intent = await read_mood(parse, text), full_intent(parse.get("intent") or {})
        await write(message.conversation_id, self._ledger.record_reading, message.conversation_id, message.seq, mood,
                    intent, None if for_people else parse.get(INTERPRETATION))
        self._feed.nudge(message.conversation_id)
        return parse, standing

    async def read_for_people(self, message: Message) -> Mapping[str, Any] | None:
        """Read a message that is not the bot's to answer; without a reading (None) it is still there for the agent."""
        try:
            parse, _ = await asyncio.wait_for(self.read_in_conversation(message, self._agent(), True), READ_SECONDS)
            return parse
        except Exception:
            logger.exception("Message %d could not be read", message.seq,
                             extra=about(message.conversation_id, message.epoch))
            return None

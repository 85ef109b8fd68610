"""What the bot does with one message: read it, give it to Rasa, and take up what the customer wants besides."""
from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from rasa.core.agent import Agent
from rasa.core.channels.channel import InputChannel, UserMessage

from tandem.conversations.buttons import OUTDATED
from tandem.conversations.ledger import Ledger
from tandem.conversations.model import Message, Owner, Receipt
from tandem.gateway.bot_input import for_bot, turn_metadata
from tandem.gateway.fenced_output import DirectAnswer, FencedOutput
from tandem.gateway.message_reader import MessageReader
from tandem.gateway.pending_wishes import MOST_TAKEN_UP, Plan, Wish, next_plan, plan, say_aside
from tandem.gateway.turn_notices import TurnNotices
from tandem.gateway.way_back import LEFT_OPEN, WayBack
from tandem.rasa_ext.tracker_store import MessageAlreadyHandled, answering
from tandem.rasa_ext.trackers import Standing, enter, leave_forms, parse_in_conversation, say_again

OnNewMessage = Callable[[UserMessage], Awaitable[Any]]
TURN_SECONDS = 45.0  # that Rasa may take for a message; then the customer is told, and the next message is handled


class BotTurns:
    """Puts messages through the bot. Run again after a crash, a turn gives nothing to Rasa twice.

    Args:
        agent: Rasa's agent; another one after it has loaded another model.
        recorded: Called with each message for the customer that is in the ledger.
        way_back: Finds what is to be answered where a customer wants no person.
    """

    def __init__(
        self, ledger: Ledger, agent: Callable[[], Agent], reader: MessageReader, notices: TurnNotices,
        recorded: Callable[[Message], None], way_back: WayBack,
    ) -> None:
        self._ledger = ledger
        self._agent = agent
        self._reader = reader
        self._notices = notices
        self._recorded = recorded
        self._way_back = way_back

    async def run(
        self, receipt: Receipt, channel: InputChannel, on_new_message: OnNewMessage, into: DirectAnswer | None,
        metadata: Mapping[str, Any],
    ) -> None:
        """Answer a message.

        Args:
            into: The answer to the customer's own request, on a channel that answers within it.
            metadata: What the channel knows beside the message, for the tracker.

        Raises:
            asyncio.TimeoutError: Rasa took longer than `TURN_SECONDS`.
        """
        conversation, stored, agent = receipt.conversation, receipt.message, self._agent()
        output = FencedOutput(
            self._ledger, channel.name(), conversation.id, conversation.epoch, stored.seq, into, self._recorded,
        )
        message = UserMessage(
            for_bot(stored), output, conversation.id, input_channel=channel.name(),
            message_id=f"{conversation.id}:{stored.seq}", metadata=dict(metadata),
        )
        # Rasa's own handler asks for the agent anew; a turn is answered by the model that has read it.
        handle = on_new_message if agent is self._agent() else agent.handle_message
        kept: Sequence[Wish] | None = ()
        if receipt.tries == 1 or not await self._say_again(agent, message):
            try:
                with answering(message.message_id):
                    kept = await self._give_to_bot(receipt, agent, message, handle)
            except MessageAlreadyHandled:
                await self._say_again(agent, message)
            if kept is None:
                return
        if kept or receipt.tries > 1:
            await self._take_up_kept(receipt, agent, message, dict(metadata), handle)
        if not output.spoke and await self._still_with_bot(receipt):
            await self._notices.apologise(receipt, "had nothing to say")

    async def _give_to_bot(
        self, receipt: Receipt, agent: Agent, message: UserMessage, handle: OnNewMessage,
    ) -> Sequence[Wish] | None:
        """Read the message, and give it to Rasa with what it is to know of it.

        Returns:
            The wishes that are kept for later; None if the message is not for the bot.
        """
        conversation_id, flow = receipt.conversation.id, None
        if receipt.handed_back is not None:
            left = await leave_forms(agent, conversation_id)
            flow = left or receipt.handed_back.card.interrupted_flow
        if receipt.message.data.get("payload") == OUTDATED:
            await self._notices.say_outdated(receipt)
            return None
        whole, standing = await self._reader.read_in_conversation(receipt.message, agent)
        read = functools.partial(parse_in_conversation, agent, conversation_id)
        text, parse = await self._way_back.read(receipt, str(message.text), whole, read)
        told, reopened = await self._way_back.reopened(receipt, parse, read)
        planned = await plan(agent, conversation_id, receipt.message.seq, text, parse,
                             standing if receipt.handed_back is None else Standing())
        planned = replace(planned, kept=(*planned.kept, *reopened))
        await say_aside(message.output_channel, conversation_id, planned.says)
        if planned.only_drops:
            handle = functools.partial(enter, agent)
        facts = {**turn_metadata(receipt, flow), **({LEFT_OPEN: told} if told else {})}
        await _give(message, planned, message.metadata or {}, facts, handle)
        return planned.kept

    async def _take_up_kept(
        self, receipt: Receipt, agent: Agent, first: UserMessage, metadata: Mapping[str, Any], handle: OnNewMessage,
    ) -> None:
        """Let the bot see what the customer wants besides, once it has finished what came first."""
        conversation_id, output = receipt.conversation.id, first.output_channel
        for number in range(2, MOST_TAKEN_UP + 2):
            message = UserMessage("", output, conversation_id, input_channel=first.input_channel,
                                  message_id=f"{first.message_id}.{number}")
            if receipt.tries > 1 and await self._say_again(agent, message):
                continue
            planned = await next_plan(agent, conversation_id, receipt.message.seq)
            if planned is None or not await self._still_with_bot(receipt):
                return
            with answering(message.message_id):
                await say_aside(output, conversation_id, planned.says)
                await _give(message, planned, metadata, turn_metadata(replace(receipt, handed_back=None), None), handle)

    async def _say_again(self, agent: Agent, message: UserMessage) -> bool:
        """Say what was said to a message that the tracker holds; False if it does not."""
        output, conversation_id = message.output_channel, message.sender_id
        return await say_again(agent, conversation_id, message.message_id, output,
                               functools.partial(say_aside, output, conversation_id))

    async def _still_with_bot(self, receipt: Receipt) -> bool:
        """Check whether the conversation is still the bot's, and was all the while."""
        now = await asyncio.to_thread(self._ledger.conversation, receipt.conversation.id)
        return now.owner is Owner.BOT and now.epoch == receipt.conversation.epoch


async def _give(
    message: UserMessage, planned: Plan, metadata: Mapping[str, Any], facts: Mapping[str, Any], handle: OnNewMessage,
) -> None:
    message.text, message.parse_data = planned.text, dict(planned.parse)
    message.metadata = {**metadata, "tandem": {**facts, **planned.facts}}
    await asyncio.wait_for(handle(message), TURN_SECONDS)

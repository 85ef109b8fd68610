"""The bot's turns of one Rasa server: in order within a conversation, alive while they run, taken over if they died."""
from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from rasa.core.agent import Agent
from rasa.core.channels.channel import InputChannel, UserMessage
from sqlalchemy.exc import SQLAlchemyError

from tandem.channels.action_endpoint import equip
from tandem.channels.engine import tune
from tandem.channels.moods import mood_of
from tandem.channels.output import Answer, FencedOutput
from tandem.channels.tasks import Tasks
from tandem.channels.trackers import leave_forms
from tandem.channels.words import for_bot
from tandem.conversations.ledger import TURN_LEASE, Ledger
from tandem.conversations.model import Message, Owner, Receipt
from tandem.faults import fault
from tandem.handoff.notices import notice
from tandem.logs import about

logger = logging.getLogger(__name__)

OnNewMessage = Callable[[UserMessage], Awaitable[Any]]
MAX_TRIES = 3  # how often an interrupted or failing bot turn is run


class Turns:
    """Gives customers' messages to the bot, and reads those that are not the bot's to answer.

    Args:
        agent: Rasa's agent; another one after it has loaded another model.
        tasks: Where turns run.
        nudge: Called with a conversation of which something has changed.
        recorded: Called with each message for the customer that is in the ledger.
    """

    def __init__(
        self, ledger: Ledger, agent: Callable[[], Agent], tasks: Tasks, nudge: Callable[[str], None],
        recorded: Callable[[Message], None],
    ) -> None:
        self._ledger = ledger
        self._agent = agent
        self._tasks = tasks
        self._nudge = nudge
        self._recorded = recorded
        self._running: dict[tuple[str, int], asyncio.Task[None]] = {}
        self._latest: dict[str, asyncio.Task[None]] = {}  # the last turn begun, by conversation

    def begin(
        self, receipt: Receipt, channel: InputChannel, on_new_message: OnNewMessage, into: Answer | None,
        metadata: Mapping[str, Any] | None,
    ) -> asyncio.Task[None]:
        """Begin what follows on a stored message, in the background.

        Args:
            into: The answer to the customer's own request, on a channel that answers within it.
            metadata: What the channel knows beside the message, for the tracker.
        """
        if not receipt.for_bot:
            return self._tasks.spawn(self._read_only(receipt.message))
        conversation_id = receipt.conversation.id
        key = (conversation_id, receipt.message.seq)
        previous = self._latest.get(conversation_id)
        task = self._tasks.spawn(self._turn(receipt, channel, on_new_message, into, metadata or {}, previous))
        self._running[key] = self._latest[conversation_id] = task

        def ended(_: asyncio.Task[None]) -> None:
            self._running.pop(key, None)
            if self._latest.get(conversation_id) is task:
                del self._latest[conversation_id]
            self._nudge(conversation_id)

        task.add_done_callback(ended)
        self._nudge(conversation_id)
        return task

    def running(self, conversation_id: str, seq: int) -> asyncio.Task[None] | None:
        """The turn of this message, if it is in progress here."""
        return self._running.get((conversation_id, seq))

    def in_progress(self, conversation_id: str) -> bool:
        """Whether a turn of this conversation is in progress here."""
        return conversation_id in self._latest

    async def _turn(
        self, receipt: Receipt, channel: InputChannel, on_new_message: OnNewMessage, into: Answer | None,
        metadata: Mapping[str, Any], previous: asyncio.Task[None] | None,
    ) -> None:
        """One message through the bot, after the turns before it: a customer's words are handled in their order."""
        conversation, stored = receipt.conversation, receipt.message
        alive = self._tasks.spawn(self._keep_alive(stored))
        try:
            if previous is not None:
                await asyncio.wait([previous])
                if not await self._still_with_bot(receipt):
                    await self._read_only(stored)
                    return
            if receipt.tries > MAX_TRIES:
                await self._give_up(receipt)
                return
            flow = None
            if receipt.handed_back is not None:
                left = await leave_forms(self._agent(), conversation.id)
                flow = left or receipt.handed_back.card.get("interrupted_flow")
            output = FencedOutput(
                self._ledger, channel.name(), conversation.id, conversation.epoch, stored.seq, into, self._recorded,
            )
            message = UserMessage(
                for_bot(stored), output, conversation.id, input_channel=channel.name(),
                message_id=f"{conversation.id}:{stored.seq}",
                metadata={**metadata, "tandem": _turn_metadata(receipt, flow)},
            )
            message.parse_data = await self._read(stored)
            fault("turn.before_bot")
            await on_new_message(message)
            fault("turn.after_bot")
            if not output.spoke and await self._still_with_bot(receipt):
                await self._apologise(receipt, "had nothing to say")
        except Exception:
            logger.exception("Bot turn %d failed", stored.seq, extra=about(conversation.id, conversation.epoch))
            if receipt.tries < MAX_TRIES:
                return  # the lease runs out, and the turn is taken over
            await self._give_up(receipt)
            return
        finally:
            alive.cancel()
        await self._finish(stored)

    async def _still_with_bot(self, receipt: Receipt) -> bool:
        """Whether the turns before this one have left the conversation to the bot."""
        now = await asyncio.to_thread(self._ledger.conversation, receipt.conversation.id)
        if now.owner is Owner.BOT and now.epoch == receipt.conversation.epoch:
            return True
        await self._finish(receipt.message)
        return False

    async def _give_up(self, receipt: Receipt) -> None:
        await self._apologise(receipt, "is given up")
        await self._finish(receipt.message)

    async def _apologise(self, receipt: Receipt, why: str) -> None:
        """Tell the customer that this message finds no answer."""
        conversation, seq = receipt.conversation, receipt.message.seq
        logger.error("Bot turn %d %s", seq, why, extra=about(conversation.id, conversation.epoch))
        told = await asyncio.to_thread(
            self._ledger.record_bot_reply, conversation.id, conversation.epoch, notice("trouble"),
            reply_to=seq, key=f"{seq}.trouble",
        )
        if told is not None:
            self._recorded(told)

    async def _finish(self, message: Message) -> None:
        try:
            await asyncio.to_thread(self._ledger.finish_turn, message.conversation_id, message.seq)
        except SQLAlchemyError:
            # The turn is run again when its lease runs out; what it has said is not said twice.
            logger.exception("The end of bot turn %d was not written down", message.seq,
                             extra=about(message.conversation_id, message.epoch))

    async def _read_only(self, message: Message) -> None:
        """Read a message that is not the bot's to answer; without a reading it is still there for the agent."""
        try:
            await self._read(message)
        except Exception:
            logger.exception("Message %d could not be read", message.seq,
                             extra=about(message.conversation_id, message.epoch))

    async def _read(self, message: Message) -> Any:
        """Let the NLU read a message and note its mood in the ledger, whoever owns the conversation."""
        agent = self._agent()
        equip(agent)
        tune(agent)
        text = for_bot(message)
        parse = await agent.parse_message(text)

        def note() -> None:
            intent = (parse.get("intent") or {}).get("name")
            self._ledger.record_reading(message.conversation_id, message.seq, mood_of(parse, text), intent)

        await asyncio.to_thread(note)
        self._nudge(message.conversation_id)
        return parse

    async def _keep_alive(self, message: Message) -> None:
        while True:
            await asyncio.sleep(TURN_LEASE.total_seconds() / 4)
            try:
                await asyncio.to_thread(self._ledger.renew_turn, message.conversation_id, message.seq)
            except SQLAlchemyError:
                logger.exception("The lease of bot turn %d was not renewed; tried again", message.seq,
                                 extra=about(message.conversation_id, message.epoch))


def _turn_metadata(receipt: Receipt, flow: str | None) -> dict[str, Any]:
    """What the dialogue is told beside the message; `flow` is the form that a person's coming interrupted."""
    conversation, handed_back = receipt.conversation, receipt.handed_back
    facts: dict[str, Any] = {
        "seq": receipt.message.seq, "epoch": conversation.epoch, "identified": conversation.identity is not None,
    }
    if handed_back is not None:
        facts["handed_back"] = {
            "outcome": handed_back.outcome, "note_for_bot": handed_back.note_for_bot,
            "agent": handed_back.claimed_by, "reason": handed_back.reason, "resume": handed_back.resume, "flow": flow,
        }
    return facts

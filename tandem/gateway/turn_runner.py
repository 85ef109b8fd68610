"""The bot's turns of one Rasa server: each after those before it, alive while it runs, taken over if it died."""
from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from rasa.core.agent import Agent
from rasa.core.channels.channel import InputChannel
from sqlalchemy.exc import SQLAlchemyError

from tandem.conversations.feed import Feed
from tandem.conversations.ledger import Ledger
from tandem.conversations.model import Message, Owner, Receipt
from tandem.conversations.turn_queue import DONE, FAILED, LATE, MAX_TRIES, TURN_LEASE, TurnQueue, is_for_bot
from tandem.conversations.writing import write
from tandem.gateway.bot_input import turn_metadata
from tandem.gateway.bot_turn import BotTurns, OnNewMessage
from tandem.gateway.fenced_output import DirectAnswer
from tandem.gateway.message_reader import MessageReader
from tandem.gateway.tasks import Tasks
from tandem.gateway.turn_notices import TurnNotices
from tandem.gateway.waiting_customers import WaitingCustomers
from tandem.gateway.way_back import WayBack
from tandem.logs import about
from tandem.rasa_ext.asides import said_aside
from tandem.rasa_ext.install import install_all

logger = logging.getLogger(__name__)

RETRY_PAUSES = (timedelta(seconds=1), timedelta(seconds=5))  # before a failed turn is run again
LOOK_AGAIN = 1.0  # seconds after which a turn that waits asks again, if nothing wakes it


class TurnRunner:
    """Runs the turns of customers' messages: the bot's, and the answers to those who wait for a person.

    Args:
        agent: Rasa's agent; another one after it has loaded another model.
        tasks: Where turns run.
        feed: Tells when the turns before one have ended, in whatever process they run.
        recorded: Called with each message for the customer that is in the ledger.
        waiting: Answers those who wait for a person.
        way_back: Finds what is to be answered where a customer wants no person.
    """

    def __init__(
        self, ledger: Ledger, agent: Callable[[], Agent], tasks: Tasks, feed: Feed,
        recorded: Callable[[Message], None], waiting: WaitingCustomers, way_back: WayBack,
    ) -> None:
        self._ledger = ledger
        self._queue = TurnQueue(ledger)
        self._agent = agent
        self._tasks = tasks
        self._feed = feed
        self._recorded = recorded
        self._waiting = waiting
        self._reader = MessageReader(ledger, feed, self._equipped_agent)
        self._notices = TurnNotices(ledger, recorded)
        self._bot = BotTurns(ledger, self._equipped_agent, self._reader, self._notices, recorded, way_back)
        self._running: dict[tuple[str, int], asyncio.Task[None]] = {}

    def begin(
        self, receipt: Receipt, channel: InputChannel, on_new_message: OnNewMessage, into: DirectAnswer | None,
        metadata: Mapping[str, Any] | None,
    ) -> asyncio.Task[None]:
        """Begin what follows on a stored message, in the background.

        Args:
            into: The answer to the customer's own request, on a channel that answers within it.
            metadata: What the channel knows beside the message, for the tracker.
        """
        if not receipt.for_bot and receipt.conversation.owner is not Owner.WAITING:
            return self._tasks.spawn(self._reader.read_for_people(receipt.message))
        conversation_id = receipt.conversation.id
        key = (conversation_id, receipt.message.seq)
        turn = self._turn(receipt, channel, on_new_message, into, metadata or {})
        task = self._tasks.spawn(self._held(receipt, turn))
        self._running[key] = task

        def ended(_: asyncio.Task[None]) -> None:
            if self._running.get(key) is task:
                del self._running[key]
            self._feed.nudge(conversation_id)

        task.add_done_callback(ended)
        self._feed.nudge(conversation_id)
        return task

    def running(self, conversation_id: str, seq: int) -> asyncio.Task[None] | None:
        """Return the turn of this message, if it is in progress here."""
        return self._running.get((conversation_id, seq))

    def held(self) -> frozenset[tuple[str, int]]:
        """Return the turns (conversation id, seq) that are in progress here, or wait here for those before them."""
        return frozenset(self._running)

    def in_progress(self, conversation_id: str) -> bool:
        """Check whether a turn of this conversation is in progress here."""
        return any(running == conversation_id for running, _ in self._running)

    async def _held(self, receipt: Receipt, turn: Coroutine[Any, Any, None]) -> None:
        """Run a turn and renew its lease meanwhile; stop it if another worker has taken it over."""
        working = self._tasks.spawn(turn)
        alive = self._tasks.spawn(self._keep_alive(receipt, working))
        try:
            await asyncio.wait([working])
        finally:
            alive.cancel()
            working.cancel()

    async def _turn(
        self, receipt: Receipt, channel: InputChannel, on_new_message: OnNewMessage, into: DirectAnswer | None,
        metadata: Mapping[str, Any],
    ) -> None:
        """Put one message through the bot after the turns before it: a customer's words are handled in their order."""
        how = DONE
        try:
            if receipt.waits:
                await self._wait_in_line(receipt.message)
                receipt = await self._as_it_stands(receipt)
            if not receipt.for_bot:
                left = await self._for_people(receipt, channel, into)
                if left is None:
                    await self._finish(receipt, into)
                    return
                receipt = left
            if receipt.too_late:
                how = LATE
                await self._notices.apologise(receipt, "is too old to be answered", "too_late")
            elif receipt.tries > MAX_TRIES:
                how = FAILED
                await self._notices.apologise(receipt, "is given up")
            else:
                await self._bot.run(receipt, channel, on_new_message, into, metadata)
        except asyncio.TimeoutError:
            # Run again it would take as long again, and the customer has waited long enough.
            how = FAILED
            await self._notices.apologise(receipt, "took too long and was stopped")
        except Exception:
            logger.exception("Bot turn %d failed", receipt.message.seq, extra=_about(receipt))
            if receipt.tries < MAX_TRIES:
                await self._give_back(receipt)
                return
            how = FAILED
            await self._notices.apologise(receipt, "is given up")
        await self._finish(receipt, into, how)

    async def _wait_in_line(self, message: Message) -> None:
        """Wait until all earlier messages of the conversation are dealt with, whichever worker has them."""
        with self._feed.watch(message.conversation_id) as changed:
            while await asyncio.to_thread(self._queue.waits, message.conversation_id, message.seq):
                # Not `wait_for`: it swallows a cancellation that comes as the event is set.
                alarm = asyncio.get_running_loop().call_later(LOOK_AGAIN, changed.set)
                await changed.wait()
                alarm.cancel()
                changed.clear()

    async def _as_it_stands(self, receipt: Receipt) -> Receipt:
        """Read the receipt anew after a wait: the owner may have changed, or the message be in other hands."""
        message = receipt.message

        def look() -> Receipt:
            conversation = self._ledger.conversation(message.conversation_id)
            [stored] = self._ledger.messages(message.conversation_id, after=message.seq - 1, limit=1)
            for_bot = is_for_bot(conversation.owner.value, conversation.epoch, stored)
            return replace(receipt, conversation=conversation, message=stored, for_bot=for_bot)

        return await asyncio.to_thread(look)

    async def _for_people(self, receipt: Receipt, channel: InputChannel, into: DirectAnswer | None) -> Receipt | None:
        """Read a message that is not the bot's, and answer it if its customer waits.

        Returns:
            What the bot is to see, if the customer leaves the queue with this message.
        """
        conversation_id, agent = receipt.conversation.id, self._equipped_agent()
        if receipt.tries > MAX_TRIES:
            whole = None  # to read it may be what ended the process
        else:
            whole = await self._reader.read_for_people(receipt.message)

        async def ask(action: str, parse: Mapping[str, Any]) -> list[tuple[str, str]]:
            return await said_aside(
                agent, conversation_id, action, parse, f"{conversation_id}:{receipt.message.seq}",
                {"tandem": turn_metadata(receipt, None)}, channel.name())

        answer = await self._waiting.answer(receipt, whole, agent.parse_message, ask)
        if isinstance(answer, Receipt):
            return answer
        if answer is not None:
            self._recorded(answer)
            if into is not None:
                await into.take(answer)
        return None

    async def _finish(self, receipt: Receipt, into: DirectAnswer | None, outcome: str = DONE) -> None:
        message = receipt.message
        of_this = (message.conversation_id, message.seq, receipt.tries, outcome)
        try:
            if into is not None and into.is_awaited and into.taken:
                into.is_complete = await write(
                    message.conversation_id, self._queue.finish_answered, *of_this, into.taken)
            else:
                await write(message.conversation_id, self._queue.finish, *of_this)
        except SQLAlchemyError:
            # The turn is taken over when its lease runs out; what it has said is not said twice.
            logger.exception("The end of bot turn %d was not written down", message.seq, extra=_about(receipt))

    async def _give_back(self, receipt: Receipt) -> None:
        message, pause = receipt.message, RETRY_PAUSES[receipt.tries - 1]
        try:
            await write(message.conversation_id, self._queue.give_back, message.conversation_id, message.seq,
                        receipt.tries, pause)
        except SQLAlchemyError:
            logger.exception("Bot turn %d is run again when its lease runs out", message.seq, extra=_about(receipt))

    def _equipped_agent(self) -> Agent:
        agent = self._agent()
        install_all(agent)
        return agent

    async def _keep_alive(self, receipt: Receipt, working: asyncio.Task[None]) -> None:
        message = receipt.message
        while True:
            await asyncio.sleep(TURN_LEASE.total_seconds() / 4)
            try:
                held = await asyncio.to_thread(
                    self._queue.renew, message.conversation_id, message.seq, receipt.tries)
            except SQLAlchemyError:
                logger.exception("The lease of bot turn %d was not renewed; tried again", message.seq,
                                 extra=_about(receipt))
                continue
            if not held:
                logger.warning("Bot turn %d is over or in other hands, and stops here", message.seq,
                               extra=_about(receipt))
                working.cancel()
                return


def _about(receipt: Receipt) -> dict[str, Any]:
    return about(receipt.conversation.id, receipt.conversation.epoch)

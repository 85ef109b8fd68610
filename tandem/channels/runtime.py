"""What the channels of one Rasa server share: the ledger, the running bot turns, the deliveries."""
from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

from rasa.core.channels.channel import InputChannel, OutputChannel, UserMessage
from sanic import Sanic
from sqlalchemy.exc import SQLAlchemyError

from tandem.channels.action_endpoint import equip, unequip
from tandem.channels.deliverer import Deliverer
from tandem.channels.engine import tune
from tandem.channels.moods import mood_of
from tandem.channels.output import Answer, FencedOutput
from tandem.channels.trackers import leave_forms
from tandem.channels.words import for_bot
from tandem.conversations.feed import Feed
from tandem.conversations.ledger import TURN_LEASE
from tandem.conversations.model import (
    Delivery,
    InboundMessage,
    Message,
    Owner,
    Receipt,
)
from tandem.faults import fault
from tandem.handoff.notices import notice
from tandem.logs import about, configure
from tandem.services import Services, open_services
from tandem.settings import Settings, load

logger = logging.getLogger(__name__)

OnNewMessage = Callable[[UserMessage], Awaitable[Any]]
MAX_TRIES = 3  # how often an interrupted or failing bot turn is run
_ADOPT_EVERY = 2.0  # seconds between looks for turns whose process died
_STOP_PATIENCE = 8.0  # seconds; longer than the deliverer lets its last sends take


class Runtime:
    """One per Rasa server process, kept on the Sanic application."""

    def __init__(self, app: Sanic, settings: Settings, services: Services) -> None:
        self.settings = settings
        self.services = services
        self.ledger = services.ledger
        self.ownership = services.ownership
        self.router = services.router
        self.deliveries = services.deliveries
        self.feed = Feed(services.ledger)
        self.channels: dict[str, tuple[InputChannel, OnNewMessage]] = {}
        self.deliverer = Deliverer(services.deliveries, self._output_for, self.feed.nudge)
        self._app = app
        self._turns: dict[tuple[str, int], asyncio.Task[None]] = {}
        self._latest: dict[str, asyncio.Task[None]] = {}  # the last turn begun, by conversation
        self._started = False
        self._tasks: set[asyncio.Task[Any]] = set()

    @classmethod
    def of(cls, app: Sanic) -> Runtime:
        """The application's runtime, made when first asked for."""
        runtime: Runtime | None = getattr(app.ctx, "tandem", None)
        if runtime is None:
            settings = load()
            configure(settings.log_format, settings.log_level)
            runtime = cls(app, settings, open_services(settings))
            app.ctx.tandem = runtime
        return runtime

    def add_channel(self, channel: InputChannel, on_new_message: OnNewMessage) -> None:
        """Register a channel, so that deliveries and interrupted turns find their way back to it."""
        self.channels[channel.name()] = (channel, on_new_message)

    async def start(self) -> None:
        """Begin to watch the ledger, to deliver, and to take over interrupted turns. Safe to call again."""
        if not self._started:  # a request may have come, and its turn begun, before the server says it is up
            self._started = True
            self.feed.start()
            self._spawn(self.deliverer.run(lambda: tuple(self.channels)))
            self._spawn(self._adopt())

    async def stop(self) -> None:
        """Stop watching and delivering; open turns are taken over by whoever starts next."""
        while self._tasks:  # a library may swallow a cancellation; then it is asked again
            for task in list(self._tasks):
                task.cancel()
            await asyncio.wait(list(self._tasks), timeout=_STOP_PATIENCE)
        await self.feed.stop()
        await unequip(getattr(self._app.ctx, "agent", None))
        self._started = False

    async def receive(self, inbound: InboundMessage) -> Receipt:
        """Store what a customer wrote.

        Raises:
            InvalidMessage: The message cannot be taken.
        """
        receipt = await asyncio.to_thread(self.router.receive, inbound)
        now = receipt.conversation
        logger.info("Message %d received, for %s", receipt.message.seq, now.owner.value, extra=about(now.id, now.epoch))
        self.feed.nudge(inbound.conversation_id)
        return receipt

    def dispatch(
        self, receipt: Receipt, channel: InputChannel, on_new_message: OnNewMessage,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Begin what follows on a stored message, in the background; never raises."""
        if not receipt.duplicate:
            self._begin(receipt, channel, on_new_message, None, metadata)

    async def answer(
        self, receipt: Receipt, channel: InputChannel, on_new_message: OnNewMessage,
        into: Answer | None = None, metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Do what follows on a stored message, and wait for it. A repeated message is not answered again."""
        key = (receipt.conversation.id, receipt.message.seq)
        if receipt.duplicate:
            if key in self._turns:
                await asyncio.shield(self._turns[key])
            return
        # A client that hangs up must not stop the turn.
        await asyncio.shield(self._begin(receipt, channel, on_new_message, into, metadata))

    def bot_is_writing(self, conversation_id: str) -> bool:
        """Whether a bot turn of this conversation is in progress in this process."""
        return conversation_id in self._latest

    # -- turns ------------------------------------------------------------------------------------------------

    def _begin(
        self, receipt: Receipt, channel: InputChannel, on_new_message: OnNewMessage, into: Answer | None,
        metadata: Mapping[str, Any] | None,
    ) -> asyncio.Task[None]:
        if not receipt.for_bot:
            return self._spawn(self._read_only(receipt.message))
        conversation_id = receipt.conversation.id
        key = (conversation_id, receipt.message.seq)
        previous = self._latest.get(conversation_id)
        task = self._spawn(self._turn(receipt, channel, on_new_message, into, metadata or {}, previous))
        self._turns[key] = self._latest[conversation_id] = task

        def ended(_: asyncio.Task[None]) -> None:
            self._turns.pop(key, None)
            if self._latest.get(conversation_id) is task:
                del self._latest[conversation_id]
            self.feed.nudge(conversation_id)

        task.add_done_callback(ended)
        self.feed.nudge(conversation_id)
        return task

    async def _turn(
        self, receipt: Receipt, channel: InputChannel, on_new_message: OnNewMessage, into: Answer | None,
        metadata: Mapping[str, Any], previous: asyncio.Task[None] | None,
    ) -> None:
        """One message through the bot, after the turns before it: a customer's words are handled in their order."""
        conversation, stored = receipt.conversation, receipt.message
        alive = self._spawn(self._keep_alive(stored))
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
                left = await leave_forms(self._app.ctx.agent, conversation.id)
                flow = left or receipt.handed_back.card.get("interrupted_flow")
            output = FencedOutput(
                self.ledger, channel.name(), conversation.id, conversation.epoch, stored.seq, into, self.recorded,
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
        now = await asyncio.to_thread(self.ledger.conversation, receipt.conversation.id)
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
            self.ledger.record_bot_reply, conversation.id, conversation.epoch, notice("trouble"),
            reply_to=seq, key=f"{seq}.trouble",
        )
        if told is not None:
            self.recorded(told)

    async def _finish(self, message: Message) -> None:
        try:
            await asyncio.to_thread(self.ledger.finish_turn, message.conversation_id, message.seq)
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
        agent = self._app.ctx.agent
        equip(agent)
        tune(agent)
        text = for_bot(message)
        parse = await agent.parse_message(text)

        def note() -> None:
            intent = (parse.get("intent") or {}).get("name")
            self.ledger.record_reading(message.conversation_id, message.seq, mood_of(parse, text), intent)

        await asyncio.to_thread(note)
        self.feed.nudge(message.conversation_id)
        return parse

    def recorded(self, message: Message) -> None:
        """A message for the customer is in the ledger: wake whoever brings it to them."""
        self.feed.nudge(message.conversation_id)
        if message.delivery is Delivery.PENDING:
            self.deliverer.nudge()

    async def _keep_alive(self, message: Message) -> None:
        while True:
            await asyncio.sleep(TURN_LEASE.total_seconds() / 4)
            try:
                await asyncio.to_thread(self.ledger.renew_turn, message.conversation_id, message.seq)
            except SQLAlchemyError:
                logger.exception("The lease of bot turn %d was not renewed; tried again", message.seq,
                                 extra=about(message.conversation_id, message.epoch))

    async def _adopt(self) -> None:
        while True:
            await asyncio.sleep(_ADOPT_EVERY)
            if getattr(self._app.ctx, "agent", None) is None:
                continue
            try:
                receipts = await asyncio.to_thread(self.ledger.adopt_interrupted_turns, tuple(self.channels))
            except Exception:  # whatever it was, the next look must come
                logger.exception("Interrupted turns could not be read; they are looked for again")
                continue
            for receipt in receipts:
                key = (receipt.conversation.id, receipt.message.seq)
                if key in self._turns:
                    continue
                channel, on_new_message = self.channels[receipt.conversation.channel]
                logger.warning("Taking over the interrupted turn %d", key[1],
                               extra=about(key[0], receipt.conversation.epoch))
                self._begin(receipt, channel, on_new_message, None, None)

    # -- deliveries -------------------------------------------------------------------------------------------

    def _output_for(self, channel_name: str, address: Mapping[str, Any]) -> OutputChannel | None:
        channel, _ = self.channels[channel_name]
        deliver_to = getattr(channel, "deliver_to", None)
        return deliver_to(address) if deliver_to else channel.get_output_channel()

    def _spawn(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)

        def ended(done: asyncio.Task[Any]) -> None:
            self._tasks.discard(done)
            if not done.cancelled() and done.exception() is not None:
                logger.error("A background task failed", exc_info=done.exception())

        task.add_done_callback(ended)
        return task


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

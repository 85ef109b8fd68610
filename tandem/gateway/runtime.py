"""What the channels of one Rasa server share: the ledger, the running bot turns, the deliveries."""
from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Protocol

from rasa.core.channels.channel import InputChannel, OutputChannel
from sanic import Sanic

from tandem.access.limits import RateLimit
from tandem.conversations.feed import Feed
from tandem.conversations.model import (
    Conversation,
    Delivery,
    Identity,
    InboundMessage,
    InvalidMessage,
    Message,
    Receipt,
)
from tandem.conversations.turn_queue import TurnQueue
from tandem.conversations.writing import write
from tandem.executors import use_ledger_threads
from tandem.gateway.bot_turn import OnNewMessage
from tandem.gateway.delivery_worker import DeliveryWorker
from tandem.gateway.fenced_output import DirectAnswer
from tandem.gateway.protection import protect_rasa
from tandem.gateway.tasks import Tasks
from tandem.gateway.turn_runner import TurnRunner
from tandem.gateway.waiting_customers import WaitingCustomers
from tandem.gateway.way_back import WayBack
from tandem.logs import about, configure
from tandem.rasa_ext import locks
from tandem.rasa_ext.action_endpoint import authorise, close_action_endpoint
from tandem.rasa_ext.live_model import LiveModel, make_ready, set_apart
from tandem.services import Services, escalation_settings, open_services
from tandem.settings import Settings, load
from tandem.wording.dates import Dates
from tandem.wording.formats import Formats

logger = logging.getLogger(__name__)

MESSAGES = 120  # of one conversation that one process takes a minute; the web chat has limits of its own
_ADOPT_EVERY = 2.0  # seconds between looks for turns whose process died
_STOP_PATIENCE = 8.0  # seconds; longer than the delivery worker lets its last sends take


class TooManyMessages(InvalidMessage):
    """A conversation sends more messages than a person can write; `wait` is in seconds."""

    def __init__(self, words: str, wait: float) -> None:
        super().__init__(words)
        self.wait = wait


class DeliveringChannel(Protocol):
    """What the runtime asks of a channel; `tandem.channels.ledger_channel` has it."""

    def name(self) -> str:
        """Return the channel's name."""

    def deliver_to(self, address: Mapping[str, Any]) -> OutputChannel | None:
        """Return the output by which a customer is reached; None if the channel cannot push."""


class Runtime:
    """One per Rasa server process, kept on the Sanic application."""

    def __init__(self, app: Sanic, settings: Settings, services: Services) -> None:
        self.settings = settings
        self.services = services
        self.ledger = services.ledger
        self.router = services.router
        self.outbox = services.outbox
        self.feed = Feed(services.ledger)
        self.channels: dict[str, tuple[DeliveringChannel, OnNewMessage]] = {}
        self.delivery_worker = DeliveryWorker(services.outbox, self._output_for, self.feed.nudge)
        self._app = app
        self._tasks = Tasks()
        reasons = escalation_settings().reason_of
        self._turns = TurnRunner(services.ledger, lambda: app.ctx.agent, self._tasks, self.feed, self.recorded,
                                 WaitingCustomers(services.ledger, services.waiting_room, services.business_hours,
                                                  self._dates, reasons=reasons),
                                 WayBack(services.ledger, services.waiting_room, reasons))
        self._interrupted = TurnQueue(services.ledger)
        self._pace = RateLimit(MESSAGES, MESSAGES)
        self._started = False

    @classmethod
    def of(cls, app: Sanic) -> Runtime:
        """Return the application's runtime, made when first asked for."""
        runtime: Runtime | None = getattr(app.ctx, "tandem", None)
        if runtime is None:
            settings = load()
            configure(settings.log_format, settings.log_level)
            protect_rasa(app, settings)
            use_ledger_threads()
            runtime = cls(app, settings, open_services(settings))
            app.ctx.tandem = runtime
        return runtime

    def add_channel(self, channel: DeliveringChannel, on_new_message: OnNewMessage) -> None:
        """Register a channel, so that deliveries and interrupted turns find their way back to it."""
        self.channels[channel.name()] = (channel, on_new_message)

    async def prepare(self) -> None:
        """Make the model ready, once it is loaded and before customers are let in."""
        await make_ready(self._app.ctx.agent)
        set_apart()

    async def start(self) -> None:
        """Begin to watch the ledger, to deliver, and to take over interrupted turns. Safe to call again."""
        if not self._started:  # a request may have come, and its turn begun, before the server says it is up
            self._started = True
            agent = getattr(self._app.ctx, "agent", None)
            if agent is not None:
                locks.install_locks(agent)  # for Rasa's HTTP API, before the first message
            for part in (agent, getattr(agent, "processor", None)):
                authorise(getattr(part, "action_endpoint", None), self.settings)
            self.feed.start()
            self._tasks.spawn(self.delivery_worker.run(lambda: tuple(self.channels)))
            self._tasks.spawn(self._adopt())
            self._tasks.spawn(LiveModel(self._app).watch())
            self._tasks.spawn(locks.watch(lambda: getattr(self._app.ctx, "agent", None), self._tell))

    async def stop(self) -> None:
        """Stop watching and delivering; open turns are taken over by whoever starts next."""
        await self._tasks.stop(_STOP_PATIENCE)
        await self.feed.stop()
        await close_action_endpoint(getattr(self._app.ctx, "agent", None))
        self._started = False

    def _tell(self, word: str, value: str) -> None:
        heartbeat = getattr(self._app.ctx, "heartbeat", None)
        if heartbeat is not None:
            heartbeat.tell(f"{word} {value}")

    def require_slow(self, inbound: InboundMessage) -> None:
        """Count a message of a conversation; in a demo on loopback, which programs measure, there is no limit.

        Raises:
            TooManyMessages: It is one too many.
        """
        if self.settings.demo_on_loopback:
            return
        wait = self._pace.wait(inbound.conversation_id)
        if wait:
            raise TooManyMessages(f"at most {MESSAGES} messages a minute are taken; try again in {wait:.0f} s", wait)

    async def receive(self, inbound: InboundMessage) -> Receipt:
        """Store what a customer wrote.

        Raises:
            InvalidMessage: The message cannot be taken.
        """
        receipt = await write(str(inbound.conversation_id), self._receive, inbound)
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
            self._turns.begin(receipt, channel, on_new_message, None, metadata)

    async def answer(
        self, receipt: Receipt, channel: InputChannel, on_new_message: OnNewMessage,
        into: DirectAnswer | None = None, metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Do what follows on a stored message, and wait for it. A repeated message is not answered again."""
        if receipt.duplicate:
            first = self._turns.running(receipt.conversation.id, receipt.message.seq)
            if first is not None:
                await asyncio.shield(first)
            return
        turn = self._turns.begin(receipt, channel, on_new_message, into, metadata)
        try:
            await asyncio.shield(turn)  # a client that hangs up must not stop the turn
        except asyncio.CancelledError:
            if into is not None:
                into.is_awaited = False  # what is said now waits to be fetched
            raise

    def bot_is_writing(self, conversation_id: str) -> bool:
        """Check whether a bot turn of this conversation is in progress in this process."""
        return self._turns.in_progress(conversation_id)

    def recorded(self, message: Message) -> None:
        """Wake whoever brings a message that is in the ledger now to the customer."""
        self.feed.nudge(message.conversation_id)
        if message.delivery is Delivery.PENDING:
            self.delivery_worker.nudge()

    def _dates(self) -> Dates:
        """Return the writer of dates, as seen from now."""
        settings = self.settings
        return Dates(self.ledger.clock(), settings.shop_timezone, Formats(settings.shop_locale))

    def _receive(self, inbound: InboundMessage) -> Receipt:
        conversation = self.ledger.find(inbound.conversation_id)
        if conversation is not None and inbound.identity is not None:
            self._forget_others(conversation, inbound.identity)
        return self.router.receive_in(conversation, inbound)

    def _forget_others(self, conversation: Conversation, identity: Identity) -> None:
        """Take back what was matched for somebody else, where the customer becomes known or another one comes."""
        if conversation.identity is None or conversation.identity.subject != identity.subject:
            self.services.identification.forget_all_but(conversation.id, identity.email)

    async def _adopt(self) -> None:
        soon = asyncio.Event()
        while True:
            # Not `wait_for`: it swallows a cancellation that comes as the event is set.
            alarm = asyncio.get_running_loop().call_later(_ADOPT_EVERY, soon.set)
            await soon.wait()
            alarm.cancel()
            soon.clear()
            if getattr(self._app.ctx, "agent", None) is None:
                continue
            try:
                receipts = await asyncio.to_thread(
                    self._interrupted.adopt, tuple(self.channels), excluded=self._turns.held())
            except Exception:  # whatever it was, the next look must come
                logger.exception("Interrupted turns could not be read; they are looked for again")
                continue
            for receipt in receipts:
                conversation, seq = receipt.conversation, receipt.message.seq
                channel, on_new_message = self.channels[conversation.channel]
                logger.warning("Taking over the interrupted turn %d", seq,
                               extra=about(conversation.id, conversation.epoch))
                turn = self._turns.begin(receipt, channel, on_new_message, None, None)
                turn.add_done_callback(lambda _: soon.set())  # the next one of the conversation may be due

    def _output_for(self, channel_name: str, address: Mapping[str, Any]) -> OutputChannel | None:
        channel, _ = self.channels[channel_name]
        return channel.deliver_to(address)

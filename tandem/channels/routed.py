"""The factory that puts the router in front of any Rasa channel class."""
from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from rasa.core.channels.channel import InputChannel, OutputChannel, UserMessage
from sanic import Blueprint, Sanic
from sanic.request import Request

from tandem.access.limits import LimitExceeded, check_metadata
from tandem.conversations.conversation_ids import BARE, conversation_id_for, require_bare
from tandem.conversations.identity import read_identity
from tandem.conversations.model import InboundMessage, InvalidMessage, Message, Receipt
from tandem.conversations.store import MAX_ID, MAX_TEXT
from tandem.conversations.writing import write
from tandem.gateway.fenced_output import Answer, ProactiveOutput
from tandem.gateway.message_layout import declared
from tandem.gateway.protection import has_check
from tandem.gateway.runtime import Runtime
from tandem.gateway.turn_runner import OnNewMessage
from tandem.wording.language import LANGUAGE, tag_of

logger = logging.getLogger(__name__)

MESSAGE_ID = "tandem_message_id"  # the key under which a channel's own message id travels in a message's metadata
MessageId = Callable[[Request], str | None]


def routed(base: type[InputChannel], *, message_id: MessageId, push: bool = True) -> type[InputChannel]:
    """A channel class like `base`, with the conversation ledger in front of the bot.

    Args:
        base: A Rasa input channel class.
        message_id: Reads the channel's own id of the message from a request, so that a repeated webhook is one
            message; None if it carries none.
        push: Whether the channel can send without being asked. If not, replies go into the answer to the customer's
            own request, and later ones wait to be fetched.
    """

    class Routed(base):
        """A Rasa channel behind the router."""

        def get_metadata(self, request: Request) -> dict[str, Any] | None:
            """What the base channel reads, and the channel's own message id beside it."""
            metadata = super().get_metadata(request)
            found = message_id(request)
            kept = {key: value for key, value in metadata.items() if key != MESSAGE_ID} if metadata else {}
            return {**kept, **({MESSAGE_ID: found} if found else {})}

        def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
            """The base channel's routes, with the router between them and the bot."""
            blueprint = super().blueprint(self.route(on_new_message))
            install(blueprint, self, on_new_message)

            @blueprint.listener("after_server_start")
            async def warn_if_open(app: Sanic, _: Any) -> None:
                if not has_check(app, self.url_prefix()) and not Runtime.of(app).settings.demo_on_loopback:
                    logger.warning("Nobody is asked who they are on the channel %s: whoever knows its address can "
                                   "write as any customer; see docs/channels.md", self.name())

            return blueprint

        def route(self, on_new_message: OnNewMessage) -> OnNewMessage:
            """The router as the callback that the base channel hands its messages to."""

            async def receive(message: UserMessage) -> None:
                runtime: Runtime = self.tandem_runtime
                secret = runtime.settings.identity_secret
                address = {"recipient": str(message.sender_id), **self.address(message)} if push else {}
                inbound = to_inbound(message, self.name(), push, secret, address)
                try:
                    inbound = replace(inbound, conversation_id=await self.conversation_of(inbound.conversation_id))
                    runtime.require_slow(inbound)
                    receipt = await runtime.receive(inbound)
                except InvalidMessage as error:
                    self.not_taken(error)
                    return
                metadata = for_tracker(message.metadata, self.name())
                if inbound.client_id and message.metadata.get(MESSAGE_ID):
                    # One request may bring several messages (Rasa's Telegram sends /start after /restart).
                    message.metadata[MESSAGE_ID] = f"{message.metadata[MESSAGE_ID]}+"
                if push:
                    runtime.dispatch(receipt, self, on_new_message, metadata)
                    return
                answer = Answer(message.output_channel, declared(self.name(), inbound.conversation_id),
                                str(message.sender_id))
                await runtime.answer(receipt, self, on_new_message, answer, metadata)
                await self.answered(runtime, receipt, answer)

            return receive

        async def conversation_of(self, sender: str) -> str:
            """The id of a sender's conversation; that of REST is the sender.

            Raises:
                InvalidMessage: The sender bears a name that is kept for another channel.
            """
            runtime: Runtime = self.tandem_runtime
            if self.name() != BARE:
                return await asyncio.to_thread(conversation_id_for, runtime.ledger, self.name(), sender)
            if ":" in sender:
                await asyncio.to_thread(require_bare, runtime.ledger, sender, runtime.channels)
            return sender

        def not_taken(self, error: InvalidMessage) -> None:
            """Say that a message was not taken: in the log, unless the channel can tell the sender."""
            known = getattr(super(), "not_taken", None)
            if known:
                known(error)
            else:
                logger.warning("A message on %s was not taken: %s", self.name(), error)

        async def answered(self, runtime: Runtime, receipt: Receipt, answer: Answer) -> None:
            """Mark as answered what the ledger has in reply to a message, once it is in the answer.

            The turn may have ended elsewhere, in an earlier request or between recording a reply and passing it on.
            """
            conversation_id = receipt.conversation.id

            def mark() -> list[Message]:
                replies = runtime.ledger.replies_to(conversation_id, receipt.message.seq)
                if replies and all(map(answer.has, replies)):
                    runtime.outbox.answered(conversation_id, [one.seq for one in replies])
                return [one for one in replies if not answer.has(one)]

            while missing := await write(conversation_id, mark):
                for reply in missing:
                    await answer.take(reply)

        def address(self, message: UserMessage) -> dict[str, Any]:
            """How the customer is reached later, besides the sender's id, if a channel knows more."""
            known = getattr(super(), "address", None)
            return known(message) if known else {}

        def deliver_to(self, address: Mapping[str, Any]) -> OutputChannel | None:
            """The channel's real output, for the delivery worker; None if it cannot push."""
            if not push:
                return None
            known = getattr(super(), "deliver_to", None)
            return known(address) if known else super().get_output_channel()

        def get_output_channel(self, *args: Any) -> OutputChannel | None:
            """Where Rasa's reminders and triggered intents speak: behind the fence, once the server runs."""
            runtime: Runtime | None = getattr(self, "tandem_runtime", None)
            if runtime is None:
                return super().get_output_channel(*args)
            return ProactiveOutput(runtime.ledger, self.name(), runtime.recorded)

    Routed.__name__ = Routed.__qualname__ = base.__name__
    return Routed


def install(blueprint: Blueprint, channel: InputChannel, on_new_message: OnNewMessage) -> None:
    """Bind a channel to its server's runtime, which starts and stops with the server."""

    @blueprint.listener("before_server_start")
    async def bind(app: Sanic, _: Any) -> None:
        channel.tandem_runtime = Runtime.of(app)
        channel.tandem_runtime.add_channel(channel, on_new_message)

    @blueprint.listener("after_server_start")
    async def start(app: Sanic, _: Any) -> None:
        await Runtime.of(app).start()

    @blueprint.listener("before_server_stop")
    async def stop(app: Sanic, _: Any) -> None:
        await Runtime.of(app).stop()


def to_inbound(
    message: UserMessage, channel: str, push: bool, identity_secret: str, address: Mapping[str, Any],
) -> InboundMessage:
    """A Rasa message as the ledger takes it; a text over the limit is cut and marked as cut."""
    metadata = message.metadata if isinstance(message.metadata, dict) else {}
    text = message.text if isinstance(message.text, str) else ""
    data: dict[str, Any] = {"truncated": True} if len(text) > MAX_TEXT else {}
    language = tag_of(metadata.get(LANGUAGE))
    if language:
        data[LANGUAGE] = language
    client_id = str(metadata[MESSAGE_ID]) if metadata.get(MESSAGE_ID) else None
    if client_id is not None and len(client_id) > MAX_ID:
        client_id = hashlib.sha256(client_id.encode("utf-8", "replace")).hexdigest()
    return InboundMessage(
        conversation_id=message.sender_id, channel=channel, text=text[:MAX_TEXT], push=push,
        client_id=client_id,
        identity=read_identity(metadata.get("identity"), identity_secret), address=address, data=data,
    )


def for_tracker(metadata: Any, channel: str) -> dict[str, Any]:
    """Metadata as it is kept with each message in the tracker; none if it is too large for that."""
    kept = without_identity(metadata)
    try:
        check_metadata(kept)
    except LimitExceeded as error:
        logger.warning("The metadata of a message on %s was left out: %s", channel, error)
        return {}
    return kept


def without_identity(metadata: Any) -> dict[str, Any]:
    """Metadata without the customer's token, which is a secret, and without our own keys."""
    if not isinstance(metadata, dict):
        return {}
    return {key: value for key, value in metadata.items() if key not in ("identity", "tandem", MESSAGE_ID)}

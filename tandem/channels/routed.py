"""Rasa's channels with the router between them and the bot; docs/channels.md tells how to write one."""
from __future__ import annotations

import asyncio
import hashlib
import logging
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from rasa.core.channels.channel import InputChannel, UserMessage
from sanic import Blueprint, Sanic
from sanic.request import Request

from tandem.access.limits import LimitExceeded, check_metadata
from tandem.access.sanic_guard import Check
from tandem.channels.credentials import Credentials
from tandem.channels.ledger_channel import LedgerChannel
from tandem.conversations.conversation_ids import BARE, conversation_id_for, require_bare
from tandem.conversations.identity import read_identity
from tandem.conversations.model import InboundMessage, InvalidMessage, Message, Receipt
from tandem.conversations.store import MAX_ID, MAX_TEXT
from tandem.conversations.writing import write
from tandem.gateway.bot_turn import OnNewMessage
from tandem.gateway.fenced_output import DirectAnswer
from tandem.gateway.message_layout import declared
from tandem.gateway.protection import check_callers, has_check
from tandem.gateway.runtime import Runtime
from tandem.settings import Settings
from tandem.wording.language import LANGUAGE, tag_of

logger = logging.getLogger(__name__)

MESSAGE_ID = "tandem_message_id"  # the key under which a channel's own message id travels in a message's metadata
_IN_FRONT = {"blueprint": "routes", "get_output_channel": "own_output"}  # what stands behind the router instead


class RoutedChannel(LedgerChannel):
    """A channel whose messages go through the conversation ledger before the bot sees them.

    Stands before a channel of Rasa's kind, `class Telegram(RoutedChannel, TelegramInput)`, or alone, with `routes`
    written out. A subclass overrides what it knows better: `routes`, `caller_check`, `message_id`, `address`,
    `own_output`, `deliver_to`, `not_taken`; and sets `push = False` if it cannot send without being asked: then replies
    go into the answer to the customer's own request, and later ones wait to be fetched.

    Attributes:
        credentials: The channel's keys in credentials.yml, which are then checked before the class behind gets them.
    """

    credentials: type[Credentials] | None = None

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> InputChannel:
        """Make the channel as credentials.yml sets it (from `InputChannel`).

        Raises:
            RasaException: A key is missing or wrong.
        """
        if cls.credentials is not None:
            checked = cls.credentials.read(cls.name(), credentials)
            credentials = {**(credentials or {}), **checked.dict(by_alias=True, exclude_unset=True)}
        return super().from_credentials(credentials)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Warn of methods of Rasa's whose place in front of the router would let messages pass the ledger by."""
        super().__init_subclass__(**kwargs)
        for name, instead in _IN_FRONT.items():
            if name in vars(cls):
                warnings.warn(f"{cls.__name__} defines {name}, which stands before the router: write {instead}, see "
                              "docs/channels.md", stacklevel=2)

    def routes(self, on_new_message: OnNewMessage) -> Blueprint:
        """Return the webhooks, which hand each message to `on_new_message`.

        Those of the class behind, unless overridden.
        """
        return super().blueprint(on_new_message)

    def caller_check(self, settings: Settings) -> Check | None:
        """Return what shows that a caller of the routes is who they should be; None if nobody is asked.

        Raises:
            SettingsError: The server must not start, because something is not set.
        """
        return None

    def message_id(self, request: Request) -> str | None:
        """Return the channel's own id of a request's message, so that a repeat is one message; None if it has none."""
        return None

    def address(self, message: UserMessage) -> dict[str, Any]:
        """Return how the customer is reached later, besides the sender's id, if a channel knows more."""
        return {}

    def not_taken(self, error: InvalidMessage) -> None:
        """Say that a message was not taken: in the log, unless the channel can tell the sender."""
        logger.warning("A message on %s was not taken: %s", self.name(), error)

    def blueprint(self, on_new_message: OnNewMessage) -> Blueprint:
        """Return the channel's routes, with the router between them and the bot (from `InputChannel`)."""

        async def receive(message: UserMessage) -> None:
            await self.receive(message, on_new_message)

        blueprint = self.routes(receive)
        self.bind(blueprint, on_new_message)

        @blueprint.listener("before_server_start")
        async def ask_callers(app: Sanic, _: Any) -> None:
            check = self.caller_check(Runtime.of(app).settings)
            if check is not None:
                check_callers(app, self.url_prefix(), check)

        @blueprint.listener("after_server_start")
        async def warn_if_open(app: Sanic, _: Any) -> None:
            if not has_check(app, self.url_prefix()) and not Runtime.of(app).settings.demo_on_loopback:
                logger.warning("Nobody is asked who they are on the channel %s: whoever knows its address can "
                               "write as any customer; see docs/channels.md", self.name())

        return blueprint

    def get_metadata(self, request: Request) -> dict[str, Any] | None:
        """Return what the class behind reads, and the channel's own message id beside it (from `InputChannel`)."""
        metadata = super().get_metadata(request) or {}
        found = self.message_id(request)
        kept = {key: value for key, value in metadata.items() if key != MESSAGE_ID}
        return {**kept, **({MESSAGE_ID: found} if found else {})}

    async def receive(self, message: UserMessage, on_new_message: OnNewMessage) -> None:
        """Store a message, and begin what follows on it; for a channel that cannot push, wait for the answer.

        Args:
            on_new_message: Rasa's own callback, which brings a message to the bot.

        Raises:
            InvalidMessage: The message cannot be taken, and `not_taken` raises.
        """
        runtime = self.tandem_runtime
        address = {"recipient": str(message.sender_id), **self.address(message)} if self.push else {}
        inbound = to_inbound(message, self.name(), self.push, runtime.settings.identity_secret, address)
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
        if self.push:
            runtime.dispatch(receipt, self, on_new_message, metadata)
            return
        capabilities = declared(self.name(), inbound.conversation_id)
        answer = DirectAnswer(message.output_channel, capabilities, str(message.sender_id))
        await runtime.answer(receipt, self, on_new_message, answer, metadata)
        await complete(answer, receipt, runtime)

    async def conversation_of(self, sender: str) -> str:
        """Return the id of a sender's conversation; that of REST is the sender.

        Raises:
            InvalidMessage: The sender bears a name that is kept for another channel.
        """
        if self.name() != BARE:
            return await asyncio.to_thread(conversation_id_for, self.tandem_runtime.ledger, self.name(), sender)
        if ":" in sender:
            await asyncio.to_thread(require_bare, self.tandem_runtime.ledger, sender, self.tandem_runtime.channels)
        return sender


async def complete(answer: DirectAnswer, receipt: Receipt, runtime: Runtime) -> None:
    """Put into an answer what the ledger has in reply to a message and the answer lacks, and mark all as answered.

    The turn may have ended elsewhere, in an earlier request or between recording a reply and passing it on.
    """
    if answer.is_complete:
        return
    conversation_id = receipt.conversation.id

    def mark() -> list[Message]:
        replies = runtime.ledger.replies_to(conversation_id, receipt.message.seq)
        if replies and all(map(answer.has, replies)):
            runtime.outbox.answered(conversation_id, [one.seq for one in replies])
        return [one for one in replies if not answer.has(one)]

    while missing := await write(conversation_id, mark):
        for reply in missing:
            await answer.take(reply)


def routed(
    base: type[InputChannel], *, message_id: Callable[[Request], str | None], push: bool = True,
) -> type[RoutedChannel]:
    """Make a channel class like `base` behind the router, as was done before `RoutedChannel` was a class."""
    warnings.warn(f"routed({base.__name__}) will go; write `class My{base.__name__}(RoutedChannel, {base.__name__})`, "
                  "see docs/channels.md", FutureWarning, stacklevel=2)
    own = {name: vars(kind)[name] for kind in reversed(base.__mro__) for name in ("address", "deliver_to", "not_taken")
           if name in vars(kind)}
    return type(base.__name__, (RoutedChannel, base), {
        **own, "message_id": lambda self, request: message_id(request), "push": push})


def to_inbound(
    message: UserMessage, channel: str, push: bool, identity_secret: str, address: Mapping[str, Any],
) -> InboundMessage:
    """Read a Rasa message as the ledger takes it; a text over the limit is cut and marked as cut."""
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
    """Return metadata as it is kept with each message in the tracker; none if it is too large for that."""
    kept = without_identity(metadata)
    try:
        check_metadata(kept)
    except LimitExceeded as error:
        logger.warning("The metadata of a message on %s was left out: %s", channel, error)
        return {}
    return kept


def without_identity(metadata: Any) -> dict[str, Any]:
    """Return metadata without the customer's token, which is a secret, and without our own keys."""
    if not isinstance(metadata, dict):
        return {}
    return {key: value for key, value in metadata.items() if key not in ("identity", "tandem", MESSAGE_ID)}

"""Rasa's REST channel behind the router, with an address to poll for what is said later."""
from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any
from urllib.parse import unquote

from rasa.core.channels.channel import CollectingOutputChannel, InputChannel, UserMessage
from rasa.core.channels.rest import QueueOutputChannel, RestInput
from rasa.utils.endpoints import bool_arg
from sanic import Blueprint, response
from sanic.exceptions import SanicException
from sanic.request import Request
from sanic.response import HTTPResponse, ResponseStream
from sqlalchemy.exc import SQLAlchemyError

from tandem.access.limits import LimitExceeded, check_metadata
from tandem.access.sanic_guard import TokenCheck, too_many
from tandem.channels.credentials import RestCredentials
from tandem.channels.routed import RoutedChannel, without_identity
from tandem.conversations.buttons import stamped
from tandem.conversations.consent import QUESTION
from tandem.conversations.model import (
    ConversationNotFound,
    InvalidMessage,
    Message,
)
from tandem.conversations.store import clean_id, clean_text
from tandem.conversations.writing import write
from tandem.gateway.runtime import Runtime, TooManyMessages
from tandem.settings import Settings, SettingsError

logger = logging.getLogger(__name__)

MAX_BODY = 128 * 1024  # bytes; room for the longest message with every character escaped
NO_TOKEN = ("the REST channel has no token, and whoever reaches it could write as any customer: set TANDEM_REST_TOKEN "
            "(`openssl rand -hex 32`), or take tandem.channels.rest.Rest out of credentials.yml; see docs/channels.md")


class _Collector(CollectingOutputChannel):
    """The replies that go into an answer, each as it was said."""

    keeps_blank_lines = True

    async def send_text_message(self, recipient_id: str, text: str, **_: Any) -> None:
        """Keep a text as one message."""
        await self._persist_message(self._message(recipient_id, text=text))


class _Queue(QueueOutputChannel):
    """The replies that are written one by one, each as it was said."""

    keeps_blank_lines = True

    async def send_text_message(self, recipient_id: str, text: str, **_: Any) -> None:
        """Pass a text on as one message."""
        await self._persist_message(self._message(recipient_id, text=text))


class Rest(RoutedChannel, RestInput):
    """Rasa's REST channel behind the router, with its input checked and its token asked for before anything else."""

    push = False

    def __init__(self, token: str | None = None) -> None:
        self._token = token or ""

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> InputChannel:
        """Read `credentials.yml`; `token` may be set here or as TANDEM_REST_TOKEN, and callers send it as a bearer."""
        return cls(RestCredentials.read(cls.name(), credentials).token)

    def caller_check(self, settings: Settings) -> TokenCheck:
        """Return what asks callers for the token.

        Raises:
            SettingsError: There is none, and this is no demo on loopback.
        """
        tokens = ",".join(token for token in (settings.rest_token, self._token) if token)
        if not tokens and not settings.demo_on_loopback:
            raise SettingsError(NO_TOKEN)
        return TokenCheck(tokens, setting="TANDEM_REST_TOKEN", open_here=settings.demo_on_loopback, query=False)

    def message_id(self, request: Request) -> str | None:
        """Return `message_id` of the body (from `RoutedChannel`)."""
        return request.json.get("message_id")

    def not_taken(self, error: InvalidMessage) -> None:
        """Tell the sender (from `RoutedChannel`)."""
        raise error

    def routes(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """Return Rasa's routes and the address to poll (from `RoutedChannel`).

        The webhook is not Rasa's own: that one answers 200 although the message could not be stored.
        """
        blueprint = Blueprint("custom_webhook_rest", __name__)

        @blueprint.route("/", methods=["GET"])
        async def health(_: Request) -> HTTPResponse:
            return response.json({"status": "ok"})

        @blueprint.route("/webhook", methods=["POST"])
        async def receive(request: Request) -> HTTPResponse | ResponseStream:
            sender, text = request.json["sender"], request.json["message"]
            metadata = self.get_metadata(request)
            if bool_arg(request, "stream", default=False):
                return response.stream(_streamed(on_new_message, text, sender, self.name(), metadata),
                                       content_type="text/event-stream")
            collector = _Collector()
            try:
                await on_new_message(UserMessage(text, collector, sender, input_channel=self.name(), metadata=metadata))
            except TooManyMessages as error:
                return too_many(error.wait)
            except InvalidMessage as error:
                return _error(400, str(error))
            except SQLAlchemyError:
                logger.exception("A message on rest could not be stored")
                return _error(503, "the message could not be stored; send it again")
            return response.json(collector.messages)

        @blueprint.middleware("request")
        async def check(request: Request) -> HTTPResponse | None:
            return _problem_of(request) if request.method == "POST" else None

        @blueprint.route("/conversations/<conversation_id>/messages", methods=["GET"])
        async def later(request: Request, conversation_id: str) -> HTTPResponse:
            runtime = Runtime.of(request.app)
            conversation_id = unquote(conversation_id)
            after = _whole_number(request.args.get("after", "0"))
            if after is None:
                return _error(400, "after must be a sequence number")
            try:
                conversation = await asyncio.to_thread(runtime.ledger.conversation, conversation_id)
            except ConversationNotFound:
                return _error(404, "no such conversation")
            if conversation.channel != self.name():
                return _error(404, "no such conversation")
            if await asyncio.to_thread(runtime.outbox.acknowledgeable, conversation_id, after, True):
                await write(conversation_id, runtime.outbox.acknowledge, conversation_id, after, True)
            waiting = await asyncio.to_thread(runtime.outbox.fetch, conversation_id, after)
            return response.json({
                "owner": conversation.owner.value,
                "messages": [_as_json(message) for message in waiting],
            })

        return blueprint


def _streamed(
    on_new_message: Callable[[UserMessage], Awaitable[Any]], text: str, sender: str, channel: str, metadata: Any,
) -> Callable[[Any], Coroutine[Any, Any, None]]:
    """Write each reply as a line of JSON; an error ends the answer with a line that says so."""

    async def stream(answer: Any) -> None:
        replies: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()

        async def take() -> None:
            message = UserMessage(text, _Queue(replies), sender, input_channel=channel, metadata=metadata)
            try:
                await on_new_message(message)
            except InvalidMessage as error:
                await replies.put({"error": str(error)})
            except SQLAlchemyError:
                logger.exception("A message on rest could not be stored")
                await replies.put({"error": "the message could not be stored; send it again"})
            finally:
                await replies.put(None)

        task = asyncio.get_running_loop().create_task(take())
        while (reply := await replies.get()) is not None:
            await answer.write(json.dumps(reply) + "\n")
        await task

    return stream


def _as_json(message: Message) -> dict[str, Any]:
    data = {key: value for key, value in message.data.items() if key not in ("buttons", "quick_replies", QUESTION)}
    data["buttons"] = stamped(message)
    return {
        "seq": message.seq, "author": message.author.value, "name": message.name, "text": message.text,
        "at": message.at.isoformat(), **{key: value for key, value in data.items() if value},
    }


def _problem_of(request: Request) -> HTTPResponse | None:
    if len(request.body) > MAX_BODY:
        return _error(413, f"the body may have at most {MAX_BODY} bytes")
    try:
        body = request.json
    except (SanicException, ValueError, RecursionError):
        return _error(400, "the body must be JSON")
    if not isinstance(body, dict):
        return _error(400, 'the body must be a JSON object with "sender" and "message"')
    try:
        clean_id(body.get("sender"), "sender")
        if body.get("message_id") is not None:
            clean_id(body["message_id"], "message_id")
        if not clean_text(body.get("message")).strip():
            return _error(400, "message must not be empty")
    except InvalidMessage as error:
        return _error(400, str(error))
    if body.get("metadata") is not None and not isinstance(body["metadata"], dict):
        return _error(400, "metadata must be a JSON object")
    try:
        check_metadata(without_identity(body.get("metadata")))  # a bad token is no identity, and no error
    except LimitExceeded as error:
        return _error(400, str(error))
    return None


def _whole_number(value: Any) -> int | None:
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10 else None


def _error(status: int, words: str) -> HTTPResponse:
    return response.json({"error": words}, status=status)

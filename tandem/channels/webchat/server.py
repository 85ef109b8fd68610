"""The web chat's side of the Rasa server: sessions, messages, history and the live stream (docs/webchat.md)."""
from __future__ import annotations

import asyncio
import functools
import logging
from typing import Any

from rasa.core.channels.channel import InputChannel
from sanic import Blueprint, Sanic
from sanic.request import Request
from sanic.response import BaseHTTPResponse, HTTPResponse, empty
from sqlalchemy.exc import SQLAlchemyError

from tandem.channels.credentials import WebChatOptions
from tandem.channels.ledger_channel import LedgerChannel
from tandem.channels.webchat import http
from tandem.channels.webchat.chat import Chat
from tandem.channels.webchat.demo import demo_customers, demo_identity
from tandem.channels.webchat.http import BadRequest, ChatError, ForeignOrigin, NoSession, NotHere, RateExceeded, answer
from tandem.channels.webchat.json_messages import message_json
from tandem.conversations.identity import read_identity
from tandem.conversations.model import Author, ConversationNotFound, InboundMessage, InvalidMessage
from tandem.conversations.store import MAX_TEXT
from tandem.conversations.writing import write
from tandem.gateway.bot_turn import OnNewMessage
from tandem.gateway.runtime import Runtime
from tandem.wording.language import LANGUAGE, tag_of

logger = logging.getLogger(__name__)

PAGE = 500  # messages of one answer with history, at most
LAST = 50  # earlier messages of one answer, unless another number is asked for
_MAX_PAYLOAD = 2000  # characters


class WebChat(LedgerChannel):
    """Rasa channel `webchat`. The customer's side fetches what is written to it, and acknowledges it."""

    push = False

    def __init__(self, options: WebChatOptions | None = None) -> None:
        self._options = options or WebChatOptions()

    @classmethod
    def name(cls) -> str:
        """Return the channel's name, in credentials.yml, addresses and response variations."""
        return "webchat"

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> InputChannel:
        """Make a channel with the options of `credentials.yml` (from `InputChannel`).

        Raises:
            RasaException: An option is unknown or not a number.
        """
        return cls(WebChatOptions.read("webchat", credentials))

    def blueprint(self, on_new_message: OnNewMessage) -> Blueprint:
        """Return the routes under `/webhooks/webchat` (from `InputChannel`)."""
        blueprint = Blueprint("tandem_webchat", __name__)
        self.bind(blueprint, on_new_message)

        @blueprint.listener("before_server_start")
        async def open_chat(app: Sanic, _: Any) -> None:
            app.ctx.tandem_webchat = Chat(Runtime.of(app), self, self._options, on_new_message)

        @blueprint.listener("before_server_stop")
        async def close_chat(app: Sanic, _: Any) -> None:
            app.ctx.tandem_webchat.streams.close()

        @blueprint.middleware("request")
        async def refuse_foreign_pages(request: Request) -> HTTPResponse | None:
            settings = Runtime.of(request.app).settings
            origin, host = request.headers.get("origin", ""), request.headers.get("host", "")
            public = request.method == "GET" and (
                "/assets/" in request.path or request.path.endswith((".js", "/origin")))
            if public or http.allowed_origin(origin, host, settings.webchat_origins):
                return None
            chat: Chat = request.app.ctx.tandem_webchat
            try:
                chat.limits.refused.take(chat.address_of(request))
            except RateExceeded as error:
                return error.response()
            refusal = http.refusal(origin[:100], host[:100])
            logger.warning("The web chat refused a page: %s", refusal)
            return ForeignOrigin(refusal).response()

        # Rasa answers every preflight request itself and adds no origin; the headers come from here.
        @blueprint.middleware("response")
        async def let_allowed_pages_read(request: Request, response: BaseHTTPResponse) -> None:
            settings = Runtime.of(request.app).settings
            if "access-control-allow-origin" not in response.headers:
                origin, host = request.headers.get("origin", ""), request.headers.get("host", "")
                response.headers.update(http.cors_headers(origin, host, settings.webchat_origins))
            if response.headers.get("access-control-allow-origin", "*") != "*":
                response.headers["Vary"] = "Origin"

        for path, method, handler in _ROUTES:
            route = _answering(handler)
            blueprint.add_route(route, path, methods=[method], name=handler.__name__, stream=method == "POST")
            if method == "POST" or path in _READ_ACROSS:
                blueprint.add_route(_preflight, path, methods=["OPTIONS"], name=f"{handler.__name__}_preflight")
        return blueprint


async def _page(chat: Chat, request: Request) -> BaseHTTPResponse:
    if not chat.runtime.settings.demo:
        raise NotHere("There is a page to try the chat on in demo mode only; see docs/webchat.md.")
    return chat.assets.serve(request, "demo.html")


async def _loader(chat: Chat, request: Request) -> BaseHTTPResponse:
    return chat.assets.serve(request, "widget.js")


async def _asset(chat: Chat, request: Request, version: str, name: str) -> BaseHTTPResponse:
    return chat.assets.serve(request, f"assets/{name}", version)


async def _origin(chat: Chat, request: Request) -> BaseHTTPResponse:
    """Say whether the page that asks may use the chat; any page may read it, for the developer's console."""
    origin, host = request.headers.get("origin", ""), request.headers.get("host", "")
    allowed = http.allowed_origin(origin, host, chat.runtime.settings.webchat_origins)
    found = {"allowed": allowed, "message": "" if allowed else http.refusal(origin, host)}
    return answer(found, headers={"Access-Control-Allow-Origin": "*"})


async def _demo_identity(chat: Chat, request: Request) -> BaseHTTPResponse:
    email = request.args.get("email")
    if email:
        return answer({"identity": demo_identity(chat.runtime.settings, str(email))})
    if not chat.runtime.settings.demo:
        raise NotHere("Signing in is only possible in demo mode.")
    return answer({"customers": demo_customers(chat.runtime.settings.shop_timezone)})


async def _sessions(chat: Chat, request: Request) -> BaseHTTPResponse:
    chat.limits.sessions.take(chat.address_of(request))
    body = await http.read_json(request)
    identity = read_identity(body.get("identity"), chat.runtime.settings.identity_secret)
    try:
        claim = chat.tokens.read(http.read_bearer(request))
    except NoSession:
        claim = None  # the browser simply begins anew
    conversation, resumed = await write(claim.conversation_id if claim else None, chat.open, claim, identity)
    chat.runtime.feed.nudge(conversation.id)
    return answer({
        "conversation_id": conversation.id, "token": chat.tokens.issue(conversation.id, conversation.session),
        "resumed": resumed, "identified": conversation.identity is not None, "max_text": MAX_TEXT,
    })


async def _sign_out(chat: Chat, request: Request) -> BaseHTTPResponse:
    claim = chat.claim_of(request)
    chat.limits.signs.take(claim.conversation_id)
    await asyncio.to_thread(chat.sessions.sign_out, claim)
    chat.runtime.feed.nudge(claim.conversation_id)
    return empty()


async def _send(chat: Chat, request: Request) -> BaseHTTPResponse:
    claim = chat.claim_of(request)
    conversation_id = claim.conversation_id
    chat.limits.address.take(chat.address_of(request))
    chat.limits.messages.take(conversation_id)
    body = await http.read_json(request)
    text, payload, client_id = body.get("text"), body.get("payload"), body.get("client_id")
    if not isinstance(text, str):
        raise BadRequest("`text` must be a text.")
    if not isinstance(client_id, str) or not client_id:
        raise BadRequest("`client_id` must be a text that is new for each message and the same for its repeats.")
    if payload is not None and not (isinstance(payload, str) and payload.startswith("/")
                                    and len(payload) <= _MAX_PAYLOAD):
        raise BadRequest(f"`payload` must be the payload of a button: a text of at most {_MAX_PAYLOAD} characters "
                         "that begins with a slash.")
    language = tag_of(body.get("language"))  # a nicety: what is no tag is passed over
    # Raises if the conversation was erased; receiving would open it again under an id whose history is gone.
    await chat.admit(claim)
    receipt = await chat.runtime.receive(InboundMessage(
        conversation_id, chat.channel.name(), text, client_id=client_id, push=False,
        data={**({"payload": payload} if payload else {}), **({LANGUAGE: language} if language else {})},
    ))
    chat.runtime.dispatch(receipt, chat.channel, chat.on_new_message)
    return answer({"seq": receipt.message.seq, "at": receipt.message.at.isoformat(), "duplicate": receipt.duplicate})


async def _history(chat: Chat, request: Request) -> BaseHTTPResponse:
    claim = chat.claim_of(request)
    chat.limits.reads.take(claim.conversation_id)
    ledger, this = chat.runtime.ledger, claim.conversation_id
    await chat.admit(claim)
    if "before" in request.args:
        before, last = http.read_seq(request.args.get("before"), "before"), _read_last(request) or LAST
        found = await asyncio.to_thread(ledger.latest_messages, this, last, before)
        return answer({"messages": [message_json(message) for message in found], "older": len(found) == last})
    after = http.read_seq(request.args.get("after", "0"), "after")
    found = await asyncio.to_thread(ledger.messages, this, after, PAGE, True)
    state = await chat.streams.state(this)
    return answer({"messages": [message_json(message) for message in found], "more": len(found) == PAGE,
                   "state": state})


async def _stream(chat: Chat, request: Request) -> None:
    claim = chat.claim_of(request)
    chat.limits.reads.take(claim.conversation_id)
    after = http.read_seq(request.headers.get("last-event-id") or request.args.get("after", "0"), "after")
    last = _read_last(request) if "last-event-id" not in request.headers else None
    await chat.admit(claim)
    with chat.streams.admit(claim.conversation_id, chat.address_of(request)):
        response: BaseHTTPResponse = await request.respond(
            content_type="text/event-stream; charset=utf-8",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )
        async for event in chat.streams.events(claim, after, last):
            await response.send(event)
        await response.send(end_stream=True)


def _read_last(request: Request) -> int | None:
    """Read how many of the latest messages are asked for; None if that is not said."""
    if "last" not in request.args:
        return None
    return max(1, min(PAGE, http.read_seq(request.args.get("last"), "last")))


async def _acknowledge(chat: Chat, request: Request) -> BaseHTTPResponse:
    claim = chat.claim_of(request)
    chat.limits.signs.take(claim.conversation_id)
    up_to = http.read_seq((await http.read_json(request)).get("up_to"), "up_to")
    await chat.admit(claim)
    await write(claim.conversation_id, chat.runtime.outbox.acknowledge, claim.conversation_id, up_to)
    return empty()


async def _typing(chat: Chat, request: Request) -> BaseHTTPResponse:
    claim = chat.claim_of(request)
    chat.limits.signs.take(claim.conversation_id)
    writes = (await http.read_json(request)).get("writes")
    if not isinstance(writes, bool):
        raise BadRequest("`writes` must be true or false.")
    await chat.admit(claim)
    await write(claim.conversation_id, chat.runtime.ledger.set_typing, claim.conversation_id, Author.CUSTOMER, "",
                writes)
    return empty()


async def _preflight(request: Request, **_: Any) -> HTTPResponse:
    return empty()


def _answering(handler: Any) -> Any:
    """Make a Sanic handler that has the chat, and answers errors as JSON."""

    @functools.wraps(handler)
    async def handle(request: Request, **parts: Any) -> BaseHTTPResponse | None:
        try:
            found: BaseHTTPResponse | None = await handler(request.app.ctx.tandem_webchat, request, **parts)
            return found
        except ChatError as error:
            return error.response()
        except InvalidMessage as error:
            return BadRequest(f"{error}.").response()
        except ConversationNotFound:
            return NotHere("There is no such conversation any more.").response()
        except SQLAlchemyError:
            logger.exception("The web chat could not reach the ledger")
            return answer({"error": "unavailable", "message": "Please try again in a moment."}, 503,
                          {"Retry-After": "2"})

    return handle


_ROUTES: tuple[tuple[str, str, Any], ...] = (
    ("/", "GET", _page),
    ("/widget.js", "GET", _loader),
    ("/assets/<version:str>/<name:path>", "GET", _asset),
    ("/origin", "GET", _origin),
    ("/demo-identity", "GET", _demo_identity),
    ("/sessions", "POST", _sessions),
    ("/sign-out", "POST", _sign_out),
    ("/messages", "POST", _send),
    ("/messages", "GET", _history),
    ("/stream", "GET", _stream),
    ("/ack", "POST", _acknowledge),
    ("/typing", "POST", _typing),
)
_READ_ACROSS = ("/stream",)  # paths that are only read, and with an Authorization header

"""Facebook Messenger behind the router: every event of a webhook is taken, and nothing blocks the event loop."""
from __future__ import annotations

import asyncio
import functools
import hashlib
import hmac
import logging
from collections.abc import Iterator, Mapping
from typing import Any

import requests
from fbmessenger import MessengerClient
from rasa.core.channels.channel import UserMessage
from rasa.core.channels.facebook import FacebookInput, Messenger, MessengerBot
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

from tandem.access.sanic_guard import SignatureCheck
from tandem.access.tokens import same
from tandem.channels.credentials import FacebookCredentials
from tandem.channels.routed import MESSAGE_ID, RoutedChannel
from tandem.executors import Bulkhead, NotBegun, TookTooLong
from tandem.gateway.bot_turn import OnNewMessage
from tandem.gateway.delivery_worker import BLOCKING_SEND, MAX_SENDS, DeliveryDeferred, DeliveryRefused
from tandem.settings import Settings

logger = logging.getLogger(__name__)

CLIENT_TIMEOUT = 10.0  # seconds; less than the delivery worker's, so that no thread is left behind
_TEMPLATE = 3  # buttons of Messenger's own


class _Client(MessengerClient):
    """Facebook's client with a time limit and with its errors told, whichever way a message is sent."""

    def send(self, payload: Any, recipient_id: str, *args: Any, **kwargs: Any) -> Any:
        """Send one message.

        Raises:
            DeliveryRefused, DeliveryDeferred: What Facebook answered.
        """
        answer = super().send(payload, recipient_id, *args, **{"timeout": CLIENT_TIMEOUT, **kwargs})
        error = answer.get("error") if isinstance(answer, dict) else None
        if error:
            kind = DeliveryDeferred if error.get("is_transient") else DeliveryRefused
            raise kind(str(error.get("message", "refused"))[:200])
        if not isinstance(answer, dict) or not (answer.get("message_id") or answer.get("recipient_id")):
            raise DeliveryDeferred("Facebook's answer names no message")
        return answer

    def send_action(self, sender_action: Any, recipient_id: str, timeout: float | None = CLIENT_TIMEOUT) -> Any:
        """Show a sign such as "seen"."""
        return super().send_action(sender_action, recipient_id, timeout=timeout)


class _Output(MessengerBot):
    """Rasa's output, in a thread: its client blocks."""

    keeps_blank_lines = True

    def __init__(self, client: _Client, threads: Bulkhead) -> None:
        super().__init__(client)
        self._threads = threads

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        """Send one message."""
        send = super().send_response
        await self._threads.run(BLOCKING_SEND, lambda: asyncio.run(send(recipient_id, message)))

    async def send_text_message(self, recipient_id: str, text: str, **_: Any) -> None:
        """Send a text as one message."""
        self.messenger_client.send({"text": text}, recipient_id, "RESPONSE")

    async def send_text_with_buttons(
        self, recipient_id: str, text: str, buttons: list[dict[str, Any]], **_: Any,
    ) -> None:
        """Send a text with quick replies; Messenger's own buttons, of which it takes three, where one is a link."""
        if len(buttons) <= _TEMPLATE and any("url" in button for button in buttons):
            shown = [{"type": "web_url" if "url" in button else "postback", **button} for button in buttons]
            content = {"template_type": "button", "text": text, "buttons": shown}
            message: dict[str, Any] = {"attachment": {"type": "template", "payload": content}}
        else:
            replies = [{"content_type": "text", "title": button["title"],
                        "payload": button.get("payload") or button["title"]} for button in buttons]
            message = {"text": text, "quick_replies": replies}
        self.messenger_client.send(message, recipient_id, "RESPONSE")

    async def send_seen(self, recipient_id: str) -> None:
        """Show the customer that the message was seen; a nicety that may fail."""
        try:
            await self._threads.run(BLOCKING_SEND, lambda: asyncio.run(self.send_action(recipient_id, "mark_seen")))
        except (requests.RequestException, ValueError, NotBegun, TookTooLong) as error:
            logger.info("Facebook did not take the sign that a message was seen: %s", type(error).__name__)


class _Messenger(Messenger):
    """Rasa's reader of one event. The message is stored before anything is sent to Facebook."""

    def __init__(self, output: _Output, on_new_message: OnNewMessage) -> None:
        self.client = output.messenger_client
        self.on_new_message = on_new_message
        self.last_message: dict[str, Any] = {}
        self._output = output

    async def _handle_user_message(self, text: str, sender_id: str, metadata: dict[str, Any] | None) -> None:
        await self.on_new_message(
            UserMessage(text, self._output, sender_id, input_channel=self.name(), metadata=metadata))
        seen = asyncio.get_running_loop().create_task(self._output.send_seen(sender_id))
        _BACKGROUND.add(seen)
        seen.add_done_callback(_BACKGROUND.discard)


_BACKGROUND: set[asyncio.Task[None]] = set()  # keeps tasks from being collected while they run


class Facebook(RoutedChannel, FacebookInput):
    """Rasa's Facebook channel behind the router, with the parts above."""

    credentials = FacebookCredentials

    @functools.cached_property
    def _threads(self) -> Bulkhead:
        return Bulkhead("facebook", MAX_SENDS)

    def caller_check(self, settings: Settings) -> SignatureCheck:
        """Return a check of Facebook's signature (from `RoutedChannel`)."""
        return SignatureCheck(self._may_call, "not signed with the app's secret")

    def routes(self, on_new_message: OnNewMessage) -> Blueprint:
        """Return Rasa's routes. A webhook may carry several events, each with its id.

        Rasa's own reads only the first.
        """
        blueprint = Blueprint("fb_webhook", __name__)

        @blueprint.route("/", methods=["GET"])
        async def health(_: Request) -> HTTPResponse:
            return response.json({"status": "ok"})

        @blueprint.route("/webhook", methods=["GET"])
        async def verify(request: Request) -> HTTPResponse:
            return response.text(request.args.get("hub.challenge", ""))

        @blueprint.route("/webhook", methods=["POST"])
        async def webhook(request: Request) -> HTTPResponse:
            output = self.own_output()
            for event in _events(request.json):
                metadata = {**(self.get_metadata(request) or {}), MESSAGE_ID: _event_id(event)}
                await _Messenger(output, on_new_message).handle({"entry": [{"messaging": [event]}]}, metadata)
            return response.text("success")

        return blueprint

    def _may_call(self, request: Request) -> bool:
        """Check whether a request is Facebook's: signed, or the one by which it verifies the address."""
        if request.method == "GET":
            return same(str(self.fb_verify or ""), request.args.get("hub.verify_token"))
        return _signed(self.fb_secret, request)

    def own_output(self) -> _Output:
        """Return the client for the configured page (from `LedgerChannel`)."""
        return _Output(_Client(self.fb_access_token), self._threads)


def _signed(secret: str | None, request: Request) -> bool:
    given = request.headers.get("X-Hub-Signature-256") or request.headers.get("X-Hub-Signature") or ""
    method, _, signature = given.partition("=")
    digest = {"sha256": hashlib.sha256, "sha1": hashlib.sha1}.get(method)
    if digest is None or not secret:
        return False
    expected = hmac.new(secret.encode(), request.body, digest).hexdigest()
    return same(expected, signature)


def _events(body: Any) -> Iterator[dict[str, Any]]:
    for entry in (body.get("entry") if isinstance(body, Mapping) else None) or ():
        for event in (entry.get("messaging") if isinstance(entry, Mapping) else None) or ():
            if isinstance(event, dict):
                yield event


def _event_id(event: Mapping[str, Any]) -> str | None:
    """Return Facebook's id of a message; a press of a button has one of its own too, in newer versions."""
    content = event.get("message") or event.get("postback") or {}
    found = content.get("mid") if isinstance(content, Mapping) else None
    if found is None and event.get("postback") and event.get("timestamp"):
        return f"postback {event['timestamp']}"
    return str(found) if found else None

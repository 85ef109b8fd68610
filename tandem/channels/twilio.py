"""Twilio (SMS and WhatsApp) behind the router: its client off the event loop, and its errors told."""
from __future__ import annotations

import functools
import logging
from typing import Any
from urllib.parse import parse_qsl

from rasa.core.channels.channel import InputChannel, OutputChannel
from rasa.core.channels.twilio import TwilioInput, TwilioOutput
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator

from tandem.access.sanic_guard import SignatureCheck
from tandem.access.tokens import same
from tandem.channels.credentials import TwilioCredentials
from tandem.channels.facebook import CLIENT_TIMEOUT
from tandem.channels.routed import RoutedChannel
from tandem.executors import Bulkhead
from tandem.gateway.bot_turn import OnNewMessage
from tandem.gateway.delivery_worker import BLOCKING_SEND, MAX_SENDS, DeliveryDeferred, DeliveryRefused
from tandem.settings import Settings, SettingsError

logger = logging.getLogger(__name__)

UNCHECKED = ("Twilio's webhooks cannot be checked, and whoever knows the address can write as any customer: set "
             "webhook_url in credentials.yml, see docs/channels.md")


class _TwilioOutput(TwilioOutput):
    """Twilio's client off the event loop, with a time limit, and with its errors told instead of forgotten."""

    keeps_blank_lines = True

    def __init__(self, threads: Bulkhead, *args: Any) -> None:
        super().__init__(*args)
        self._threads = threads
        self.http_client = TwilioHttpClient(timeout=CLIENT_TIMEOUT)

    async def _send_message(self, message_data: dict[str, Any]) -> Any:
        try:
            send = functools.partial(self.messages.create, **message_data)
            return await self._threads.run(BLOCKING_SEND, send)
        except TwilioRestException as error:
            if error.status in (400, 404):
                raise DeliveryRefused(error.msg) from error
            raise DeliveryDeferred(f"{error.status} {error.msg}"[:200]) from error

    async def send_text_message(self, recipient_id: str, text: str, **_: Any) -> None:
        """Send a text as one message."""
        await self._send_message({"to": recipient_id, "from_": self.twilio_number, "body": text})


class Twilio(RoutedChannel, TwilioInput):
    """Rasa's Twilio channel behind the router, with Twilio's signature checked where its address is known."""

    credentials = TwilioCredentials
    webhook_url: str | None = None

    @functools.cached_property
    def _threads(self) -> Bulkhead:
        return Bulkhead("twilio", MAX_SENDS)

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> InputChannel:
        """Return Rasa's keys, and `webhook_url`.

        The public address at Twilio, over which it signs (from `InputChannel`).
        """
        channel = super().from_credentials(credentials)
        channel.webhook_url = (credentials or {}).get("webhook_url")
        return channel

    def caller_check(self, settings: Settings) -> SignatureCheck:
        """Return a check of Twilio's signature (from `RoutedChannel`).

        Raises:
            SettingsError: The address that Twilio signs over is not known, and this is no demo on loopback.
        """
        if not self.webhook_url and not settings.demo_on_loopback:
            raise SettingsError(UNCHECKED)
        if not self.webhook_url:
            logger.warning(UNCHECKED)
        return SignatureCheck(self._signed, "not signed with the account's token over webhook_url")

    def message_id(self, request: Request) -> str | None:
        """Return Twilio's id of the message (from `RoutedChannel`)."""
        return request.form.get("MessageSid") or request.form.get("SmsMessageSid")

    def routes(self, on_new_message: OnNewMessage) -> Blueprint:
        """Return Rasa's routes; a picture without words comes as its address, as on Rasa's Facebook channel."""
        blueprint = super().routes(on_new_message)

        @blueprint.middleware("request")
        async def fill_text(request: Request) -> HTTPResponse | None:
            if request.method != "POST":
                return None
            if request.form.get("Latitude"):
                return None
            if not request.form.get("From"):
                return response.text("From is missing", status=400)
            if not request.form.get("Body"):
                if not request.form.get("MediaUrl0"):
                    return response.text("", status=204)
                request.form["Body"] = [request.form.get("MediaUrl0")]
            return None

        return blueprint

    def _signed(self, request: Request) -> bool:
        """Check whether a webhook is Twilio's; true for all while the address is not known, in a demo on loopback."""
        if not self.webhook_url:
            return True
        # Twilio signs empty fields too, which Sanic's form leaves out.
        sent = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        expected = RequestValidator(self.auth_token).compute_signature(self.webhook_url, sent)
        return same(expected, request.headers.get("X-Twilio-Signature"))

    def own_output(self) -> OutputChannel:
        """Return Twilio's client for the configured number (from `LedgerChannel`)."""
        return _TwilioOutput(self._threads, self.account_sid, self.auth_token, self.twilio_number)

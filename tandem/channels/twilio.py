"""Twilio (SMS and WhatsApp) behind the router: its client off the event loop, and its errors told."""
from __future__ import annotations

import functools
import logging
from typing import Any
from urllib.parse import parse_qsl

from rasa.core.channels.channel import InputChannel, OutputChannel
from rasa.core.channels.twilio import TwilioInput, TwilioOutput
from sanic import Blueprint, Sanic, response
from sanic.request import Request
from sanic.response import HTTPResponse
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator

from tandem.access.sanic_guard import SignatureCheck
from tandem.access.tokens import same
from tandem.channels.facebook import CLIENT_TIMEOUT
from tandem.channels.routed import routed
from tandem.executors import Bulkhead
from tandem.gateway.delivery_worker import BLOCKING_SEND, MAX_SENDS, NotTaken, Refused
from tandem.gateway.protection import check_callers
from tandem.gateway.runtime import Runtime
from tandem.settings import SettingsError

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
                raise Refused(error.msg) from error
            raise NotTaken(f"{error.status} {error.msg}"[:200]) from error

    async def send_text_message(self, recipient_id: str, text: str, **_: Any) -> None:
        """Send a text as one message."""
        await self._send_message({"to": recipient_id, "from_": self.twilio_number, "body": text})


class _Twilio(TwilioInput):
    """Rasa's Twilio channel with the output above, and with Twilio's signature checked where its address is known."""

    webhook_url: str | None = None

    @functools.cached_property
    def _threads(self) -> Bulkhead:
        return Bulkhead("twilio", MAX_SENDS)

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> InputChannel:
        """Rasa's keys, and `webhook_url`: the public address at Twilio, over which it signs (from `InputChannel`)."""
        channel = super().from_credentials(credentials)
        channel.webhook_url = (credentials or {}).get("webhook_url")
        return channel

    def blueprint(self, on_new_message: Any) -> Blueprint:
        """Rasa's routes; a picture without words comes as its address, as on Rasa's Facebook channel."""
        blueprint = super().blueprint(on_new_message)

        @blueprint.listener("before_server_start")
        async def ask_for_the_signature(app: Sanic, _: Any) -> None:
            if not self.webhook_url and not Runtime.of(app).settings.demo_on_loopback:
                raise SettingsError(UNCHECKED)
            if not self.webhook_url:
                logger.warning(UNCHECKED)
            check_callers(app, self.url_prefix(), SignatureCheck(
                self._signed, "not signed with the account's token over webhook_url"))

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
        """Whether a webhook is Twilio's; true for all while the address is not known, in a demo on loopback."""
        if not self.webhook_url:
            return True
        # Twilio signs empty fields too, which Sanic's form leaves out.
        sent = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        expected = RequestValidator(self.auth_token).compute_signature(self.webhook_url, sent)
        return same(expected, request.headers.get("X-Twilio-Signature"))

    def get_output_channel(self) -> OutputChannel:
        """Twilio's client for the configured number."""
        return _TwilioOutput(self._threads, self.account_sid, self.auth_token, self.twilio_number)


def _twilio_id(request: Request) -> str | None:
    return request.form.get("MessageSid") or request.form.get("SmsMessageSid")


Twilio = routed(_Twilio, message_id=_twilio_id)

"""Telegram, Slack, Twilio and Facebook behind the router.

Rasa's own classes read the webhooks and know the wire formats. What is added here: the id of each message, so that
a repeated webhook is one message; an address that outlives the request, so that a person can answer later; and
sending that tells the truth, because Rasa's Twilio output swallows errors and two of the clients block the loop.
"""
from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from fbmessenger import MessengerClient
from rasa.core.channels.channel import OutputChannel, UserMessage
from rasa.core.channels.facebook import FacebookInput, MessengerBot
from rasa.core.channels.slack import SlackBot, SlackInput
from rasa.core.channels.telegram import TelegramInput, TelegramOutput
from rasa.core.channels.twilio import TwilioInput, TwilioOutput
from sanic import Blueprint, Sanic
from sanic.request import Request
from twilio.base.exceptions import TwilioRestException

from tandem.channels.deliverer import Refused
from tandem.channels.routed import routed

logger = logging.getLogger(__name__)


class _Telegram(TelegramInput):
    """Rasa's Telegram channel; its output can be made at any time, and the webhook is set when the server runs."""

    def blueprint(self, on_new_message: Any) -> Blueprint:
        """Rasa's routes; the webhook is registered with Telegram once the server is up."""
        blueprint = super().blueprint(on_new_message)

        @blueprint.listener("after_server_start")
        async def register_webhook(app: Sanic, _: Any) -> None:
            app.add_task(self._register_webhook())

        return blueprint

    async def _register_webhook(self) -> None:
        try:
            await TelegramOutput(self.access_token).set_webhook(url=self.webhook_url)
        except Exception as error:  # the client raises many kinds; the server must run without Telegram too
            logger.error("Telegram did not take the webhook address: %s; see docs/channels.md", error)

    def get_output_channel(self) -> TelegramOutput:
        """An output that needs no event loop of its own, unlike Rasa's."""
        return TelegramOutput(self.access_token)


class _Slack(SlackInput):
    """Rasa's Slack channel; a later answer goes to the Slack channel and thread the customer wrote in."""

    def address(self, message: UserMessage) -> dict[str, Any]:
        """The Slack channel, and the thread if threads are used."""
        metadata = message.metadata or {}
        thread = metadata.get("thread_id") if self.use_threads else None
        return {"channel": metadata.get("out_channel"), "thread": thread}

    def deliver_to(self, address: Mapping[str, Any]) -> OutputChannel:
        """The bot in that channel and thread."""
        channel = address.get("channel") or self.slack_channel
        return SlackBot(self.slack_token, channel, address.get("thread"), self.proxy)


class _TwilioOutput(TwilioOutput):
    """Twilio's client off the event loop, with its errors told instead of logged and forgotten."""

    async def _send_message(self, message_data: dict[str, Any]) -> Any:
        try:
            return await asyncio.to_thread(self.messages.create, **message_data)
        except TwilioRestException as error:
            if error.status in (400, 404):
                raise Refused(error.msg) from error
            raise


class _Twilio(TwilioInput):
    """Rasa's Twilio channel with the output above."""

    def get_output_channel(self) -> OutputChannel:
        """Twilio's client for the configured number."""
        return _TwilioOutput(self.account_sid, self.auth_token, self.twilio_number)


class _FacebookOutput(MessengerBot):
    """Facebook's client off the event loop, with its errors told."""

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        """Send one message in a thread: the client blocks."""
        await asyncio.to_thread(asyncio.run, super().send_response(recipient_id, message))

    def send(self, recipient_id: str, element: Any) -> None:
        """Send, and raise what Facebook answers with."""
        answer = self.messenger_client.send(element.to_dict(), recipient_id, "RESPONSE")
        error = answer.get("error") if isinstance(answer, dict) else None
        if error:
            kind = ConnectionError if error.get("is_transient") else Refused
            raise kind(str(error.get("message", "refused"))[:200])


class _Facebook(FacebookInput):
    """Rasa's Facebook channel with the output above."""

    def get_output_channel(self) -> OutputChannel:
        """Facebook's client for the configured page."""
        return _FacebookOutput(MessengerClient(self.fb_access_token))


def _telegram_id(request: Request) -> str | None:
    body = request.json if isinstance(request.json, dict) else {}
    return str(body["update_id"]) if "update_id" in body else None


def _slack_id(request: Request) -> str | None:
    if request.headers.get("content-type") != "application/json":
        return None
    return request.json.get("event_id") if isinstance(request.json, dict) else None


def _twilio_id(request: Request) -> str | None:
    return request.form.get("MessageSid") or request.form.get("SmsMessageSid")


def _facebook_id(request: Request) -> str | None:
    try:
        event = request.json["entry"][0]["messaging"][0]
    except (KeyError, IndexError, TypeError):
        return None
    content = event.get("message") or event.get("postback") or {}
    return content.get("mid") if isinstance(content, dict) else None


Telegram = routed(_Telegram, message_id=_telegram_id)
Slack = routed(_Slack, message_id=_slack_id)
Twilio = routed(_Twilio, message_id=_twilio_id)
Facebook = routed(_Facebook, message_id=_facebook_id)

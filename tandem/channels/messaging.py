"""Telegram, Slack, Twilio and Facebook behind the router.

Rasa's own classes read the webhooks and know the wire formats. What is added here: the id of each message, so that
a repeated webhook is one message; an address that outlives the request, so that a person can answer later; a message
that is stored before its webhook is answered; and sending that tells the truth, because Rasa's Twilio output swallows
errors, Slack's client silently sends again, and two of the clients block the loop.
"""
from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import Any

from aiogram.utils.exceptions import BadRequest, Unauthorized
from rasa.core.channels.channel import OutputChannel, UserMessage
from rasa.core.channels.slack import SlackBot, SlackInput
from rasa.core.channels.telegram import TelegramInput, TelegramOutput
from rasa.core.channels.twilio import TwilioInput, TwilioOutput
from sanic import Blueprint, Sanic, response
from sanic.exceptions import SanicException
from sanic.request import Request
from sanic.response import HTTPResponse
from slack_sdk.errors import SlackApiError
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient

from tandem.channels.deliverer import NotTaken, Refused
from tandem.channels.facebook import CLIENT_TIMEOUT, Facebook
from tandem.channels.routed import routed
from tandem.handoff.language import LANGUAGE, tag_of

logger = logging.getLogger(__name__)

__all__ = ["Facebook", "Slack", "Telegram", "Twilio"]

_SLACK_LATER = frozenset({  # errors that pass; any other of Slack's answers stays
    "fatal_error", "internal_error", "ratelimited", "rate_limited", "request_timeout", "service_unavailable",
    "team_added_to_org",
})


class _TelegramOutput(TelegramOutput):
    """Rasa's output, which tells a refusal for good from a failure that passes."""

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        """Send one message.

        Raises:
            Refused: Telegram will never take it: the bot is blocked, the chat is gone, the text too long.
        """
        try:
            await super().send_response(recipient_id, message)
        except (BadRequest, Unauthorized) as error:
            raise Refused(str(error)[:200]) from error


class _Telegram(TelegramInput):
    """Rasa's Telegram channel; its output can be made at any time, and the webhook is set when the server runs."""

    _output: _TelegramOutput | None = None
    _registering: asyncio.Task[None] | None = None

    def blueprint(self, on_new_message: Any) -> Blueprint:
        """Rasa's routes; the webhook is registered with Telegram once the server is up."""
        blueprint = super().blueprint(on_new_message)

        @blueprint.listener("after_server_start")
        async def register_webhook(_: Sanic, __: Any) -> None:
            self._registering = asyncio.get_running_loop().create_task(self._register_webhook())

        @blueprint.listener("after_server_stop")
        async def close_session(_: Sanic, __: Any) -> None:
            if self._registering is not None:
                self._registering.cancel()
            await self._telegram().session.close()

        @blueprint.middleware("request")
        async def pass_over(request: Request) -> HTTPResponse | None:
            """Telegram also tells of polls, members and posts, and repeats whatever is not answered with 200."""
            if request.method != "POST" or not request.path.endswith("/webhook"):
                return None
            try:
                body = request.json
            except (SanicException, ValueError, RecursionError):
                body = None
            if not isinstance(body, dict):
                return response.text("the body must be a JSON object", status=400)
            return None if _is_message(body) else response.text("success")

        return blueprint

    def get_metadata(self, request: Request) -> dict[str, Any] | None:
        """The language that the customer's Telegram speaks (from `InputChannel`)."""
        language = _telegram_language(request.json)
        return {**(super().get_metadata(request) or {}), **({LANGUAGE: language} if language else {})}

    async def _register_webhook(self) -> None:
        try:
            await self._telegram().set_webhook(url=self.webhook_url)
        except Exception as error:  # the client raises many kinds; the server must run without Telegram too
            logger.error("Telegram did not take the webhook address: %s; see docs/channels.md", error)

    def get_output_channel(self) -> _TelegramOutput:
        """An output that needs no event loop when it is made, unlike Rasa's."""
        return self._telegram()

    def _telegram(self) -> _TelegramOutput:
        """The one output of this channel, and so one session with Telegram."""
        if self._output is None:
            self._output = _TelegramOutput(self.access_token)
        return self._output


class _SlackOutput(SlackBot):
    """Rasa's output; what it sends is sent once, and Slack's refusals are told from its moods."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.client.retry_handlers.clear()  # else a connection that broke after sending is used for the same again

    async def _post_message(self, channel: str, **kwargs: Any) -> None:
        try:
            await super()._post_message(channel, **kwargs)
        except SlackApiError as error:
            answer = error.response
            known = answer.get("error") if answer.status_code == 200 else None
            kind = Refused if known and known not in _SLACK_LATER else NotTaken
            raise kind(str(known or answer.status_code)) from error


class _Slack(SlackInput):
    """Rasa's Slack channel; a later answer goes to the Slack channel and thread the customer wrote in."""

    async def process_message(
        self, request: Request, on_new_message: Any, text: str, sender_id: str | None, metadata: Any,
    ) -> HTTPResponse:
        """Store a message before Slack hears that it was taken. Rasa's own answers first, and drops repeats unseen."""
        await on_new_message(UserMessage(text, None, sender_id, input_channel=self.name(), metadata=metadata))
        return response.text("")

    def address(self, message: UserMessage) -> dict[str, Any]:
        """The Slack channel, and the thread if threads are used."""
        metadata = message.metadata or {}
        thread = metadata.get("thread_id") if self.use_threads else None
        return {"channel": metadata.get("out_channel"), "thread": thread}

    def deliver_to(self, address: Mapping[str, Any]) -> OutputChannel:
        """The bot in that channel and thread."""
        channel = address.get("channel") or self.slack_channel
        return _SlackOutput(self.slack_token, channel, address.get("thread"), self.proxy)


class _TwilioOutput(TwilioOutput):
    """Twilio's client off the event loop, with a time limit, and with its errors told instead of forgotten."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.http_client = TwilioHttpClient(timeout=CLIENT_TIMEOUT)

    async def _send_message(self, message_data: dict[str, Any]) -> Any:
        try:
            return await asyncio.to_thread(self.messages.create, **message_data)
        except TwilioRestException as error:
            if error.status in (400, 404):
                raise Refused(error.msg) from error
            raise NotTaken(f"{error.status} {error.msg}"[:200]) from error


class _Twilio(TwilioInput):
    """Rasa's Twilio channel with the output above."""

    def blueprint(self, on_new_message: Any) -> Blueprint:
        """Rasa's routes; a picture without words comes as its address, as on Rasa's Facebook channel."""
        blueprint = super().blueprint(on_new_message)

        @blueprint.middleware("request")
        async def fill_text(request: Request) -> HTTPResponse | None:
            if request.method != "POST" or request.form.get("Latitude"):
                return None
            if not request.form.get("From"):
                return response.text("From is missing", status=400)
            if not request.form.get("Body"):
                if not request.form.get("MediaUrl0"):
                    return response.text("", status=204)
                request.form["Body"] = [request.form.get("MediaUrl0")]
            return None

        return blueprint

    def get_output_channel(self) -> OutputChannel:
        """Twilio's client for the configured number."""
        return _TwilioOutput(self.account_sid, self.auth_token, self.twilio_number)


def _is_message(body: Mapping[str, Any]) -> bool:
    """Whether a Telegram update is one of those that Rasa's channel reads."""
    pressed = body.get("callback_query")
    if isinstance(pressed, Mapping):
        return isinstance(pressed.get("message"), Mapping)
    return any(isinstance(body.get(kind), Mapping) for kind in ("message", "edited_message"))


def _telegram_language(body: Any) -> str:
    """Of the person who wrote or pressed a button; empty if Telegram does not tell."""
    if not isinstance(body, dict):
        return ""
    kinds = (body.get(kind) for kind in ("message", "edited_message", "callback_query"))
    told = next((one for one in kinds if isinstance(one, Mapping)), {})
    person = told.get("from")
    return tag_of(person.get("language_code")) if isinstance(person, Mapping) else ""


def _telegram_id(request: Request) -> str | None:
    body = request.json if isinstance(request.json, dict) else {}
    return str(body["update_id"]) if "update_id" in body else None


def _slack_id(request: Request) -> str | None:
    if request.headers.get("content-type") == "application/json":
        return request.json.get("event_id") if isinstance(request.json, dict) else None
    action = json.loads(request.form["payload"][0])["actions"][0]
    return f"action {action['action_ts']}" if action.get("action_ts") else None


def _twilio_id(request: Request) -> str | None:
    return request.form.get("MessageSid") or request.form.get("SmsMessageSid")


Telegram = routed(_Telegram, message_id=_telegram_id)
Slack = routed(_Slack, message_id=_slack_id)
Twilio = routed(_Twilio, message_id=_twilio_id)

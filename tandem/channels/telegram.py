"""Telegram behind the router: sending at any time, and a webhook that is set once the server runs."""
from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup
from aiogram.utils.exceptions import BadRequest, Unauthorized
from rasa.core.channels.telegram import TelegramInput, TelegramOutput
from sanic import Blueprint, Sanic, response
from sanic.exceptions import SanicException
from sanic.request import Request
from sanic.response import HTTPResponse

from tandem.channels.deliverer import Refused
from tandem.channels.routed import routed
from tandem.handoff.language import LANGUAGE, tag_of

logger = logging.getLogger(__name__)


class _TelegramOutput(TelegramOutput):
    """Rasa's output, which tells a refusal for good from a failure that passes."""

    keeps_blank_lines = True

    async def send_text_message(self, recipient_id: str, text: str, **_: Any) -> None:
        """Send a text as one message."""
        await self.send_message(recipient_id, text)

    async def send_text_with_buttons(
        self, recipient_id: str, text: str, buttons: list[dict[str, Any]], *_: Any, **__: Any,
    ) -> None:
        """Send a text with its buttons, one a row, so that their titles can be read."""
        keyboard = InlineKeyboardMarkup()
        for button in buttons:
            target = {"url": button["url"]} if "url" in button else {"callback_data": button["payload"]}
            keyboard.row(InlineKeyboardButton(button["title"], **target))
        await self.send_message(recipient_id, text, reply_markup=keyboard)

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


Telegram = routed(_Telegram, message_id=_telegram_id)

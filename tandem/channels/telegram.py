"""Telegram behind the router: sending at any time, and a webhook that is set once the server runs."""
from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Mapping
from typing import Any

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, User
from aiogram.utils.exceptions import BadRequest, Unauthorized
from rasa.core.channels.telegram import TelegramInput, TelegramOutput
from sanic import Blueprint, Sanic, response
from sanic.exceptions import SanicException
from sanic.request import Request
from sanic.response import HTTPResponse

from tandem.access.limits import RateLimit
from tandem.access.sanic_guard import SignatureCheck
from tandem.access.tokens import derived, same
from tandem.channels.credentials import TelegramCredentials
from tandem.channels.routed import RoutedChannel
from tandem.gateway.bot_turn import OnNewMessage
from tandem.gateway.delivery_worker import DeliveryRefused
from tandem.settings import Settings
from tandem.wording.language import LANGUAGE, tag_of
from tandem.wording.phrases import notice

logger = logging.getLogger(__name__)

_REGISTER_PAUSES = (1.0, 5.0, 30.0, 120.0)  # seconds between attempts to tell Telegram the webhook's address


class _TelegramOutput(TelegramOutput):
    """Rasa's output, which tells a refusal for good from a failure that passes."""

    keeps_blank_lines = True
    _bot: User | None = None

    async def get_me(self) -> User:
        """Return the bot's own account. Rasa asks with each update, which must not wait for Telegram each time."""
        if self._bot is None:
            self._bot = await super().get_me()
        return self._bot

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
            DeliveryRefused: Telegram will never take it: the bot is blocked, the chat is gone, the text too long. Or it
                goes to a group, where others than the customer would read it.
        """
        if recipient_id.startswith("-"):
            raise DeliveryRefused("a group, in which others would read it")
        try:
            await super().send_response(recipient_id, message)
        except (BadRequest, Unauthorized) as error:
            raise DeliveryRefused(str(error)[:200]) from error


class Telegram(RoutedChannel, TelegramInput):
    """Rasa's Telegram channel behind the router; its webhook is set when the server runs.

    Telegram is given a secret with the webhook's address and sends it with each update. It is derived from the bot's
    access token, so that there is nothing more to set.
    """

    credentials = TelegramCredentials
    _output: _TelegramOutput | None = None
    _registering: asyncio.Task[None] | None = None

    @property
    def webhook_secret(self) -> str:
        """Return what Telegram sends with each update, and nobody else knows."""
        return derived(self.access_token, "telegram webhook")

    def caller_check(self, settings: Settings) -> SignatureCheck:
        """Return a check of the secret that Telegram was given (from `RoutedChannel`)."""
        return SignatureCheck(self._is_telegrams, "not signed with the secret that Telegram was given")

    def message_id(self, request: Request) -> str | None:
        """Return the update's id (from `RoutedChannel`)."""
        body = request.json if isinstance(request.json, dict) else {}
        return str(body["update_id"]) if "update_id" in body else None

    def routes(self, on_new_message: OnNewMessage) -> Blueprint:
        """Return Rasa's routes; the webhook is registered with Telegram once the server is up."""
        blueprint = super().routes(on_new_message)
        told = RateLimit(per_minute=1 / 1440, burst=1)  # each group once a day

        @blueprint.listener("after_server_start")
        async def register_webhook(_: Sanic, __: Any) -> None:
            self._registering = asyncio.get_running_loop().create_task(self._register_webhook())

        @blueprint.listener("after_server_stop")
        async def close_session(_: Sanic, __: Any) -> None:
            if self._registering is not None:
                self._registering.cancel()
            await self.own_output().session.close()

        @blueprint.middleware("request")
        async def pass_over(request: Request) -> HTTPResponse | None:
            """Pass over what is no message: Telegram tells of polls too, and repeats what is not answered with 200."""
            if request.method != "POST" or not request.path.endswith("/webhook"):
                return None
            try:
                body = request.json
            except (SanicException, ValueError, RecursionError):
                body = None
            if not isinstance(body, dict):
                return response.text("the body must be a JSON object", status=400)
            if not _is_message(body):
                return response.text("success")
            group = _group_of(body)
            if group is None:
                return None
            if told.wait(group):
                return response.text("success")
            logger.info("A Telegram group was told that the bot talks to one person at a time")
            return response.json({"method": "sendMessage", "chat_id": group, "text": notice("private_only")})

        return blueprint

    def get_metadata(self, request: Request) -> dict[str, Any] | None:
        """Return the language that the customer's Telegram speaks (from `InputChannel`)."""
        language = _telegram_language(request.json)
        return {**(super().get_metadata(request) or {}), **({LANGUAGE: language} if language else {})}

    def _is_telegrams(self, request: Request) -> bool:
        # Rasa's route `set_webhook`, by which anybody could register the address without the secret, is closed.
        sent = request.headers.get("X-Telegram-Bot-Api-Secret-Token")
        return request.method == "POST" and request.path.endswith("/webhook") and same(self.webhook_secret, sent)

    async def _register_webhook(self) -> None:
        """Tell Telegram the address and the secret, again and again until it takes them."""
        registration = {"url": self.webhook_url, "secret_token": self.webhook_secret}
        for pause in itertools.chain(_REGISTER_PAUSES, itertools.repeat(_REGISTER_PAUSES[-1])):
            try:
                await self.own_output().request("setWebhook", registration)
                return
            except (BadRequest, Unauthorized) as error:
                logger.error("Telegram refuses the webhook address: %s; see docs/channels.md", error)
                return
            except Exception as error:  # the client raises many kinds; the server must run without Telegram too
                logger.warning("Telegram did not take the webhook address, it is told again in %g s: %s", pause, error)
            await asyncio.sleep(pause)

    def own_output(self) -> _TelegramOutput:
        """Return the one output of this channel, and so one session.

        Unlike Rasa's, it needs no event loop when made.
        """
        if self._output is None:
            self._output = _TelegramOutput(self.access_token)
        return self._output


def _told_of(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the messages in an update of the kinds that Rasa's channel reads."""
    pressed = body.get("callback_query")
    found = [body.get("message"), body.get("edited_message"),
             pressed.get("message") if isinstance(pressed, Mapping) else None]
    return [one for one in found if isinstance(one, Mapping)]


def _group_of(body: Mapping[str, Any]) -> str | None:
    """Return the chat of an update, if more than one person reads it: a group, a supergroup, a channel; else None."""
    chats = [chat if isinstance(chat := message.get("chat"), Mapping) else {} for message in _told_of(body)]
    return next((str(chat.get("id", "")) for chat in chats if chat.get("type") != "private"), None)


def _is_message(body: Mapping[str, Any]) -> bool:
    """Check whether a Telegram update is one of those that Rasa's channel reads."""
    pressed = body.get("callback_query")
    if isinstance(pressed, Mapping):
        return isinstance(pressed.get("message"), Mapping)
    return any(isinstance(body.get(kind), Mapping) for kind in ("message", "edited_message"))


def _telegram_language(body: Any) -> str:
    """Return the language of the person who wrote or pressed a button; empty if Telegram does not tell."""
    if not isinstance(body, dict):
        return ""
    kinds = (body.get(kind) for kind in ("message", "edited_message", "callback_query"))
    told = next((one for one in kinds if isinstance(one, Mapping)), {})
    person = told.get("from")
    return tag_of(person.get("language_code")) if isinstance(person, Mapping) else ""

"""Slack behind the router: what is sent is sent once, and goes to the direct message the customer wrote in."""
from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

from rasa.core.channels.channel import OutputChannel, UserMessage
from rasa.core.channels.slack import SlackBot, SlackInput
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse
from slack_sdk.errors import SlackApiError

from tandem.access.limits import RateLimit
from tandem.access.sanic_guard import SignatureCheck
from tandem.channels.credentials import SlackCredentials
from tandem.channels.routed import RoutedChannel
from tandem.gateway.bot_turn import OnNewMessage
from tandem.gateway.delivery_worker import DeliveryDeferred, DeliveryRefused
from tandem.settings import Settings
from tandem.wording.phrases import notice

logger = logging.getLogger(__name__)

_LATER = frozenset({  # errors that pass; any other of Slack's answers stays
    "fatal_error", "internal_error", "ratelimited", "rate_limited", "request_timeout", "service_unavailable",
    "team_added_to_org",
})


class _SlackOutput(SlackBot):
    """Rasa's output; what it sends is sent once, and refusals for good are told apart from passing troubles."""

    keeps_blank_lines = True

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.client.retry_handlers.clear()  # else a connection that broke after sending is used for the same again

    async def _post_message(self, channel: str, **kwargs: Any) -> None:
        try:
            await super()._post_message(channel, **kwargs)
        except SlackApiError as error:
            answer = error.response
            known = answer.get("error") if answer.status_code == 200 else None
            kind = DeliveryRefused if known and known not in _LATER else DeliveryDeferred
            raise kind(str(known or answer.status_code)) from error

    # Rasa's own calls say `as_user`, which Slack refuses from the tokens of newer apps.

    async def send_text_message(self, recipient_id: str, text: str, **_: Any) -> None:
        """Send a text as one message."""
        await self._post_message(self.slack_channel or recipient_id, text=text)

    async def send_text_with_buttons(
        self, recipient_id: str, text: str, buttons: list[dict[str, Any]], **_: Any,
    ) -> None:
        """Send a text with its buttons under it."""
        elements = [{
            "type": "button", "text": {"type": "plain_text", "text": button["title"]},
            **({"url": button["url"]} if "url" in button else {"value": button["payload"]}),
        } for button in buttons]
        blocks = [{"type": "section", "text": {"type": "plain_text", "text": text}},
                  {"type": "actions", "elements": elements}]
        await self._post_message(self.slack_channel or recipient_id, text=text, blocks=blocks)

    async def send_image_url(self, recipient_id: str, image: str, **_: Any) -> None:
        """Send a picture by its address."""
        await self._post_message(self.slack_channel or recipient_id, text=image, blocks=[
            {"type": "image", "image_url": image, "alt_text": image}])

    async def send_attachment(self, recipient_id: str, attachment: Any, **_: Any) -> None:
        """Send an attachment of Slack's own form, or the address of one."""
        if not isinstance(attachment, dict):
            await self.send_text_message(recipient_id, str(attachment))
            return
        await self._post_message(self.slack_channel or recipient_id, attachments=[attachment],
                                 text=str(attachment.get("fallback") or attachment.get("text") or ""))


class Slack(RoutedChannel, SlackInput):
    """Rasa's Slack channel behind the router, for direct messages only.

    In any other Slack channel others would read what is answered. A later answer goes to the direct message
    and the thread the customer wrote in.
    """

    credentials = SlackCredentials
    _told = RateLimit(per_minute=1 / 1440, burst=1)  # each person once a day in each Slack channel

    def routes(self, on_new_message: OnNewMessage) -> Blueprint:
        """Return Rasa's routes (from `RoutedChannel`)."""
        if self.slack_channel:
            logger.warning("slack_channel in credentials.yml is not used: others would read the answers there")
        return super().routes(on_new_message)

    def caller_check(self, settings: Settings) -> SignatureCheck:
        """Return a check of Slack's signature (from `RoutedChannel`)."""
        return SignatureCheck(self.is_request_from_slack_authentic, "not signed with the app's signing secret")

    def message_id(self, request: Request) -> str | None:
        """Return the event's id, or the time at which a button was pressed (from `RoutedChannel`)."""
        if request.headers.get("content-type") == "application/json":
            return request.json.get("event_id") if isinstance(request.json, dict) else None
        action = json.loads(request.form["payload"][0])["actions"][0]
        return f"action {action['action_ts']}" if action.get("action_ts") else None

    async def process_message(
        self, request: Request, on_new_message: OnNewMessage, text: str, sender_id: str | None, metadata: Any,
    ) -> HTTPResponse:
        """Store a message before Slack hears that it was taken. Rasa's own answers first, and drops repeats unseen."""
        channel = str((metadata or {}).get("out_channel") or "")
        if not _is_direct(channel):
            await self._tell_to_write_directly(channel, str(sender_id or "").partition("_")[0])
            return response.text("")
        await on_new_message(UserMessage(text, None, sender_id, input_channel=self.name(), metadata=metadata))
        return response.text("")

    def address(self, message: UserMessage) -> dict[str, Any]:
        """Return the Slack channel, and the thread if threads are used (from `RoutedChannel`)."""
        metadata = message.metadata or {}
        thread = metadata.get("thread_id") if self.use_threads else None
        return {"channel": metadata.get("out_channel"), "thread": thread}

    def deliver_to(self, address: Mapping[str, Any]) -> OutputChannel:
        """Return the bot in that channel and thread (from `LedgerChannel`)."""
        channel = str(address.get("channel") or "")
        if channel and not _is_direct(channel):
            raise DeliveryRefused("a Slack channel in which others would read it")
        return _SlackOutput(self.slack_token, channel or None, address.get("thread"), self.proxy)

    def _is_supported_channel(self, slack_event: dict[str, Any], metadata: dict[str, Any]) -> bool:
        return bool(self._is_direct_message(slack_event) or self._is_app_mention(slack_event))

    async def _tell_to_write_directly(self, channel: str, person: str) -> None:
        """Tell somebody who mentions the bot among others where to write; only they see it."""
        if not channel or not person or self._told.wait(f"{channel} {person}"):
            return
        try:
            await _SlackOutput(self.slack_token, channel, None, self.proxy).client.chat_postEphemeral(
                channel=channel, user=person, text=notice("private_only"))
        except Exception as error:  # a nicety; the client raises many kinds
            logger.info("Slack did not take the hint to write directly: %s", type(error).__name__)


def _is_direct(channel: str) -> bool:
    """Check whether a Slack channel is a direct message between one person and the bot, which its id tells."""
    return channel.startswith("D")

"""Slack behind the router: what is sent is sent once, and goes to the channel and thread the customer wrote in."""
from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rasa.core.channels.channel import OutputChannel, UserMessage
from rasa.core.channels.slack import SlackBot, SlackInput
from sanic import response
from sanic.request import Request
from sanic.response import HTTPResponse
from slack_sdk.errors import SlackApiError

from tandem.channels.deliverer import NotTaken, Refused
from tandem.channels.routed import routed

_LATER = frozenset({  # errors that pass; any other of Slack's answers stays
    "fatal_error", "internal_error", "ratelimited", "rate_limited", "request_timeout", "service_unavailable",
    "team_added_to_org",
})


class _SlackOutput(SlackBot):
    """Rasa's output; what it sends is sent once, and Slack's refusals are told from its moods."""

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
            kind = Refused if known and known not in _LATER else NotTaken
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


def _slack_id(request: Request) -> str | None:
    if request.headers.get("content-type") == "application/json":
        return request.json.get("event_id") if isinstance(request.json, dict) else None
    action = json.loads(request.form["payload"][0])["actions"][0]
    return f"action {action['action_ts']}" if action.get("action_ts") else None


Slack = routed(_Slack, message_id=_slack_id)

"""Telegram, Slack, Twilio and Facebook on a running server, with a local stand-in of each service behind it."""
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import requests
from aiogram.bot.api import TelegramAPIServer
from rasa.core.channels.channel import InputChannel

from tandem.channels import slack
from tandem.channels.messaging import Facebook, Slack, Telegram, Twilio
from tests.fakes import channel_apis
from tests.fakes.core import Core
from tests.integration.channels import payloads
from tests.integration.channels.stage import Outside, Stage, outside, staged


@dataclass(frozen=True)
class Kind:
    """A channel under test: how it is made, written to, and what its service is sent."""

    name: str
    make: Callable[[], InputChannel]
    text: Callable[[str, str], payloads.Webhook]  # (text, message id)
    conversation: str
    path: str  # the ending of the address that messages are sent to
    sent_text: Callable[[dict[str, Any]], str]
    answer: Callable[[str, dict[str, Any]], tuple[int, Any]]


def _facebook_text(body: dict[str, Any]) -> str:
    message = body.get("message") or {}
    return str(message.get("text") or message["attachment"]["payload"]["text"])


TELEGRAM_SECRET = Telegram("123:token", "shop_bot", "").webhook_secret
TELEGRAM = Kind(
    "telegram", lambda: Telegram("123:token", "shop_bot", "https://chat.example.com/webhook"),
    lambda text, key: payloads.telegram_text(text, int(key)), "telegram:4711", "sendMessage",
    lambda body: str(body["text"]), channel_apis.telegram,
)
SLACK = Kind(
    "slack", lambda: Slack("xoxb-token", slack_signing_secret=payloads.SLACK_SECRET),
    lambda text, key: payloads.slack_text(text, f"Ev{key}"), "slack:U1", "chat.postMessage",
    lambda body: str(body["text"]), channel_apis.slack,
)
TWILIO = Kind(
    "twilio", lambda: Twilio("AC1", "token", "whatsapp:+15550100"),
    lambda text, key: payloads.twilio_text(text, f"SM{key}"), "twilio:whatsapp:+15550111", "Messages.json",
    lambda body: str(body["Body"]), channel_apis.twilio,
)
FACEBOOK = Kind(
    "facebook", lambda: Facebook("verify", payloads.FACEBOOK_SECRET, "page-token"),
    lambda text, key: payloads.facebook(payloads.facebook_text(text, f"m{key}")), "facebook:F1", "me/messages",
    _facebook_text, channel_apis.facebook,
)
KINDS = (TELEGRAM, SLACK, TWILIO, FACEBOOK)


@dataclass
class Line:
    """A channel on a running server, with its service behind it."""

    kind: Kind
    stage: Stage
    service: Outside
    point_to: Callable[[str], None]  # another address of the service

    async def hook(self, webhook: payloads.Webhook) -> int:
        """Send a webhook; the status of its answer."""
        return (await self.answer_to(webhook)).status_code

    async def answer_to(self, webhook: payloads.Webhook) -> httpx.Response:
        """Send a webhook as the service does, which for Telegram is with the secret it was given."""
        headers = {"X-Telegram-Bot-Api-Secret-Token": TELEGRAM_SECRET} if self.kind.name == "telegram" else {}
        address = f"{self.stage.url}/webhooks/{self.kind.name}/webhook"
        return await self.stage.client.post(address, **{"headers": headers, **webhook})

    async def write(self, text: str, key: str = "1") -> int:
        """The customer writes."""
        return await self.hook(self.kind.text(text, key))

    def texts(self) -> list[str]:
        """What the customer was sent."""
        return [self.kind.sent_text(body) for body in self.service.sent(self.kind.path) if "sender_action" not in body]

    async def sent(self, *texts: str) -> None:
        """Wait until exactly this was sent."""
        await self.stage.until(lambda: len(self.texts()) >= len(texts))
        assert self.texts() == list(texts)

    async def offers(self, *buttons: str) -> None:
        """The customer has said hello, and the bot has offered buttons with these payloads."""
        await self.write("Hello", "90")
        await self.sent("You said: Hello")
        data = {"buttons": [{"title": f"Choice {number}", "payload": one} for number, one in enumerate(buttons)]}
        await asyncio.to_thread(self.stage.core.bot_says, "Which?", conversation=self.kind.conversation, data=data)
        await self.stage.until(lambda: len(self.texts()) == 2)

    async def said(self) -> list[tuple[str, str]]:
        return await self.stage.said(self.kind.conversation)


@asynccontextmanager
async def line_of(
    kind: Kind, core: Core, monkeypatch: pytest.MonkeyPatch, *beside: InputChannel, **settings: Any,
) -> AsyncIterator[Line]:
    """Serve a channel of this kind, and others beside it."""
    async with outside(kind.path, kind.answer) as service:
        base = [service.url]
        real_send, real_init = requests.adapters.HTTPAdapter.send, slack._SlackOutput.__init__

        def send_here(adapter: Any, request: Any, *arguments: Any, **options: Any) -> Any:
            for host in ("https://graph.facebook.com", "https://api.twilio.com"):
                request.url = request.url.replace(host, base[0])
            return real_send(adapter, request, *arguments, **options)

        def init_here(output: Any, *arguments: Any) -> None:
            real_init(output, *arguments)
            output.client.base_url = f"{base[0]}/api/"

        monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send_here)
        monkeypatch.setattr(slack._SlackOutput, "__init__", init_here)
        channel = kind.make()

        def point_to(url: str) -> None:
            base[0] = url
            if isinstance(channel, Telegram):
                channel.own_output().server = TelegramAPIServer.from_base(url)

        point_to(service.url)
        async with staged(core, [channel, *beside], **settings) as stage:
            yield Line(kind, stage, service, point_to)


def on(kind: Kind) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("only", [kind], indirect=True, ids=[kind.name])

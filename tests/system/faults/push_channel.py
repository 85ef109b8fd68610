"""A channel that pushes to an outside API, as messengers do: it neither acknowledges nor finds repeats."""
from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
from rasa.core.channels.channel import InputChannel, OutputChannel, UserMessage
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

from tandem.channels.routed import RoutedChannel
from tandem.gateway.delivery_worker import DeliveryDeferred
from tests.system.faults.points import reach


class _PushOutput(OutputChannel):
    def __init__(self, url: str) -> None:
        self._url = url

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        reach("deliver.before_send")
        async with aiohttp.ClientSession() as session, session.post(
                self._url, json={"recipient": recipient_id, "text": message.get("text", "")}) as answer:
            if answer.status != 200:
                raise DeliveryDeferred(f"the API answered {answer.status}")
        reach("deliver.after_send")


class Push(RoutedChannel):
    """Takes `{"sender", "text", "id"}` and sends `{"recipient", "text"}` to `url`."""

    def __init__(self, url: str) -> None:
        self._url = url

    @classmethod
    def name(cls) -> str:
        return "push"

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> InputChannel:
        return cls((credentials or {})["url"])

    def routes(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        blueprint = Blueprint("push_webhook", __name__)

        @blueprint.route("/webhook", methods=["POST"])
        async def receive(request: Request) -> HTTPResponse:
            await on_new_message(UserMessage(request.json["text"], self.own_output(), request.json["sender"],
                                             input_channel=self.name(), metadata=self.get_metadata(request)))
            return response.text("")

        return blueprint

    def own_output(self) -> OutputChannel:
        return _PushOutput(self._url)

    def message_id(self, request: Request) -> str:
        return request.json["id"]

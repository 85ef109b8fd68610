"""A channel of one's own: the one of docs/channels.md, one of Rasa's kind behind the router, and those of before."""
from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from rasa.core.channels.channel import InputChannel, OutputChannel, UserMessage
from rasa.shared.exceptions import RasaException
from rasa.shared.utils.common import class_from_module_path
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

from tandem.channels.routed import RoutedChannel, routed
from tests.fakes.core import Core
from tests.integration.channels.stage import outside, staged

SECRET = {"X-Pager-Secret": "a secret of Pager"}
IMPORTS = """
from typing import Any
from aiohttp import ClientSession, ClientTimeout
from pydantic import Field
from rasa.core.channels.channel import OutputChannel, UserMessage
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse
from tandem.access.sanic_guard import SignatureCheck
from tandem.access.tokens import same
from tandem.channels.credentials import Credentials
from tandem.channels.routed import RoutedChannel
from tandem.gateway.delivery_worker import DeliveryDeferred, DeliveryRefused
from tandem.gateway.bot_turn import OnNewMessage
from tandem.settings import Settings
"""


@pytest.fixture
def pager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The channel that docs/channels.md writes out, found by its path as Rasa finds it."""
    page = Path("docs/channels.md").read_text(encoding="utf-8")
    [code] = [block for block in re.findall(r"```python\n(.+?)```", page, re.DOTALL) if "class Pager(" in block]
    (tmp_path / "pager_of_the_docs.py").write_text(IMPORTS + code, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "pager_of_the_docs", raising=False)
    return class_from_module_path("pager_of_the_docs.Pager")


async def test_the_channel_of_the_docs_takes_a_message_once_and_carries_every_answer(core: Core, pager: Any) -> None:
    async with outside("messages", lambda path, body: (200, {})) as service:
        channel = pager.from_credentials({"api": f"{service.url}/messages", "secret": SECRET["X-Pager-Secret"]})
        async with staged(core, [channel], demo=False) as stage:
            webhook = f"{stage.url}/webhooks/pager/webhook"
            body = {"id": "m1", "from": "0170-1", "text": "Hello"}
            assert (await stage.client.post(webhook, json=body)).status_code == 403, "without the secret"
            for _ in range(2):
                assert (await stage.client.post(webhook, json=body, headers=SECRET)).status_code == 200
            await stage.delivered("pager:0170-1", "You said: Hello", "sent")
            await stage.agent_says("pager:0170-1", "Anna here.\n\nHow can I help?")
            await stage.until(lambda: len(service.sent("messages")) == 2)
            assert stage.bot.texts == ["Hello"]
            first, second = service.sent("messages")
            assert first == {"to": "0170-1", "text": "You said: Hello"}
            assert second["to"] == "0170-1" and "Anna here.\n\nHow can I help?" in second["text"]


async def test_the_documented_channel_distinguishes_a_refusal_from_a_delay(core: Core, pager: Any) -> None:
    async with outside("messages", lambda path, body: (404, {}) if path == "refuse" else (200, {})) as service:
        service.moods = ["500", "refuse"]
        channel = pager(f"{service.url}/messages", "secret")
        async with staged(core, [channel]) as stage:
            core.says("Hello", conversation="pager:1", channel="pager")
            core.bot_says("Good day", conversation="pager:1")
            await stage.tried("Good day", 1)
            await stage.delivered("pager:1", "Good day", "failed")


def test_the_channel_of_the_docs_names_a_key_that_is_wrong(pager: Any) -> None:
    with pytest.raises(RasaException, match=r"pager: secret must be a text of at least 16 characters"):
        pager.from_credentials({"api": "https://pager.example.com/messages", "secret": "short"})


class PhoneInput(InputChannel):
    """A channel as Rasa's documentation has it, which knows nothing of the router."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []

    @classmethod
    def name(cls) -> str:
        return "phone"

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        blueprint = Blueprint("phone", __name__)

        @blueprint.route("/webhook", methods=["POST"])
        async def receive(request: Request) -> HTTPResponse:
            await on_new_message(UserMessage(request.json["text"], self.get_output_channel(), request.json["from"],
                                             input_channel=self.name(), metadata=self.get_metadata(request)))
            return response.text("")

        return blueprint

    def get_output_channel(self) -> OutputChannel:
        return PhoneOutput(self.sent)


class PhoneOutput(OutputChannel):
    def __init__(self, sent: list[tuple[str, str]], line: str = "") -> None:
        self._sent = sent
        self._line = line

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        self._sent.append((self._line or recipient_id, str(message["text"])))


class Phone(RoutedChannel, PhoneInput):
    def message_id(self, request: Request) -> str:
        return str(request.json["id"])


class LineInput(PhoneInput):
    """Knows more of where an answer goes than the sender's id."""

    def address(self, message: UserMessage) -> dict[str, Any]:
        return {"line": "line 7"}

    def deliver_to(self, address: Mapping[str, Any]) -> OutputChannel:
        return PhoneOutput(self.sent, f"{address['recipient']} on {address['line']}")


def before() -> Any:
    with pytest.warns(FutureWarning, match="RoutedChannel, LineInput"):
        return routed(LineInput, message_id=lambda request: str(request.json["id"]))


@pytest.mark.parametrize(("kind", "goes_to"), [(lambda: Phone, "1"), (before, "1 on line 7")], ids=["class", "before"])
async def test_rasas_kind_of_channel_stands_behind_the_router(
    core: Core, kind: Callable[[], Any], goes_to: str,
) -> None:
    phone = kind()()
    async with staged(core, [phone]) as stage:
        for _ in range(2):
            answer = await stage.client.post(f"{stage.url}/webhooks/phone/webhook",
                                             json={"text": "Hello", "from": "1", "id": "m1"})
            assert answer.status_code == 200
        await stage.delivered("phone:1", "You said: Hello", "sent")
        assert phone.sent == [(goes_to, "You said: Hello")]
        await asyncio.to_thread(core.hands_off, conversation="phone:1")
        await phone.get_output_channel().send_text_message("phone:1", "Are you still there?")
        assert core.ledger.fenced("phone:1") == 1


@pytest.mark.parametrize(("name", "instead"), [("blueprint", "routes"), ("get_output_channel", "own_output")])
def test_a_channel_that_overrides_the_routers_methods_is_warned_of(name: str, instead: str) -> None:
    with pytest.warns(UserWarning, match=f"defines {name}.+ write {instead}"):
        type("Careless", (RoutedChannel,), {name: lambda self, *_: None})


def test_before_the_server_runs_there_is_no_runtime() -> None:
    with pytest.raises(RuntimeError, match="phone is not served yet"):
        _ = Phone().tandem_runtime
    assert isinstance(Phone().get_output_channel(), PhoneOutput)

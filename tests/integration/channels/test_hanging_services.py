"""A messaging service that takes connections and never answers holds up its own customers and nobody else."""
from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from rasa.core.channels.channel import OutputChannel, UserMessage
from sanic import Blueprint
from sqlalchemy import select

from tandem.channels import facebook
from tandem.channels import twilio as twilio_channel
from tandem.channels.rest import Rest
from tandem.channels.routed import RoutedChannel
from tandem.conversations.tables import messages
from tandem.gateway import delivery_worker
from tests.fakes.black_hole import BlackHole, black_hole
from tests.fakes.core import Core
from tests.integration.channels.lines import FACEBOOK, KINDS, TWILIO, Kind, line_of
from tests.integration.channels.stage import Stage, staged

CUSTOMERS = 30  # of the service that hangs; more than there are threads for any one thing
AT_ONCE = 5.0  # seconds; whoever is held up waits for `HANG`
HANG = 60.0


@pytest.fixture(autouse=True)
def hang_long(monkeypatch: pytest.MonkeyPatch, impatience: None) -> None:
    for module in (facebook, twilio_channel):
        monkeypatch.setattr(module, "CLIENT_TIMEOUT", HANG)
        monkeypatch.setattr(module, "BLOCKING_SEND", HANG)
    monkeypatch.setattr(delivery_worker, "SEND_TIMEOUT", HANG)
    monkeypatch.setattr(delivery_worker, "_LAST_WORDS", 0.1)


@pytest.fixture
def hole() -> Iterator[BlackHole]:
    with black_hole() as opened:
        yield opened


class _Phone(RoutedChannel):
    """A second channel that pushes, and whose service answers."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    @classmethod
    def name(cls) -> str:
        return "phone"

    def routes(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        return Blueprint("phone", __name__)

    def own_output(self) -> OutputChannel:
        phone = self

        class Output(OutputChannel):
            async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
                phone.sent.append(str(message["text"]))

        return Output()


async def _many_wait_for(stage: Stage, kind: Kind, hole: BlackHole) -> None:
    """Messages to many customers are on their way into a service that never answers."""
    for number in range(CUSTOMERS):
        conversation = f"{kind.conversation}{number}"
        stage.core.says("Hello", conversation=conversation, channel=kind.name)
        stage.core.bot_says("Good day", conversation=conversation)
    await stage.until(lambda: len(hole.taken) >= 15, 30)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
async def test_other_customers_are_answered_while_a_service_hangs(
    kind: Kind, core: Core, monkeypatch: pytest.MonkeyPatch, hole: BlackHole,
) -> None:
    phone = _Phone()
    async with line_of(kind, core, monkeypatch, Rest(), phone) as line:
        await line.stage.asks("Hello")  # what is loaded once is loaded
        line.point_to(hole.url)
        await _many_wait_for(line.stage, kind, hole)
        began = time.monotonic()
        assert await asyncio.wait_for(line.stage.asks("Where is my order?"), AT_ONCE) == [
            "You said: Where is my order?"]
        core.says("Hello", conversation="other", channel="phone")
        core.bot_says("Here I am", conversation="other")
        await line.stage.delivered("other", "Here I am", "sent", AT_ONCE)
        assert phone.sent == ["Here I am"]
        assert time.monotonic() - began < 2 * AT_ONCE
        states = await asyncio.to_thread(_states, core, kind)
        assert set(states) <= {("pending", 0, False, False), ("pending", 1, True, False)}, "no send has ended yet"
        assert states.count(("pending", 0, False, False)) >= CUSTOMERS - delivery_worker.MAX_SENDS, "or was never begun"


@pytest.mark.parametrize("kind", [TWILIO, FACEBOOK], ids=lambda kind: kind.name)
async def test_a_send_for_which_no_thread_was_free_does_not_count_as_tried(
    kind: Kind, core: Core, monkeypatch: pytest.MonkeyPatch, hole: BlackHole, caplog: pytest.LogCaptureFixture,
) -> None:
    module = twilio_channel if kind is TWILIO else facebook
    monkeypatch.setattr(module, "MAX_SENDS", 2)  # threads; the outbox still gives more
    async with line_of(kind, core, monkeypatch) as line:
        line.point_to(hole.url)
        for number in range(6):
            core.says("Hello", conversation=f"c{number}", channel=kind.name)
            core.bot_says("Good day", conversation=f"c{number}")
        await line.stage.until(lambda: "all 2 threads are busy" in caplog.text)
        await asyncio.sleep(1.5)
        states = await asyncio.to_thread(_states, core, kind)
        assert len(hole.taken) == 2
        assert not any(doubt for *_, doubt in states), "nothing may have arrived"
        assert all(attempts <= 1 for _, attempts, *_ in states)


def _states(core: Core, kind: Kind) -> list[tuple[str, int, bool, bool]]:
    query = select(messages.c.delivery, messages.c.attempts, messages.c.attempt_open, messages.c.doubt).where(
        messages.c.author == "bot", messages.c.text == "Good day")
    with core.ledger.reading.connect() as connection:
        return [tuple(row) for row in connection.execute(query)]


async def test_clients_that_are_slow_hold_up_nobody(core: Core) -> None:
    """Half a request, and an answer that nobody reads."""
    async with staged(core, [Rest()]) as stage:
        assert await stage.asks("Hello") == ["You said: Hello"]
        host, port = stage.url.removeprefix("http://").split(":")
        half = b"POST /webhooks/rest/webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"
        unread = b"GET /webhooks/rest/conversations/c/messages HTTP/1.1\r\nHost: x\r\n\r\n" * 50
        slow = [await asyncio.open_connection(host, int(port)) for _ in range(100)]
        for number, (_, writer) in enumerate(slow):
            writer.write(half if number % 2 else unread)
        await asyncio.sleep(0.5)
        for number in range(3):
            assert await asyncio.wait_for(stage.asks(f"Hello {number}"), AT_ONCE) == [f"You said: Hello {number}"]
        for _, writer in slow:
            writer.close()

"""The delivery worker beside an outbox of its own: what hangs, fails or stops in the middle."""
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import requests
from rasa.core.channels.channel import OutputChannel
from sqlalchemy.exc import OperationalError

from tandem.conversations.channel_capabilities import ChannelCapabilities
from tandem.conversations.model import Author, Delivery, Kind, Message
from tandem.conversations.outbox import OutboundMessage
from tandem.executors import NotBegun
from tandem.gateway import delivery_worker
from tandem.gateway.delivery_worker import MAX_SENDS, DeliveryDeferred, DeliveryRefused, DeliveryWorker, maybe_arrived
from tests.fakes.core import core_over


class Outbox:
    """Holds parcels; gives the next one of each conversation, as the ledger does."""

    def __init__(self, *outbound_messages: OutboundMessage) -> None:
        self.waiting = list(outbound_messages)
        self.leased: list[OutboundMessage] = []
        self.ended: list[tuple[str, str]] = []
        self.parts: list[int] = []
        self.errors: list[Exception] = []  # raised by the next writes
        self.lease_errors: list[Exception] = []

    def lease(
        self, channels: Sequence[str], limit: int = 20, held: Collection[tuple[str, int]] = (),
    ) -> list[OutboundMessage]:
        if self.lease_errors:
            raise self.lease_errors.pop(0)
        busy = {outbound.message.conversation_id for outbound in self.leased}
        found: list[OutboundMessage] = []
        for outbound in self.waiting:
            key = (outbound.message.conversation_id, outbound.message.seq)
            if outbound.message.conversation_id not in busy and len(found) < limit and key not in held:
                busy.add(outbound.message.conversation_id)
                found.append(outbound)
        self.leased += found
        self.waiting = [outbound for outbound in self.waiting if outbound not in found]
        return found

    def sent(self, outbound: OutboundMessage) -> None:
        self._end(outbound, "sent")

    def not_begun(self, outbound: OutboundMessage) -> None:
        self._end(outbound, "not begun")

    def refused(self, outbound: OutboundMessage, error: str) -> None:
        self._end(outbound, f"refused: {error}")

    def cannot_push(self, outbound: OutboundMessage) -> None:
        self._end(outbound, "cannot push")

    def failed(self, outbound: OutboundMessage, error: str, maybe: bool = False) -> None:
        self._end(outbound, "doubt" if maybe else "failed")

    def part_sent(self, outbound: OutboundMessage, parts: int) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.parts.append(parts)

    def _end(self, outbound: OutboundMessage, how: str) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.leased.remove(outbound)
        self.ended.append((outbound.message.text, how))


class Phone(OutputChannel):
    """Does with each text what the test says."""

    def __init__(self, act: Callable[[str], Any]) -> None:
        self.act = act

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        found = self.act(message.get("text", ""))
        if asyncio.iscoroutine(found):
            await found


def outbound(text: str, conversation: str = "c", seq: int = 1, **data: Any) -> OutboundMessage:
    at = datetime(2025, 3, 12, tzinfo=timezone.utc)
    message = Message(conversation, seq, Author.BOT, Kind.TEXT, "", text, at, 0, Delivery.PENDING, data)
    return OutboundMessage(message, "phone", {}, 1, False)


@asynccontextmanager
async def working(outbox: Any, act: Callable[[str], Any]) -> AsyncIterator[DeliveryWorker]:
    def output_for(channel: str, address: Mapping[str, Any]) -> OutputChannel | None:
        return Phone(act)

    worker = DeliveryWorker(outbox, output_for, lambda _: None)
    task = asyncio.create_task(worker.run(lambda: ("phone",)))
    try:
        yield worker
    finally:
        task.cancel()
        await asyncio.wait([task], timeout=10)
        assert task.done(), "the worker does not stop"


async def until(true: Callable[[], Any]) -> None:
    for _ in range(500):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("waited in vain")


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery_worker, "SEND_TIMEOUT", 0.5)
    monkeypatch.setattr(delivery_worker, "POLL", 0.02)
    monkeypatch.setattr(delivery_worker, "_WRITE_PAUSES", (0.01, 0.02))


async def test_a_channel_that_hangs_holds_up_its_own_conversation_only() -> None:
    outbox = Outbox(outbound("hang", "a"), *(outbound(f"{number}", "b", number) for number in range(5)))
    async with working(outbox, lambda text: asyncio.sleep(30) if text == "hang" else None):
        await until(lambda: len(outbox.ended) == 5)
        assert outbox.ended == [(f"{number}", "sent") for number in range(5)], "while the other still hangs"
        await until(lambda: ("hang", "doubt") in outbox.ended)


async def test_no_more_is_taken_than_can_be_sent() -> None:
    go_on = asyncio.Event()
    outbox = Outbox(*(outbound("x", f"c{number}") for number in range(MAX_SENDS + 5)))
    async with working(outbox, lambda _: go_on.wait()):
        await until(lambda: len(outbox.leased) == MAX_SENDS)
        await asyncio.sleep(0.1)
        assert len(outbox.waiting) == 5
        go_on.set()
        await until(lambda: len(outbox.ended) == MAX_SENDS + 5)


@pytest.mark.parametrize("error", [OperationalError("x", {}, Exception("locked")), KeyError("odd"), RuntimeError()])
async def test_an_outbox_that_cannot_be_read_is_read_again(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    real = asyncio.sleep
    monkeypatch.setattr(delivery_worker.asyncio, "sleep", lambda seconds: real(min(seconds, 0.02)))
    outbox = Outbox(outbound("one"))
    outbox.lease_errors = [error, error]
    async with working(outbox, lambda _: None):
        await until(lambda: outbox.ended == [("one", "sent")])


async def test_how_a_send_ended_is_written_down_although_the_ledger_fails_for_a_moment() -> None:
    outbox, sends = Outbox(outbound("one"), outbound("two", seq=2)), []
    outbox.errors = [OperationalError("x", {}, Exception("locked"))] * 2
    async with working(outbox, sends.append):
        await until(lambda: len(outbox.ended) == 2)
    assert sends == ["one", "two"], "once each"
    assert outbox.ended == [("one", "sent"), ("two", "sent")]


async def test_what_could_not_be_written_down_stays_open_and_stops_nobody() -> None:
    outbox = Outbox(outbound("one", "a"), outbound("two", "b"))
    outbox.errors = [ValueError("not of the database")]
    async with working(outbox, lambda _: None):
        await until(lambda: len(outbox.ended) == 1)
        outbox.waiting.append(outbound("three", "d"))
        await until(lambda: ("three", "sent") in outbox.ended)
    assert len(outbox.leased) == 1


async def test_a_send_on_its_way_is_finished_when_the_server_stops() -> None:
    outbox, begun = Outbox(outbound("one")), []

    def act(text: str) -> Any:
        begun.append(text)
        return asyncio.sleep(0.2)

    async with working(outbox, act):
        await until(lambda: begun)
    assert outbox.ended == [("one", "sent")]


async def test_the_worker_stops_however_often_it_is_nudged() -> None:
    for _ in range(30):
        async with working(Outbox(outbound("one")), lambda _: None) as worker:
            await asyncio.sleep(0)
            worker.nudge()


async def test_a_parcel_that_is_already_on_its_way_here_is_not_sent_twice() -> None:
    go_on, sends = asyncio.Event(), []
    one = outbound("one")
    outbox = Outbox(one)

    def act(text: str) -> Any:
        sends.append(text)
        return go_on.wait()

    async with working(outbox, act):
        await until(lambda: sends)
        outbox.leased.clear()
        outbox.waiting.append(one)  # as if its lease had run out
        await asyncio.sleep(0.1)
        assert sends == ["one"]
        go_on.set()
        await until(lambda: outbox.ended)


async def test_a_send_that_outlives_its_lease_is_made_and_written_down_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the real outbox, whose lease runs out in the middle: a slow thread, a database that was locked."""
    monkeypatch.setattr(delivery_worker, "SEND_TIMEOUT", 30)
    go_on, sends = asyncio.Event(), []

    def act(text: str) -> Any:
        sends.append(text)
        return go_on.wait()

    with core_over(f"sqlite:///{tmp_path / 'core.db'}") as core:
        core.says(channel="phone")
        core.bot_says("one")
        async with working(core.outbox, act):
            await until(lambda: sends)
            for _ in range(3):
                core.clock.advance(minutes=1)
                await asyncio.sleep(0.1)
            go_on.set()
            await until(lambda: core.ledger.messages("c")[-1].delivery is not Delivery.PENDING)
            await asyncio.sleep(0.1)
        assert sends == ["one"]
        assert core.ledger.messages("c")[-1].delivery is Delivery.SENT


async def test_sends_that_take_long_keep_their_leases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery_worker, "SEND_TIMEOUT", 30)
    monkeypatch.setattr(delivery_worker, "_RENEW", 0.02)
    go_on, sends = asyncio.Event(), []

    def act(text: str) -> Any:
        sends.append(text)
        return go_on.wait()

    with core_over(f"sqlite:///{tmp_path / 'core.db'}") as core:
        core.says(channel="phone")
        core.bot_says("one")
        async with working(core.outbox, act):
            await until(lambda: sends)
            for _ in range(3):
                core.clock.advance(seconds=25)
                await asyncio.sleep(0.2)
                assert core.outbox.lease(["phone"]) == [], "another process sees that it is alive"
            go_on.set()
            await until(lambda: core.ledger.messages("c")[-1].delivery is Delivery.SENT)


async def test_each_part_is_written_down_before_the_next_and_none_is_sent_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(delivery_worker, "declared", lambda *_: ChannelCapabilities("Phone", limit=4))
    outbox, sends = Outbox(outbound("one two three")), []
    outbox.errors = [OperationalError("x", {}, Exception("locked"))]
    async with working(outbox, lambda text: sends.append((text, list(outbox.parts)))):
        await until(lambda: outbox.ended)
    assert sends == [("one ", []), ("two ", [1]), ("thre", [1, 2]), ("e", [1, 2, 3])]
    again = Outbox(replace(outbound("one two three"), parts_sent=2))
    later: list[str] = []
    async with working(again, later.append):
        await until(lambda: again.ended)
    assert later == ["thre", "e"], "what the customer has is not sent again"


async def test_a_part_that_could_not_be_written_down_leaves_the_attempt_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery_worker, "declared", lambda *_: ChannelCapabilities("Phone", limit=4))
    outbox, sends = Outbox(outbound("one two", "a"), outbound("b", "b")), []
    outbox.errors = [OperationalError("x", {}, Exception("full"))] * 30
    async with working(outbox, sends.append):
        await until(lambda: "b" in sends)
        await asyncio.sleep(0.2)
    assert "two" not in sends
    assert [one.message.text for one in outbox.leased] == ["one two", "b"], "the ledger will find them in doubt"


@pytest.mark.parametrize(("data", "sends"), [
    ({}, 0), ({"event": "agent_joined"}, 0), ({"image": "a.png"}, 1), ({"attachment": "a.pdf"}, 1),
    ({"custom": {"a": 1}}, 1), ({"elements": [{"title": "x"}]}, 1),
])
async def test_a_message_without_words_is_sent_if_it_holds_anything(data: dict[str, Any], sends: int) -> None:
    outbox, found = Outbox(outbound("", **data)), []
    async with working(outbox, found.append):
        await until(lambda: outbox.ended)
    assert (len(found), outbox.ended) == (sends, [("", "sent")])


@pytest.mark.parametrize(("error", "ended"), [
    (DeliveryRefused("blocked"), "refused: blocked"), (DeliveryDeferred("later"), "failed"),
    (NotBegun("x"), "not begun"), (RuntimeError("odd"), "failed"),
    (asyncio.TimeoutError(), "doubt"), (aiohttp.ServerDisconnectedError(), "doubt"),
])
async def test_the_outcome_of_a_send_is_recorded_as_it_was(error: Exception, ended: str) -> None:
    def act(_: str) -> None:
        raise error

    outbox = Outbox(outbound("one"))
    async with working(outbox, act):
        await until(lambda: outbox.ended == [("one", ended)])


def _raised(error: BaseException, cause: BaseException) -> BaseException:
    """An error as a client raises it over another."""
    error.__context__ = cause
    return error


@pytest.mark.parametrize(("error", "maybe"), [
    (ConnectionRefusedError(), False), (requests.ConnectTimeout(), False), (requests.ReadTimeout(), True),
    (requests.ConnectionError("aborted"), True), (ConnectionResetError(), True), (asyncio.TimeoutError(), True),
    (ValueError("bad answer"), False), (DeliveryDeferred("500"), False),
    (_raised(RuntimeError("client"), aiohttp.ServerDisconnectedError()), True),
    (_raised(RuntimeError("client"), ConnectionRefusedError()), False),
    (_raised(requests.ConnectionError("pool"), ConnectionRefusedError()), False),
    (_raised(ConnectionResetError(), ConnectionRefusedError()), False),
])
def test_doubt_looks_at_where_an_error_came_from(error: BaseException, maybe: bool) -> None:
    assert maybe_arrived(error) is maybe

"""What Telegram, Slack, Twilio and Facebook all promise: webhooks in, and out through the real outputs."""
from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from tandem.conversations.outbox import BACKOFF
from tests.fakes.core import ANNA
from tests.integration.channels.lines import Line


async def test_a_message_is_stored_answered_and_delivered(line: Line) -> None:
    assert await line.write("Hello") in (200, 204)
    await line.sent("You said: Hello")
    assert await line.said() == [("customer", "Hello"), ("bot", "You said: Hello")]
    await line.stage.delivered(line.kind.conversation, "You said: Hello", "sent")
    assert line.stage.core.ledger.conversation(line.kind.conversation).channel == line.kind.name


async def test_a_repeated_webhook_is_one_message(line: Line) -> None:
    for _ in range(3):
        assert await line.write("Hello", "1") in (200, 204)
    await line.write("Bye", "2")
    await line.sent("You said: Hello", "You said: Bye")
    assert line.stage.bot.texts == ["Hello", "Bye"]


async def test_repeats_at_the_same_time_are_one_message(line: Line) -> None:
    await asyncio.gather(*(line.write("Hello", "1") for _ in range(4)))
    await line.sent("You said: Hello")
    assert line.stage.bot.texts == ["Hello"]


async def test_a_person_answers_later_under_their_name(line: Line) -> None:
    await line.write("Hello")
    await line.sent("You said: Hello")
    await line.stage.agent_says(line.kind.conversation, "I am looking\n\n\ninto it")
    await line.sent("You said: Hello", "Anna: I am looking\n\n\ninto it")
    await line.write("Thanks", "2")
    await line.stage.until(lambda: "Thanks" in line.stage.bot.read)
    assert line.stage.bot.texts == ["Hello"], "the bot hears nothing of it"
    await asyncio.to_thread(line.stage.core.ownership.hand_back, line.kind.conversation, ANNA)
    await line.write("Bye", "3")
    await line.stage.until(lambda: len(line.texts()) == 3)
    assert line.texts()[2] == "You said: Bye"


async def test_a_service_that_fails_for_a_while_gets_everything_in_order(line: Line) -> None:
    line.service.moods += ["500", "500"]
    await line.write("one", "1")
    await line.write("two", "2")
    for number, pause in enumerate(BACKOFF[:2], 1):
        await line.stage.tried("You said: one", number)
        line.stage.core.clock.ahead += pause
    await line.sent("You said: one", "You said: two")
    await line.stage.delivered(line.kind.conversation, "You said: one", "sent")


async def test_a_service_that_refuses_for_good_is_told_to_the_desk_and_holds_up_nothing(line: Line) -> None:
    line.service.moods.append("refuse")
    await line.write("one", "1")
    await line.stage.delivered(line.kind.conversation, "You said: one", "failed")
    await line.write("two", "2")
    await line.sent("You said: two")


@pytest.mark.parametrize("mood", ["drop", "hang"])
async def test_a_connection_that_breaks_after_sending_leaves_doubt(line: Line, mood: str) -> None:
    line.service.moods.append(mood)
    await line.write("one", "1")
    await line.stage.tried("You said: one", 1)
    line.stage.core.clock.ahead += BACKOFF[0]
    await line.stage.delivered(line.kind.conversation, "You said: one", "doubt")
    assert line.texts() == ["You said: one"] * 2, "at least once, and the desk is told that it may be twice"


async def test_a_service_that_cannot_be_reached_leaves_no_doubt(line: Line) -> None:
    real, closed = line.service.url, "http://127.0.0.1:1"
    await line.write("Hello")
    await line.stage.delivered(line.kind.conversation, "You said: Hello", "sent")
    line.point_to(closed)
    await asyncio.to_thread(line.stage.core.bot_says, "one", conversation=line.kind.conversation)
    await line.stage.tried("one", 1)
    line.point_to(real)
    line.stage.core.clock.ahead += BACKOFF[0]
    await line.stage.delivered(line.kind.conversation, "one", "sent")
    assert line.texts() == ["You said: Hello", "one"]


async def test_what_could_not_be_stored_is_not_acknowledged(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: Any) -> Any:
        raise OperationalError("INSERT", {}, Exception("disk is full"))

    monkeypatch.setattr(line.stage.core.ledger, "receive", full)
    assert await line.write("Hello") == 500
    monkeypatch.undo()


async def test_text_that_is_empty_huge_or_hostile_is_taken_politely(line: Line) -> None:
    assert await line.write("   ", "1") in (200, 204)
    assert await line.write("x" * 20_000, "2") in (200, 204)
    assert await line.write("a\x00b مرحبا 👩‍👩‍👧‍👦", "3") in (200, 204)
    await line.stage.until(lambda: len(line.stage.bot.heard) == 2)
    first = await line.stage.message(line.kind.conversation, "x" * 10_000)
    assert first.data["truncated"] is True


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"7", b'"x"', b"\xff\xfe\x00", b"a=b", b"[" * 50_000],
                         ids=itertools.count())
async def test_a_webhook_that_is_none_stores_nothing_and_crashes_nothing(line: Line, body: bytes) -> None:
    for kind in ("application/json", "application/x-www-form-urlencoded", "text/plain", ""):
        status = await line.hook({"content": body, "headers": {"content-type": kind}})
        assert 400 <= status < 500 or status in (200, 204), (kind, status)
    assert line.stage.core.ledger.list() == []
    assert await line.write("Hello") in (200, 204)

"""Bot turns that fail, servers that stop in the middle of one, and a ledger that fails for a moment."""
from __future__ import annotations

import asyncio
import sqlite3

import pytest
from rasa.core.channels.channel import UserMessage
from sqlalchemy.exc import OperationalError

from tandem.channels.rest import Rest
from tandem.conversations.turn_queue import MAX_TRIES, TurnQueue
from tandem.gateway import bot_turn
from tests.fakes.core import ANNA, Core
from tests.integration.channels.stage import TROUBLE, staged


async def test_a_failing_turn_is_run_again_and_then_the_customer_is_told(core: Core) -> None:
    async with staged(core, [Rest()]) as stage:
        async def fail(message: UserMessage) -> None:
            raise RuntimeError("the action server is gone")

        stage.bot.answer = fail
        assert await stage.asks("Hello", "1") == []
        for tries in range(2, MAX_TRIES + 1):
            await asyncio.sleep(0.2)
            assert len(stage.bot.heard) == tries - 1, "not before its lease is over"
            core.clock.advance(seconds=21)
            await stage.until(lambda tries=tries: len(stage.bot.heard) == tries)
        await stage.until(lambda: len(core.ledger.messages("c")) == 2)
        assert (await stage.said("c"))[1][1].startswith(TROUBLE)
        for _ in range(3):
            core.clock.advance(seconds=21)
            await asyncio.sleep(0.15)
        assert len(stage.bot.heard) == MAX_TRIES
        assert len(await stage.said("c")) == 2
        assert (await stage.asks("Hello", "1"))[0].startswith(TROUBLE), "a repeat hears it too"


async def test_a_turn_that_fails_half_way_says_its_first_words_once(core: Core) -> None:
    async with staged(core, [Rest()]) as stage:
        async def half(message: UserMessage) -> None:
            for text in ("one", "two"):
                await message.output_channel.send_response("c", {"text": f"{text}, try {len(stage.bot.heard)}"})
                if len(stage.bot.heard) == 1:
                    raise RuntimeError("half way")

        stage.bot.answer = half
        assert await stage.asks("Hello") == ["one, try 1"]
        core.clock.advance(seconds=21)
        await stage.until(lambda: len(core.ledger.messages("c")) == 3)
        assert [text for _, text in await stage.said("c")] == ["Hello", "one, try 1", "two, try 2"]
        later = await stage.client.get(f"{stage.url}/webhooks/rest/conversations/c/messages")
        assert [one["text"] for one in later.json()["messages"]] == ["two, try 2"]


async def test_a_message_that_kills_the_server_every_time_is_given_up_too(core: Core) -> None:
    core.says("poison", channel="rest", push=False)
    for _ in range(MAX_TRIES - 1):
        core.clock.advance(seconds=21)
        assert len(core.turns.adopt()) == 1  # and the process dies
    core.clock.advance(seconds=21)
    async with staged(core, [Rest()]) as stage:
        await stage.until(lambda: len(core.ledger.messages("c")) == 2)
        assert (await stage.said("c"))[1][1].startswith(TROUBLE)
        assert stage.bot.heard == []


async def test_who_was_answered_is_not_told_that_there_was_no_answer(core: Core) -> None:
    seq = core.says("Hello", channel="rest", push=False).message.seq
    core.ledger.record_bot_reply("c", 0, "Hello to you", reply_to=seq, key=f"{seq}.0")
    for _ in range(MAX_TRIES - 1):
        core.clock.advance(seconds=21)
        assert len(core.turns.adopt()) == 1  # and the process dies
    core.clock.advance(seconds=21)
    async with staged(core, [Rest()]) as stage:
        await stage.until(lambda: not core.turns.waits("c", seq + 1))
        assert [text for _, text in await stage.said("c")] == ["Hello", "Hello to you"]


async def test_the_bots_apology_is_not_said_while_a_person_has_the_conversation(core: Core) -> None:
    async with staged(core, [Rest()]) as stage:
        async def fail(message: UserMessage) -> None:
            if len(stage.bot.heard) == MAX_TRIES:
                await asyncio.to_thread(core.ownership.take_over, "c", ANNA)
            raise RuntimeError("broken")

        stage.bot.answer = fail
        await stage.asks("Hello")
        for tries in range(2, MAX_TRIES + 1):
            core.clock.advance(seconds=21)
            await stage.until(lambda tries=tries: len(stage.bot.heard) == tries)
        await stage.until(lambda: core.ledger.fenced("c") == 1)
        assert not any(text.startswith(TROUBLE) for _, text in await stage.said("c"))


async def test_a_server_that_stops_in_the_middle_leaves_the_turn_to_the_next(core: Core) -> None:
    async with staged(core, [Rest()]) as stage:
        async def for_ever(message: UserMessage) -> None:
            await message.output_channel.send_response("c", {"text": "One moment"})
            await asyncio.sleep(60)

        stage.bot.answer = for_ever
        stage.dispatches("Hello")
        await stage.until(lambda: len(core.ledger.messages("c")) == 2)
    core.clock.advance(seconds=21)
    async with staged(core, [Rest()]) as stage:
        async def to_the_end(message: UserMessage) -> None:
            await message.output_channel.send_response("c", {"text": "One moment"})
            await stage.bot.echo(message)

        stage.bot.answer = to_the_end
        await stage.until(lambda: len(core.ledger.messages("c")) == 3)
        assert [text for _, text in await stage.said("c")] == ["Hello", "One moment", "You said: Hello"]
        metadata = stage.bot.heard[0].metadata["tandem"]
        assert (metadata["seq"], metadata["epoch"]) == (1, 0)


async def test_the_news_of_a_hand_back_survives_a_crash(core: Core) -> None:
    core.says("A person, please", channel="rest", push=False)
    core.hands_off()
    core.ownership.claim("c", ANNA)
    core.ownership.hand_back("c", ANNA, "refund promised")
    core.says("thanks", channel="rest", push=False)  # and the process dies
    core.clock.advance(seconds=21)
    async with staged(core, [Rest()]) as stage:
        await stage.until(lambda: stage.bot.heard)
        assert stage.bot.texts == ["thanks"], "what was said before the handoff is not answered late"
        assert stage.bot.heard[0].metadata["tandem"]["handed_back"]["note_for_bot"] == "refund promised"


async def test_the_runtime_stops_and_starts_again(core: Core) -> None:
    async with staged(core, [Rest()]) as stage:
        await stage.asks("one")
        await stage.runtime.stop()
        await stage.runtime.stop()
        await stage.runtime.start()
        await stage.runtime.start()
        assert await stage.asks("two") == ["You said: two"]
        with stage.runtime.feed.watch("c") as changed:
            await asyncio.to_thread(core.bot_says, "news")
            await asyncio.wait_for(changed.wait(), 5)


async def test_a_message_that_comes_before_the_server_is_up_does_not_keep_its_workers_from_starting(
    core: Core,
) -> None:
    async with staged(core, [Rest()]) as stage:
        await stage.runtime.stop()

        async def slow(message: UserMessage) -> None:
            await asyncio.sleep(0.3)

        stage.bot.answer = slow
        stage.dispatches("early")
        await stage.runtime.start()
        with stage.runtime.feed.watch("c") as changed:
            await asyncio.sleep(0.5)
            changed.clear()
            await asyncio.to_thread(core.bot_says, "news")
            await asyncio.wait_for(changed.wait(), 5)


async def test_a_person_gets_a_message_although_it_could_not_be_read(core: Core) -> None:
    async with staged(core, [Rest()]) as stage:
        await stage.asks("Hello")
        await stage.agent_says("c", "Hello, I am Anna")

        async def broken(text: str) -> dict[str, object]:
            raise RuntimeError("no model")

        stage.bot.parse_message = broken
        assert await stage.asks("are you there?") == []
        assert ("customer", "are you there?") in await stage.said("c")


async def test_a_ledger_that_fails_for_a_moment_stops_no_worker(
    core: Core, monkeypatch: pytest.MonkeyPatch,
) -> None:
    failures = iter([OperationalError("x", {}, sqlite3.OperationalError("database is locked")), ValueError("odd")] * 2)

    def flaky(name: str, real: object) -> object:
        def call(*arguments: object, **named: object) -> object:
            error = next(failures, None)
            if error is not None:
                raise error
            return real(*arguments, **named)

        return call

    async with staged(core, [Rest()]) as stage:
        monkeypatch.setattr(TurnQueue, "adopt", flaky("adopt", TurnQueue.adopt))
        core.says("left behind", channel="rest", push=False)
        core.clock.advance(seconds=21)
        await stage.until(lambda: stage.bot.texts == ["left behind"])


async def test_a_turn_that_takes_too_long_is_stopped_and_the_customer_is_told_at_once(
    core: Core, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bot_turn, "TURN_SECONDS", 0.5)
    async with staged(core, [Rest()]) as stage:
        stage.bot.holds_back()
        [told] = await stage.asks("Where is my order?", "1")
        assert told.startswith(TROUBLE)
        stage.bot.answer = stage.bot.echo
        assert await stage.asks("Hello", "2") == ["You said: Hello"], "the next message is handled"
        core.clock.advance(seconds=60)
        await asyncio.sleep(0.3)
        assert stage.bot.texts == ["Where is my order?", "Hello"], "and the first is not run again"

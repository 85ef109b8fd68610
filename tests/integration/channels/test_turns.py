"""The runtime's concurrency: order, duplicates, failing turns, crashes, stopping and starting again."""
from __future__ import annotations

import asyncio
import sqlite3

import pytest
from rasa.core.channels.channel import UserMessage
from sqlalchemy.exc import OperationalError

from tandem.channels import output
from tandem.channels.rest import Rest
from tandem.channels.turns import MAX_TRIES
from tandem.channels.webchat.server import WebChat
from tandem.conversations.model import Author, Delivery, Owner
from tests.fakes.heart import ANNA, Heart
from tests.integration.channels.stage import Stage, staged

TROUBLE = "Something went wrong on our side"


async def send(stage: Stage, text: str, message_id: str | None = None) -> list[str]:
    answer = await stage.client.post(f"{stage.url}/webhooks/rest/webhook",
                                     json={"sender": "c", "message": text, "message_id": message_id})
    return [reply.get("text", "") for reply in answer.json()]


def dispatch(stage: Stage, text: str) -> None:
    """A message that nobody waits for, as the web chat sends them."""
    receipt = stage.heart.says(text, channel="rest", push=False)
    stage.runtime.dispatch(receipt, *stage.runtime.channels["rest"])


async def test_a_customers_words_reach_the_bot_in_their_order(heart: Heart) -> None:
    async with staged(heart, [Rest()]) as stage:
        pauses = iter([0.2, 0.1, 0.0, 0.05])

        async def uneven(message: UserMessage) -> None:
            await asyncio.sleep(next(pauses))
            await stage.bot.echo(message)

        stage.bot.answer = uneven
        for text in "1234":
            dispatch(stage, text)
        assert stage.runtime.bot_is_writing("c")
        await stage.until(lambda: len(heart.ledger.messages("c")) == 8)
        await stage.until(lambda: not stage.runtime.bot_is_writing("c"))
        assert stage.bot.texts == ["1", "2", "3", "4"]
        replies = [text for author, text in await stage.said("c") if author == "bot"]
        assert replies == [f"You said: {text}" for text in "1234"]


async def test_conversations_do_not_wait_for_each_other(heart: Heart) -> None:
    async with staged(heart, [Rest()]) as stage:
        go_on = asyncio.Event()

        async def first_waits(message: UserMessage) -> None:
            if message.sender_id == "slow":
                await go_on.wait()
            await stage.bot.echo(message)

        stage.bot.answer = first_waits
        slow = asyncio.create_task(stage.client.post(f"{stage.url}/webhooks/rest/webhook",
                                                     json={"sender": "slow", "message": "Hello"}))
        await stage.until(lambda: stage.bot.heard)
        assert await send(stage, "quick") == ["You said: quick"]
        go_on.set()
        assert (await slow).status_code == 200


async def test_what_was_written_before_a_handoff_opened_does_not_reach_the_bot_after_it(heart: Heart) -> None:
    async with staged(heart, [Rest()]) as stage:
        go_on = asyncio.Event()

        async def hand_off(message: UserMessage) -> None:
            await go_on.wait()
            await asyncio.to_thread(heart.hands_off)

        stage.bot.answer = hand_off
        dispatch(stage, "a person, please")
        dispatch(stage, "this is ridiculous")
        await stage.until(lambda: stage.bot.heard)
        go_on.set()
        await stage.until(lambda: not stage.runtime.bot_is_writing("c"))
        assert stage.bot.texts == ["a person, please"]
        assert "this is ridiculous" in stage.bot.read, "the desk sees its mood"
        heart.clock.advance(seconds=30)
        await asyncio.sleep(0.3)
        assert stage.bot.texts == ["a person, please"]


async def test_a_failing_turn_is_run_again_and_then_the_customer_is_told(heart: Heart) -> None:
    async with staged(heart, [Rest()]) as stage:
        async def fail(message: UserMessage) -> None:
            raise RuntimeError("the action server is gone")

        stage.bot.answer = fail
        assert await send(stage, "Hello", "1") == []
        for tries in range(2, MAX_TRIES + 1):
            await asyncio.sleep(0.2)
            assert len(stage.bot.heard) == tries - 1, "not before its lease is over"
            heart.clock.advance(seconds=21)
            await stage.until(lambda tries=tries: len(stage.bot.heard) == tries)
        await stage.until(lambda: len(heart.ledger.messages("c")) == 2)
        assert (await stage.said("c"))[1][1].startswith(TROUBLE)
        for _ in range(3):
            heart.clock.advance(seconds=21)
            await asyncio.sleep(0.15)
        assert len(stage.bot.heard) == MAX_TRIES
        assert len(await stage.said("c")) == 2
        assert (await send(stage, "Hello", "1"))[0].startswith(TROUBLE), "a repeat hears it too"


async def test_a_turn_that_fails_half_way_says_its_first_words_once(heart: Heart) -> None:
    async with staged(heart, [Rest()]) as stage:
        async def half(message: UserMessage) -> None:
            for text in ("one", "two"):
                await message.output_channel.send_response("c", {"text": f"{text}, try {len(stage.bot.heard)}"})
                if len(stage.bot.heard) == 1:
                    raise RuntimeError("half way")

        stage.bot.answer = half
        assert await send(stage, "Hello") == ["one, try 1"]
        heart.clock.advance(seconds=21)
        await stage.until(lambda: len(heart.ledger.messages("c")) == 3)
        assert [text for _, text in await stage.said("c")] == ["Hello", "one, try 1", "two, try 2"]
        later = await stage.client.get(f"{stage.url}/webhooks/rest/conversations/c/messages")
        assert [one["text"] for one in later.json()["messages"]] == ["two, try 2"]


async def test_a_message_that_kills_the_server_every_time_is_given_up_too(heart: Heart) -> None:
    heart.says("poison", channel="rest", push=False)
    for _ in range(MAX_TRIES - 1):
        heart.clock.advance(seconds=21)
        assert len(heart.ledger.adopt_interrupted_turns()) == 1  # and the process dies
    heart.clock.advance(seconds=21)
    async with staged(heart, [Rest()]) as stage:
        await stage.until(lambda: len(heart.ledger.messages("c")) == 2)
        assert (await stage.said("c"))[1][1].startswith(TROUBLE)
        assert stage.bot.heard == []


async def test_the_trouble_is_not_told_over_a_persons_head(heart: Heart) -> None:
    async with staged(heart, [Rest()]) as stage:
        async def fail(message: UserMessage) -> None:
            if len(stage.bot.heard) == MAX_TRIES:
                await asyncio.to_thread(heart.ownership.take_over, "c", ANNA)
            raise RuntimeError("broken")

        stage.bot.answer = fail
        await send(stage, "Hello")
        for tries in range(2, MAX_TRIES + 1):
            heart.clock.advance(seconds=21)
            await stage.until(lambda tries=tries: len(stage.bot.heard) == tries)
        await stage.until(lambda: heart.ledger.fenced("c") == 1)
        assert not any(text.startswith(TROUBLE) for _, text in await stage.said("c"))


async def test_a_server_that_stops_in_the_middle_leaves_the_turn_to_the_next(heart: Heart) -> None:
    async with staged(heart, [Rest()]) as stage:
        async def for_ever(message: UserMessage) -> None:
            await message.output_channel.send_response("c", {"text": "One moment"})
            await asyncio.sleep(60)

        stage.bot.answer = for_ever
        dispatch(stage, "Hello")
        await stage.until(lambda: len(heart.ledger.messages("c")) == 2)
    heart.clock.advance(seconds=21)
    async with staged(heart, [Rest()]) as stage:
        async def to_the_end(message: UserMessage) -> None:
            await message.output_channel.send_response("c", {"text": "One moment"})
            await stage.bot.echo(message)

        stage.bot.answer = to_the_end
        await stage.until(lambda: len(heart.ledger.messages("c")) == 3)
        assert [text for _, text in await stage.said("c")] == ["Hello", "One moment", "You said: Hello"]
        metadata = stage.bot.heard[0].metadata["tandem"]
        assert (metadata["seq"], metadata["epoch"]) == (1, 0)


async def test_the_news_of_a_hand_back_survives_a_crash(heart: Heart) -> None:
    heart.says("A person, please", channel="rest", push=False)
    heart.hands_off()
    heart.ownership.claim("c", ANNA)
    heart.ownership.hand_back("c", ANNA, "refund promised")
    heart.says("thanks", channel="rest", push=False)  # and the process dies
    heart.clock.advance(seconds=21)
    async with staged(heart, [Rest()]) as stage:
        await stage.until(lambda: stage.bot.heard)
        assert stage.bot.texts == ["thanks"], "what was said before the handoff is not answered late"
        assert stage.bot.heard[0].metadata["tandem"]["handed_back"]["note_for_bot"] == "refund promised"


async def test_the_runtime_stops_and_starts_again(heart: Heart) -> None:
    async with staged(heart, [Rest()]) as stage:
        await send(stage, "one")
        await stage.runtime.stop()
        await stage.runtime.stop()
        await stage.runtime.start()
        await stage.runtime.start()
        assert await send(stage, "two") == ["You said: two"]
        with stage.runtime.feed.watch("c") as changed:
            await asyncio.to_thread(heart.bot_says, "news")
            await asyncio.wait_for(changed.wait(), 5)


async def test_a_message_that_comes_before_the_server_is_up_does_not_keep_its_workers_from_starting(
    heart: Heart,
) -> None:
    async with staged(heart, [Rest()]) as stage:
        await stage.runtime.stop()

        async def slow(message: UserMessage) -> None:
            await asyncio.sleep(0.3)

        stage.bot.answer = slow
        dispatch(stage, "early")
        await stage.runtime.start()
        with stage.runtime.feed.watch("c") as changed:
            await asyncio.sleep(0.5)
            changed.clear()
            await asyncio.to_thread(heart.bot_says, "news")
            await asyncio.wait_for(changed.wait(), 5)


@pytest.mark.parametrize("sentiment", [None, "angry", {}, {"name": "negative"}, ["x"]])
async def test_a_pipeline_without_our_mood_is_no_error(heart: Heart, sentiment: object) -> None:
    async with staged(heart, [Rest()]) as stage:
        stage.bot.sentiment = sentiment
        assert await send(stage, "Hello") == ["You said: Hello"]
        assert (await stage.message("c", "Hello")).mood is None


async def test_a_person_gets_a_message_although_it_could_not_be_read(heart: Heart) -> None:
    async with staged(heart, [Rest()]) as stage:
        await send(stage, "Hello")
        await stage.agent_says("c", "Hello, I am Anna")

        async def broken(text: str) -> dict[str, object]:
            raise RuntimeError("no model")

        stage.bot.parse_message = broken
        assert await send(stage, "are you there?") == []
        assert ("customer", "are you there?") in await stage.said("c")


async def test_a_ledger_that_fails_for_a_moment_stops_no_worker(
    heart: Heart, monkeypatch: pytest.MonkeyPatch,
) -> None:
    failures = iter([OperationalError("x", {}, sqlite3.OperationalError("database is locked")), ValueError("odd")] * 2)

    def flaky(name: str, real: object) -> object:
        def call(*arguments: object) -> object:
            error = next(failures, None)
            if error is not None:
                raise error
            return real(*arguments)

        return call

    async with staged(heart, [Rest()]) as stage:
        monkeypatch.setattr(heart.ledger, "adopt_interrupted_turns",
                            flaky("adopt", heart.ledger.adopt_interrupted_turns))
        heart.says("left behind", channel="rest", push=False)
        heart.clock.advance(seconds=21)
        await stage.until(lambda: stage.bot.texts == ["left behind"])


async def test_reminders_and_triggers_speak_only_while_the_bot_owns_the_conversation(heart: Heart) -> None:
    channel = Rest()
    async with staged(heart, [channel]) as stage:
        await send(stage, "Hello")
        proactive = channel.get_output_channel()
        assert proactive.name() == "rest"
        await proactive.send_response("c", {"text": "Are you still there?"})
        await asyncio.to_thread(heart.hands_off)
        await proactive.send_text_message("c", "Are you still there?")
        assert [text for _, text in await stage.said("c")].count("Are you still there?") == 1
        assert heart.ledger.fenced("c") == 1


async def test_reminders_in_the_web_chat_reach_the_open_page_and_never_speak_over_a_person(heart: Heart) -> None:
    channel = WebChat()
    assert channel.get_output_channel() is None, "before the server runs"
    async with staged(heart, [channel], secret_key="a key of sufficient length, only for tests") as stage:
        await asyncio.to_thread(heart.says, "Hello", channel="webchat", push=False)
        proactive = channel.get_output_channel()
        assert proactive is not None and proactive.name() == "webchat"
        revision = heart.ledger.conversation("c").revision
        await proactive.send_response("c", {"text": "Are you still there?", "buttons": [{"title": "Yes"}]})
        assert heart.ledger.conversation("c").revision > revision, "which wakes the page"
        [reminder] = [one for one in heart.ledger.messages("c") if one.author is Author.BOT]
        assert (reminder.text, reminder.delivery) == ("Are you still there?", Delivery.WAITING)
        await asyncio.to_thread(heart.ownership.take_over, "c", ANNA)
        await proactive.send_text_message("c", "Are you still there?")
        assert heart.ledger.fenced("c") == 1
        await asyncio.to_thread(heart.ownership.hand_back, "c", ANNA)
        await proactive.send_text_message("c", "Back again")
        assert [text for who, text in await stage.said("c") if who == "bot"] == ["Are you still there?", "Back again"]


async def test_rasas_reply_is_recorded_with_all_it_holds(heart: Heart) -> None:
    buttons = [{"title": "Yes", "payload": "/affirm"}]

    async def rich(message: UserMessage) -> None:
        out = message.output_channel
        assert isinstance(out, output.FencedOutput)
        await out.send_response("c", {"text": "Sure?", "buttons": buttons})
        await out.send_response("c", {"image": "https://example.com/a.png"})
        await out.send_response("c", {"custom": {"kind": "card", "bad": float("nan")}})
        await out.send_response("c", {"text": "", "buttons": []})
        await out.send_response("c", {"text": 7})

    async with staged(heart, [Rest()]) as stage:
        stage.bot.answer = rich
        await send(stage, "Hello")
        found = await asyncio.to_thread(heart.ledger.replies_to, "c", 1)
        assert [(one.text, dict(one.data)) for one in found] == [
            ("Sure?", {"buttons": buttons}), ("", {"image": "https://example.com/a.png"}),
            ("", {"custom": {"kind": "card", "bad": None}}), ("7", {}),
        ]


async def test_an_announcement_made_twice_is_said_once(heart: Heart) -> None:
    async def announce(message: UserMessage) -> None:
        handoff = await asyncio.to_thread(heart.hands_off)
        said = {"text": "A person comes.", "announces": handoff.id, "utter_action": "utter_handoff"}
        await message.output_channel.send_response("c", dict(said))
        await message.output_channel.send_response("c", dict(said))
        await message.output_channel.send_response("c", {"text": "And how are you?"})

    async with staged(heart, [Rest()]) as stage:
        stage.bot.answer = announce
        await send(stage, "A person, please")
        assert [text for _, text in await stage.said("c")] == ["A person, please", "A person comes."]
        assert heart.ledger.conversation("c").owner is Owner.WAITING
        assert heart.ledger.fenced("c") == 1


async def test_a_bot_that_has_nothing_to_say_says_so(heart: Heart) -> None:
    async with staged(heart, [Rest()]) as stage:
        async def silent(message: UserMessage) -> None:
            return

        stage.bot.answer = silent
        [answer] = await send(stage, "Hello")
        assert answer.startswith(TROUBLE)
        assert len(stage.bot.heard) == 1


async def test_a_bot_whose_word_is_fenced_is_not_taken_for_silent(heart: Heart) -> None:
    async with staged(heart, [Rest()]) as stage:
        async def too_late(message: UserMessage) -> None:
            await asyncio.to_thread(heart.ownership.take_over, "c", ANNA)
            await stage.bot.echo(message)

        async def silent_handoff(message: UserMessage) -> None:
            await asyncio.to_thread(heart.ownership.take_over, "c", ANNA)

        for answer in (too_late, silent_handoff):
            stage.bot.answer = answer
            assert await send(stage, "Hello") == []
            await asyncio.to_thread(heart.ownership.hand_back, "c", ANNA)
        assert heart.ledger.fenced("c") == 1
        assert not any(text.startswith(TROUBLE) for _, text in await stage.said("c"))

"""The runtime: order within a conversation, handoffs in the middle, what the bot says and does not say."""
from __future__ import annotations

import asyncio

import pytest
from rasa.core.channels.channel import UserMessage

from tandem.channels.rest import Rest
from tandem.channels.webchat.server import WebChat
from tandem.conversations.model import Author, Delivery, Owner
from tandem.gateway import fenced_output
from tests.fakes.core import ANNA, Core
from tests.integration.channels.stage import TROUBLE, staged


async def test_a_customers_words_reach_the_bot_in_their_order(core: Core) -> None:
    async with staged(core, [Rest()]) as stage:
        pauses = iter([0.2, 0.1, 0.0, 0.05])

        async def uneven(message: UserMessage) -> None:
            await asyncio.sleep(next(pauses))
            await stage.bot.echo(message)

        stage.bot.answer = uneven
        for text in "1234":
            stage.dispatches(text)
        assert stage.runtime.bot_is_writing("c")
        await stage.until(lambda: len(core.ledger.messages("c")) == 8)
        await stage.until(lambda: not stage.runtime.bot_is_writing("c"))
        assert stage.bot.texts == ["1", "2", "3", "4"]
        replies = [text for author, text in await stage.said("c") if author == "bot"]
        assert replies == [f"You said: {text}" for text in "1234"]


async def test_conversations_do_not_wait_for_each_other(core: Core) -> None:
    async with staged(core, [Rest()]) as stage:
        go_on = asyncio.Event()

        async def first_waits(message: UserMessage) -> None:
            if message.sender_id == "slow":
                await go_on.wait()
            await stage.bot.echo(message)

        stage.bot.answer = first_waits
        slow = asyncio.create_task(stage.client.post(f"{stage.url}/webhooks/rest/webhook",
                                                     json={"sender": "slow", "message": "Hello"}))
        await stage.until(lambda: stage.bot.heard)
        assert await stage.asks("quick") == ["You said: quick"]
        go_on.set()
        assert (await slow).status_code == 200


async def test_what_was_written_before_a_handoff_opened_does_not_reach_the_bot_after_it(core: Core) -> None:
    async with staged(core, [Rest()]) as stage:
        go_on = asyncio.Event()

        async def hand_off(message: UserMessage) -> None:
            await go_on.wait()
            await asyncio.to_thread(core.hands_off)

        stage.bot.answer = hand_off
        stage.dispatches("a person, please")
        stage.dispatches("this is ridiculous")
        await stage.until(lambda: stage.bot.heard)
        go_on.set()
        await stage.until(lambda: not stage.runtime.bot_is_writing("c"))
        assert stage.bot.texts == ["a person, please"]
        assert "this is ridiculous" in stage.bot.read, "the desk sees its mood"
        core.clock.advance(seconds=30)
        await asyncio.sleep(0.3)
        assert stage.bot.texts == ["a person, please"]


@pytest.mark.parametrize("sentiment", [None, "angry", {}, {"name": "negative"}, ["x"]])
async def test_a_pipeline_without_our_mood_is_no_error(core: Core, sentiment: object) -> None:
    async with staged(core, [Rest()]) as stage:
        stage.bot.sentiment = sentiment
        assert await stage.asks("Hello") == ["You said: Hello"]
        assert (await stage.message("c", "Hello")).mood is None


async def test_reminders_and_triggers_speak_only_while_the_bot_owns_the_conversation(core: Core) -> None:
    channel = Rest()
    async with staged(core, [channel]) as stage:
        await stage.asks("Hello")
        proactive = channel.get_output_channel()
        assert proactive.name() == "rest"
        await proactive.send_response("c", {"text": "Are you still there?"})
        await asyncio.to_thread(core.hands_off)
        await proactive.send_text_message("c", "Are you still there?")
        assert [text for _, text in await stage.said("c")].count("Are you still there?") == 1
        assert core.ledger.fenced("c") == 1


async def test_reminders_in_the_web_chat_reach_the_open_page_and_never_speak_over_a_person(core: Core) -> None:
    channel = WebChat()
    assert channel.get_output_channel() is None, "before the server runs"
    async with staged(core, [channel], secret_key="a key of sufficient length, only for tests") as stage:
        await asyncio.to_thread(core.says, "Hello", channel="webchat", push=False)
        proactive = channel.get_output_channel()
        assert proactive is not None and proactive.name() == "webchat"
        revision = core.ledger.conversation("c").revision
        await proactive.send_response("c", {"text": "Are you still there?", "buttons": [{"title": "Yes"}]})
        assert core.ledger.conversation("c").revision > revision, "which wakes the page"
        [reminder] = [one for one in core.ledger.messages("c") if one.author is Author.BOT]
        assert (reminder.text, reminder.delivery) == ("Are you still there?", Delivery.WAITING)
        await asyncio.to_thread(core.ownership.take_over, "c", ANNA)
        await proactive.send_text_message("c", "Are you still there?")
        assert core.ledger.fenced("c") == 1
        await asyncio.to_thread(core.ownership.hand_back, "c", ANNA)
        await proactive.send_text_message("c", "Back again")
        assert [text for who, text in await stage.said("c") if who == "bot"] == ["Are you still there?", "Back again"]


async def test_rasas_reply_is_recorded_with_all_it_holds(core: Core) -> None:
    buttons = [{"title": "Yes", "payload": "/affirm"}]

    async def rich(message: UserMessage) -> None:
        out = message.output_channel
        assert isinstance(out, fenced_output.FencedOutput)
        await out.send_response("c", {"text": "Sure?", "buttons": buttons})
        await out.send_response("c", {"image": "https://example.com/a.png"})
        await out.send_response("c", {"custom": {"kind": "card", "bad": float("nan")}})
        await out.send_response("c", {"text": "", "buttons": []})
        await out.send_response("c", {"text": 7})

    async with staged(core, [Rest()]) as stage:
        stage.bot.answer = rich
        await stage.asks("Hello")
        found = await asyncio.to_thread(core.ledger.replies_to, "c", 1)
        assert [(one.text, dict(one.data)) for one in found] == [
            ("Sure?", {"buttons": buttons}), ("", {"image": "https://example.com/a.png"}),
            ("", {"custom": {"kind": "card", "bad": None}}), ("7", {}),
        ]


async def test_an_announcement_made_twice_is_said_once(core: Core) -> None:
    async def announce(message: UserMessage) -> None:
        handoff = await asyncio.to_thread(core.hands_off)
        said = {"text": "A person comes.", "announces": handoff.id, "utter_action": "utter_handoff"}
        await message.output_channel.send_response("c", dict(said))
        await message.output_channel.send_response("c", dict(said))
        await message.output_channel.send_response("c", {"text": "And how are you?"})

    async with staged(core, [Rest()]) as stage:
        stage.bot.answer = announce
        await stage.asks("A person, please")
        assert [text for _, text in await stage.said("c")] == ["A person, please", "A person comes."]
        assert core.ledger.conversation("c").owner is Owner.WAITING
        assert core.ledger.fenced("c") == 1


async def test_a_bot_that_has_nothing_to_say_says_so(core: Core) -> None:
    async with staged(core, [Rest()]) as stage:
        async def silent(message: UserMessage) -> None:
            return

        stage.bot.answer = silent
        [answer] = await stage.asks("Hello")
        assert answer.startswith(TROUBLE)
        assert len(stage.bot.heard) == 1


async def test_a_bot_whose_word_is_fenced_is_not_taken_for_silent(core: Core) -> None:
    async with staged(core, [Rest()]) as stage:
        async def too_late(message: UserMessage) -> None:
            await asyncio.to_thread(core.ownership.take_over, "c", ANNA)
            await stage.bot.echo(message)

        async def silent_handoff(message: UserMessage) -> None:
            await asyncio.to_thread(core.ownership.take_over, "c", ANNA)

        for answer in (too_late, silent_handoff):
            stage.bot.answer = answer
            assert await stage.asks("Hello") == []
            await asyncio.to_thread(core.ownership.hand_back, "c", ANNA)
        assert core.ledger.fenced("c") == 1
        assert not any(text.startswith(TROUBLE) for _, text in await stage.said("c"))

"""Who waits for a person is answered by the system: once, in order, whatever is repeated, slow or killed."""
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from rasa.core.channels.channel import UserMessage

from tandem.channels.rest import Rest
from tandem.conversations.model import Author, Delivery, Kind, Owner
from tandem.conversations.turn_queue import TURN_LEASE
from tandem.gateway import waiting_customers
from tests.fakes.core import ANNA, core_over
from tests.integration.channels.stage import RunningClock, Stage, staged

READINGS = {
    "how long": "queue_question", "how long still": "queue_question", "to the bot": "back_to_bot",
    "where is my parcel": "order_status", "fire": "safety_hazard", "leave it": "never_mind",
    "yes": "affirm", "no": "deny", "thank you": "thanks", "opening": "opening_hours", "a person": "ask_for_human",
}
Pair = tuple[Stage, Stage]


@pytest.fixture
async def pair(ready_url: str) -> AsyncIterator[Pair]:
    """Two servers over one database; the customer `c` waits for a person."""
    with core_over(ready_url, RunningClock()) as core:
        async with AsyncExitStack() as stack:
            stages = [await stack.enter_async_context(staged(core, [Rest()])) for _ in range(2)]
            for stage in stages:
                stage.bot.sentiment, stage.bot.intents = None, READINGS
            await stages[0].asks("Hello")
            await asyncio.to_thread(core.hands_off)
            stages[0].bot.heard.clear()
            yield stages[0], stages[1]


@pytest.fixture
def stage(pair: Pair) -> Stage:
    """One of the servers."""
    return pair[0]


async def owner(stage: Stage) -> Owner:
    return (await asyncio.to_thread(stage.core.ledger.conversation, "c")).owner


def heard(pair: Pair) -> list[UserMessage]:
    """What either bot was given."""
    return [*pair[0].bot.heard, *pair[1].bot.heard]


async def notices(stage: Stage) -> list[str]:
    return [text for author, text in await stage.said("c") if author == "system" and text]


async def test_a_question_is_answered_in_the_request_with_the_queues_own_figures(stage: Stage) -> None:
    await asyncio.to_thread(stage.core.says, "Hello", conversation="d")
    await asyncio.to_thread(stage.core.hands_off, "d")
    [first] = await stage.asks("how long")
    assert "next" in first
    [second] = await stage.asks("how long still")
    assert second != first and "first place" in second, "not in the same words"
    [told] = [one for one in stage.core.ledger.messages("c") if one.text == first]
    assert (told.author, told.kind, told.delivery) == (Author.SYSTEM, Kind.EVENT, Delivery.SENT)
    assert told.data["buttons"][0]["payload"] == "/back_to_bot"
    assert stage.bot.heard == [] and await owner(stage) is Owner.WAITING
    [handoff] = stage.core.ledger.handoffs("c")
    assert handoff.last_notified_at is not None, "the watch over the queue need not tell it again at once"


async def test_who_writes_in_another_language_is_answered_in_it(stage: Stage) -> None:
    stage.bot.intents = {"wie lange muss ich noch warten": "queue_question"}
    [told] = await stage.asks("wie lange muss ich noch warten")
    assert told.startswith("Sie sind Nummer 1")
    assert "notiert" in (await stage.asks("es geht um eine Lampe und ich bin nicht da"))[0]


async def test_a_repeated_webhook_brings_the_notice_once(pair: Pair) -> None:
    one, other = pair
    answers = [await stage.asks("how long", "m1") for stage in (one, other, one)]
    assert answers[0] and answers == 3 * [answers[0]], "a repeat hears the same"
    assert len(await notices(one)) == 1
    both = await asyncio.gather(one.asks("how long still", "m2"), other.asks("how long still", "m2"))
    assert len(await notices(one)) == 2 and any(both)


async def test_notices_come_in_the_order_of_the_messages_whoever_takes_them(pair: Pair) -> None:
    for number in range(4):
        pair[number % 2].dispatches("how long" if number % 2 else "fire")
    await pair[0].until(lambda: len([one for one in pair[0].core.ledger.messages("c")
                                     if one.author is Author.SYSTEM]) == 4)
    said = [one for one in pair[0].core.ledger.messages("c") if one.author is Author.SYSTEM]
    assert [one.data["answers"] for one in said] == [["danger"], ["standing"]] * 2
    assert [one.reply_to for one in said] == sorted(one.reply_to or 0 for one in said)


async def test_remarks_are_noted_once_and_the_bot_hears_nothing(stage: Stage) -> None:
    first = await stage.asks("it is the blue one")
    assert len(first) == 1 and "noted" in first[0]
    assert await stage.asks("and large") == [] and await stage.asks("on Friday") == []
    assert len(await stage.asks("how long")) == 1, "a question is answered all the same"
    assert stage.bot.heard == []


async def test_who_leaves_in_words_is_with_the_bot_and_gets_what_they_asked(stage: Stage) -> None:
    assert await stage.asks("to the bot, where is my parcel?") == ["You said: where is my parcel"]
    assert await owner(stage) is Owner.BOT
    [handed_back] = [message.metadata["tandem"]["handed_back"] for message in stage.bot.heard]
    assert handed_back["outcome"] == "handed_back"
    assert await stage.asks("to the bot") == ["You said: to the bot"], "the bot has it now"
    assert [one.outcome for one in stage.core.ledger.handoffs("c")] == ["handed_back"]


async def test_what_is_written_right_after_leaving_is_the_bots_too(pair: Pair) -> None:
    one, other = pair
    go_on = asyncio.Event()
    parse = one.bot.parse_message

    async def slowly(text: str) -> dict[str, Any]:
        await go_on.wait()
        return await parse(text)

    one.bot.parse_message = slowly  # type: ignore[method-assign]
    one.dispatches("to the bot")
    other.dispatches("where is my parcel")
    await asyncio.sleep(0.3)
    go_on.set()
    await one.until(lambda: len([1 for said in one.core.ledger.messages("c") if said.author is Author.BOT]) == 3)
    assert [text for author, text in await one.said("c") if author == "bot"][1:] == [
        "You said: to the bot", "You said: where is my parcel"]


async def test_a_vague_sign_is_asked_about_and_nobody_leaves_by_it(stage: Stage) -> None:
    [asked] = await stage.asks("leave it")
    assert "leave the queue" in asked and await owner(stage) is Owner.WAITING
    assert "stay" in (await stage.asks("no"))[0]
    await stage.asks("leave it")
    assert await stage.asks("yes") == ["You said: yes"]
    assert await owner(stage) is Owner.BOT


async def test_a_danger_gets_advice_at_once_and_makes_the_handoff_urgent(stage: Stage) -> None:
    for _ in range(3):
        assert "911" in (await stage.asks("fire"))[0]
    [handoff] = stage.core.ledger.handoffs("c")
    assert handoff.urgency == 0.9


async def test_an_address_is_kept_at_once_and_a_question_beside_it_answered(stage: Stage) -> None:
    [told] = await stage.asks("kim@example.com")
    assert "kim@example.com" in told
    [handoff] = stage.core.ledger.handoffs("c")
    assert handoff.contact == "kim@example.com"


async def test_once_an_agent_has_come_the_system_is_silent(stage: Stage) -> None:
    await asyncio.to_thread(stage.core.ownership.claim, "c", ANNA)
    before = await stage.said("c")
    assert await stage.asks("how long") == []
    await stage.until(lambda: "how long" in stage.bot.read)
    assert await stage.said("c") == [*before, ("customer", "how long")]


async def test_an_agent_who_comes_while_the_message_is_read_ends_the_answer(stage: Stage) -> None:
    parse = stage.bot.parse_message

    async def while_claimed(text: str) -> dict[str, Any]:
        await asyncio.to_thread(stage.core.ownership.claim, "c", ANNA)
        return await parse(text)

    stage.bot.parse_message = while_claimed  # type: ignore[method-assign]
    assert await stage.asks("to the bot") == []
    assert await owner(stage) is Owner.AGENT and stage.bot.heard == []


@pytest.mark.parametrize("trouble", ["fails", "hangs"])
async def test_without_a_reading_the_message_is_noted(
    stage: Stage, trouble: str, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tandem.gateway.message_reader.READ_SECONDS", 0.2)

    async def broken(text: str) -> dict[str, Any]:
        if trouble == "fails":
            raise RuntimeError("no model")
        await asyncio.sleep(30)
        return {}

    stage.bot.parse_message = broken  # type: ignore[method-assign]
    [told] = await stage.asks("how long")
    assert "noted" in told


async def test_what_is_known_of_an_order_is_told_and_what_cannot_be_looked_up_is_noted(
    stage: Stage, monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    async def said_aside(agent: Any, conversation: str, action: str, *_: Any) -> list[tuple[str, str]]:
        asked.append(action)
        if len(asked) == 3:
            raise RuntimeError("the action server is away")
        if len(asked) == 4:
            await asyncio.sleep(30)
        return [("It comes on Friday.", "utter_status")] if len(asked) == 1 else [("I see.", "utter_acknowledge")]

    monkeypatch.setattr("tandem.gateway.turn_runner.said_aside", said_aside)
    monkeypatch.setattr(waiting_customers, "LOOK_UP_SECONDS", 0.2)
    assert await stage.asks("where is my parcel") == ["While you wait: It comes on Friday."]
    for _ in range(3):
        stage.core.clock.advance(seconds=100)
        [told] = await stage.asks("where is my parcel")
        assert "noted" in told or "record" in told
    assert asked == ["action_order_facts"] * 4 and stage.bot.heard == []


async def test_a_message_whose_worker_died_is_answered_by_another(pair: Pair) -> None:
    stage = pair[0]
    stage.core.says("how long", channel="rest", push=False)
    stage.core.says("to the bot", channel="rest", push=False)
    await asyncio.sleep(0.3)
    assert await notices(stage) == []
    stage.core.clock.advance(seconds=TURN_LEASE.total_seconds() + 1)
    await stage.until(lambda: heard(pair))
    assert len(await notices(stage)) == 1 and [one.text for one in heard(pair)] == ["to the bot"]


async def test_a_worker_that_dies_after_the_customer_left_loses_nothing(pair: Pair) -> None:
    stage = pair[0]
    answers = stage.runtime._turns._waiting._answers
    seq = stage.core.says("to the bot, where is my parcel?", channel="rest", push=False).message.seq
    await asyncio.to_thread(answers.leave, "c", seq, "where is my parcel")
    assert await asyncio.to_thread(answers.leave, "c", seq) is None, "once"
    stage.core.clock.advance(seconds=TURN_LEASE.total_seconds() + 1)
    await stage.until(lambda: heard(pair))
    assert [one.text for one in heard(pair)] == ["where is my parcel"]
    assert heard(pair)[0].metadata["tandem"]["handed_back"]["outcome"] == "handed_back"


async def test_what_was_written_while_the_handoff_opened_is_answered_by_the_system(stage: Stage) -> None:
    await stage.asks("to the bot")
    go_on = asyncio.Event()

    async def hand_off(message: UserMessage) -> None:
        await go_on.wait()
        await asyncio.to_thread(stage.core.hands_off)

    stage.bot.answer = hand_off
    stage.dispatches("a person")
    stage.dispatches("how long")
    await stage.until(lambda: "a person" in stage.bot.texts)
    go_on.set()
    await stage.until(lambda: any("next" in one.text for one in stage.core.ledger.messages("c")
                                  if one.author is Author.SYSTEM))
    assert "how long" not in stage.bot.texts

"""No channel can take another's conversation: neither those to come nor those that began before ids had names."""
from __future__ import annotations

import asyncio

import pytest

from tandem.channels.messaging import Telegram
from tandem.channels.rest import Rest
from tandem.conversations.conversation_ids import conversation_id_for, require_bare, sender_of
from tandem.conversations.model import InvalidMessage
from tandem.conversations.store import MAX_ID
from tandem.conversations.turn_queue import TurnQueue
from tests.fakes.core import Core
from tests.integration.channels.lines import KINDS, TWILIO, Kind, Line, line_of, on
from tests.integration.channels.stage import staged
from tests.integration.channels.test_rest import poll, send

SENDERS = {"telegram": "4711", "slack": "U1", "twilio": "whatsapp:+15550111", "facebook": "F1"}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
async def test_what_rest_has_named_locks_no_customer_of_another_channel_out(
    core: Core, monkeypatch: pytest.MonkeyPatch, kind: Kind,
) -> None:
    sender = SENDERS[kind.name]
    for squatted in (sender, f"{kind.name}:{sender}"):  # as a database of before may hold both
        await asyncio.to_thread(core.says, "squatting", conversation=squatted, channel="rest", push=False)
    async with line_of(kind, core, monkeypatch) as line:
        await line.write("Where is my order?")
        await line.sent("You said: Where is my order?")
        [conversation] = [one for one in core.ledger.list() if one.channel == kind.name]
        assert conversation.id == f"{kind.name}::{sender}"
        await line.stage.agent_says(conversation.id, "I am here")
        await line.sent("You said: Where is my order?", "Anna: I am here")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
async def test_a_conversation_that_began_under_the_bare_id_goes_on_under_it(
    core: Core, monkeypatch: pytest.MonkeyPatch, kind: Kind,
) -> None:
    sender = SENDERS[kind.name]
    await asyncio.to_thread(core.says, "Hello, last year", conversation=sender, channel=kind.name)
    await asyncio.to_thread(TurnQueue(core.ledger).finish, sender, 1)
    async with line_of(kind, core, monkeypatch) as line:
        await line.write("Hello again")
        await line.stage.until(lambda: line.texts())
        await line.stage.agent_says(sender, "I am here")
        await line.sent("You said: Hello again", "Anna: I am here")
    assert [one.id for one in core.ledger.list()] == [sender]


@on(TWILIO)
async def test_a_new_conversation_has_its_channels_name_and_still_reaches_the_customer(only: Line) -> None:
    await only.write("Hello")
    await only.sent("You said: Hello")
    assert only.stage.bot.heard[0].sender_id == "twilio:whatsapp:+15550111", "and the tracker has the same"
    [body] = only.service.sent("Messages.json")
    assert body["To"] == "whatsapp:+15550111"


@pytest.mark.parametrize("sender", ["telegram:4711", "slack:U1", "twilio:whatsapp:+15550111", "facebook:F1",
                                    "telegram::4711", "webchat:x"])
async def test_rest_may_not_use_a_name_of_another_channel(core: Core, sender: str) -> None:
    async with staged(core, [Rest()]) as stage:
        answer = await send(stage, sender=sender)
        assert answer.status_code == 400 and "another channel" in answer.json()["error"]
        assert (await poll(stage, 0, sender)).status_code == 404
        assert core.ledger.list() == [] and stage.bot.heard == []


async def test_rest_keeps_its_senders_names(core: Core) -> None:
    async with staged(core, [Rest()]) as stage:
        for sender in ("visitor-1", "user:42", "whatsapp:+15550111", "rest:1", ":", "a:telegram:b"):
            assert (await send(stage, sender=sender)).json()[0]["recipient_id"] == sender
            assert core.ledger.conversation(sender).channel == "rest"


async def test_a_conversation_of_rest_from_before_goes_on_under_its_name(core: Core) -> None:
    await asyncio.to_thread(core.says, "Hello", conversation="telegram:mine", channel="rest", push=False)
    async with staged(core, [Rest()]) as stage:
        assert (await send(stage, sender="telegram:mine")).status_code == 200


async def test_a_channel_of_ones_own_is_kept_from_rest_as_well(core: Core) -> None:
    class Pigeon(Telegram):  # a routed channel under another name
        @classmethod
        def name(cls) -> str:
            return "pigeon"

    async with staged(core, [Rest(), Pigeon("123:token", "bot", "https://x.example")]) as stage:
        assert (await send(stage, sender="pigeon:1")).status_code == 400


def test_ids_stay_within_what_the_ledger_keeps(core: Core) -> None:
    ids = {conversation_id_for(core.ledger, "line", "x" * 254 + end) for end in "ab"}
    assert len(ids) == 2 and all(len(one) <= MAX_ID for one in ids)
    for bad in ("", " ", "x" * 256, "a\x00b", "\ud800"):
        with pytest.raises(InvalidMessage):
            conversation_id_for(core.ledger, "line", bad)


def test_a_sender_cannot_pass_for_another_by_bearing_the_channels_name(core: Core) -> None:
    core.says("Hello", conversation="line:U1", channel="line")
    assert conversation_id_for(core.ledger, "line", "line:U1") == "line:line:U1"
    assert conversation_id_for(core.ledger, "line", "U1") == "line:U1"


def test_the_sender_is_found_in_the_id() -> None:
    assert sender_of("twilio", "twilio:whatsapp:+1") == "whatsapp:+1" == sender_of("twilio", "twilio::whatsapp:+1")
    assert sender_of("twilio", "whatsapp:+1") == "whatsapp:+1"


def test_names_without_a_channel_before_them_are_free(core: Core) -> None:
    for sender in ("x", "x:y", "rest:1", "telegram", "Telegram:1"):
        require_bare(core.ledger, sender, [])


async def test_a_flood_from_one_customer_is_slowed_and_others_are_served(
    core: Core, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tandem.gateway.runtime.MESSAGES", 3)
    token = {"Authorization": f"Bearer {'r' * 16}"}
    async with staged(core, [Rest()], demo=False, rest_token="r" * 16) as stage:
        stage.client.headers.update(token)
        answers = [await send(stage, f"message {number}") for number in range(5)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
        assert int(answers[-1].headers["retry-after"]) >= 1
        assert (await send(stage, sender="another")).status_code == 200
    assert len(core.ledger.transcript("c")) == 6

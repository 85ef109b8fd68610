"""Log lines of a conversation in trouble: each names the conversation, none holds a word or a token."""
from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import pytest

from tandem.channels.messaging import Facebook, Telegram
from tandem.channels.rest import Rest
from tandem.conversations.outbox import BACKOFF
from tandem.live_agents.protocol import LiveAgentRefused
from tandem.live_agents.relay.agent_actions import AgentActions
from tandem.live_agents.relay.tables import metadata as relay_metadata
from tandem.live_agents.relay.worker import Relay
from tandem.logs import JsonLines
from tests.fakes.core import ANNA, Core
from tests.fakes.live_agent import FakeTool, unavailable
from tests.integration.channels import payloads
from tests.integration.channels.stage import staged

WORD, TOKEN, PAGE_TOKEN = "kettle", "4711:telegram-token", "facebook-page-token"
PAUSE = BACKOFF[0]


@pytest.fixture
def written(caplog: pytest.LogCaptureFixture) -> Any:
    """Every line of Tandem so far, as machines read it."""
    caplog.set_level(logging.DEBUG, "tandem")

    def read() -> list[dict[str, Any]]:
        return [json.loads(JsonLines().format(record)) for record in caplog.records
                if record.name.startswith("tandem")]

    return read


def safe(lines: list[dict[str, Any]]) -> None:
    text = json.dumps(lines)
    for secret in (WORD, TOKEN, PAGE_TOKEN):
        assert secret not in text, secret


async def test_a_database_that_refuses_a_message_does_not_put_it_into_the_log(core: Core, written: Any) -> None:
    with core.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TRIGGER full BEFORE INSERT ON messages WHEN new.text LIKE '%kettle%' "
                                   "BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
    async with staged(core, [Rest()]) as stage:
        answer = await stage.client.post(f"{stage.url}/webhooks/rest/webhook",
                                         json={"sender": "c", "message": f"my {WORD} is broken"})
        assert answer.status_code == 503
    assert any("disk is full" in line.get("trace", "") for line in written()), "the error itself is there"
    safe(written())


async def test_a_bot_turn_that_fails_is_told_by_its_conversation(core: Core, written: Any) -> None:
    async with staged(core, [Rest()]) as stage:
        async def fail(message: Any) -> None:
            raise RuntimeError("the bot fell over")

        stage.bot.answer = fail
        await stage.client.post(f"{stage.url}/webhooks/rest/webhook", json={"sender": "c", "message": f"a {WORD}"})
    failed = [line for line in written() if line["level"] == "ERROR"]
    assert failed and {(line["conversation"], line["epoch"]) for line in failed} == {("c", 0)}
    safe(written())


@pytest.mark.parametrize("channel", ["telegram", "facebook"])
async def test_a_send_that_fails_shows_neither_words_nor_tokens(
    core: Core, written: Any, channel: str, monkeypatch: pytest.MonkeyPatch,
) -> None:
    if channel == "telegram":
        kind: Any = Telegram(TOKEN, "shop_bot", "https://chat.example.com/webhook")
        recipient = "4711"
    else:
        kind, recipient = Facebook("verify", payloads.FACEBOOK_SECRET, PAGE_TOKEN), "F1"
        monkeypatch.setattr("socket.getaddrinfo", _nowhere)
    async with staged(core, [kind]) as stage:
        if channel == "telegram":
            from aiogram.bot.api import TelegramAPIServer
            kind.own_output().server = TelegramAPIServer.from_base("http://127.0.0.1:1")
        await asyncio.to_thread(core.says, "Hello", conversation=recipient, channel=channel)
        await asyncio.to_thread(core.ownership.take_over, recipient, ANNA)
        await asyncio.to_thread(core.ownership.reply, recipient, ANNA, f"Your {WORD} is on its way")
        await stage.tried(f"Your {WORD} is on its way", 1)
        with core.engine.connect() as connection:
            errors = connection.exec_driver_sql("SELECT error FROM messages WHERE error IS NOT NULL").scalars().all()
    lines = [line for line in written() if "failed" in line["message"] and line["logger"].endswith("delivery_worker")]
    assert lines and {line["conversation"] for line in lines} == {recipient}
    safe(written())
    assert errors and not any(secret in error for error in errors for secret in (WORD, TOKEN, PAGE_TOKEN))


def _nowhere(*_: Any, **__: Any) -> Any:
    raise OSError("no name service")


def test_an_outside_tool_in_trouble_is_told_by_conversation_epoch_and_handoff(core: Core, written: Any) -> None:
    relay_metadata.create_all(core.engine)
    tool = FakeTool("tool")
    relay = Relay(core.ledger, AgentActions(core.ledger, core.ownership), {"tool": tool})
    core.says(f"my {WORD} is broken")
    handoff = core.hands_off(channel="tool", reason=f"A {WORD} again")

    def refuse() -> None:
        raise LiveAgentRefused(f"POST /x: answered with 422: content {WORD} is too long")

    tool.before["open"] = unavailable
    relay.step()
    core.clock.ahead += PAUSE * 10
    tool.before["open"] = refuse
    relay.step()
    relay.receive_webhook("tool", {"x-signature": "good", "x-delivery": "d1"}, f"a {WORD}, no JSON".encode())
    relay.step()
    relay.close()
    about_it = [line for line in written() if line["logger"].startswith("tandem.live_agents.relay.sync")]
    assert len(about_it) == 2
    assert {(line["conversation"], line["epoch"], line["handoff"]) for line in about_it} == {("c", 1, handoff.id)}
    safe(written())
    assert WORD in relay.dead()["handoffs"][0]["error"], "supervisors read the tool's own words at the desk"

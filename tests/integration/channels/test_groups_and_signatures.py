"""What is said to one customer is read by nobody else, and only the service itself brings messages."""
from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from tandem.channels.messaging import Slack, Telegram, Twilio
from tandem.channels.rest import Rest
from tandem.settings import SettingsError
from tandem.wording.phrases import notice
from tests.fakes.core import Core
from tests.integration.channels import payloads
from tests.integration.channels.lines import SLACK, TELEGRAM, TELEGRAM_SECRET, TWILIO, Line, line_of, on
from tests.integration.channels.stage import staged
from tests.system.faults.push_channel import Push

HEADER = "X-Telegram-Bot-Api-Secret-Token"


def in_group(webhook: payloads.Webhook, kind: str, chat: int = -100200) -> payloads.Webhook:
    """A Telegram update as it comes from a group."""
    update = json.loads(json.dumps(webhook["json"]))
    told = update.get("message") or update.get("edited_message") or update["callback_query"]["message"]
    told["chat"] = {"id": chat, "type": kind, "title": "Neighbours"}
    return {"json": update}


@on(TELEGRAM)
@pytest.mark.parametrize("kind", ["group", "supergroup", "channel", "something new"])
async def test_a_telegram_group_is_no_customer(only: Line, kind: str) -> None:
    updates = [payloads.telegram_text("Where is my order?", 1), payloads.telegram_edited("I meant", 2),
               payloads.telegram_button("/affirm", 3), payloads.telegram_place(4)]
    answers = [await only.answer_to(in_group(update, kind)) for update in updates]
    assert [answer.status_code for answer in answers] == [200] * 4, "else Telegram repeats them"
    told = answers[0].json()
    assert (told["method"], told["chat_id"], told["text"]) == ("sendMessage", "-100200", notice("private_only"))
    assert [answer.text for answer in answers[1:]] == ["success"] * 3, "said once"
    assert only.stage.core.ledger.list() == [] and only.stage.bot.heard == []


@on(TELEGRAM)
async def test_what_an_agent_writes_to_a_group_of_before_stays_here(only: Line) -> None:
    await asyncio.to_thread(only.stage.core.says, "Hello", conversation="-100200", channel="telegram")
    await only.stage.agent_says("-100200", "Your refund is 20 dollars")
    await only.stage.delivered("-100200", "Your refund is 20 dollars", "failed")
    assert only.texts() == []


@on(TELEGRAM)
@pytest.mark.parametrize("headers", [{HEADER: ""}, {HEADER: "wrong"}, {HEADER: "ü".encode()}], ids=str)
async def test_an_update_without_telegrams_secret_is_refused(only: Line, headers: dict[str, Any]) -> None:
    assert await only.hook({**payloads.telegram_text("Where is my order?"), "headers": headers}) == 403
    assert only.stage.core.ledger.list() == []


@on(TELEGRAM)
async def test_telegram_is_asked_once_who_the_bot_is(only: Line) -> None:
    for number in (1, 2, 3):
        assert await only.hook(payloads.telegram_text("Where is my order?", number)) == 200
    assert len(only.service.sent("getMe")) == 1


@on(TELEGRAM)
async def test_telegram_is_given_the_secret_until_it_has_it(only: Line) -> None:
    await only.stage.until(lambda: only.service.sent("setWebhook"))
    [registered] = only.service.sent("setWebhook")
    assert registered == {"url": "https://chat.example.com/webhook", "secret_token": TELEGRAM_SECRET}
    for method in ("GET", "POST"):
        answer = await only.stage.client.request(method, f"{only.stage.url}/webhooks/telegram/set_webhook",
                                                 headers={HEADER: TELEGRAM_SECRET})
        assert answer.status_code == 403, "nobody else registers the address, and without the secret"
    assert len(only.service.sent("setWebhook")) == 1


async def test_telegram_is_told_again_if_it_was_away(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tandem.channels.telegram._REGISTER_PAUSES", (0.05,))
    tries: list[Any] = []

    async def away(_: Any, method: str, data: Any) -> bool:
        tries.append(data)
        if len(tries) < 3:
            raise ConnectionError("away")
        return True

    monkeypatch.setattr("tandem.channels.telegram._TelegramOutput.request", away)
    async with staged(core, [Telegram("123:token", "shop_bot", "https://x.example")]) as stage:
        await stage.until(lambda: len(tries) == 3)
        await asyncio.sleep(0.2)
        assert len(tries) == 3


def test_each_bot_has_a_secret_of_its_own() -> None:
    other = Telegram("456:token", "shop_bot", "").webhook_secret
    assert other != TELEGRAM_SECRET and "123:token" not in TELEGRAM_SECRET and len(TELEGRAM_SECRET) <= 256


@on(SLACK)
async def test_a_slack_channel_is_told_to_write_directly_and_nothing_else(only: Line) -> None:
    mention = {"type": "app_mention", "channel": "C1", "channel_type": "channel"}
    for number in range(2):
        assert await only.hook(payloads.slack_text("<@UBOT> where is my order?", f"Ev{number}", **mention)) == 200
    plain = {"channel": "G1", "channel_type": "mpim"}
    assert await only.hook(payloads.slack_text("where is my order?", "Ev3", **plain)) == 200
    [hint] = only.service.sent("chat.postEphemeral")
    assert (hint["channel"], hint["user"], hint["text"]) == ("C1", "U1", notice("private_only"))
    assert only.texts() == [] and only.stage.core.ledger.list() == []


async def test_a_configured_slack_channel_opens_no_channel(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    kind = replace(SLACK, make=lambda: Slack("x", slack_channel="C1", slack_signing_secret=payloads.SLACK_SECRET))
    async with line_of(kind, core, monkeypatch) as line:
        assert await line.hook(payloads.slack_text("Hello", "Ev1", channel="C1", channel_type="channel")) == 200
        await line.write("Hello", "2")
        await line.sent("You said: Hello")
        assert line.service.sent("chat.postMessage")[0]["channel"] == "D1"


@on(SLACK)
async def test_what_an_agent_writes_to_a_slack_channel_of_before_stays_here(only: Line) -> None:
    await asyncio.to_thread(only.stage.core.says, "Hello", conversation="U1", channel="slack",
                            address={"channel": "C1"})
    await only.stage.agent_says("U1", "Your refund is 20 dollars")
    await only.stage.delivered("U1", "Your refund is 20 dollars", "failed")
    assert only.texts() == []


async def test_twilio_without_its_address_does_not_start_outside_a_demo_on_loopback(core: Core) -> None:
    with pytest.raises(SettingsError, match="webhook_url"):
        async with staged(core, [Twilio("AC1", "token", "+15550100")], demo=False):
            pytest.fail("it started")


async def test_twilios_empty_fields_are_signed_too(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    address = "https://chat.example.com/webhooks/twilio/webhook"
    credentials = {"account_sid": "AC1", "auth_token": "token", "twilio_number": "+15550100", "webhook_url": address}
    kind = replace(TWILIO, make=lambda: Twilio.from_credentials(credentials))
    async with line_of(kind, core, monkeypatch) as line:
        webhook = payloads.twilio_text("Hello", FromCity="", FromState="", FromZip="")
        signature = payloads.twilio_signature(address, webhook["data"], "token")
        assert await line.hook({**webhook, "headers": {"X-Twilio-Signature": signature}}) == 204
        await line.sent("You said: Hello")


async def test_rejected_webhooks_of_one_address_are_not_logged_without_end(
    core: Core, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:
    async with line_of(TELEGRAM, core, monkeypatch) as line:
        forged = {**payloads.telegram_text("x"), "headers": {HEADER: "wrong"}}
        statuses = [await line.hook(forged) for _ in range(40)]
        assert set(statuses[:30]) == {403} and statuses[-1] == 429
        assert sum("webhook was refused" in record.message for record in caplog.records) <= 32
        assert await line.write("Hello") == 200, "Telegram itself is served"


async def test_a_channel_of_ones_own_that_asks_nobody_is_told_of(
    core: Core, caplog: pytest.LogCaptureFixture,
) -> None:
    async with staged(core, [Push("http://127.0.0.1:1")], demo=False):
        assert "Nobody is asked who they are on the channel push" in caplog.text
    caplog.clear()
    async with staged(core, [Rest()], demo=False, rest_token="r" * 16):
        assert "Nobody is asked" not in caplog.text

"""What only Telegram, Slack, Twilio or Facebook does."""
from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from tandem.channels.messaging import Slack, Twilio
from tests.fakes.core import Core
from tests.integration.channels import payloads
from tests.integration.channels.lines import FACEBOOK, SLACK, TELEGRAM, TWILIO, Kind, Line, line_of, on


@on(TELEGRAM)
async def test_telegram_registers_its_webhook_and_reads_buttons_edits_and_places(only: Line) -> None:
    await only.stage.until(lambda: only.service.sent("setWebhook"))
    await only.offers('/pick{"n": 1}')
    await only.hook(payloads.telegram_button('/pick{"n": 1}', 1))
    await only.hook(payloads.telegram_edited("I meant that", 2))
    await only.hook(payloads.telegram_place(3))
    await only.stage.until(lambda: len(only.stage.bot.heard) == 4)
    assert only.stage.bot.texts[1:] == ['/pick{"n": 1}', "I meant that", '{"lng":13.4, "lat":52.5}']


@on(TELEGRAM)
async def test_telegrams_other_updates_are_taken_and_passed_over(only: Line) -> None:
    for update in payloads.telegram_others():
        assert await only.hook(update) == 200, "else Telegram repeats it and holds back the rest"
    assert only.stage.core.ledger.list() == []


@on(TELEGRAM)
async def test_telegrams_restart_brings_a_second_message_with_an_id_of_its_own(only: Line) -> None:
    for _ in range(2):
        await only.hook(payloads.telegram_text("/restart", 1))
    await only.stage.until(lambda: len(only.stage.bot.heard) == 2)
    assert only.stage.bot.texts == ["restart", "start"]


@on(TELEGRAM)
async def test_telegram_shows_buttons_and_sends_on_one_session(only: Line) -> None:
    await only.write("Hello")
    await only.sent("You said: Hello")
    buttons = [{"title": "Yes", "payload": "/affirm"}]
    await asyncio.to_thread(only.stage.core.bot_says, "Sure?", conversation="telegram:4711", data={"buttons": buttons})
    await only.sent("You said: Hello", "Sure?")
    assert '"callback_data"' in str(only.service.sent("sendMessage")[1]["reply_markup"])


@on(SLACK)
async def test_slack_reads_buttons_and_ignores_itself(only: Line) -> None:
    assert await only.hook(payloads.slack_text("from the bot", bot_id="B1")) == 200
    assert await only.hook(payloads.slack_challenge()) == 200
    await only.offers("/order_status", "/return_item")
    for _ in range(2):
        assert await only.hook(payloads.slack_button("/order_status#3")) == 200
    assert await only.hook(payloads.slack_button("/return_item#3", "1700000200.1")) == 200
    await only.stage.until(lambda: len(only.stage.bot.heard) == 3)
    assert only.stage.bot.texts[1:] == ["/order_status", "/return_item"]


@on(SLACK)
async def test_a_slack_retry_after_a_timeout_is_stored_if_the_first_was_not(only: Line) -> None:
    assert await only.hook(payloads.slack_text("Hello", "Ev1", retry="http_timeout")) == 200
    assert await only.hook(payloads.slack_text("Hello", "Ev1", retry="http_timeout")) == 200
    await only.sent("You said: Hello")
    assert only.service.sent("postMessage")[0]["channel"] == "D1"


@on(SLACK)
async def test_an_unsigned_slack_webhook_is_refused(only: Line) -> None:
    webhook = payloads.slack_text("Hello")
    webhook["headers"]["X-Slack-Signature"] = "v0=0"
    assert await only.hook(webhook) == 403
    assert only.stage.core.ledger.list() == []


async def test_slack_answers_in_the_thread_the_customer_wrote_in(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    kind = Kind("slack", lambda: Slack("x", use_threads=True, conversation_granularity="thread",
                                       slack_signing_secret=payloads.SLACK_SECRET),
                SLACK.text, "slack:U1_D1_1700000000.000100", SLACK.path, SLACK.sent_text, SLACK.answer)
    async with line_of(kind, core, monkeypatch) as line:
        await line.write("Hello")
        await line.stage.until(lambda: line.texts())
        await line.stage.agent_says(kind.conversation, "I am here")
        await line.sent("You said: Hello", "Anna: I am here")
        for body in line.service.sent("postMessage"):
            assert (body["channel"], body["thread_ts"]) == ("D1", "1700000000.000100")


@on(TWILIO)
async def test_twilio_takes_a_picture_by_its_address_and_passes_over_nothing_at_all(only: Line) -> None:
    picture = payloads.twilio_text("", "SM1", MediaUrl0="https://api.twilio.com/media/1", NumMedia="1")
    assert await only.hook(picture) in (200, 204)
    await only.stage.until(lambda: only.stage.bot.heard)
    assert only.stage.bot.texts == ["https://api.twilio.com/media/1"]
    await only.sent("You said: https://api.twilio.com/media/1")
    assert await only.hook(payloads.twilio_text("", "SM2")) == 204
    assert await only.hook({"data": {"Body": "from nobody"}}) == 400
    assert len(await only.said()) == 2


@on(TWILIO)
async def test_twilio_sends_from_its_number_to_the_customers(only: Line) -> None:
    await only.write("Hello")
    await only.sent("You said: Hello")
    [body] = only.service.sent("Messages.json")
    assert (body["From"], body["To"]) == ("whatsapp:+15550100", "whatsapp:+15550111")


async def test_a_twilio_webhook_must_be_signed_where_its_address_is_known(
    core: Core, monkeypatch: pytest.MonkeyPatch,
) -> None:
    address = "https://chat.example.com/webhooks/twilio/webhook"
    credentials = {"account_sid": "AC1", "auth_token": "token", "twilio_number": "whatsapp:+15550100",
                   "webhook_url": address}
    kind = replace(TWILIO, make=lambda: Twilio.from_credentials(credentials))
    async with line_of(kind, core, monkeypatch) as line:
        webhook = payloads.twilio_text("Hello", MediaUrl0="https://x.example", ProfileName="Ada")
        good = payloads.twilio_signature(address, webhook["data"], "token")
        bad = (None, "", "é", payloads.twilio_signature(address, webhook["data"], "another"),
               payloads.twilio_signature(address, {**webhook["data"], "Body": "Bye"}, "token"))
        for signature in bad:
            headers = {} if signature is None else {"X-Twilio-Signature": signature.encode()}
            assert await line.hook({**webhook, "headers": headers}) == 403
        assert core.ledger.list() == []
        assert await line.hook({**webhook, "headers": {"X-Twilio-Signature": good}}) in (200, 204)
        await line.sent("You said: Hello")


@on(FACEBOOK)
async def test_every_event_of_a_facebook_webhook_is_taken(only: Line) -> None:
    webhook = payloads.facebook(
        payloads.facebook_text("one", "m1"), payloads.facebook_sign("read"), payloads.facebook_text("two", "m2"),
        payloads.facebook_postback("/order_status"), payloads.facebook_text("echo", "m3", is_echo=True),
        payloads.facebook_text("Yes", "m4", quick_reply={"payload": "/return_item"}),
        method="sha256",
    )
    await only.offers("/order_status", "/return_item")
    for _ in range(2):
        assert await only.hook(webhook) == 200
    await only.stage.until(lambda: len(only.stage.bot.heard) == 5)
    assert only.stage.bot.texts[1:] == ["one", "two", "/order_status", "/return_item"]
    await only.stage.until(lambda: any(body.get("sender_action") == "mark_seen" for _, body in only.service.got))


@on(FACEBOOK)
@pytest.mark.parametrize("signature", [None, "", "sha1=0", "md5=0", "new=x", "=", "sha1=é"])
async def test_a_facebook_webhook_must_be_signed(only: Line, signature: str | None) -> None:
    webhook = payloads.facebook(payloads.facebook_text("Hello"))
    del webhook["headers"]["X-Hub-Signature"]
    if signature is not None:
        webhook["headers"]["X-Hub-Signature"] = signature.encode()
    assert await only.hook(webhook) == 403
    assert await only.hook(payloads.facebook(payloads.facebook_text("Hello"), secret="another")) == 403
    assert only.stage.core.ledger.list() == []


@on(FACEBOOK)
async def test_facebook_verifies_the_webhooks_address(only: Line) -> None:
    address = f"{only.stage.url}/webhooks/facebook/webhook"
    good = await only.stage.client.get(address, params={"hub.verify_token": "verify", "hub.challenge": "42"})
    assert (good.status_code, good.text) == (200, "42")
    assert (await only.stage.client.get(address, params={"hub.verify_token": "no"})).status_code == 403


@on(FACEBOOK)
async def test_facebooks_refusal_of_buttons_is_told_too(only: Line) -> None:
    await only.write("Hello")
    await only.sent("You said: Hello")
    only.service.moods.append("refuse")
    buttons = [{"title": "Yes", "payload": "/affirm"}]
    await asyncio.to_thread(only.stage.core.bot_says, "Sure?", conversation="facebook:F1", data={"buttons": buttons})
    await only.stage.delivered("facebook:F1", "Sure?", "failed")


@on(TELEGRAM)
async def test_telegram_tells_the_language_of_the_customers_app(only: Line) -> None:
    await only.write("Hello", "1")
    await only.hook(payloads.telegram_button("/affirm", 2))
    await only.hook({"json": {"update_id": 3, "message": {
        **payloads.telegram_text("x")["json"]["message"], "from": {"id": 4711, "language_code": {"odd": 1}}}}})
    await only.stage.until(lambda: len(only.stage.bot.heard) == 3)
    said = [one for one in only.stage.core.ledger.transcript("telegram:4711") if one.author.value == "customer"]
    assert [one.data.get("language") for one in said] == ["pt-br", "pt-br", None]

"""Telegram, Slack, Twilio and Facebook: webhooks in, through the real outputs to a local stand-in of their APIs."""
from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
import requests
from aiogram.bot.api import TelegramAPIServer
from rasa.core.channels.channel import InputChannel
from sqlalchemy.exc import OperationalError

from tandem.channels import slack, telegram
from tandem.channels.messaging import Facebook, Slack, Telegram, Twilio
from tandem.conversations.abilities import Abilities, abilities_of
from tandem.conversations.deliveries import BACKOFF
from tests.fakes import channel_apis
from tests.fakes.heart import ANNA, Heart
from tests.integration.channels import payloads
from tests.integration.channels.stage import Outside, Stage, outside, staged


@dataclass(frozen=True)
class Kind:
    """A channel under test: how it is made, written to, and what its service is sent."""

    name: str
    make: Callable[[], InputChannel]
    text: Callable[[str, str], payloads.Webhook]  # (text, message id)
    conversation: str
    path: str  # the ending of the address that messages are sent to
    sent_text: Callable[[dict[str, Any]], str]
    answer: Callable[[str, dict[str, Any]], tuple[int, Any]]


def _facebook_text(body: dict[str, Any]) -> str:
    message = body.get("message") or {}
    return str(message.get("text") or message["attachment"]["payload"]["text"])


TELEGRAM = Kind(
    "telegram", lambda: Telegram("123:token", "shop_bot", "https://chat.example.com/webhook"),
    lambda text, key: payloads.telegram_text(text, int(key)), "4711", "sendMessage",
    lambda body: str(body["text"]), channel_apis.telegram,
)
SLACK = Kind(
    "slack", lambda: Slack("xoxb-token", slack_signing_secret=payloads.SLACK_SECRET),
    lambda text, key: payloads.slack_text(text, f"Ev{key}"), "U1", "chat.postMessage",
    lambda body: str(body["text"]), channel_apis.slack,
)
TWILIO = Kind(
    "twilio", lambda: Twilio("AC1", "token", "whatsapp:+15550100"),
    lambda text, key: payloads.twilio_text(text, f"SM{key}"), "whatsapp:+15550111", "Messages.json",
    lambda body: str(body["Body"]), channel_apis.twilio,
)
FACEBOOK = Kind(
    "facebook", lambda: Facebook("verify", payloads.FACEBOOK_SECRET, "page-token"),
    lambda text, key: payloads.facebook(payloads.facebook_text(text, f"m{key}")), "F1", "me/messages",
    _facebook_text, channel_apis.facebook,
)
KINDS = (TELEGRAM, SLACK, TWILIO, FACEBOOK)


@dataclass
class Line:
    """A channel on a running server, with its service behind it."""

    kind: Kind
    stage: Stage
    service: Outside
    point_to: Callable[[str], None]  # another address of the service

    async def hook(self, webhook: payloads.Webhook) -> int:
        """Send a webhook; the status of its answer."""
        answer = await self.stage.client.post(f"{self.stage.url}/webhooks/{self.kind.name}/webhook", **webhook)
        return answer.status_code

    async def write(self, text: str, key: str = "1") -> int:
        """The customer writes."""
        return await self.hook(self.kind.text(text, key))

    def texts(self) -> list[str]:
        """What the customer was sent."""
        return [self.kind.sent_text(body) for body in self.service.sent(self.kind.path) if "sender_action" not in body]

    async def sent(self, *texts: str) -> None:
        """Wait until exactly this was sent."""
        await self.stage.until(lambda: len(self.texts()) >= len(texts))
        assert self.texts() == list(texts)

    async def offers(self, *buttons: str) -> None:
        """The customer has said hello, and the bot has offered buttons with these payloads."""
        await self.write("Hello", "90")
        await self.sent("You said: Hello")
        data = {"buttons": [{"title": f"Choice {number}", "payload": one} for number, one in enumerate(buttons)]}
        await asyncio.to_thread(self.stage.heart.bot_says, "Which?", conversation=self.kind.conversation, data=data)
        await self.stage.until(lambda: len(self.texts()) == 2)

    async def said(self) -> list[tuple[str, str]]:
        return await self.stage.said(self.kind.conversation)


@asynccontextmanager
async def line_of(kind: Kind, heart: Heart, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Line]:
    async with outside(kind.path, kind.answer) as service:
        base = [service.url]
        real_send, real_init = requests.adapters.HTTPAdapter.send, slack._SlackOutput.__init__

        def send_here(adapter: Any, request: Any, *arguments: Any, **options: Any) -> Any:
            for host in ("https://graph.facebook.com", "https://api.twilio.com"):
                request.url = request.url.replace(host, base[0])
            return real_send(adapter, request, *arguments, **options)

        def init_here(output: Any, *arguments: Any) -> None:
            real_init(output, *arguments)
            output.client.base_url = f"{base[0]}/api/"

        monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send_here)
        monkeypatch.setattr(slack._SlackOutput, "__init__", init_here)
        channel = kind.make()

        def point_to(url: str) -> None:
            base[0] = url
            if isinstance(channel, telegram._Telegram):
                channel._telegram().server = TelegramAPIServer.from_base(url)

        point_to(service.url)
        async with staged(heart, [channel]) as stage:
            yield Line(kind, stage, service, point_to)


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
async def line(request: pytest.FixtureRequest, heart: Heart, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Line]:
    async with line_of(request.param, heart, monkeypatch) as opened:
        yield opened


@pytest.fixture
async def only(request: pytest.FixtureRequest, heart: Heart, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Line]:
    async with line_of(request.param, heart, monkeypatch) as opened:
        yield opened


def on(kind: Kind) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("only", [kind], indirect=True, ids=[kind.name])


# -- what all four promise -------------------------------------------------------------------------------------------


async def test_a_message_is_stored_answered_and_delivered(line: Line) -> None:
    assert await line.write("Hello") in (200, 204)
    await line.sent("You said: Hello")
    assert await line.said() == [("customer", "Hello"), ("bot", "You said: Hello")]
    await line.stage.delivered(line.kind.conversation, "You said: Hello", "sent")
    assert line.stage.heart.ledger.conversation(line.kind.conversation).channel == line.kind.name


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
    await asyncio.to_thread(line.stage.heart.ownership.hand_back, line.kind.conversation, ANNA)
    await line.write("Bye", "3")
    await line.stage.until(lambda: len(line.texts()) == 3)
    assert line.texts()[2] == "You said: Bye"


async def test_a_service_that_fails_for_a_while_gets_everything_in_order(line: Line) -> None:
    line.service.moods += ["500", "500"]
    await line.write("one", "1")
    await line.write("two", "2")
    for number, pause in enumerate(BACKOFF[:2], 1):
        await line.stage.tried("You said: one", number)
        line.stage.heart.clock.ahead += pause
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
    line.stage.heart.clock.ahead += BACKOFF[0]
    await line.stage.delivered(line.kind.conversation, "You said: one", "doubt")
    assert line.texts() == ["You said: one"] * 2, "at least once, and the desk is told that it may be twice"


async def test_a_service_that_cannot_be_reached_leaves_no_doubt(line: Line) -> None:
    real, closed = line.service.url, "http://127.0.0.1:1"
    await line.write("Hello")
    await line.stage.delivered(line.kind.conversation, "You said: Hello", "sent")
    line.point_to(closed)
    await asyncio.to_thread(line.stage.heart.bot_says, "one", conversation=line.kind.conversation)
    await line.stage.tried("one", 1)
    line.point_to(real)
    line.stage.heart.clock.ahead += BACKOFF[0]
    await line.stage.delivered(line.kind.conversation, "one", "sent")
    assert line.texts() == ["You said: Hello", "one"]


async def test_what_could_not_be_stored_is_not_acknowledged(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: Any) -> Any:
        raise OperationalError("INSERT", {}, Exception("disk is full"))

    monkeypatch.setattr(line.stage.heart.ledger, "receive", full)
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
    assert line.stage.heart.ledger.list() == []
    assert await line.write("Hello") in (200, 204)


# -- what each takes ------------------------------------------------------------------------------------------------

LONG = "".join(f"Line {number}: all work and no play makes a dull parcel \U0001f4e6.\n" for number in range(150))


def _limits(line: Line) -> Abilities:
    found = abilities_of(line.kind.name, line.kind.conversation)
    assert found is not None
    return found


async def test_a_long_text_goes_whole_and_in_order_with_the_speaker_before_each_part(line: Line) -> None:
    await line.write("Hello")
    await line.sent("You said: Hello")
    assert len(LONG) < 10_000
    await line.stage.agent_says(line.kind.conversation, LONG)
    await line.stage.agent_says(line.kind.conversation, "And that is all.")
    await line.stage.delivered(line.kind.conversation, "And that is all.", "sent")
    *parts, last = line.texts()[1:]
    assert last == "Anna: And that is all."
    assert all(part.startswith("Anna: ") for part in parts)
    assert "".join(part.removeprefix("Anna: ") for part in parts) == LONG
    limits = _limits(line)
    assert max(map(limits.size, parts)) <= limits.limit
    assert len(parts) <= limits.size(LONG) // limits.limit * 2 + 1, "one, where it fits"


async def test_parts_that_are_with_the_customer_are_not_sent_again(line: Line) -> None:
    await line.write("Hello")
    await line.sent("You said: Hello")
    await asyncio.to_thread(line.stage.heart.ownership.take_over, line.kind.conversation, ANNA, "")
    in_parts = _limits(line).limit < len(LONG)
    line.service.moods += ["", "500"] if in_parts else ["500"]  # the first part is taken, the second is not
    await asyncio.to_thread(line.stage.heart.ownership.reply, line.kind.conversation, ANNA, LONG)
    await line.stage.tried(LONG, 1)
    line.stage.heart.clock.ahead += BACKOFF[0]
    await line.stage.delivered(line.kind.conversation, LONG, "sent")
    assert "".join(part.removeprefix("Anna: ") for part in line.texts()[1:]) == LONG, "each part once, in order"


BUTTONS = {
    "few": [{"title": "Yes", "payload": "/affirm"}, {"title": "No", "payload": "/deny"}],
    "many": [{"title": f"TD-{number}", "payload": f'/pick{{"order_number": "TD-{number}"}}'} for number in range(12)],
    "far too many": [{"title": f"Order {number}", "payload": "/pick"} for number in range(120)],
    "long": [{"title": "The blue one with the torn zipper, size 42, from last week's order" * 2, "payload": "/x" * 60}],
    "link": [{"title": "Track it", "url": "https://example.com/t/1"}, {"title": "Thanks", "payload": "/thanks"}],
    "none of them": [{"title": ""}, {"payload": "/x"}, "odd"],
}


@pytest.mark.parametrize("text", ["Which one?", LONG], ids=["short", "long text"])
@pytest.mark.parametrize("buttons", BUTTONS.values(), ids=BUTTONS.keys())
async def test_buttons_are_laid_out_as_the_service_takes_them(line: Line, buttons: list[Any], text: str) -> None:
    await line.write("Hello")
    await line.sent("You said: Hello")
    await asyncio.to_thread(line.stage.heart.bot_says, text, conversation=line.kind.conversation,
                            data={"buttons": buttons})
    await line.stage.delivered(line.kind.conversation, text, "sent")
    sent = str([body for _, body in line.service.got])
    shown = [button["title"] for button in buttons if isinstance(button, dict) and button.get("title")]
    assert all(title[:19] in sent for title in shown)
    assert "/affirm" not in "".join(line.texts()), "payloads are not for customers' eyes"


async def test_what_a_customer_types_is_never_a_command_to_the_bot(line: Line) -> None:
    typed = ("/session_start", '/inform{"order_number": "TD-10421"}', " //restart", "/")
    for number, text in enumerate(typed):
        await line.write(text, str(number + 1))
        await line.stage.until(lambda seen=number: len(line.stage.bot.heard) > seen)
    assert line.stage.bot.texts[:1] == ["session_start"]
    assert not any(text.strip().startswith("/") for text in (*line.stage.bot.texts, *line.stage.bot.read))
    said = [one for one in line.stage.heart.ledger.transcript(line.kind.conversation) if one.author.value == "customer"]
    assert said[0].text == "/session_start", "the transcript holds what was written"
    assert not any("payload" in one.data for one in said)


# -- one by one ----------------------------------------------------------------------------------------------------


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
    assert only.stage.heart.ledger.list() == []


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
    await asyncio.to_thread(only.stage.heart.bot_says, "Sure?", conversation="4711", data={"buttons": buttons})
    await only.sent("You said: Hello", "Sure?")
    assert '"callback_data"' in str(only.service.sent("sendMessage")[1]["reply_markup"])


@on(SLACK)
async def test_slack_reads_buttons_and_ignores_itself(only: Line) -> None:
    assert await only.hook(payloads.slack_text("from the bot", bot_id="B1")) == 200
    assert await only.hook(payloads.slack_challenge()) == 200
    await only.offers("/affirm", "/deny")
    for _ in range(2):
        assert await only.hook(payloads.slack_button("/affirm")) == 200
    assert await only.hook(payloads.slack_button("/deny", "1700000200.1")) == 200
    await only.stage.until(lambda: len(only.stage.bot.heard) == 3)
    assert only.stage.bot.texts[1:] == ["/affirm", "/deny"]


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
    assert await only.hook(webhook) == 400
    assert only.stage.heart.ledger.list() == []


async def test_slack_answers_in_the_thread_the_customer_wrote_in(heart: Heart, monkeypatch: pytest.MonkeyPatch) -> None:
    kind = Kind("slack", lambda: Slack("x", use_threads=True, conversation_granularity="thread",
                                       slack_signing_secret=payloads.SLACK_SECRET),
                SLACK.text, "U1_D1_1700000000.000100", SLACK.path, SLACK.sent_text, SLACK.answer)
    async with line_of(kind, heart, monkeypatch) as line:
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
    heart: Heart, monkeypatch: pytest.MonkeyPatch,
) -> None:
    address = "https://chat.example.com/webhooks/twilio/webhook"
    credentials = {"account_sid": "AC1", "auth_token": "token", "twilio_number": "whatsapp:+15550100",
                   "webhook_url": address}
    kind = replace(TWILIO, make=lambda: Twilio.from_credentials(credentials))
    async with line_of(kind, heart, monkeypatch) as line:
        webhook = payloads.twilio_text("Hello", MediaUrl0="https://x.example", ProfileName="Ada")
        good = payloads.twilio_signature(address, webhook["data"], "token")
        bad = (None, "", "é", payloads.twilio_signature(address, webhook["data"], "another"),
               payloads.twilio_signature(address, {**webhook["data"], "Body": "Bye"}, "token"))
        for signature in bad:
            headers = {} if signature is None else {"X-Twilio-Signature": signature.encode()}
            assert await line.hook({**webhook, "headers": headers}) == 403
        assert heart.ledger.list() == []
        assert await line.hook({**webhook, "headers": {"X-Twilio-Signature": good}}) in (200, 204)
        await line.sent("You said: Hello")


@on(FACEBOOK)
async def test_every_event_of_a_facebook_webhook_is_taken(only: Line) -> None:
    webhook = payloads.facebook(
        payloads.facebook_text("one", "m1"), payloads.facebook_sign("read"), payloads.facebook_text("two", "m2"),
        payloads.facebook_postback("/affirm"), payloads.facebook_text("echo", "m3", is_echo=True),
        payloads.facebook_text("Yes", "m4", quick_reply={"payload": "/deny"}),
        method="sha256",
    )
    await only.offers("/affirm", "/deny")
    for _ in range(2):
        assert await only.hook(webhook) == 200
    await only.stage.until(lambda: len(only.stage.bot.heard) == 5)
    assert only.stage.bot.texts[1:] == ["one", "two", "/affirm", "/deny"]
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
    assert only.stage.heart.ledger.list() == []


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
    await asyncio.to_thread(only.stage.heart.bot_says, "Sure?", conversation="F1", data={"buttons": buttons})
    await only.stage.delivered("F1", "Sure?", "failed")


@on(TELEGRAM)
async def test_telegram_tells_the_language_of_the_customers_app(only: Line) -> None:
    await only.write("Hello", "1")
    await only.hook(payloads.telegram_button("/affirm", 2))
    await only.hook({"json": {"update_id": 3, "message": {
        **payloads.telegram_text("x")["json"]["message"], "from": {"id": 4711, "language_code": {"odd": 1}}}}})
    await only.stage.until(lambda: len(only.stage.bot.heard) == 3)
    said = [one for one in only.stage.heart.ledger.transcript("4711") if one.author.value == "customer"]
    assert [one.data.get("language") for one in said] == ["pt-br", "pt-br", None]

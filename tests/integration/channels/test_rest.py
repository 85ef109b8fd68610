"""The REST channel on a running server: answers, repeats, later messages, and bad input."""
from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import time
from typing import Any

import httpx
import jwt
import pytest
from rasa.core.channels.channel import UserMessage
from sqlalchemy.exc import OperationalError

from tandem.channels.rest import MAX_BODY, Rest
from tandem.conversations.model import Owner
from tandem.settings import SettingsError
from tests.fakes.core import ANNA, Core
from tests.integration.channels.stage import SECRET, SENTIMENT, Stage, identification, staged


async def send(stage: Stage, message: Any = "Hello", sender: Any = "c", **more: Any) -> httpx.Response:
    return await stage.client.post(f"{stage.url}/webhooks/rest/webhook",
                                   json={"sender": sender, "message": message, **more})


async def poll(stage: Stage, after: Any = 0, sender: str = "c") -> httpx.Response:
    return await stage.client.get(f"{stage.url}/webhooks/rest/conversations/{sender}/messages", params={"after": after})


async def test_the_answer_holds_what_the_bot_said_and_the_ledger_too(core: Core) -> None:
    async with staged(core, [Rest()]) as stage:
        answer = await send(stage)
        assert (answer.status_code, answer.json()) == (200, [{"recipient_id": "c", "text": "You said: Hello"}])
        assert await stage.said("c") == [("customer", "Hello"), ("bot", "You said: Hello")]
        assert (await stage.message("c", "Hello")).mood is not None
        assert stage.bot.heard[0].parse_data["sentiment"] == SENTIMENT
        assert stage.bot.read == ["Hello"], "one reading serves the ledger and the bot"
        assert (await poll(stage)).json() == {"owner": "bot", "messages": []}
        assert (await stage.client.get(f"{stage.url}/webhooks/rest/")).json() == {"status": "ok"}


async def test_a_repeat_is_answered_with_the_first_answer(core: Core) -> None:
    async with staged(core, [Rest()]) as stage:
        first = await send(stage, message_id="1")
        again = await send(stage, message_id="1")
        assert again.json() == first.json()
        assert stage.bot.texts == ["Hello"]
        assert len(await stage.said("c")) == 2


async def test_a_repeat_while_the_first_is_being_answered_waits_for_the_same_answer(core: Core) -> None:
    async with staged(core, [Rest()]) as stage:
        go_on = stage.bot.holds_back()
        both = [asyncio.create_task(send(stage, message_id="1")) for _ in range(2)]
        await stage.until(lambda: stage.bot.heard)
        await asyncio.sleep(0.1)
        go_on.set()
        first, second = await asyncio.gather(*both)
        assert first.json() == second.json() == [{"recipient_id": "c", "text": "You said: Hello"}]
        assert len(stage.bot.heard) == 1


async def test_long_ids_that_differ_at_the_end_are_two_messages(core: Core) -> None:
    async with staged(core, [Rest()]) as stage:
        for end in "ab":
            assert (await send(stage, end, message_id="x" * 254 + end)).json()
        assert stage.bot.texts == ["a", "b"]


async def test_the_language_in_the_metadata_is_kept_with_the_message(core: Core) -> None:
    async with staged(core, [Rest()]) as stage:
        await send(stage, metadata={"language": "de_AT"})
        assert core.ledger.messages("c")[0].data == {"language": "de-at"}


async def test_metadata_reaches_the_bot_without_the_customers_token(core: Core) -> None:
    claims = {"sub": "u1", "email": "Ada@Example.com", "name": "Ada", "exp": time.time() + 60}
    token = jwt.encode(claims, SECRET, "HS256")
    forged = {"identity": token, "shop": "eu", "tandem": {"identified": False}, "tandem_message_id": ["x"]}
    async with staged(core, [Rest()]) as stage:
        await send(stage, metadata=forged)
        metadata = stage.bot.heard[0].metadata
        assert metadata == {"shop": "eu", "tandem": {"seq": 1, "epoch": 0, "identified": True}}
        assert token not in json.dumps(metadata)
        identity = core.ledger.conversation("c").identity
        assert identity is not None and (identity.subject, identity.email) == ("u1", "ada@example.com")


def vouched(subject: str, seconds: float) -> dict[str, str]:
    claims = {"sub": subject, "email": f"{subject}@example.com", "exp": time.time() + seconds}
    return {"identity": jwt.encode(claims, SECRET, "HS256")}


async def test_a_customer_is_known_as_long_as_the_token_says(core: Core) -> None:
    async with staged(core, [Rest()]) as stage:
        await send(stage, metadata=vouched("ada", 60))
        await send(stage)
        core.clock.advance(seconds=61)
        await send(stage)
        known = [message.metadata["tandem"]["identified"] for message in stage.bot.heard]
        assert known == [True, True, False]
        assert core.ledger.conversation("c").identity is None


async def test_what_one_customer_matched_does_not_pass_to_the_next_on_the_same_id(core: Core) -> None:
    matched = identification(core)
    async with staged(core, [Rest()]) as stage:
        await send(stage)
        matched.verify("c", "TD-10402", "two-orders@example.com")
        await send(stage, metadata=vouched("two-orders", 60))
        assert matched.verified_orders("c") == ("TD-10402",), "they are the customer's own"
        await send(stage, metadata=vouched("ben", 60))
        assert matched.verified_orders("c") == ()


@pytest.mark.parametrize("token", [
    "not a token", "a.b.c", 7, {"alg": "none"}, "x" * 100_000, "\ud800", "",
    jwt.encode({"sub": "u1", "email": "a@example.com", "exp": 1}, SECRET, "HS256"),
    jwt.encode({"sub": "u1", "email": "a@example.com", "exp": 9e9}, "another secret than this server has", "HS256"),
    jwt.encode({"sub": "u1", "email": "a@example.com"}, SECRET, "HS256"),
    jwt.encode({"sub": "", "email": "a@example.com", "exp": 9e9}, SECRET, "HS256"),
    jwt.encode({"sub": "u1", "email": "nobody", "exp": 9e9}, SECRET, "HS256"),
    jwt.encode({"sub": "u1", "email": "a@example.com", "exp": 9e9}, None, "none"),
], ids=itertools.count())
async def test_a_bad_token_is_no_identity_and_no_error(core: Core, token: Any) -> None:
    async with staged(core, [Rest()]) as stage:
        body = json.dumps({"sender": "c", "message": "Hello", "metadata": {"identity": token}})
        answer = await stage.client.post(f"{stage.url}/webhooks/rest/webhook", content=body,
                                         headers={"content-type": "application/json"})
        assert answer.json()[0]["text"] == "You said: Hello"
        assert core.ledger.conversation("c").identity is None
        assert stage.bot.heard[0].metadata["tandem"]["identified"] is False


@pytest.mark.parametrize("body", [
    b"", b"{", b"null", b"[]", b'"text"', b"7", b"{}", b"\x00\xff\xfe", b'{"sender": "c"}', b'{"message": "hi"}',
    b'{"sender": null, "message": "hi"}', b'{"sender": 7, "message": "hi"}', b'{"sender": " ", "message": "hi"}',
    b'{"sender": "c", "message": ""}', b'{"sender": "c", "message": " \\n"}', b'{"sender": "c", "message": 7}',
    b'{"sender": "c", "message": ["hi"]}', b'{"sender": "c", "message": null}',
    b'{"sender": "c\\u0000", "message": "hi"}', b'{"sender": "' + b"c" * 256 + b'", "message": "hi"}',
    b'{"sender": "c", "message": "hi", "message_id": 7}', b'{"sender": "c", "message": "hi", "message_id": ""}',
    b'{"sender": "c", "message": "hi", "metadata": []}', b'{"sender": "c", "message": "hi", "metadata": "x"}',
    b'{"sender": "c", "message": "' + b"x" * 10_001 + b'"}', b"[" * 100_000, b'{"sender":' * 5000,
    b'{"sender": "c", "message": "' + b"x" * 3_000_000 + b'"}',
], ids=lambda body: f"{body[:40]!r}, {len(body)} bytes")
async def test_bad_input_gets_a_clear_error_and_leaves_nothing(core: Core, body: bytes) -> None:
    async with staged(core, [Rest()]) as stage:
        for stream in ("", "?stream=true"):
            answer = await stage.client.post(f"{stage.url}/webhooks/rest/webhook{stream}", content=body,
                                             headers={"content-type": "application/json"})
            assert answer.status_code == (413 if len(body) > MAX_BODY else 400)
            assert answer.json()["error"]
        assert stage.bot.heard == []
        assert core.ledger.list() == []
        assert (await send(stage)).status_code == 200, "and the next customer is served"


@pytest.mark.parametrize("text", ["a\x00b", "lone \ud800 half", "مرحبا", "👩‍👩‍👧‍👦" * 100, "x" * 10_000],
                         ids=itertools.count())
async def test_hostile_text_is_answered(core: Core, text: str) -> None:
    async with staged(core, [Rest()]) as stage:
        body = json.dumps({"sender": "c", "message": text, "metadata": {"payload": text}})
        answer = await stage.client.post(f"{stage.url}/webhooks/rest/webhook", content=body,
                                         headers={"content-type": "application/json"})
        assert answer.status_code == 200
        assert answer.json()[0]["text"].startswith("You said: ")


@pytest.mark.parametrize("after", ["-1", "x", "1.5", "9" * 30, "½", "٣", ""])
async def test_polling_with_a_bad_number_or_for_nobody_is_a_clear_error(core: Core, after: str) -> None:
    async with staged(core, [Rest()]) as stage:
        await send(stage)
        assert (await poll(stage, after)).status_code == (200 if after == "" else 400)
        for unknown in ("nobody", "%00", "%ED%A0%80", "x" * 300):
            assert (await poll(stage, 0, unknown)).status_code == 404


async def test_a_persons_words_wait_at_the_poll_address_until_they_are_acknowledged(core: Core) -> None:
    async with staged(core, [Rest()]) as stage:
        await send(stage, sender="a b@example.com/ü")
        await stage.agent_says("a b@example.com/ü", "Hello, I am Anna")
        sender = "a%20b%40example.com%2F%C3%BC"
        found = (await poll(stage, 0, sender)).json()
        assert found["owner"] == "agent"
        [event, words] = found["messages"]
        assert event["event"] == "agent_joined"
        assert (words["author"], words["name"], words["text"]) == ("agent", "Anna", "Hello, I am Anna")
        assert (await poll(stage, 0, sender)).json() == found, "until they are acknowledged"
        assert (await poll(stage, words["seq"], sender)).json()["messages"] == []
        assert (await stage.message("a b@example.com/ü", "Hello, I am Anna")).delivery.value == "delivered"


async def test_while_a_person_has_the_conversation_the_bot_hears_nothing(core: Core) -> None:
    async with staged(core, [Rest()]) as stage:
        await send(stage)
        await stage.agent_says("c", "Hello, I am Anna")
        assert (await send(stage, "this is ridiculous")).json() == []
        assert stage.bot.texts == ["Hello"]
        assert stage.bot.read == ["Hello", "this is ridiculous"], "its mood is read for the desk"
        await asyncio.to_thread(core.ownership.hand_back, "c", ANNA, "refund promised")
        await send(stage, "thanks")
        told = stage.bot.heard[-1].metadata["tandem"]["handed_back"]
        known = {"outcome": "handed_back", "note_for_bot": "refund promised", "agent": "anna",
                 "reason": "Taken over by Anna", "resume": False, "flow": None}
        assert known.items() <= told.items()
        await send(stage, "bye")
        assert "handed_back" not in stage.bot.heard[-1].metadata["tandem"]


async def test_another_channels_conversation_is_closed_to_rest(core: Core) -> None:
    async with staged(core, [Rest()]) as stage:
        await asyncio.to_thread(core.says, "Hello", conversation="4711", channel="telegram")
        answer = await send(stage, "where is my order?", "4711")
        assert answer.status_code == 400 and "another channel" in answer.json()["error"]
        assert (await poll(stage, 0, "4711")).status_code == 404
        assert stage.bot.heard == []


async def test_what_could_not_be_stored_is_not_acknowledged(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: Any) -> Any:
        raise OperationalError("INSERT", {}, Exception("disk is full"))

    async with staged(core, [Rest()]) as stage:
        monkeypatch.setattr(core.ledger, "receive", full)
        assert (await send(stage)).status_code == 503
        streamed = await stage.client.post(f"{stage.url}/webhooks/rest/webhook?stream=true",
                                           json={"sender": "c", "message": "Hello"})
        assert "could not be stored" in streamed.text
        monkeypatch.undo()
        assert (await send(stage)).json()[0]["text"] == "You said: Hello"


async def test_a_stream_brings_each_reply_as_a_line(core: Core) -> None:
    async with staged(core, [Rest()]) as stage:
        async def twice(message: UserMessage) -> None:
            await stage.bot.echo(message)
            await stage.bot.echo(message)

        stage.bot.answer = twice
        answer = await stage.client.post(f"{stage.url}/webhooks/rest/webhook?stream=true",
                                         json={"sender": "c", "message": "Hello"})
        assert [json.loads(line)["text"] for line in answer.text.splitlines()] == ["You said: Hello"] * 2


async def test_a_token_is_asked_for_before_anything_is_read(core: Core) -> None:
    async with staged(core, [Rest.from_credentials({"token": "a token of ours"})]) as stage:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer ü".encode()}):
            answer = await stage.client.post(f"{stage.url}/webhooks/rest/webhook", content=b"{", headers=headers)
            assert answer.status_code == 401
            answer = await stage.client.get(f"{stage.url}/webhooks/rest/conversations/c/messages", headers=headers)
            assert answer.status_code == 401
        good = {"Authorization": "Bearer a token of ours"}
        answer = await stage.client.post(f"{stage.url}/webhooks/rest/webhook", headers=good,
                                         json={"sender": "c", "message": "Hello"})
        assert answer.status_code == 200


async def test_both_tokens_are_good_while_one_is_changed(core: Core) -> None:
    async with staged(core, [Rest()], demo=False, rest_token=f"{'n' * 16},{'o' * 16}") as stage:
        for token, status in (("n" * 16, 200), ("o" * 16, 200), ("x" * 16, 401)):
            answer = await stage.client.post(
                f"{stage.url}/webhooks/rest/webhook", json={"sender": "c", "message": "Hello"},
                headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == status


@pytest.mark.parametrize("settings", [{"demo": False}, {"demo": True, "host": "0.0.0.0"}], ids=str)
async def test_without_a_token_the_channel_does_not_start_outside_a_demo_on_loopback(
    core: Core, settings: dict[str, Any],
) -> None:
    with pytest.raises(SettingsError, match="TANDEM_REST_TOKEN"):
        async with staged(core, [Rest()], **settings):
            pytest.fail("it started")


@pytest.mark.parametrize("headers", [
    {"X-Forwarded-For": "203.0.113.7"}, {"Forwarded": "for=203.0.113.7"}, {"Host": "shop.example.com"},
    {"Origin": "https://evil.example"}, {"Host": "[", "Origin": "http://["}, {"Via": "1.1 proxy"},
    {"X-Real-IP": "203.0.113.7"}, {"X-Forwarded-Host": "shop.example.com"}, {"Sec-Fetch-Site": "cross-site"},
], ids=str)
async def test_a_demo_is_open_to_programs_of_this_machine_only(core: Core, headers: dict[str, str]) -> None:
    async with staged(core, [Rest()]) as stage:
        answer = await stage.client.post(f"{stage.url}/webhooks/rest/webhook", headers=headers,
                                         json={"sender": "c", "message": "Hello"})
        assert answer.status_code == 403
        assert core.ledger.list() == []


@pytest.mark.parametrize("body", [
    '{"sender": "c", "message": "hi", "metadata": ' + '{"a":' * 900 + "1" + "}" * 901,
    '{"sender": "c", "message": "hi", "metadata": ' + '{"a":' * 40 + "1" + "}" * 41,
    '{"sender": "c", "message": "hi", "metadata": {"a": "' + "x" * 20_000 + '"}}',
    '{"sender": "c", "message": "hi", "metadata": {"a": [' + "1," * 2000 + "1]}}",
    '{"sender": "c", "message": "hi", "more": [' + "1," * 20_000 + "1]}",
    '{"sender": "c", "message": "hi", "more": ' + "[" * 900 + "]" * 900 + "}",
], ids=["900 levels", "40 levels", "a long text", "a long list", "many values", "900 levels beside"])
async def test_metadata_that_is_deep_or_large_is_refused_and_not_stored(core: Core, body: str) -> None:
    async with staged(core, [Rest()]) as stage:
        answer = await stage.client.post(f"{stage.url}/webhooks/rest/webhook", content=body)
        assert answer.status_code == 400 and answer.json()["error"]
        assert core.ledger.list() == [] and stage.bot.heard == []


async def test_twenty_megabytes_are_refused_and_not_stored(core: Core) -> None:
    async with staged(core, [Rest()]) as stage:
        metadata = {"a": "x" * 20_000_000}
        with contextlib.suppress(httpx.NetworkError):  # the server may hang up before all is sent
            answer = await send(stage, metadata=metadata)
            assert answer.status_code == 413 and answer.json()["error"]
        assert core.ledger.list() == []
        assert (await send(stage)).status_code == 200, "and the next customer is served"


async def test_what_was_never_fetched_is_not_acknowledged(core: Core) -> None:
    async with staged(core, [Rest()]) as stage:
        await send(stage)
        await stage.agent_says("c", "Your refund is on its way")
        assert (await poll(stage, 99_999)).json()["messages"] == []
        later = (await poll(stage)).json()["messages"]
        assert [one["text"] for one in later][-1] == "Your refund is on its way"
        await asyncio.to_thread(core.ownership.reply, "c", ANNA, "One more thing")
        assert (await poll(stage, 99_999)).json()["messages"] == []
        [unseen] = (await poll(stage)).json()["messages"]
        assert unseen["text"] == "One more thing", "what had been fetched is acknowledged, this was not"


async def test_a_client_that_hangs_up_stops_nothing_and_finds_the_answer_later(core: Core) -> None:
    async with staged(core, [Rest()]) as stage:
        go_on = stage.bot.holds_back()
        with pytest.raises(httpx.ReadTimeout):
            await stage.client.post(f"{stage.url}/webhooks/rest/webhook", timeout=0.5,
                                    json={"sender": "c", "message": "Hello", "message_id": "1"})
        go_on.set()
        await stage.delivered("c", "You said: Hello", "waiting")
        [later] = (await poll(stage)).json()["messages"]
        assert later["text"] == "You said: Hello"
        assert (await send(stage, message_id="1")).json()[0]["text"] == "You said: Hello"
        assert (await poll(stage)).json()["messages"] == [], "the repeat was answered with it"
        core.clock.advance(seconds=30)
        await asyncio.sleep(0.2)
        assert len(stage.bot.heard) == 1, "the turn had ended; nobody takes it over"


async def test_a_reply_that_comes_after_a_takeover_is_fenced_also_in_the_answer(core: Core) -> None:
    async with staged(core, [Rest()]) as stage:
        async def overtaken(message: UserMessage) -> None:
            await asyncio.to_thread(core.ownership.take_over, "c", ANNA)
            await stage.bot.echo(message)

        stage.bot.answer = overtaken
        assert (await send(stage)).json() == []
        assert core.ledger.fenced("c") == 1
        assert core.ledger.conversation("c").owner is Owner.AGENT

"""What a button says on the channels that leave old ones to be pressed: only what its own question asked, once."""
from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import pytest

from tandem.channels.rest import Rest
from tandem.wording.phrases import notice
from tests.fakes.core import Core
from tests.integration.channels import payloads
from tests.integration.channels.lines import FACEBOOK, SLACK, TELEGRAM, Line
from tests.integration.channels.stage import staged

PRESS: dict[str, Callable[[str, int], payloads.Webhook]] = {
    "telegram": payloads.telegram_button,
    "slack": lambda payload, number: payloads.slack_button(payload, f"17000003{number:02}.1"),
    "facebook": lambda payload, number: payloads.facebook(payloads.facebook_postback(payload, 1700000300 + number)),
}
CLOSED = "outdated_button"
PATIENCE = 45  # seconds that a machine under load may take


def question(order: str) -> dict[str, Any]:
    return {"question": {"act": "cancel_order", "number": order, "details": {}, "id": f"about {order}", "asked": 1},
            "buttons": [{"title": "Yes, cancel it", "payload": "/affirm"}, {"title": "No", "payload": "/deny"}]}


def offered(line: Line, payload: str) -> list[str]:
    """The payloads of this kind that the service was given, as they come back when pressed."""
    return re.findall(rf"{payload}#\d+", str(line.service.sent(line.kind.path)))


@pytest.mark.parametrize("only", [TELEGRAM, SLACK, FACEBOOK], indirect=True, ids=lambda kind: kind.name)
async def test_the_yes_of_an_earlier_question_is_no_yes_to_the_next_and_a_second_press_counts_for_nothing(
    only: Line,
) -> None:
    await only.write("Hello", "90")
    await only.sent("You said: Hello")
    for order in ("TD-1", "TD-2"):
        await asyncio.to_thread(only.stage.core.bot_says, f"Cancel {order}?", conversation=only.kind.conversation,
                                data=question(order))
    await only.stage.until(lambda: len(offered(only, "/affirm")) == 2, PATIENCE)
    of_first, of_second = offered(only, "/affirm")
    for number, payload in enumerate((of_first, of_second, of_second, of_first), 1):
        assert await only.hook(PRESS[only.kind.name](payload, 20 + number)) == 200
        await only.stage.until(lambda said=3 + number: len(only.texts()) == said, PATIENCE)
    assert only.stage.bot.texts == ["Hello", "/affirm"], "the bot heard the yes to the second question, once"
    closed = notice(CLOSED)
    assert only.texts()[3:] == [closed, "You said: /affirm", closed, closed]


async def test_what_rest_was_given_comes_back_as_it_is(core: Core) -> None:
    async with staged(core, [Rest()]) as stage:
        async def ask(message: Any) -> None:
            await message.output_channel.send_response("c", {"text": f"{message.text}?", **question(message.text)})

        stage.bot.answer = ask
        address = f"{stage.url}/webhooks/rest/webhook"

        async def say(text: str) -> Any:
            return (await stage.client.post(address, json={"sender": "c", "message": text})).json()

        [first], [second] = await say("TD-1"), await say("TD-2")
        assert set(first) == {"recipient_id", "text", "buttons"}
        assert [one["payload"] for one in first["buttons"]] == ["/affirm#2", "/deny#2"]
        [refused] = await say(first["buttons"][0]["payload"])
        assert refused["text"] == notice(CLOSED) and stage.bot.texts == ["TD-1", "TD-2"]
        await say(second["buttons"][0]["payload"])
        assert stage.bot.texts[2:] == ["/affirm"]
        pressed = [one for one in await asyncio.to_thread(core.ledger.messages, "c") if one.data.get("button_of")]
        assert [(one.text, one.data["button_of"]) for one in pressed] == [("Yes, cancel it", 2), ("Yes, cancel it", 4)]


async def test_later_messages_on_rest_have_their_numbers_and_keep_the_question_to_themselves(core: Core) -> None:
    async with staged(core, [Rest()]) as stage:
        await stage.client.post(f"{stage.url}/webhooks/rest/webhook", json={"sender": "c", "message": "Hello"})
        await asyncio.to_thread(core.bot_says, "Cancel TD-1?", data=question("TD-1"))
        later = await stage.client.get(f"{stage.url}/webhooks/rest/conversations/c/messages", params={"after": 2})
        [waiting] = later.json()["messages"]
        assert [one["payload"] for one in waiting["buttons"]] == ["/affirm#3", "/deny#3"]
        assert "question" not in waiting

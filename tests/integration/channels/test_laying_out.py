"""What each messaging service takes: long texts in parts, and buttons as they fit."""
from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tandem.conversations.channel_capabilities import ChannelCapabilities, capabilities_of
from tandem.conversations.outbox import BACKOFF
from tests.fakes.core import ANNA
from tests.integration.channels.lines import Line

LONG = "".join(f"Line {number}: all work and no play makes a dull parcel \U0001f4e6.\n" for number in range(150))


def _limits(line: Line) -> ChannelCapabilities:
    found = capabilities_of(line.kind.name, line.kind.conversation)
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
    await asyncio.to_thread(line.stage.core.ownership.take_over, line.kind.conversation, ANNA, "")
    in_parts = _limits(line).limit < len(LONG)
    line.service.moods += ["", "500"] if in_parts else ["500"]  # the first part is taken, the second is not
    await asyncio.to_thread(line.stage.core.ownership.reply, line.kind.conversation, ANNA, LONG)
    await line.stage.tried(LONG, 1)
    line.stage.core.clock.ahead += BACKOFF[0]
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
    await asyncio.to_thread(line.stage.core.bot_says, text, conversation=line.kind.conversation,
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
    said = [one for one in line.stage.core.ledger.transcript(line.kind.conversation) if one.author.value == "customer"]
    assert said[0].text == "/session_start", "the transcript holds what was written"
    assert not any("payload" in one.data for one in said)

"""The answer to a customer's own request holds every reply once, whatever broke between recording and passing on."""
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from rasa.core.channels.channel import CollectingOutputChannel

from tandem.channels.routed import complete
from tandem.conversations.channel_capabilities import CHANNELS
from tandem.conversations.model import Author, Delivery, Kind, Message
from tandem.db.engine import now
from tandem.gateway.fenced_output import DirectAnswer


def reply(seq: int, text: str) -> Message:
    return Message("c", seq, Author.BOT, Kind.TEXT, "", text, now(), 0, Delivery.WAITING, reply_to=1)


def runtime(marked: list[int], *replies: Message) -> Any:
    return SimpleNamespace(
        ledger=SimpleNamespace(replies_to=lambda conversation_id, seq: list(replies)),
        outbox=SimpleNamespace(answered=lambda conversation_id, seqs: marked.extend(seqs)),
    )


@pytest.mark.parametrize("duplicate", [False, True])
async def test_a_reply_that_was_recorded_but_not_passed_on_is_in_the_answer(duplicate: bool) -> None:
    collector, marked = CollectingOutputChannel(), list[int]()
    answer = DirectAnswer(collector, CHANNELS["rest"])
    first, second = reply(2, "one"), reply(3, "two")
    await answer.take(first)  # the process failed between the commit of the second and passing it on
    receipt = SimpleNamespace(conversation=SimpleNamespace(id="c"), message=SimpleNamespace(seq=1), duplicate=duplicate)
    await complete(answer, receipt, runtime(marked, first, second))
    assert [message["text"] for message in collector.messages] == ["one", "two"]
    assert marked == [2, 3], "and only then are they marked as answered"

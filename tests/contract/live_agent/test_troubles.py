"""What every live-agent channel keeps: outages, lost answers and crashes lose and double nothing."""
from __future__ import annotations

import pytest

from tests.contract.live_agent.conftest import HOSTILE, Shop


def test_an_outage_delays_and_loses_and_doubles_nothing(outside: Shop) -> None:
    outside.tool.outage(True)
    outside.customer("Where is my order?")
    handoff = outside.hand_off()
    outside.settle()
    outside.customer("one")
    outside.settle()
    outside.tool.outage(False)
    outside.wait()
    outside.customer("two")
    outside.settle()
    outside.tool.outage(True)
    outside.customer("three")
    outside.customer("four")
    outside.settle()
    outside.tool.outage(False)
    outside.wait()
    assert len(outside.tool.openings("c1")) == 1
    told = outside.tool.talk("c1")
    assert [word for word in ("one", "two", "three", "four") if word in told] == told
    assert told[-3:] == ["two", "three", "four"]
    assert "one" in outside.tool.openings("c1")[0] + told[0]
    outside.tool.agent_says(handoff, "here I am")
    outside.settle()
    assert outside.heard() == ["here I am"]


def test_a_word_whose_answer_is_lost_is_not_said_twice(outside: Shop) -> None:
    outside.opened()
    for number in range(3):
        outside.tool.lose_answers(1)
        outside.customer(f"word {number}")
        outside.settle()
        outside.wait()
    assert outside.tool.talk("c1") == ["word 0", "word 1", "word 2"]


def test_a_long_word_whose_answer_is_lost_is_not_said_twice(outside: Shop) -> None:
    outside.opened()
    outside.tool.lose_answers(1)
    outside.customer(HOSTILE["long"])
    outside.settle()
    outside.wait()
    assert outside.tool.talk("c1") == [HOSTILE["long"]]


@pytest.mark.parametrize("call", ["say", "close"])
def test_a_crash_after_a_call_does_not_make_it_twice(outside: Shop, call: str) -> None:
    handoff = outside.opened()
    outside.customer("one")
    outside.customer("two")
    if call == "close":
        outside.settle()
        outside.ownership.resolve("c1", None)
    outside.crash_after(call)
    outside.wait()
    assert outside.tool.talk("c1") == ["one", "two"]
    assert outside.tool.is_open("c1") is (call == "say")
    assert outside.ledger.handoffs("c1")[-1].id == handoff.id

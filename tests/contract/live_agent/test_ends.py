"""What every live-agent channel keeps: how a handoff ends, and that the next one works like the first."""
from __future__ import annotations

import pytest

from tandem.conversations.model import Owner
from tests.contract.live_agent.conftest import Shop, needs


def test_the_agent_hands_back_and_the_bot_has_the_customer_again(shop: Shop) -> None:
    handoff = shop.opened()
    shop.tool.agent_says(handoff, "The bot can help you with that")
    shop.tool.agent_hands_back(handoff, "refund promised by Friday")
    shop.settle()
    shop.customer("for the bot")
    shop.wait()
    assert shop.conversation().owner is Owner.BOT
    assert "for the bot" not in shop.tool.talk("c1")
    assert not shop.tool.is_open("c1")
    closed = shop.ledger.handoffs("c1")[-1]
    assert closed.outcome == "handed_back"
    if shop.tool.traits.line_for_bot:
        assert closed.note_for_bot == "refund promised by Friday"


@pytest.mark.parametrize("resume", [True, False])
def test_the_agent_chooses_whether_the_bot_carries_on(shop: Shop, resume: bool) -> None:
    needs(shop, "resumes")
    handoff = shop.opened()
    shop.tool.agent_says(handoff, "The bot can help you with that")
    shop.settle()
    shop.tool.agent_hands_back(handoff, "refund promised by Friday", resume=resume)
    shop.settle()
    shop.wait()
    closed = shop.ledger.handoffs("c1")[-1]
    assert (closed.outcome, closed.resume) == ("handed_back", resume)
    assert closed.note_for_bot == "refund promised by Friday"
    assert shop.heard() == ["The bot can help you with that"]
    assert shop.conversation().owner is Owner.BOT
    assert not shop.tool.is_open("c1")


def test_without_a_choice_the_bot_starts_fresh(shop: Shop) -> None:
    handoff = shop.opened()
    shop.tool.agent_hands_back(handoff)
    shop.settle()
    closed = shop.ledger.handoffs("c1")[-1]
    assert (closed.outcome, closed.resume) == ("handed_back", False)


def test_the_agent_resolves(shop: Shop) -> None:
    handoff = shop.opened()
    shop.tool.agent_says(handoff, "Done")
    shop.settle()
    shop.tool.agent_resolves(handoff)
    shop.settle()
    assert shop.conversation().owner is Owner.RESOLVED
    assert shop.ledger.handoffs("c1")[-1].outcome == "resolved"
    assert not shop.tool.is_open("c1")


def test_the_customer_leaves_the_queue(shop: Shop) -> None:
    shop.opened()
    assert shop.tool.is_open("c1")
    shop.ownership.hand_back("c1", None)
    shop.settle()
    assert not shop.tool.is_open("c1")
    assert shop.conversation().owner is Owner.BOT


def test_the_second_and_third_handoff_work_like_the_first(shop: Shop) -> None:
    for time in range(3):
        handoff = shop.opened()
        assert shop.tool.is_open("c1")
        assert len(shop.tool.openings("c1")) == time + 1
        shop.customer(f"to agent {time}")
        shop.settle()
        shop.tool.agent_says(handoff, f"to customer {time}")
        shop.settle()
        if time == 1:
            shop.tool.agent_resolves(handoff)
        else:
            shop.tool.agent_hands_back(handoff)
        shop.settle()
        shop.customer(f"to bot {time}")
        shop.wait()
        assert shop.conversation().owner is Owner.BOT
        assert not shop.tool.is_open("c1")
        shop.clock.advance(minutes=3)
    assert shop.tool.talk("c1") == [f"to agent {time}" for time in range(3)]
    assert shop.heard() == [f"to customer {time}" for time in range(3)]
    assert [handoff.outcome for handoff in shop.ledger.handoffs("c1")] == ["handed_back", "resolved", "handed_back"]


def test_a_word_after_the_hand_back_takes_the_customer_over_again_and_the_talk_goes_on(shop: Shop) -> None:
    handoff = shop.opened()
    shop.tool.agent_says(handoff, "bye")
    shop.tool.agent_hands_back(handoff)
    shop.settle()
    shop.clock.advance(minutes=2)
    shop.tool.agent_says(handoff, "one more thing")
    shop.settle()
    assert shop.heard() == ["bye", "one more thing"]
    assert shop.conversation().owner is Owner.AGENT
    shop.customer("yes?")
    shop.settle()
    assert shop.tool.talk("c1")[-1] == "yes?"
    assert shop.tool.is_open("c1")
    current = shop.ledger.handoffs("c1")[-1]
    shop.tool.agent_says(current, "all is well")
    shop.settle()
    shop.tool.agent_resolves(current)
    shop.settle()
    assert shop.heard()[-1] == "all is well"
    assert shop.conversation().owner is Owner.RESOLVED

"""What every live-agent channel keeps, whichever tool is behind it: a handoff opens once, and both sides talk."""
from __future__ import annotations

from dataclasses import replace

import pytest

from tandem.conversations.model import Owner
from tests.contract.live_agent.conftest import ANNA, CARD_PARTS, HOSTILE, Shop, full_card, needs

# -- opening ------------------------------------------------------------------------------------------------------


def test_agents_read_every_part_of_the_card_and_what_was_said_before(shop: Shop) -> None:
    shop.customer("Where is my order?")
    shop.customer("It should have been here on Monday")
    shop.hand_off()
    shop.settle()
    [opening] = shop.tool.openings("c1")
    missing = {part: words for part, words in CARD_PARTS.items() if words not in opening}
    assert missing == {}
    assert "Where is my order?" in opening and "It should have been here on Monday" in opening
    assert shop.tool.is_open("c1")


def test_a_handoff_is_opened_once_however_often_the_relay_looks(shop: Shop) -> None:
    shop.opened()
    shop.wait()
    shop.wait()
    assert len(shop.tool.openings("c1")) == 1


def test_a_crash_before_the_opening_is_remembered_opens_once_and_loses_no_word(outside: Shop) -> None:
    outside.customer("Where is my order?")
    outside.hand_off()
    outside.crash_after("open")
    outside.customer("Are you there?")
    outside.wait()
    assert len(outside.tool.openings("c1")) == 1
    assert outside.tool.talk("c1") == ["Are you there?"]


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_an_opening_whose_answers_are_lost_is_made_once(outside: Shop, lost: int) -> None:
    outside.tool.lose_answers(lost)
    outside.customer("Where is my order?")
    outside.hand_off()
    for _ in range(4):
        outside.settle()
        outside.clock.advance(minutes=6)
    for _ in range(3):
        outside.clock.advance(hours=2)
        outside.settle()
    outside.customer("Are you there?")
    outside.settle()
    assert len(outside.tool.openings("c1")) == 1
    assert outside.tool.talk("c1") == ["Are you there?"]


def test_hostile_cards_are_shown_as_they_are(shop: Shop) -> None:
    card = full_card("c1")
    hostile = replace(card, reason="<b>why</b>", summary="*sum* <!channel>", promises=("]]> & <i>",),
                      slots={"note": "x" * 200, "rtl": "שלום"})
    shop.customer("Hello")
    shop.hand_off(card=hostile)
    shop.settle()
    [opening] = shop.tool.openings("c1")
    for words in ("<b>why</b>", "*sum* <!channel>", "]]> & <i>", "x" * 200, "שלום"):
        assert words in opening


# -- talk ---------------------------------------------------------------------------------------------------------


def test_customer_and_agent_talk_both_ways(shop: Shop) -> None:
    handoff = shop.opened()
    shop.tool.agent_claims(handoff)
    shop.settle()
    if shop.tool.traits.claims:
        assert shop.conversation().owner is Owner.AGENT
    shop.customer("Are you a person?")
    shop.settle()
    shop.tool.agent_says(handoff, "Yes, I am Kim")
    shop.settle()
    shop.customer("Good")
    shop.settle()
    shop.tool.agent_says(handoff, "Your parcel is in Kiel")
    shop.settle()
    assert shop.tool.talk("c1") == ["Are you a person?", "Good"]
    assert shop.heard() == ["Yes, I am Kim", "Your parcel is in Kiel"]
    assert set(shop.speakers()) == {"Kim"}
    assert shop.conversation().owner is Owner.AGENT


def test_bursts_keep_their_order_in_both_directions(shop: Shop) -> None:
    handoff = shop.opened()
    for number in range(10):
        shop.customer(f"customer {number}")
        shop.tool.agent_says(handoff, f"agent {number}")
    shop.settle()
    assert shop.tool.talk("c1") == [f"customer {number}" for number in range(10)]
    assert shop.heard() == [f"agent {number}" for number in range(10)]


def test_two_customers_are_kept_apart(shop: Shop) -> None:
    first, second = shop.opened("c1"), shop.opened("c2")
    shop.customer("one", "c1")
    shop.customer("two", "c2")
    shop.tool.agent_says(first, "to one")
    shop.tool.agent_says(second, "to two")
    shop.settle()
    assert (shop.tool.talk("c1"), shop.tool.talk("c2")) == (["one"], ["two"])
    assert (shop.heard("c1"), shop.heard("c2")) == (["to one"], ["to two"])


def test_an_agent_at_the_desk_is_read_in_the_tool_but_their_notes_are_not(outside: Shop) -> None:
    outside.opened()
    outside.ownership.take_over("c1", ANNA)
    outside.ownership.reply("c1", ANNA, "I answer from the desk")
    outside.ownership.note("c1", ANNA, "a note among us")
    outside.settle()
    assert outside.tool.talk("c1") == ["I answer from the desk"]
    assert outside.heard() == ["I answer from the desk"]


def test_private_notes_stay_private(shop: Shop) -> None:
    needs(shop, "notes")
    handoff = shop.opened()
    shop.tool.agent_notes(handoff, "check the warehouse")
    shop.settle()
    assert shop.heard() == []
    assert shop.notes() == ["check the warehouse"]
    assert shop.conversation().owner is Owner.WAITING


def test_the_customer_sees_that_an_agent_writes(shop: Shop) -> None:
    needs(shop, "typing")
    handoff = shop.opened()
    shop.tool.agent_types(handoff)
    shop.settle()
    assert shop.conversation().typing == ("agent", "Kim")


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_words_reach_agents_whole_and_as_text(shop: Shop, text: str) -> None:
    shop.opened()
    shop.customer(text)
    shop.customer("and on")
    shop.settle()
    assert shop.tool.talk("c1") == [text, "and on"]
    assert shop.conversation().owner is Owner.WAITING


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_words_reach_the_customer_whole_and_as_text(shop: Shop, text: str) -> None:
    handoff = shop.opened()
    shop.tool.agent_says(handoff, text)
    shop.tool.agent_says(handoff, "and on")
    shop.settle()
    assert shop.heard() == [text, "and on"]

"""What every live-agent channel keeps, whichever tool is behind it."""
from __future__ import annotations

from dataclasses import replace

import pytest

from tandem.conversations.model import Owner
from tandem.handoff.channel import WebhookRejected
from tests.contract.live_agent.conftest import ANNA, CARD_PARTS, Shop, full_card, needs

HOSTILE = {
    "markup": "<script>alert(1)</script> <b>bold</b> &amp; *stars* _lines_ `ticks` [a](javascript:b) <!channel> @here",
    "long": "All work and no play makes a dull parcel. " * 238,  # nearly 10,000 characters
    "unbroken": "x" * 10_000,
    "emoji": "👩‍👩‍👧‍👦 😀 🇩🇪 ✌🏽",
    "right to left": "שלום עולם \u202e مرحبا",
    "lines": "first\n\nsecond\n\n\nthird\n- a\n- b",
    "braces": "{{content}} {% if x %} ${jndi:ldap://x} %s %n {0}",
    "quotes": "\"double\" 'single' \\ back\\slash \\n \t tab",
    "command": "/handback /resolve",
}


# -- opening ----------------------------------------------------------------------------------------------------


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


# -- webhooks -----------------------------------------------------------------------------------------------------


def test_webhooks_that_come_twice_count_once(outside: Shop) -> None:
    handoff = outside.opened()
    outside.tool.agent_says(handoff, "once")
    outside.tool.agent_resolves(handoff)
    webhooks = outside.tool.webhooks()
    outside.deliver([*webhooks, *webhooks])
    outside.settle()
    outside.deliver(webhooks)
    outside.settle()
    assert outside.heard() == ["once"]
    assert outside.conversation().owner is Owner.RESOLVED
    assert len(outside.ledger.handoffs("c1")) == 1


def test_webhooks_out_of_order_lose_nothing(outside: Shop) -> None:
    handoff = outside.opened()
    for word in ("one", "two", "three"):
        outside.tool.agent_says(handoff, word)
    outside.deliver(list(reversed(outside.tool.webhooks())))
    outside.settle()
    assert sorted(outside.heard()) == ["one", "three", "two"]
    if outside.tool.traits.timed:
        assert outside.heard() == ["one", "two", "three"]


def test_an_end_that_overtakes_a_word_does_not_swallow_it(outside: Shop) -> None:
    handoff = outside.opened()
    outside.tool.agent_says(handoff, "goodbye")
    outside.tool.agent_resolves(handoff)
    webhooks = list(reversed(outside.tool.webhooks()))
    for webhook in webhooks:
        outside.deliver([webhook])
        outside.settle()
    assert outside.heard() == ["goodbye"]
    if outside.tool.traits.timed:
        assert outside.conversation().owner is Owner.RESOLVED


def test_what_lost_webhooks_told_is_found_by_sweeping(outside: Shop) -> None:
    needs(outside, "sweeps")
    handoff = outside.opened()
    outside.tool.agent_says(handoff, "one")
    outside.settle()
    outside.tool.agent_says(handoff, "two")
    outside.tool.agent_says(handoff, "three")
    outside.tool.webhooks()  # lost
    outside.wait()
    assert outside.heard() == ["one", "two", "three"]
    outside.tool.agent_resolves(handoff)
    outside.tool.webhooks()  # lost
    outside.wait()
    assert outside.conversation().owner is (Owner.RESOLVED if outside.tool.traits.sweeps_outcomes else Owner.BOT)
    assert outside.heard() == ["one", "two", "three"]


def test_a_webhook_that_was_tampered_with_is_rejected(outside: Shop) -> None:
    handoff = outside.opened()
    outside.tool.agent_says(handoff, "send no money")
    [webhook, *_] = outside.tool.webhooks()
    assert outside.channel is not None
    tampered = [(webhook.headers, webhook.body.replace(b"send no money", b"send all money"))]
    for headers, body in (
        *(tampered if outside.tool.traits.signs else ()),
        ({}, webhook.body),
        ({name: "" for name in webhook.headers}, webhook.body),
        ({name: value[::-1] for name, value in webhook.headers.items()}, webhook.body),
    ):
        with pytest.raises(WebhookRejected):
            outside.relay.receive_webhook(outside.channel.name, headers, body)
    outside.settle()
    assert outside.heard() == []


def test_a_webhook_kept_back_and_sent_again_much_later_changes_nothing(outside: Shop) -> None:
    handoff = outside.opened()
    outside.tool.agent_says(handoff, "once")
    webhooks = outside.tool.webhooks()
    outside.deliver(webhooks)
    outside.settle()
    outside.clock.advance(minutes=20)
    for webhook in webhooks:
        try:
            outside.deliver([webhook])
        except WebhookRejected:
            continue
    outside.settle()
    assert outside.heard() == ["once"]


# -- troubles -----------------------------------------------------------------------------------------------------


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


# -- the end, and the next time -----------------------------------------------------------------------------------


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

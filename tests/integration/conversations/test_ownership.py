"""Promises 3, 4 and 5 at the ledger's level: one open handoff, one owner, an epoch each, one word of a hand-back."""
from __future__ import annotations

from collections.abc import Callable

import pytest

from tandem.conversations.model import (
    AlreadyClaimed,
    InvalidMessage,
    Kind,
    NotAllowed,
    Owner,
)
from tandem.conversations.router import BACK_TO_BOT
from tests.fakes.core import ANNA, BEN, Core


def test_a_handoff_opens_once_however_often_it_is_asked_for(core: Core) -> None:
    core.says()
    first = core.hands_off(reason="Anger")
    for _ in range(3):
        assert core.hands_off(reason="Asked again") == first
    core.ownership.claim("c", ANNA)
    assert core.hands_off().id == first.id
    assert len(core.ledger.handoffs("c")) == 1


def test_every_change_of_owner_raises_the_epoch_and_nothing_else_does(core: Core) -> None:
    def epoch() -> int:
        return core.ledger.conversation("c").epoch

    core.says()
    steps: list[tuple[Callable[[], object], int]] = [
        (lambda: core.says("more"), 0),
        (lambda: core.bot_says("hi"), 0),
        (core.hands_off, 1),
        (core.hands_off, 1),
        (lambda: core.says("hello?"), 1),
        (lambda: core.ownership.claim("c", ANNA), 2),
        (lambda: core.ownership.claim("c", ANNA), 2),
        (lambda: core.ownership.reply("c", ANNA, "Hello"), 2),
        (lambda: core.ownership.note("c", BEN, "hm"), 2),
        (lambda: core.ownership.take_over("c", BEN), 3),
        (lambda: core.ownership.take_over("c", BEN), 3),
        (lambda: core.ownership.release("c", BEN), 4),
        (lambda: core.ownership.claim("c", ANNA), 5),
        (lambda: core.ownership.hand_back("c", ANNA), 6),
        (lambda: core.says("thanks"), 6),
        (lambda: core.ownership.take_over("c", ANNA), 7),
        (lambda: core.ownership.resolve("c", ANNA), 8),
        (lambda: core.says("one more thing"), 9),
    ]
    for step, expected in steps:
        step()
        assert epoch() == expected


def test_the_second_agent_to_claim_is_told_who_was_first(core: Core) -> None:
    core.says()
    core.hands_off()
    core.ownership.claim("c", ANNA, "Anna has joined")
    with pytest.raises(AlreadyClaimed, match="anna"):
        core.ownership.claim("c", BEN, "Ben has joined")
    core.ownership.claim("c", ANNA, "Anna has joined")
    assert core.texts().count("Anna has joined") == 1
    assert "Ben has joined" not in core.texts()


def test_a_reply_repeated_is_one_message(core: Core) -> None:
    core.with_anna()
    first = core.ownership.reply("c", ANNA, "Hello", "r1")
    assert core.ownership.reply("c", ANNA, "Hello", "r1") == first
    core.ownership.hand_back("c", ANNA)
    assert core.ownership.reply("c", ANNA, "Hello", "r1") == first, "a repeat that comes after the hand-back"
    assert core.texts().count("Hello") == 1


def test_a_reply_is_never_swallowed_by_another_message_of_the_same_id(core: Core) -> None:
    core.with_anna()
    core.ownership.note("c", ANNA, "Hello", "r1")
    with pytest.raises(InvalidMessage, match="another message"):
        core.ownership.reply("c", ANNA, "Hello", "r1")
    with pytest.raises(InvalidMessage, match="another message"):
        core.ownership.note("c", ANNA, "Good bye", "r1")


def test_only_the_agent_who_has_the_conversation_speaks_in_it(core: Core) -> None:
    core.says()
    with pytest.raises(NotAllowed, match="bot"):
        core.ownership.reply("c", ANNA, "Hello")
    core.hands_off()
    with pytest.raises(NotAllowed, match="waiting"):
        core.ownership.reply("c", ANNA, "Hello")
    core.ownership.claim("c", ANNA)
    for step in (
        lambda: core.ownership.reply("c", BEN, "Hello"),
        lambda: core.ownership.release("c", BEN),
        lambda: core.ownership.hand_back("c", BEN),
        lambda: core.ownership.resolve("c", BEN),
    ):
        with pytest.raises(AlreadyClaimed):
            step()
    core.ownership.release("c", ANNA)
    with pytest.raises(NotAllowed):
        core.ownership.reply("c", ANNA, "Hello")


@pytest.mark.parametrize("text", ["", "  \n", "x" * 10_001])
def test_an_empty_or_huge_reply_is_refused(core: Core, text: str) -> None:
    core.with_anna()
    with pytest.raises(InvalidMessage):
        core.ownership.reply("c", ANNA, text)


def test_taking_over_fences_the_bots_reply_in_the_making(core: Core) -> None:
    epoch = core.says().conversation.epoch
    core.ownership.take_over("c", ANNA, "Anna has joined")
    assert core.bot_says("too late", epoch) is None
    [handoff] = core.ledger.handoffs("c")
    assert (handoff.trigger, handoff.claimed_by) == ("take_over", "anna")


def test_the_bot_hears_of_a_hand_back_once(core: Core) -> None:
    core.with_anna()
    core.ownership.hand_back("c", ANNA, "refund promised by Friday")
    first, second = core.says("thanks", "m2"), core.says("bye", "m3")
    assert first.for_bot and second.for_bot
    assert first.handed_back is not None
    assert (first.handed_back.outcome, first.handed_back.note_for_bot) == ("handed_back", "refund promised by Friday")
    assert second.handed_back is None
    assert core.says("thanks", "m2").handed_back is None, "nor does a repeat tell it again"


def test_the_bot_hears_of_the_latest_handoff_when_several_ended_unheard(core: Core) -> None:
    core.with_anna()
    core.ownership.hand_back("c", ANNA, "first")
    core.clock.advance(hours=-2)  # the clock is set right
    core.ownership.take_over("c", BEN)
    core.ownership.hand_back("c", BEN, "second")
    told = core.says("thanks").handed_back
    assert told is not None and told.note_for_bot == "second"
    assert core.says("bye").handed_back is None


def test_a_turn_that_died_with_the_news_of_a_hand_back_tells_it_when_it_is_run_again(core: Core) -> None:
    core.with_anna()
    core.ownership.hand_back("c", ANNA, "refund promised")
    core.says("thanks", "m2")  # and the process dies
    core.says("hello?", "m3")
    core.clock.advance(seconds=30)
    [first] = core.turns.adopt()
    assert first.message.text == "thanks"
    assert first.handed_back is not None and first.handed_back.note_for_bot == "refund promised"
    core.turns.finish("c", first.message.seq, first.tries)
    [second] = core.turns.adopt()
    assert (second.message.text, second.handed_back) == ("hello?", None)


def test_a_resolved_customer_who_writes_again_is_with_the_bot(core: Core) -> None:
    core.with_anna()
    core.ownership.resolve("c", ANNA, "all done")
    receipt = core.says("one more thing")
    assert (receipt.for_bot, receipt.conversation.owner) == (True, Owner.BOT)
    assert receipt.handed_back is not None and receipt.handed_back.outcome == "resolved"


def test_a_repeat_does_not_wake_a_resolved_conversation(core: Core) -> None:
    core.says("A person, please", "m1")
    core.hands_off()
    core.ownership.resolve("c", None)
    assert core.says("A person, please", "m1").duplicate
    assert core.ledger.conversation("c").owner is Owner.RESOLVED


def test_the_tenth_handoff_works_like_the_first(core: Core) -> None:
    for number in range(10):
        assert core.says(f"question {number}").for_bot
        handoff = core.hands_off()
        assert core.bot_says("A person comes.", 0, announces=handoff.id, key=f"{handoff.id}.x") is not None
        assert not core.says("hello?").for_bot
        core.ownership.claim("c", ANNA)
        core.ownership.reply("c", ANNA, f"answer {number}")
        core.ownership.hand_back("c", ANNA, f"note {number}")
        told = core.says("thanks").handed_back
        assert told is not None and told.note_for_bot == f"note {number}"
    past = core.ledger.handoffs("c")
    assert len({one.id for one in past}) == 10
    assert [one.note_for_bot for one in past] == [f"note {number}" for number in range(10)]


def test_a_waiting_customer_may_go_back_to_the_bot(core: Core) -> None:
    core.says()
    core.hands_off()
    receipt = core.says(BACK_TO_BOT, "m2")
    assert (receipt.for_bot, receipt.conversation.owner) == (True, Owner.BOT)
    assert receipt.handed_back is not None and receipt.handed_back.outcome == "handed_back"
    [handoff] = core.ledger.handoffs("c")
    assert handoff.closed_at is not None


def test_a_repeat_of_going_back_does_not_leave_a_later_queue(core: Core) -> None:
    core.says()
    core.hands_off()
    core.says(BACK_TO_BOT, "m2")
    core.hands_off()
    assert core.says(BACK_TO_BOT, "m2").duplicate
    assert core.ledger.conversation("c").owner is Owner.WAITING


def test_going_back_takes_nobody_from_an_agent(core: Core) -> None:
    core.with_anna()
    receipt = core.says(BACK_TO_BOT)
    assert (receipt.for_bot, receipt.conversation.owner) == (False, Owner.AGENT)
    with pytest.raises(NotAllowed):
        core.ownership.leave_queue("c")
    assert core.ledger.conversation("c").owner is Owner.AGENT


def test_going_back_without_a_conversation_or_a_queue_is_an_ordinary_message(core: Core) -> None:
    assert core.says(BACK_TO_BOT).for_bot
    receipt = core.says(BACK_TO_BOT)
    assert (receipt.for_bot, receipt.conversation.epoch) == (True, 0)


def test_going_back_with_an_id_that_cannot_be_kept_changes_nothing(core: Core) -> None:
    core.says()
    core.hands_off()
    with pytest.raises(InvalidMessage):
        core.says(BACK_TO_BOT, "bad\x00id")
    assert core.ledger.conversation("c").owner is Owner.WAITING


def test_a_buttons_payload_is_kept_under_the_title_the_customer_saw(core: Core) -> None:
    core.says()
    core.bot_says("Which one?", data={"buttons": [{"title": "The red one", "payload": '/pick{"n": 1}'}]})
    by_payload = core.says('/pick{"n": 1}').message
    assert (by_payload.text, by_payload.data["payload"]) == ("The red one", '/pick{"n": 1}')
    with_title = core.says("Red", data={"payload": '/pick{"n": 1}'}).message
    assert (with_title.text, with_title.data["payload"]) == ("Red", '/pick{"n": 1}')


def test_a_payload_that_was_not_offered_is_words(core: Core) -> None:
    core.says()
    core.bot_says("Shall I?", data={"buttons": [{"title": "Yes", "payload": "/affirm"}]})
    for typed, sent in (("/whatever", None), (BACK_TO_BOT, None), ("Yes", '/affirm{"number": 1}'), ("Yes", "/restart")):
        stored = core.says(typed, data={"payload": sent} if sent else {}).message
        assert (stored.text, stored.data) == (typed, {})


def test_the_way_out_of_the_queue_stays_open_however_much_was_said(core: Core) -> None:
    core.says()
    core.hands_off()
    assert core.says(BACK_TO_BOT).message.data["payload"] == BACK_TO_BOT
    assert core.ledger.conversation("c").owner is Owner.BOT


@pytest.mark.parametrize("step", ["claim", "release", "hand_back", "leave_queue"])
def test_steps_out_of_turn_are_refused_and_change_nothing(core: Core, step: str) -> None:
    core.says()
    before = core.ledger.conversation("c")
    with pytest.raises(NotAllowed):
        getattr(core.ownership, step)(*(("c",) if step == "leave_queue" else ("c", ANNA)))
    assert core.ledger.conversation("c") == before
    assert core.ledger.last_seq("c") == 1


def test_a_released_conversation_waits_again_with_its_history(core: Core) -> None:
    core.with_anna()
    core.ownership.reply("c", ANNA, "One moment")
    core.ownership.release("c", ANNA, "Anna had to step away")
    [handoff] = core.ledger.handoffs("c")
    assert (handoff.claimed_by, handoff.closed_at) == (None, None)
    core.ownership.claim("c", BEN)
    assert "One moment" in core.texts()
    assert len(core.ledger.handoffs("c")) == 1


def test_events_say_what_happened_and_notes_stay_where_they_are(core: Core) -> None:
    core.with_anna()
    core.ownership.resolve("c", ANNA, notice="Closed")
    events = [(one.data["event"], one.data["agent"]) for one in core.ledger.messages("c") if one.kind is Kind.EVENT]
    assert events == [("agent_joined", "Anna"), ("resolved", "Anna")]
    assert core.ownership.note("c", BEN, "call her tomorrow").kind is Kind.NOTE
    assert core.ledger.conversation("c").owner is Owner.RESOLVED

"""Bot turns whose process died, and clocks that step: nothing waits for ever, nothing is answered late."""
from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from tandem.conversations.changes import Changes
from tandem.conversations.feed import Feed
from tandem.conversations.model import Author
from tandem.conversations.tables import messages
from tandem.conversations.turn_queue import LATE, TURN_LIFETIME
from tests.fakes.heart import ANNA, Heart


def adopted(heart: Heart) -> list[tuple[str, int]]:
    return [(one.message.text, one.tries) for one in heart.turns.adopt()]


def test_a_turn_whose_process_died_is_taken_over_and_counted(heart: Heart) -> None:
    heart.says("one")
    assert adopted(heart) == []
    heart.clock.advance(seconds=21)
    assert adopted(heart) == [("one", 2)]
    assert adopted(heart) == [], "it has a lease again"
    heart.clock.advance(seconds=21)
    assert adopted(heart) == [("one", 3)]


def test_a_turn_that_gives_signs_of_life_or_ended_is_left_alone(heart: Heart) -> None:
    heart.says("alive")
    heart.says("done")
    heart.turns.finish("c", 2)
    for _ in range(5):
        heart.clock.advance(seconds=15)
        heart.turns.renew("c", 1)
    assert adopted(heart) == []
    heart.turns.finish("c", 1)
    heart.turns.renew("c", 1)  # a late sign of life does not open it again
    heart.clock.advance(seconds=60)
    assert adopted(heart) == []


def test_a_turn_is_not_taken_over_once_a_person_was_brought_in(heart: Heart) -> None:
    heart.says("one")
    heart.hands_off()
    heart.clock.advance(seconds=21)
    assert adopted(heart) == []
    heart.ownership.claim("c", ANNA)
    heart.ownership.hand_back("c", ANNA)
    heart.clock.advance(seconds=21)
    assert adopted(heart) == [], "nor is an old message answered after the hand-back"


def test_a_message_from_before_a_handoff_is_not_answered_after_the_hand_back(heart: Heart) -> None:
    heart.says("one")
    heart.hands_off()
    heart.ownership.claim("c", ANNA)
    heart.ownership.hand_back("c", ANNA)
    heart.clock.advance(seconds=21)
    assert adopted(heart) == []


def test_an_old_turn_is_not_answered_late_but_the_customer_is_told(heart: Heart) -> None:
    for text in ("one", "two", "three"):
        heart.says(text)
    heart.clock.at += TURN_LIFETIME
    receipts = [receipt for _ in range(4) for receipt in heart.turns.adopt()]
    assert [(one.message.text, one.too_late) for one in receipts] == [("three", True)], "once for all of them"
    heart.turns.finish("c", 3, receipts[0].tries, LATE)
    with heart.ledger.reading.connect() as connection:
        assert [row.turn for row in connection.execute(select(messages.c.turn).order_by(messages.c.seq))] == [LATE] * 3
    heart.clock.advance(hours=-1)
    assert adopted(heart) == []


def test_an_old_message_is_told_of_although_a_fresh_one_follows(heart: Heart) -> None:
    heart.says("one")
    heart.clock.at += TURN_LIFETIME
    heart.says("two")
    [old] = heart.turns.adopt()
    assert (old.message.text, old.too_late) == ("one", True)


def test_turns_are_taken_over_in_the_order_of_the_messages(heart: Heart) -> None:
    first, second = heart.says("one"), heart.says("two")
    other = heart.says("another customer", conversation="d")
    assert (first.waits, second.waits, other.waits) == (False, True, False)
    assert heart.turns.waits("c", 2) and not heart.turns.waits("c", 1)
    heart.clock.advance(seconds=21)
    assert adopted(heart) == [("one", 2), ("another customer", 2)]
    heart.clock.advance(seconds=21)
    heart.turns.renew("c", 1, 2)
    heart.turns.renew("d", 1, 2)
    assert adopted(heart) == [], "the second has lost its holder, but its time has not come"
    heart.turns.finish("c", 1, 2)
    assert not heart.turns.waits("c", 2)
    assert adopted(heart) == [("two", 2)]


def test_who_has_lost_a_turn_can_neither_keep_nor_end_it(heart: Heart) -> None:
    heart.says("one")
    heart.clock.advance(seconds=21)
    assert adopted(heart) == [("one", 2)]
    assert not heart.turns.renew("c", 1, 1)
    assert not heart.turns.give_back("c", 1, 1, timedelta(0))
    assert not heart.turns.finish("c", 1, 1)
    assert heart.turns.renew("c", 1, 2) and heart.turns.finish("c", 1, 2)
    assert not heart.turns.finish("c", 1, 2), "it is over"


def test_a_turn_that_runs_here_is_not_taken_over_here(heart: Heart) -> None:
    heart.says("one")
    heart.clock.advance(seconds=21)
    assert heart.turns.adopt(held={("c", 1)}) == []
    assert heart.turns.renew("c", 1, 1), "whoever has it keeps it"


def test_a_failed_turn_waits_a_moment_and_is_run_again(heart: Heart) -> None:
    heart.says("one")
    assert heart.turns.give_back("c", 1, 1, timedelta(seconds=1))
    assert adopted(heart) == []
    heart.clock.advance(seconds=2)
    assert adopted(heart) == [("one", 2)]


def test_the_end_of_a_turn_wakes_whoever_waits_for_it(heart: Heart) -> None:
    heart.says("one")
    since = heart.ledger.position() + 1
    heart.says("two")
    before = heart.ledger.conversation("c").revision
    heart.turns.finish("c", 1)
    assert heart.ledger.conversation("c").revision == before + 1
    assert ("c", before + 1) in heart.ledger.changes_since(since)[1]
    heart.turns.finish("c", 2)
    assert heart.ledger.conversation("c").revision == before + 1, "nobody waits for this one"


def test_only_turns_of_the_channels_that_are_here_are_taken_over(heart: Heart) -> None:
    heart.says("one")
    heart.clock.advance(seconds=21)
    assert heart.turns.adopt(["slack"]) == []
    [receipt] = heart.turns.adopt(["slack", "telegram"])
    assert (receipt.for_bot, receipt.duplicate, receipt.tries) == (True, False, 2)


def test_a_turn_of_an_erased_conversation_is_nobodys(heart: Heart) -> None:
    heart.says("one")
    heart.ledger.erase("c")
    heart.clock.advance(seconds=21)
    assert adopted(heart) == []


# -- clocks -------------------------------------------------------------------------------------------------------


def test_a_message_is_delivered_at_once_although_the_clock_stepped_back(heart: Heart) -> None:
    heart.says()
    heart.bot_says("one")
    heart.clock.advance(hours=-1)
    [parcel] = heart.deliveries.lease(["telegram"])
    heart.deliveries.sent(parcel)
    heart.bot_says("two")
    assert [parcel.message.text for parcel in heart.deliveries.lease(["telegram"])] == ["two"]


def test_a_retry_does_not_wait_for_a_clock_that_stepped_back(heart: Heart) -> None:
    heart.says()
    heart.bot_says("one")
    heart.deliveries.failed(heart.deliveries.lease(["telegram"])[0], "500")
    heart.clock.advance(hours=-1)
    assert len(heart.deliveries.lease(["telegram"])) == 1


def test_a_dead_lease_ends_although_the_clock_stepped_back_and_a_living_one_lasts(heart: Heart) -> None:
    heart.says()
    heart.bot_says("one")
    heart.deliveries.lease(["telegram"])
    heart.clock.advance(seconds=-20)  # set right by a little: the send may be on its way
    assert heart.deliveries.lease(["telegram"]) == []
    heart.clock.advance(hours=-1)
    [again] = heart.deliveries.lease(["telegram"])
    assert again.in_doubt


def test_a_dead_turn_is_taken_over_although_the_clock_stepped_back(heart: Heart) -> None:
    heart.says("one")
    heart.clock.advance(seconds=-10)
    assert adopted(heart) == []
    heart.clock.advance(hours=-2)
    assert adopted(heart) == [("one", 2)]


def test_typing_ends_although_the_clock_stepped_back(heart: Heart) -> None:
    heart.with_anna()
    heart.ledger.set_typing("c", Author.AGENT, "Anna")
    heart.clock.advance(hours=-1)
    assert heart.ledger.conversation("c").typing is None


def test_order_and_dedup_do_not_look_at_the_clock(heart: Heart) -> None:
    for number in range(4):
        heart.says(f"{number}", f"m{number}")
        heart.clock.advance(minutes=-30)
    assert heart.says("0", "m0").duplicate
    assert heart.texts() == ["0", "1", "2", "3"]
    assert [one.text for one in heart.ledger.messages("c", after=2)] == ["2", "3"]


@pytest.mark.parametrize("step", [{"hours": 3}, {"hours": -3}, {"seconds": -4}, {}])
async def test_watchers_hear_of_changes_over_a_clock_that_steps(heart: Heart, step: dict[str, float]) -> None:
    await asyncio.to_thread(heart.says)
    feed = Feed(heart.ledger, interval=0.2)
    feed.start()
    with feed.watch("c") as changed, feed.watch() as anything:
        await asyncio.wait_for(changed.wait(), 5)
        await asyncio.sleep(0.25)
        changed.clear()
        anything.clear()
        await asyncio.to_thread(heart.bot_says, "news")
        heart.clock.advance(**step)
        await asyncio.wait_for(asyncio.gather(changed.wait(), anything.wait()), 5)
    await feed.stop()


@pytest.mark.parametrize("error", [OperationalError("x", {}, Exception("locked")), RuntimeError("no thread")])
async def test_a_look_that_fails_is_not_the_feeds_last(
    heart: Heart, error: Exception, monkeypatch: pytest.MonkeyPatch,
) -> None:
    real, failures = heart.ledger.changes_since, [error]

    def changes_since(since: int) -> Changes:
        if failures:
            raise failures.pop()
        return real(since)

    monkeypatch.setattr(heart.ledger, "changes_since", changes_since)
    await asyncio.to_thread(heart.says)
    feed = Feed(heart.ledger, interval=0.05)
    feed.start()
    with feed.watch("c") as changed:
        await asyncio.wait_for(changed.wait(), 5)
        changed.clear()
        await asyncio.to_thread(heart.says)
        await asyncio.wait_for(changed.wait(), 5)
    assert failures == []
    await feed.stop()


async def test_a_watcher_is_woken_by_its_own_conversation_only(heart: Heart) -> None:
    for conversation in ("a", "b"):
        await asyncio.to_thread(heart.says, conversation=conversation)
    feed = Feed(heart.ledger, interval=0.05)
    feed.start()
    with feed.watch("a") as a, feed.watch("b") as b:
        await asyncio.wait_for(asyncio.gather(a.wait(), b.wait()), 5)
        await asyncio.sleep(0.15)
        a.clear(), b.clear()
        await asyncio.to_thread(heart.bot_says, "news", conversation="a")
        await asyncio.wait_for(a.wait(), 5)
        await asyncio.sleep(0.15)
        assert not b.is_set()
    await feed.stop()

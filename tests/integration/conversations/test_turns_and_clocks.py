"""Bot turns whose process died, and clocks that step: nothing waits for ever, nothing is answered late."""
from __future__ import annotations

import asyncio
from datetime import datetime

import pytest
from sqlalchemy.exc import OperationalError

from tandem.conversations.feed import Feed
from tandem.conversations.ledger import TURN_LIFETIME
from tandem.conversations.model import Author
from tests.fakes.heart import ANNA, Heart


def adopted(heart: Heart) -> list[tuple[str, int]]:
    return [(one.message.text, one.tries) for one in heart.ledger.adopt_interrupted_turns()]


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
    heart.ledger.finish_turn("c", 2)
    for _ in range(5):
        heart.clock.advance(seconds=15)
        heart.ledger.renew_turn("c", 1)
    assert adopted(heart) == []
    heart.ledger.finish_turn("c", 1)
    heart.ledger.renew_turn("c", 1)  # a late sign of life does not open it again
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


def test_an_old_turn_is_not_answered_late(heart: Heart) -> None:
    heart.says("one")
    heart.clock.at += TURN_LIFETIME
    assert adopted(heart) == []
    heart.clock.advance(hours=-1)
    assert adopted(heart) == []


def test_only_turns_of_the_channels_that_are_here_are_taken_over(heart: Heart) -> None:
    heart.says("one")
    heart.clock.advance(seconds=21)
    assert heart.ledger.adopt_interrupted_turns(["slack"]) == []
    [receipt] = heart.ledger.adopt_interrupted_turns(["slack", "telegram"])
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
    real, failures = heart.ledger.changed_since, [error]

    def changed_since(at: datetime) -> list[tuple[str, int]]:
        if failures:
            raise failures.pop()
        return real(at)

    monkeypatch.setattr(heart.ledger, "changed_since", changed_since)
    await asyncio.to_thread(heart.says)
    feed = Feed(heart.ledger, interval=0.05)
    feed.start()
    with feed.watch("c") as changed:
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

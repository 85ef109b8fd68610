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
from tests.fakes.core import ANNA, Core


def adopted(core: Core) -> list[tuple[str, int]]:
    return [(one.message.text, one.tries) for one in core.turns.adopt()]


def test_a_turn_whose_process_died_is_taken_over_and_counted(core: Core) -> None:
    core.says("one")
    assert adopted(core) == []
    core.clock.advance(seconds=21)
    assert adopted(core) == [("one", 2)]
    assert adopted(core) == [], "it has a lease again"
    core.clock.advance(seconds=21)
    assert adopted(core) == [("one", 3)]


def test_a_turn_that_gives_signs_of_life_or_ended_is_left_alone(core: Core) -> None:
    core.says("alive")
    core.says("done")
    core.turns.finish("c", 2)
    for _ in range(5):
        core.clock.advance(seconds=15)
        core.turns.renew("c", 1)
    assert adopted(core) == []
    core.turns.finish("c", 1)
    core.turns.renew("c", 1)  # a late sign of life does not open it again
    core.clock.advance(seconds=60)
    assert adopted(core) == []


def test_a_turn_is_not_taken_over_once_a_person_was_brought_in(core: Core) -> None:
    core.says("one")
    core.hands_off()
    core.clock.advance(seconds=21)
    assert adopted(core) == []
    core.ownership.claim("c", ANNA)
    core.ownership.hand_back("c", ANNA)
    core.clock.advance(seconds=21)
    assert adopted(core) == [], "nor is an old message answered after the hand-back"


def test_a_message_from_before_a_handoff_is_not_answered_after_the_hand_back(core: Core) -> None:
    core.says("one")
    core.hands_off()
    core.ownership.claim("c", ANNA)
    core.ownership.hand_back("c", ANNA)
    core.clock.advance(seconds=21)
    assert adopted(core) == []


def test_an_old_turn_is_not_answered_late_but_the_customer_is_told(core: Core) -> None:
    for text in ("one", "two", "three"):
        core.says(text)
    core.clock.at += TURN_LIFETIME
    receipts = [receipt for _ in range(4) for receipt in core.turns.adopt()]
    assert [(one.message.text, one.too_late) for one in receipts] == [("three", True)], "once for all of them"
    core.turns.finish("c", 3, receipts[0].tries, LATE)
    with core.ledger.reading.connect() as connection:
        assert [row.turn for row in connection.execute(select(messages.c.turn).order_by(messages.c.seq))] == [LATE] * 3
    core.clock.advance(hours=-1)
    assert adopted(core) == []


def test_an_old_message_is_told_of_although_a_fresh_one_follows(core: Core) -> None:
    core.says("one")
    core.clock.at += TURN_LIFETIME
    core.says("two")
    [old] = core.turns.adopt()
    assert (old.message.text, old.too_late) == ("one", True)


def test_turns_are_taken_over_in_the_order_of_the_messages(core: Core) -> None:
    first, second = core.says("one"), core.says("two")
    other = core.says("another customer", conversation="d")
    assert (first.waits, second.waits, other.waits) == (False, True, False)
    assert core.turns.waits("c", 2) and not core.turns.waits("c", 1)
    core.clock.advance(seconds=21)
    assert adopted(core) == [("one", 2), ("another customer", 2)]
    core.clock.advance(seconds=21)
    core.turns.renew("c", 1, 2)
    core.turns.renew("d", 1, 2)
    assert adopted(core) == [], "the second has lost its holder, but its time has not come"
    core.turns.finish("c", 1, 2)
    assert not core.turns.waits("c", 2)
    assert adopted(core) == [("two", 2)]


def test_a_worker_that_lost_a_turn_can_neither_renew_nor_end_it(core: Core) -> None:
    core.says("one")
    core.clock.advance(seconds=21)
    assert adopted(core) == [("one", 2)]
    assert not core.turns.renew("c", 1, 1)
    assert not core.turns.give_back("c", 1, 1, timedelta(0))
    assert not core.turns.finish("c", 1, 1)
    assert core.turns.renew("c", 1, 2) and core.turns.finish("c", 1, 2)
    assert not core.turns.finish("c", 1, 2), "it is over"


def test_a_turn_that_runs_here_is_not_taken_over_here(core: Core) -> None:
    core.says("one")
    core.clock.advance(seconds=21)
    assert core.turns.adopt(excluded={("c", 1)}) == []
    assert core.turns.renew("c", 1, 1), "whoever has it keeps it"


def test_a_failed_turn_waits_a_moment_and_is_run_again(core: Core) -> None:
    core.says("one")
    assert core.turns.give_back("c", 1, 1, timedelta(seconds=1))
    assert adopted(core) == []
    core.clock.advance(seconds=2)
    assert adopted(core) == [("one", 2)]


def test_the_end_of_a_turn_wakes_the_turn_that_waits_for_it(core: Core) -> None:
    core.says("one")
    since = core.ledger.position() + 1
    core.says("two")
    before = core.ledger.conversation("c").revision
    core.turns.finish("c", 1)
    assert core.ledger.conversation("c").revision == before + 1
    assert ("c", before + 1) in core.ledger.changes_since(since)[1]
    core.turns.finish("c", 2)
    assert core.ledger.conversation("c").revision == before + 1, "nobody waits for this one"


def test_only_turns_of_the_channels_that_are_here_are_taken_over(core: Core) -> None:
    core.says("one")
    core.clock.advance(seconds=21)
    assert core.turns.adopt(["slack"]) == []
    [receipt] = core.turns.adopt(["slack", "telegram"])
    assert (receipt.for_bot, receipt.duplicate, receipt.tries) == (True, False, 2)


def test_a_turn_of_an_erased_conversation_is_nobodys(core: Core) -> None:
    core.says("one")
    core.ledger.erase("c")
    core.clock.advance(seconds=21)
    assert adopted(core) == []


# -- clocks -------------------------------------------------------------------------------------------------------


def test_a_message_is_delivered_at_once_although_the_clock_stepped_back(core: Core) -> None:
    core.says()
    core.bot_says("one")
    core.clock.advance(hours=-1)
    [outbound] = core.outbox.lease(["telegram"])
    core.outbox.sent(outbound)
    core.bot_says("two")
    assert [outbound.message.text for outbound in core.outbox.lease(["telegram"])] == ["two"]


def test_a_retry_does_not_wait_for_a_clock_that_stepped_back(core: Core) -> None:
    core.says()
    core.bot_says("one")
    core.outbox.failed(core.outbox.lease(["telegram"])[0], "500")
    core.clock.advance(hours=-1)
    assert len(core.outbox.lease(["telegram"])) == 1


def test_a_dead_lease_ends_although_the_clock_stepped_back_and_a_living_one_lasts(core: Core) -> None:
    core.says()
    core.bot_says("one")
    core.outbox.lease(["telegram"])
    core.clock.advance(seconds=-20)  # set right by a little: the send may be on its way
    assert core.outbox.lease(["telegram"]) == []
    core.clock.advance(hours=-1)
    [again] = core.outbox.lease(["telegram"])
    assert again.in_doubt


def test_a_dead_turn_is_taken_over_although_the_clock_stepped_back(core: Core) -> None:
    core.says("one")
    core.clock.advance(seconds=-10)
    assert adopted(core) == []
    core.clock.advance(hours=-2)
    assert adopted(core) == [("one", 2)]


def test_typing_ends_although_the_clock_stepped_back(core: Core) -> None:
    core.with_anna()
    core.ledger.set_typing("c", Author.AGENT, "Anna")
    core.clock.advance(hours=-1)
    assert core.ledger.conversation("c").typing is None


def test_order_and_dedup_do_not_look_at_the_clock(core: Core) -> None:
    for number in range(4):
        core.says(f"{number}", f"m{number}")
        core.clock.advance(minutes=-30)
    assert core.says("0", "m0").duplicate
    assert core.texts() == ["0", "1", "2", "3"]
    assert [one.text for one in core.ledger.messages("c", after=2)] == ["2", "3"]


@pytest.mark.parametrize("step", [{"hours": 3}, {"hours": -3}, {"seconds": -4}, {}])
async def test_watchers_hear_of_changes_over_a_clock_that_steps(core: Core, step: dict[str, float]) -> None:
    await asyncio.to_thread(core.says)
    feed = Feed(core.ledger, interval=0.2)
    feed.start()
    with feed.watch("c") as changed, feed.watch() as anything:
        await asyncio.wait_for(changed.wait(), 5)
        await asyncio.sleep(0.25)
        changed.clear()
        anything.clear()
        await asyncio.to_thread(core.bot_says, "news")
        core.clock.advance(**step)
        await asyncio.wait_for(asyncio.gather(changed.wait(), anything.wait()), 5)
    await feed.stop()


@pytest.mark.parametrize("error", [OperationalError("x", {}, Exception("locked")), RuntimeError("no thread")])
async def test_a_look_that_fails_is_not_the_feeds_last(
    core: Core, error: Exception, monkeypatch: pytest.MonkeyPatch,
) -> None:
    real, failures = core.ledger.changes_since, [error]

    def changes_since(since: int) -> Changes:
        if failures:
            raise failures.pop()
        return real(since)

    monkeypatch.setattr(core.ledger, "changes_since", changes_since)
    await asyncio.to_thread(core.says)
    feed = Feed(core.ledger, interval=0.05)
    feed.start()
    with feed.watch("c") as changed:
        await asyncio.wait_for(changed.wait(), 5)
        changed.clear()
        await asyncio.to_thread(core.says)
        await asyncio.wait_for(changed.wait(), 5)
    assert failures == []
    await feed.stop()


async def test_a_watcher_is_woken_by_its_own_conversation_only(core: Core) -> None:
    for conversation in ("a", "b"):
        await asyncio.to_thread(core.says, conversation=conversation)
    feed = Feed(core.ledger, interval=0.05)
    feed.start()
    with feed.watch("a") as a, feed.watch("b") as b:
        await asyncio.wait_for(asyncio.gather(a.wait(), b.wait()), 5)
        await asyncio.sleep(0.15)
        a.clear(), b.clear()
        await asyncio.to_thread(core.bot_says, "news", conversation="a")
        await asyncio.wait_for(a.wait(), 5)
        await asyncio.sleep(0.15)
        assert not b.is_set()
    await feed.stop()

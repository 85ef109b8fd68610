"""Many at once: threads and processes on one conversation, on both databases."""
from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from tandem.conversations.model import Agent, AlreadyClaimed, Author, CapacityReached, Delivery, Kind, NotAllowed, Owner
from tandem.conversations.outbox import Outbox
from tests.fakes.core import ANNA, Core
from tests.integration.conversations import crowd

THREADS = 8


def together(works: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run these in threads that begin together; results or errors, in order."""
    barrier = threading.Barrier(len(works))
    results: list[Any] = [None] * len(works)

    def run(number: int) -> None:
        barrier.wait()
        try:
            results[number] = works[number]()
        except Exception as error:
            results[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def test_one_of_many_threads_wins_the_claim(core: Core) -> None:
    core.says()
    core.hands_off()
    agents = [Agent(f"a{number}", f"A{number}") for number in range(THREADS)]
    results = together([lambda agent=agent: core.ownership.claim("c", agent, "joined") for agent in agents])
    losers = [one for one in results if isinstance(one, AlreadyClaimed)]
    assert len(losers) == THREADS - 1, results
    [handoff] = core.ledger.handoffs("c")
    winner = agents[next(number for number, one in enumerate(results) if one not in losers)]
    assert handoff.claimed_by == winner.id
    assert core.texts().count("joined") == 1
    assert core.ledger.conversation("c").epoch == 2


def test_one_of_many_who_take_over_at_once_wins_unless_they_may_take_from_each_other(core: Core) -> None:
    core.says()
    agents = [Agent(f"a{number}", f"A{number}") for number in range(THREADS)]
    results = together([lambda agent=agent: core.ownership.take_over("c", agent, "joined", from_colleague=False)
                        for agent in agents])
    assert sum(isinstance(one, AlreadyClaimed) for one in results) == THREADS - 1, results
    assert core.texts().count("joined") == 1
    assert core.ownership.take_over("c", ANNA).owner is Owner.AGENT
    assert core.ledger.open_handoffs()["c"].claimed_by == ANNA.id


def test_claims_at_once_stay_within_what_an_agent_takes(core: Core) -> None:
    ids = [f"c{number}" for number in range(THREADS)]
    for one in ids:
        core.says(conversation=one)
        core.hands_off(one)
    results = together([lambda one=one: core.ownership.claim(one, ANNA, "joined", capacity=3) for one in ids])
    refused = [one for one in results if isinstance(one, CapacityReached)]
    assert len(refused) == THREADS - 3, results
    assert [one.claimed_by for one in core.ledger.open_handoffs().values()].count(ANNA.id) == 3
    waiting = next(number for number, one in enumerate(results) if one in refused)
    core.ownership.resolve(next(one.id for one in results if one not in refused), ANNA)
    assert core.ownership.claim(ids[waiting], ANNA, "joined", capacity=3).owner is Owner.AGENT


def test_many_threads_open_one_handoff(core: Core) -> None:
    core.says()
    results = together([core.hands_off] * THREADS)
    assert len({one.id for one in results}) == 1
    assert core.ledger.conversation("c").epoch == 1


def test_many_repeats_at_once_are_one_message_and_one_turn(core: Core) -> None:
    results = together([lambda: core.says("Hello", "m1")] * THREADS)
    assert sum(one.for_bot for one in results) == 1
    assert Counter(one.duplicate for one in results) == {True: THREADS - 1, False: 1}
    assert core.texts() == ["Hello"]


def test_many_first_messages_at_once_open_one_conversation(core: Core) -> None:
    results = together([lambda number=number: core.says(f"{number}", f"m{number}") for number in range(THREADS)])
    assert sorted(one.message.seq for one in results) == list(range(1, THREADS + 1))


def test_a_turn_and_a_delivery_are_taken_by_one_worker(core: Core) -> None:
    core.says()
    core.bot_says("Hello")
    core.clock.advance(seconds=21)
    assert sum(len(one) for one in together([core.turns.adopt] * THREADS)) == 1
    couriers = [Outbox(core.ledger) for _ in range(THREADS)]
    assert sum(len(one) for one in together([lambda one=one: one.lease(["telegram"]) for one in couriers])) == 1


def test_the_news_of_a_hand_back_goes_to_one_message(core: Core) -> None:
    core.with_anna()
    core.ownership.hand_back("c", ANNA, "note")
    results = together([lambda number=number: core.says(f"{number}") for number in range(THREADS)])
    assert sum(one.handed_back is not None for one in results) == 1


def test_leaving_the_queue_and_a_claim_at_once_have_one_winner(core: Core) -> None:
    for number in range(6):
        conversation = f"c{number}"
        core.says(conversation=conversation)
        core.hands_off(conversation)
        claimed, receipt = together([
            lambda name=conversation: core.ownership.claim(name, ANNA),
            lambda name=conversation: core.says("/back_to_bot", conversation=name),
        ])
        owner = core.ledger.conversation(conversation).owner
        if isinstance(claimed, NotAllowed):
            assert (owner, receipt.for_bot) == (Owner.BOT, True)
        else:
            assert (owner, receipt.for_bot) == (Owner.AGENT, False)


def test_taking_over_turns_does_not_lock_up_with_turns_that_still_run(core: Core) -> None:
    for number in range(6):
        core.says(f"{number}", conversation=f"c{number}")
    core.clock.advance(seconds=21)

    def read_and_finish() -> None:
        for number in range(6):
            core.ledger.record_reading(f"c{number}", 1, None, "greet")
            core.turns.finish(f"c{number}", 1)

    def take_over() -> None:
        for _ in range(6):
            core.turns.adopt()
            core.clock.advance(seconds=21)

    assert together([read_and_finish, take_over, read_and_finish, take_over]) == [None] * 4


def test_one_of_several_processes_wins_the_claim_and_one_handoff_opens(core: Core) -> None:
    core.says()
    results = crowd.at_once(core, [(crowd.open_and_claim, (name,)) for name in ("anna", "ben", "cleo")])
    assert len({opened for opened, _ in results}) == 1
    [winner] = [name for _, name in results if name]
    assert core.ledger.handoffs("c")[0].claimed_by == winner
    assert core.texts()[1:] == [f"{winner} has joined"]


def test_processes_hammering_one_conversation_lose_double_and_reorder_nothing(core: Core) -> None:
    core.says("Hello", "m0")
    *customers, anna, ben, first_courier, second_courier = crowd.at_once(core, [
        (crowd.customer, ("phone",)), (crowd.customer, ("laptop",)), (crowd.agent, ("anna",)), (crowd.agent, ("ben",)),
        (crowd.courier, (200,)), (crowd.courier, (200,)),
    ])
    rest = crowd.courier(core, 1)
    messages = core.ledger.messages("c", limit=10_000)

    assert [one.seq for one in messages] == list(range(1, len(messages) + 1)), "no gaps"

    said = Counter(one.text for one in messages if one.author is Author.CUSTOMER)
    sent = {f"{device}.{number}" for device in ("phone", "laptop") for number in range(crowd.MESSAGES)} | {"Hello"}
    assert said == Counter(sent), "each of the customer's messages once"
    for one in customers:
        kept = [message.text for message in messages if message.text in one["accepted"]]
        assert kept == one["accepted"], "in the order they were written"

    agents_said = Counter(one.text for one in messages if one.author is Author.AGENT and one.kind is Kind.TEXT)
    assert agents_said == Counter(anna + ben), "each of the agents' messages once"

    told = sum(one.author is Author.BOT for one in messages)
    assert told + core.ledger.fenced("c") == sum(one["spoken"] for one in customers), "shown or fenced, never both"
    owners: dict[int, set[Author]] = {}
    for one in messages:
        if one.author in (Author.BOT, Author.AGENT) and one.kind is Kind.TEXT:
            owners.setdefault(one.epoch, set()).add(one.author)
    assert all(len(authors) == 1 for authors in owners.values()), "bot and agent never speak in the same epoch"

    handoffs = core.ledger.handoffs("c")
    assert sum(one.closed_at is None for one in handoffs) <= 1
    closed = len(handoffs) - sum(one.closed_at is None for one in handoffs)
    assert sum(one["told"] for one in customers) <= closed, "each hand-back is told at most once"

    out = [one.seq for one in messages if one.delivery is not Delivery.NONE]
    arrived = first_courier + second_courier + rest
    assert sorted(arrived) == out, "each message for the customer once"
    assert first_courier == sorted(first_courier) and second_courier == sorted(second_courier), "in order"
    assert all(one.delivery in (Delivery.SENT, Delivery.NONE) for one in messages)

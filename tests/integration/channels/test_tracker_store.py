"""The tracker store keeps trackers in memory, and is right all the same: beside other workers, erasures and crashes."""
from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any, cast

import pytest
from rasa.core.channels.channel import UserMessage
from rasa.core.tracker_store import SQLTrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, BotUttered, Event, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy.exc import OperationalError

from tandem.conversations.personal_data import erase_tracker
from tandem.executors import use_ledger_threads
from tandem.rasa_ext.cached_tracker import state_of
from tandem.rasa_ext.tracker_store import CachedTrackerStore, MessageAlreadyHandled, TrackerConflict, answering
from tandem.rasa_ext.trackers import parse_in_conversation
from tests.fakes.talk import DOMAIN, by_chance, session, turn


def hello(moment: float, **slots: object) -> list[Event]:
    filled = [SlotSet(name, value, timestamp=moment) for name, value in slots.items()]
    return turn("hello", "greet", moment, *filled, ActionExecuted("utter_greet", timestamp=moment),
                BotUttered("hi", timestamp=moment))


async def say(store: CachedTrackerStore, events: Iterable[Event], who: str = "c") -> None:
    """A turn as Rasa's processor makes it."""
    tracker = await store.get_or_create_tracker(who, append_action_listen=False)
    for event in events:
        tracker.update(event)
    await store.save(tracker)


async def state(store: CachedTrackerStore, who: str = "c") -> object:
    found = await store.retrieve(who)
    return None if found is None else state_of(found)


def rasas(url: str) -> SQLTrackerStore:
    return SQLTrackerStore(DOMAIN, host=url)


@pytest.mark.parametrize("seed", range(4))
async def test_two_workers_and_rasas_own_store_agree_turn_by_turn(database_url: str, seed: int) -> None:
    rng = Random(seed)
    workers = [CachedTrackerStore(DOMAIN, database_url) for _ in range(2)]
    theirs, in_all = rasas(database_url), 0
    for events in by_chance(rng, 60):
        await say(rng.choice(workers), events)
        in_all += len(events)
        truth = await theirs.retrieve("c")
        assert truth is not None
        for worker in workers:
            assert await state(worker) == state_of(truth)
    full = await workers[0].retrieve_full_tracker("c")
    everything = await theirs.retrieve_full_tracker("c")
    assert full is not None and everything is not None
    assert len(full.events) == in_all and list(full.events) == list(everything.events)


async def test_every_event_of_a_long_talk_is_in_the_table_once(database_url: str) -> None:
    store = CachedTrackerStore(DOMAIN, database_url)
    await say(store, session(1.0))
    for number in range(90):
        await say(store, hello(2.0 + number, seen=number))
    kept, full = await store.retrieve("c"), await rasas(database_url).retrieve("c")
    assert kept is not None and full is not None
    assert len(kept.events) < len(full.events) == 2 + 90 * 6
    assert state_of(kept) == state_of(full)


async def test_a_turn_that_fails_leaves_nothing_behind(database_url: str) -> None:
    store = CachedTrackerStore(DOMAIN, database_url)
    await say(store, session(1.0) + hello(2.0, seen=1))
    lost = await store.retrieve("c")
    assert lost is not None
    lost.update(SlotSet("seen", 2))
    again = await store.retrieve("c")
    assert again is not None and again.get_slot("seen") == 1


async def test_a_save_that_fails_can_be_made_again(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = CachedTrackerStore(DOMAIN, database_url)
    await say(store, session(1.0))
    tracker = await store.retrieve("c")
    assert tracker is not None
    for event in hello(2.0, seen=3):
        tracker.update(event)

    def full(*_: object) -> int:
        raise OperationalError("insert", {}, Exception("disk is full"))

    with monkeypatch.context() as broken:
        broken.setattr(store, "_write", full)
        with pytest.raises(OperationalError):
            await store.save(tracker)
    await store.save(tracker)
    await store.save(tracker)
    truth = await rasas(database_url).retrieve("c")
    assert truth is not None and await state(store) == state_of(truth) and truth.get_slot("seen") == 3
    assert len(truth.events) == 2 + 6


async def test_what_was_erased_is_not_remembered(database_url: str) -> None:
    store = CachedTrackerStore(DOMAIN, database_url)
    await say(store, session(1.0) + hello(2.0, order_number="TD-1"))
    erase_tracker(store.engine, "c")
    assert await store.retrieve("c") is None
    await say(store, session(3.0) + hello(4.0))
    found = await store.retrieve("c")
    assert found is not None and found.get_slot("order_number") is None


async def test_an_erased_conversation_that_speaks_again_under_the_same_row_number(database_url: str) -> None:
    mine, others = CachedTrackerStore(DOMAIN, database_url), CachedTrackerStore(DOMAIN, database_url)
    await say(mine, session(1.0) + hello(2.0, order_number="TD-1"))
    erase_tracker(others.engine, "c")
    await say(others, session(3.0) + hello(4.0, seen=5))  # as many rows: SQLite gives out the same numbers
    found = await mine.retrieve("c")
    assert found is not None and found.get_slot("order_number") is None and found.get_slot("seen") == 5


async def test_a_process_started_again_goes_on(database_url: str) -> None:
    await say(CachedTrackerStore(DOMAIN, database_url), session(1.0) + hello(2.0, seen=7))
    found = await CachedTrackerStore(DOMAIN, database_url).retrieve("c")
    assert found is not None and found.get_slot("seen") == 7


async def test_two_readers_at_once_share_no_tracker(database_url: str) -> None:
    store = CachedTrackerStore(DOMAIN, database_url)
    await say(store, session(1.0) + hello(2.0))
    assert await store.retrieve("c") is not await store.retrieve("c")


async def test_reading_a_message_before_its_turn_costs_the_turn_no_replay(
    database_url: str, monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = CachedTrackerStore(DOMAIN, database_url)
    await say(store, session(1.0) + hello(2.0, seen=1))
    seen: list[object] = []

    async def parse_message(message: UserMessage, tracker: DialogueStateTracker) -> dict[str, object]:
        seen.append(state_of(tracker))
        return {}

    agent = SimpleNamespace(tracker_store=store, domain=DOMAIN, processor=SimpleNamespace(parse_message=parse_message))
    monkeypatch.setattr(store, "_made", None)  # what builds a tracker from all its events
    await parse_in_conversation(cast(Any, agent), "c", "and now?")
    await say(store, hello(3.0, seen=2))
    await parse_in_conversation(cast(Any, agent), "c", "and then?")
    truth = await rasas(database_url).retrieve("c")
    assert truth is not None and await state(store) == state_of(truth)
    assert len(seen) == 2


async def test_a_tracker_that_was_changed_is_not_taken_back(database_url: str) -> None:
    store = CachedTrackerStore(DOMAIN, database_url)
    await say(store, session(1.0) + hello(2.0, seen=1))
    lost = await store.retrieve("c")
    assert lost is not None
    lost.update(SlotSet("seen", 2))
    store.give_back(lost)
    again = await store.retrieve("c")
    assert again is not None and again.get_slot("seen") == 1


async def test_another_model_brings_its_own_slots(database_url: str) -> None:
    store = CachedTrackerStore(DOMAIN, database_url)
    await say(store, session(1.0) + hello(2.0, seen=7))
    store.domain = DOMAIN.__class__.empty()
    found = await store.retrieve("c")
    assert found is not None and "seen" not in found.slots


async def test_a_tracker_made_elsewhere_is_appended_as_rasas_store_does(database_url: str) -> None:
    store = CachedTrackerStore(DOMAIN, database_url)
    await say(store, session(1.0))
    made = DialogueStateTracker.from_events("c", [*session(1.0)[1:], *hello(2.0, seen=4)], DOMAIN.slots)
    await store.save(made)
    truth = await rasas(database_url).retrieve("c")
    assert truth is not None and truth.get_slot("seen") == 4 and len(truth.events) == 8
    assert await state(store) == state_of(truth)


async def test_conversations_do_not_mix_and_all_are_listed(database_url: str) -> None:
    store = CachedTrackerStore(DOMAIN, database_url)
    for who in ("a", "b"):
        await say(store, session(1.0) + hello(2.0, order_number=who), who)
    assert set(await store.keys()) == {"a", "b"}
    for who in ("a", "b"):
        found = await store.retrieve(who)
        assert found is not None and found.get_slot("order_number") == who


async def test_the_second_save_of_the_same_version_of_a_tracker_is_refused(database_url: str) -> None:
    """A worker that was frozen in the middle of a turn comes back: the other one has run it meanwhile."""
    one, other = CachedTrackerStore(DOMAIN, database_url), CachedTrackerStore(DOMAIN, database_url)
    await say(one, session(1.0))
    frozen, live = await one.retrieve("c"), await other.retrieve("c")
    assert frozen is not None and live is not None
    for tracker in (frozen, live):
        for event in hello(2.0, seen=3):
            tracker.update(event)
    await other.save(live)
    with pytest.raises(TrackerConflict):
        await one.save(frozen)
    truth = await rasas(database_url).retrieve("c")
    assert truth is not None and len(truth.events) == 2 + 6, "once"
    assert await state(one) == state_of(truth), "and nothing is left of it in memory"


async def test_of_two_that_begin_a_conversation_one_is_refused(database_url: str) -> None:
    one, other = CachedTrackerStore(DOMAIN, database_url), CachedTrackerStore(DOMAIN, database_url)
    trackers = [store.init_tracker("new") for store in (one, other)]
    for tracker in trackers:
        for event in session(1.0):
            tracker.update(event)
    await one.save(trackers[0])
    with pytest.raises(TrackerConflict):
        await other.save(trackers[1])


async def test_threads_that_save_at_once_never_both_succeed(database_url: str) -> None:
    stores = [CachedTrackerStore(DOMAIN, database_url) for _ in range(4)]
    await say(stores[0], session(1.0))
    trackers = [await store.retrieve("c") for store in stores]
    for tracker in trackers:
        assert tracker is not None
        for event in hello(2.0, seen=3):
            tracker.update(event)
    done = await asyncio.gather(*(store.save(tracker) for store, tracker in zip(stores, trackers) if tracker),
                                return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["NoneType"] + ["TrackerConflict"] * 3
    truth = await rasas(database_url).retrieve("c")
    assert truth is not None and len(truth.events) == 2 + 6


async def test_what_was_erased_in_the_middle_of_a_turn_does_not_come_back(database_url: str) -> None:
    store = CachedTrackerStore(DOMAIN, database_url)
    await say(store, session(1.0))
    tracker = await store.retrieve("c")
    assert tracker is not None
    for event in hello(2.0, order_number="TD-1"):
        tracker.update(event)
    erase_tracker(store.engine, "c")
    with pytest.raises(TrackerConflict):
        await store.save(tracker)
    assert await store.retrieve("c") is None


async def test_a_tracker_that_holds_the_message_that_is_being_answered_is_not_given_out(database_url: str) -> None:
    """Between looking and having the lock a worker that was taken for dead may have ended the turn."""
    store = CachedTrackerStore(DOMAIN, database_url)
    heard = UserUttered("hello", {"name": "greet"}, message_id="c:1", timestamp=1.5)
    await say(store, [*session(1.0), heard])
    for one in (store, CachedTrackerStore(DOMAIN, database_url)):
        with answering("c:1"), pytest.raises(MessageAlreadyHandled):
            await one.retrieve("c")
        with answering("c:2"):
            assert await one.retrieve("c") is not None
        assert await one.retrieve("c") is not None


async def test_a_database_of_trackers_that_hangs_takes_no_thread_of_the_ledger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    use_ledger_threads(2)
    store, go_on = CachedTrackerStore(DOMAIN, f"sqlite:///{tmp_path / 'trackers.db'}"), threading.Event()
    monkeypatch.setattr(store, "_rows", lambda *_: go_on.wait(60) and [])
    hanging = [asyncio.ensure_future(store.retrieve(f"c{number}")) for number in range(20)]
    await asyncio.sleep(0.2)
    try:
        assert await asyncio.wait_for(asyncio.to_thread(lambda: "read"), 5) == "read"
        assert not any(one.done() for one in hanging)
    finally:
        go_on.set()
    await asyncio.gather(*hanging)


async def test_a_button_of_a_small_answer_is_read_as_that_answer(database_url: str) -> None:
    domain = Domain.from_dict({"intents": [{"returns": {"is_retrieval_intent": True}}, "greet"]})

    async def parse_message(message: UserMessage, tracker: DialogueStateTracker | None) -> dict[str, object]:
        return {"text": message.text}

    agent = cast(Any, SimpleNamespace(tracker_store=CachedTrackerStore(DOMAIN, database_url), domain=domain,
                                      processor=SimpleNamespace(parse_message=parse_message)))
    parse = await parse_in_conversation(agent, "c", "/returns/label")
    assert parse["intent"] == {"name": "returns", "confidence": 1.0, "full_retrieval_intent_name": "returns/label"}
    assert parse["response_selector"]["returns"]["response"]["utter_action"] == "utter_returns/label"
    for text in ("/greet", "returns/label", "/greet/label", "and/or"):
        assert await parse_in_conversation(agent, "c", text) == {"text": text}

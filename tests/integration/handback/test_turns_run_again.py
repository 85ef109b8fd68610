"""A bot turn that is run again after a crash at any point: one answer, one act, and no word answers two questions."""
from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from rasa.core.agent import Agent
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from tandem.conversations.tables import messages
from tandem.conversations.turn_queue import TurnQueue
from tandem.rasa_ext.locks import ConversationLocks
from tandem.rasa_ext.tracker_store import CachedTrackerStore
from tandem.wording.phrases import notice
from tests.fakes.core import ANNA
from tests.fakes.orders import FakeOrderSystem
from tests.integration.handback.shop import CUSTOMER, Shop, is_response, open_shop

Crash = Callable[[Shop, pytest.MonkeyPatch], None]


@pytest.fixture
def shop(dialogue: Agent, tmp_path: Path) -> Iterator[Shop]:
    with open_shop(dialogue, tmp_path) as opened:
        opened.agent.tracker_store = CachedTrackerStore(opened.agent.domain, f"sqlite:///{tmp_path / 'rasa.db'}")
        yield opened


def lost(*_: Any, **__: Any) -> Any:
    """Fail as nobody tries again: a database that is locked would be asked for 20 seconds."""
    raise OperationalError("x", {}, Exception("disk I/O error"))


def before_it_is_read(shop: Shop, broken: pytest.MonkeyPatch) -> None:
    broken.setattr(shop.core.ledger, "record_reading", lost)


def before_the_first_word(shop: Shop, broken: pytest.MonkeyPatch) -> None:
    broken.setattr(shop.core.ledger, "record_bot_reply", lost)


def after_the_words_before_the_tracker_is_saved(shop: Shop, broken: pytest.MonkeyPatch) -> None:
    broken.setattr(cast(Any, shop.agent.tracker_store), "_write", lost)


def after_the_tracker_was_saved(shop: Shop, broken: pytest.MonkeyPatch) -> None:
    broken.setattr(TurnQueue, "finish", lost)


CRASHES = (before_it_is_read, before_the_first_word, after_the_words_before_the_tracker_is_saved,
           after_the_tracker_was_saved)


def crashes_at(
    crash: Crash, shop: Shop, monkeypatch: pytest.MonkeyPatch, text: str, intent: str, **entities: str,
) -> int:
    """The customer writes, the turn breaks off there, and is taken over; the number of the message."""
    with monkeypatch.context() as broken:
        crash(shop, broken)
        seq = shop.receipt(text, intent, **entities).message.seq
    assert is_open(shop, seq)
    shop.taken_over()
    assert not is_open(shop, seq)
    return seq


def is_open(shop: Shop, seq: int) -> bool:
    query = select(messages.c.turn).where(messages.c.conversation_id == CUSTOMER, messages.c.seq == seq)
    with shop.core.ledger.reading.connect() as connection:
        return bool(connection.execute(query).scalar_one() == "open")


def times_heard(shop: Shop, text: str) -> int:
    """How often the tracker holds the message."""
    return sum(event.as_dict().get("text") == text and event.type_name == "user" for event in shop.tracker().events)


@pytest.mark.parametrize("crash", CRASHES)
def test_a_message_counts_and_is_answered_once(shop: Shop, monkeypatch: pytest.MonkeyPatch, crash: Crash) -> None:
    shop.says("hello", "greet")
    seq = crashes_at(crash, shop, monkeypatch, "How do I pay?", "payment_methods")
    [answer] = shop.replies_to(seq)
    assert is_response(answer, "utter_payment_methods")
    assert times_heard(shop, "How do I pay?") == 1


@pytest.mark.parametrize("crash", CRASHES)
def test_its_words_do_not_answer_the_next_question(shop: Shop, monkeypatch: pytest.MonkeyPatch, crash: Crash) -> None:
    shop.says("I want to send something back", "return_item")
    shop.says("TD-10300", order_number="TD-10300")
    crashes_at(crash, shop, monkeypatch, "delivered@example.com", "inform", email="delivered@example.com")
    crashes_at(crash, shop, monkeypatch, "MUG-004", "inform", return_item="MUG-004")
    tracker = shop.tracker()
    assert tracker.active_loop_name == "return_item_form" and tracker.get_slot("requested_slot") == "return_reason"
    assert tracker.get_slot("return_reason") is None, "the item is no answer to why it goes back"
    assert shop.orders.find("TD-10300").return_request is None


ACTS = {
    "cancel": ("TD-10433", "new@example.com", "utter_cancel_order_done"),
    "change_address": ("TD-10433", "new@example.com", "utter_change_address_done"),
    "start_return": ("TD-10300", "delivered@example.com", "utter_return_item_label"),
}
ADDRESS = "12 Oak Street, Springfield, IL 62704"


def agrees_almost(shop: Shop, act: str) -> None:
    """The customer says all that the act needs but for the yes."""
    number, email, _ = ACTS[act]
    intent = {"cancel": "cancel_order", "change_address": "change_address", "start_return": "return_item"}[act]
    shop.says(f"I would like to {act}", intent)
    shop.says(number, order_number=number)
    shop.says(email, email=email)
    if act == "change_address":
        shop.says(ADDRESS, "inform")
    if act == "start_return":
        shop.says("The mug", "inform", return_item="MUG-004")
        shop.says("It is broken", "inform", return_reason="damaged")
    assert shop.tracker().get_slot("requested_slot") == "confirmed", shop.core.texts()


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("crash", CRASHES)
def test_an_act_is_done_once_and_told_as_done(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, crash: Crash, act: str,
) -> None:
    keys: list[str] = []
    real = getattr(FakeOrderSystem, act)

    def done(self: FakeOrderSystem, *arguments: Any, idempotency_key: str, **named: Any) -> Any:
        keys.append(idempotency_key)
        return real(self, *arguments, idempotency_key=idempotency_key, **named)

    monkeypatch.setattr(FakeOrderSystem, act, done)
    agrees_almost(shop, act)
    seq = crashes_at(crash, shop, monkeypatch, "yes", "affirm")
    assert len(set(keys)) == 1, "the same key in each run"
    [told] = shop.replies_to(seq)
    assert is_response(told, ACTS[act][2]), told
    promises = [one for one in shop.core.case_file.entries(CUSTOMER) if one.kind.value == "promise"]
    assert len(promises) == 1


@pytest.mark.parametrize("lost_after_it_was_done", [True, False])
def test_a_customer_whose_answer_is_lost_after_a_yes_reads_what_was_done(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, lost_after_it_was_done: bool,
) -> None:
    agrees_almost(shop, "cancel")
    real = shop.action_server.request

    async def request(json: Any, **more: Any) -> Any:
        answer = await real(json, **more)
        if json.get("next_action") == "action_cancel_order":
            raise ConnectionError("killed before it could answer")
        return answer

    def killed(*_: Any, **__: Any) -> None:
        raise ConnectionError("killed after the order system has done it")

    monkeypatch.setattr(shop.action_server, "request", request)
    if not lost_after_it_was_done:
        monkeypatch.setattr("tandem.conversations.consent.Consents.finish", killed)
    [told] = shop.says("yes", "affirm")
    monkeypatch.undo()
    name = "trouble_done" if lost_after_it_was_done else "trouble_unsure"
    assert told == notice(name, number="TD-10433")
    assert shop.orders.find("TD-10433").status.value == "cancelled"
    assert "cancelled" in " ".join(shop.says("Is it cancelled now?", "cancel_order"))


def test_a_turn_that_a_person_overtook_is_not_run_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        after_the_tracker_was_saved(shop, broken)
        seq = shop.receipt("How do I pay?", "payment_methods").message.seq
    shop.core.ownership.take_over(CUSTOMER, ANNA)
    said = shop.core.texts()
    shop.taken_over()
    assert shop.core.texts() == said and not is_open(shop, seq)


def test_a_late_call_of_the_handoff_opens_nothing_in_a_later_epoch(shop: Shop) -> None:
    """The action server was frozen in the middle of `action_handoff`; meanwhile Anna came and went."""
    calls: list[Any] = []
    real = shop.action_server.request

    async def request(json: Any, **more: Any) -> Any:
        if json.get("next_action") == "action_handoff":
            calls.append(json)
        return await real(json, **more)

    shop.action_server.request = request
    shop.says("A person please", "ask_for_human")
    shop.core.ownership.claim(CUSTOMER, ANNA)
    shop.core.ownership.hand_back(CUSTOMER, ANNA)
    said = shop.core.texts()
    late = shop.loop.run_until_complete(real(calls[0]))
    assert shop.core.ledger.open_handoffs() == {} and len(shop.core.ledger.handoffs(CUSTOMER)) == 1
    assert late["responses"] == [] and late["events"] == []
    assert shop.core.texts() == said


def test_a_repeated_call_of_the_handoff_in_its_own_turn_finds_it(shop: Shop) -> None:
    calls: list[Any] = []
    real = shop.action_server.request

    async def request(json: Any, **more: Any) -> Any:
        calls.append(json)
        return await real(json, **more)

    shop.action_server.request = request
    shop.says("A person please", "ask_for_human")
    [handoff] = shop.core.ledger.handoffs(CUSTOMER)
    call = next(one for one in calls if one.get("next_action") == "action_handoff")
    again = shop.loop.run_until_complete(real(call))
    assert again["responses"][0]["announces"] == handoff.id
    assert len(shop.core.ledger.handoffs(CUSTOMER)) == 1


def test_a_turn_that_another_worker_ends_while_this_one_waits_for_the_lock_is_not_run_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its lease seemed to have run out, as it does to a machine whose clock is ahead."""
    shop.says("I want to send something back", "return_item")
    shop.says("TD-10300", order_number="TD-10300")
    real, taken = ConversationLocks.lock, []

    @asynccontextmanager
    async def slow(self: ConversationLocks, conversation_id: str) -> AsyncIterator[None]:
        if not taken:
            taken.append(True)
            shop.core.clock.advance(seconds=30)
            [receipt] = shop.core.turns.adopt()
            await shop.runtime.answer(receipt, shop.channel, shop.agent.handle_message)
        async with real(self, conversation_id):
            yield

    monkeypatch.setattr(ConversationLocks, "lock", slow)
    text = "delivered@example.com"
    answers = shop.says(text, email=text)
    assert times_heard(shop, text) == 1 and len(answers) == 1
    tracker = shop.tracker()
    assert tracker.active_loop_name == "return_item_form" and tracker.get_slot("return_reason") is None

"""What a customer is told of their order without asking: what is new, once, and nobody else."""
from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import event, select

from tandem import privacy
from tandem.conversations.model import Agent, Delivery, HandoffRequest, Identity
from tandem.conversations.sessions import CustomerSessions, SessionClaim
from tandem.db.engine import open_engine
from tandem.order_updates.notifier import UpdateNotifier
from tandem.order_updates.subscriptions import DueSubscription
from tandem.order_updates.tables import order_subscriptions, order_updates
from tandem.orders.model import Order, OrderStatus, Refund, RefundState
from tests.fakes.ready import open_ready
from tests.integration.order_updates.conftest import NUMBER, Stage

SHIPPED, ARRIVED = "on its way", "has been delivered"


def test_each_change_is_told_once_and_then_there_is_nothing_more_to_tell(stage: Stage) -> None:
    stage.subscribe()
    stage.look()
    assert stage.told == [], "nothing has happened"
    stage.becomes(OrderStatus.SHIPPED)
    for _ in range(3):
        stage.look()
    stage.becomes(OrderStatus.DELIVERED)
    for _ in range(3):
        stage.look()
    assert [SHIPPED in stage.told[0], ARRIVED in stage.told[1], len(stage.told)] == [True, True, 2]
    assert stage.ended_by == "over"
    calls = len(stage.orders.calls)
    stage.look()
    assert len(stage.orders.calls) == calls, "an order of which nothing is to come is looked at no more"


def test_it_goes_the_way_of_all_messages_to_the_customer(stage: Stage) -> None:
    stage.subscribe()
    stage.becomes(OrderStatus.SHIPPED)
    stage.look()
    said = stage.ledger.messages("c")[-1]
    assert (said.delivery, said.data["order_update"]["number"]) == (Delivery.PENDING, NUMBER)


def test_of_several_changes_the_latest_is_told_and_the_others_are_no_news_later(stage: Stage) -> None:
    stage.subscribe()
    stage.becomes(OrderStatus.DELIVERED)
    stage.look()
    stage.look()
    assert len(stage.told) == 1 and ARRIVED in stage.told[0]
    assert stage.record.keys() == {"shipped", "arrived"}


def test_what_was_so_when_the_customer_asked_is_no_news_but_what_came_before_the_yes_is(stage: Stage) -> None:
    stage.becomes(OrderStatus.SHIPPED)
    seq = stage.says("Where is my order?")
    assert stage.subscriptions.offer("c", stage.orders.find(NUMBER), seq)
    stage.asks(seq)
    stage.becomes(OrderStatus.DELIVERED)
    stage.subscriptions.agree("c", stage.says("yes"), "", "")
    stage.look()
    assert len(stage.told) == 1 and ARRIVED in stage.told[0]


def test_what_was_told_in_an_answer_is_no_news(stage: Stage) -> None:
    stage.subscribe()
    stage.becomes(OrderStatus.SHIPPED)
    stage.subscriptions.answered("c", stage.orders.find(NUMBER))
    stage.look()
    assert stage.told == [] and stage.record["shipped"] == "known"


def test_each_new_day_is_told_and_a_refund(stage: Stage) -> None:
    stage.subscribe()
    order = stage.orders.orders[NUMBER]
    promised = replace(order.shipments[0], promised_by=stage.clock())
    stage.orders.orders[NUMBER] = replace(order, shipments=(promised,))
    for days in (4, 4, 6):
        stage.becomes(OrderStatus.SHIPPED, days)
        stage.look()
    assert len(stage.told) == 2 and all("later than we promised" in text for text in stage.told)
    stage.becomes(OrderStatus.CANCELLED, refund=Refund(
        order.total, RefundState.ISSUED, order.payment_method, stage.clock(), stage.clock()))
    stage.look()
    stage.look()
    assert len(stage.told) == 3 and "has been cancelled" in stage.told[2] and "your card" in stage.told[2]


def test_a_day_that_has_passed_is_told_once(stage: Stage) -> None:
    stage.subscribe()
    stage.becomes(OrderStatus.SHIPPED, 1)
    stage.look()
    stage.clock.advance(days=2)
    stage.look()
    stage.look()
    assert len(stage.told) == 2 and "should have reached you" in stage.told[1]


@pytest.mark.parametrize(("mood", "words"), [("upset", "Thank you for your patience"), ("glad", "Good news"),
                                             ("angry", "I'm sorry that you had to wait"), ("", "News about")])
def test_the_words_are_those_for_the_mood_in_which_the_customer_was_left(stage: Stage, mood: str, words: str) -> None:
    stage.subscribe(mood=mood)
    stage.becomes(OrderStatus.SHIPPED)
    stage.look()
    assert words in stage.told[0]


def tell_at_once(notifiers: list[UpdateNotifier], look: DueSubscription, order: Order) -> list[str | None]:
    """Each tells the same, as far as it knows."""
    barrier = Barrier(len(notifiers))

    def tell(one: UpdateNotifier) -> str | None:
        barrier.wait()
        return one.tell(look, order)

    with ThreadPoolExecutor(len(notifiers)) as threads:
        return list(threads.map(tell, notifiers))


def test_two_workers_at_once_tell_once(stage: Stage) -> None:
    stage.subscribe()
    notifiers = [UpdateNotifier(stage.ledger, stage.settings, mails=False) for _ in range(4)]
    for status in (OrderStatus.SHIPPED, OrderStatus.DELIVERED):
        stage.becomes(status)
        stage.clock.advance(minutes=15)
        [found] = stage.subscriptions.due(timedelta(minutes=10), 5)
        said = tell_at_once(notifiers, found, stage.orders.find(NUMBER))
        assert [one for one in said if one] == ["c"]
    assert len(stage.told) == 2


def test_two_workers_share_the_looks(stage: Stage) -> None:
    stage.subscribe()
    other = stage.new_worker()
    stage.clock.advance(minutes=15)
    barrier = Barrier(2)

    def look(worker: Any) -> None:
        barrier.wait()
        worker.look()

    before = stage.orders.calls.count("find")
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(look, (stage.worker, other)))
    assert stage.orders.calls.count("find") - before == 1


@pytest.mark.parametrize("table", ["order_updates", "messages", "counter_changes"])
def test_a_process_that_dies_on_the_way_has_told_nothing_and_the_next_one_tells(stage: Stage, table: str) -> None:
    stage.subscribe()
    stage.becomes(OrderStatus.SHIPPED)

    def die(_c: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if statement.startswith(f"INSERT INTO {table} "):
            raise KeyboardInterrupt("the process dies after this statement")

    event.listen(stage.engine, "after_cursor_execute", die)
    try:
        with pytest.raises(KeyboardInterrupt):
            stage.look()
    finally:
        event.remove(stage.engine, "after_cursor_execute", die)
    assert stage.told == [] and "shipped" not in stage.record
    stage.look(stage.new_worker())
    stage.look()
    assert len(stage.told) == 1


def test_a_change_cannot_stand_twice_in_the_record(stage: Stage) -> None:
    stage.subscribe()
    stage.becomes(OrderStatus.SHIPPED)
    stage.look()
    with stage.engine.connect() as connection:
        keys = connection.execute(select(order_updates.c.subscription_id, order_updates.c.change)).all()
    assert len(keys) == len(set(keys)) == 1


def test_nothing_is_told_at_night_and_all_of_it_in_the_morning(stage: Stage) -> None:
    stage.subscribe()
    stage.becomes(OrderStatus.SHIPPED)
    stage.clock.advance(hours=10)  # nine in the evening in New York
    calls = len(stage.orders.calls)
    for _ in range(10):
        stage.look(minutes=60)
        assert stage.told == []
    assert len(stage.orders.calls) == calls
    stage.look(minutes=65)  # after eight
    assert len(stage.told) == 1


def test_nothing_is_told_after_a_word(stage: Stage) -> None:
    stage.subscribe()
    assert stage.subscriptions.stop("c") == (NUMBER,)
    stage.becomes(OrderStatus.SHIPPED)
    stage.look()
    assert (stage.told, stage.ended_by, stage.subscriptions.stop("c")) == ([], "stop", ())


def test_who_has_stopped_can_wish_it_again(stage: Stage) -> None:
    stage.subscribe()
    stage.subscriptions.stop("c")
    seq = stage.says("let me know when it ships after all")
    assert not stage.subscriptions.offer("c", stage.orders.find(NUMBER), seq), "not by itself"
    assert stage.subscriptions.offer("c", stage.orders.find(NUMBER), seq, wished=True)
    stage.asks(seq)
    assert stage.subscriptions.agree("c", stage.says("yes"), "", "") == NUMBER
    stage.becomes(OrderStatus.SHIPPED)
    stage.look()
    assert len(stage.told) == 1


@pytest.mark.parametrize("answer", ["no", "yes but only if it's free", "what do you mean?", "how much is delivery"])
def test_nothing_but_a_plain_yes_is_a_yes(stage: Stage, answer: str) -> None:
    seq = stage.says("Where is my order?")
    assert stage.subscriptions.offer("c", stage.orders.find(NUMBER), seq)
    stage.asks(seq)
    assert stage.subscriptions.agree("c", stage.says(answer), "", "") is None
    stage.becomes(OrderStatus.SHIPPED)
    stage.look()
    assert stage.told == []


def test_the_question_is_asked_once_for_an_order_and_again_in_a_turn_that_is_run_again(stage: Stage) -> None:
    seq, order = stage.says("Where is my order?"), stage.orders.find(NUMBER)
    assert [stage.subscriptions.offer("c", order, seq) for _ in range(2)] == [True, True]
    assert not stage.subscriptions.offer("c", order, stage.says("and where is it?"))
    assert stage.subscriptions.offer("c", stage.orders.find("TD-10421"), seq)


def test_only_a_yes_waits_for_the_disk(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'tandem.db'}"  # PostgreSQL shares its waits among transactions
    open_ready(url).dispose()
    stage, levels = Stage(open_engine(url)), list[int]()
    event.listen(stage.engine, "commit", lambda connection: levels.append(
        connection.connection.dbapi_connection.execute("PRAGMA synchronous").fetchone()[0]))
    order, seq = stage.orders.find(NUMBER), stage.says("Where is my order?")
    assert levels == [2]
    levels.clear()
    assert stage.subscriptions.offer("c", order, seq)
    assert levels == [1]
    stage.asks(seq)
    seq = stage.says("yes please")
    levels.clear()
    assert stage.subscriptions.agree("c", seq, "", "") == NUMBER
    stage.subscriptions.answered("c", order)
    assert levels == [2, 1]
    stage.engine.dispose()


def test_a_yes_that_is_handled_twice_is_one(stage: Stage) -> None:
    stage.subscribe()
    seq = stage.ledger.messages("c")[-1].seq
    stage.subscriptions.stop("c")
    assert stage.subscriptions.agree("c", seq, "", "") == NUMBER
    assert stage.ended_by == "stop", "a turn that is run again takes nothing back"


@pytest.mark.parametrize("holder", ["nobody", "an agent"])
def test_while_people_have_the_conversation_they_are_told_instead(stage: Stage, holder: str) -> None:
    stage.subscribe()
    anna = Agent("anna", "Anna")
    stage.ownership.open_handoff(HandoffRequest("c", "Asked for a person", "intent:ask_for_human"))
    if holder == "an agent":
        stage.ownership.claim("c", anna)
    stage.becomes(OrderStatus.SHIPPED)
    stage.look()
    assert stage.told == [] and len(stage.notes) == 1 and SHIPPED in stage.notes[0]
    stage.ownership.hand_back("c", anna if holder == "an agent" else None)
    stage.look()
    assert stage.told == [], "they have passed it on"


def test_another_customer_in_the_conversation_is_told_nothing(stage: Stage) -> None:
    stage.subscribe()
    stage.says("hello", identity=Identity("8", "other@example.com"))
    stage.becomes(OrderStatus.SHIPPED)
    stage.look()
    assert (stage.told, stage.notes, stage.ended_by) == ([], [], "identity")


def test_a_stranger_who_matched_the_order_is_told_and_another_customer_after_them_is_not(stage: Stage) -> None:
    stage.subscribe(identity=None)
    stage.becomes(OrderStatus.SHIPPED)
    stage.look()
    assert len(stage.told) == 1
    stage.says("hello", identity=Identity("8", "other@example.com"))
    stage.becomes(OrderStatus.DELIVERED)
    stage.look()
    assert (len(stage.told), stage.ended_by) == (1, "identity")


def test_whose_token_has_ended_is_still_the_customer(stage: Stage) -> None:
    stage.subscribe(identity=replace(Identity("7", "new@example.com"), expires_at=stage.clock()))
    stage.becomes(OrderStatus.SHIPPED)
    stage.look()
    assert len(stage.told) == 1


def test_who_has_signed_out_is_told_nothing(stage: Stage) -> None:
    stage.subscribe(channel="webchat")
    sessions = CustomerSessions(stage.ledger, _NothingMatched())
    assert sessions.sign_out(SessionClaim("c", stage.ledger.conversation("c").session))
    stage.becomes(OrderStatus.SHIPPED)
    stage.look()
    assert (stage.told, stage.notes, stage.ended_by) == ([], [], "identity")


def test_an_order_that_has_become_another_customers_is_not_told(stage: Stage) -> None:
    stage.subscribe()
    stage.becomes(OrderStatus.SHIPPED, email="other@example.com")
    stage.look()
    assert (stage.told, stage.ended_by) == ([], "identity")


def test_who_is_erased_is_told_nothing_and_nothing_is_left(stage: Stage) -> None:
    stage.subscribe()
    stage.becomes(OrderStatus.SHIPPED)
    stage.look()
    stage.ledger.erase("c")
    stage.look()
    with stage.engine.connect() as connection:
        assert connection.execute(select(order_subscriptions)).all() == []
        assert connection.execute(select(order_updates)).all() == []


def test_an_export_has_the_subscriptions(stage: Stage, tmp_path: Any) -> None:
    stage.subscribe()
    [found] = privacy.export(stage.ledger, f"sqlite:///{tmp_path}/t.db", ["c"], "anna", "cli")
    assert [(one["order_number"], one["ended_by"]) for one in found["order_updates"]] == [(NUMBER, None)]


def test_while_the_order_system_is_away_nothing_is_told_and_nothing_is_lost(stage: Stage) -> None:
    stage.subscribe()
    stage.becomes(OrderStatus.SHIPPED)
    stage.orders.down = True
    stage.look()
    stage.orders.down = False
    stage.look()
    assert len(stage.told) == 1


class _NothingMatched:
    def matched_for_another(self, conversation_id: str, email: str) -> bool:
        return False

    def forget_all_but(self, conversation_id: str, email: str | None) -> None:
        return None

"""What the worker does when some orders cannot be read: the others' customers hear all the same."""
from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import insert, update

from tandem.conversations.model import InboundMessage
from tandem.order_updates.tables import order_subscriptions
from tandem.orders.errors import OrderSystemUnavailable
from tandem.orders.model import Order, OrderStatus
from tests.integration.order_updates.conftest import Stage


def _unreadable(monkeypatch: pytest.MonkeyPatch, stage: Stage, *numbers: str) -> None:
    """Let the engine answer what cannot be read for some orders, which others want to hear of as well."""
    find = stage.orders.find

    def found(number: str) -> Order:
        if number in numbers:
            stage.orders.calls.append("find")
            raise OrderSystemUnavailable("the engine answered what is no order of its own")
        return find(number)

    monkeypatch.setattr(stage.orders, "find", found)
    now: datetime = stage.clock()
    for number in numbers:
        stage.ledger.receive(InboundMessage(f"c-{number}", "telegram", "hello"))
        with stage.engine.begin() as connection:
            connection.execute(insert(order_subscriptions).values(
                conversation_id=f"c-{number}", order_number=number, mood="", language="", offered_at=now,
                offered_seq=1, email_hash="", agreed_at=now, agreed_seq=1, next_look_at=now))
    with stage.engine.begin() as connection:
        connection.execute(update(order_subscriptions).values(next_look_at=now))


def test_an_order_that_cannot_be_read_keeps_no_other_customer_from_their_news(
    stage: Stage, monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage.subscribe()
    _unreadable(monkeypatch, stage, "TD-10001")  # is looked at first
    stage.becomes(OrderStatus.SHIPPED)
    stage.look()
    assert len(stage.told) == 1


def test_behind_several_that_cannot_be_read_the_news_comes_with_the_next_run(
    stage: Stage, monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage.subscribe()
    _unreadable(monkeypatch, stage, *(f"TD-1000{digit}" for digit in range(1, 6)))
    stage.becomes(OrderStatus.SHIPPED)
    stage.look()
    assert len(stage.orders.calls[-3:]) == 3 and stage.told == [], "three in a row end a run"
    stage.look(minutes=0.1)
    assert len(stage.told) == 1

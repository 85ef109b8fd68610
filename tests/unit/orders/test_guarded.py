"""The guard around the order system, over one that hangs in real threads, fails, and comes back."""
from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from typing import Any

import pytest

from tandem.orders.circuit import Circuit, CircuitOpen, CircuitState
from tandem.orders.demo_orders import demo_orders
from tandem.orders.errors import OrderNotFound, OrderSystemUnavailable
from tandem.orders.guarded import GuardedOrderSystem, order_budget
from tandem.orders.policies import ShopPolicies
from tests.fakes.orders import FakeOrderSystem

AT = datetime(2025, 3, 12, 15, 0, tzinfo=timezone.utc)


class Shop(FakeOrderSystem):
    """An order system whose `find` hangs, fails or works, as the test says."""

    def __init__(self) -> None:
        super().__init__(demo_orders(AT, timezone.utc), lambda: AT, ShopPolicies())
        self.go_on = threading.Event()
        self.hangs = False
        self.error: Exception | None = None

    def find(self, number: str) -> Any:
        if self.hangs:
            self.calls.append("hung")
            self.go_on.wait(60)
        if self.error is not None:
            raise self.error
        return super().find(number)


@pytest.fixture
def shop() -> Iterator[Shop]:
    opened = Shop()
    yield opened
    opened.go_on.set()


def guarded(shop: Shop, **options: Any) -> GuardedOrderSystem:
    return GuardedOrderSystem(lambda: shop, **{"threads": 4, "seconds": 0.3, **options})


def ends(system: GuardedOrderSystem, number: str = "TD-10421") -> str:
    try:
        return system.find(number).number
    except OrderSystemUnavailable:
        return "unavailable"


def test_answers_and_refusals_come_through_unchanged(shop: Shop) -> None:
    system = guarded(shop)
    assert system.find("TD-10421") == shop.find("TD-10421")
    for _ in range(20):
        with pytest.raises(OrderNotFound):
            system.find("TD-99999")
    assert system.circuit.state is CircuitState.CLOSED, "a no is an answer"


def test_a_call_that_hangs_ends_and_takes_one_thread(shop: Shop) -> None:
    system = guarded(shop)
    shop.hangs = True
    began = time.monotonic()
    assert ends(system) == "unavailable"
    assert time.monotonic() - began < 10
    shop.hangs = False
    assert ends(system) == "TD-10421", "the other threads work on"


def test_a_crowd_never_takes_more_threads_than_there_are_and_then_the_circuit_opens(
    shop: Shop, caplog: pytest.LogCaptureFixture,
) -> None:
    system = guarded(shop)
    shop.hangs = True
    with ThreadPoolExecutor(40) as crowd:
        assert set(crowd.map(lambda _: ends(system), range(40))) == {"unavailable"}
    assert shop.calls.count("hung") == 4
    while system.circuit.state is CircuitState.CLOSED:
        shop.hangs, shop.error = False, OrderSystemUnavailable("down")
        shop.go_on.set()
        ends(system)
    assert caplog.text.count("the circuit opens") == 1


def test_an_open_circuit_asks_nothing_and_one_call_tries_it() -> None:
    at = [0.0]
    circuit = Circuit("it", failures=3, pause=10, clock=lambda: at[0])
    for _ in range(3):
        circuit.admit()
        circuit.failed()
    assert circuit.state is CircuitState.OPEN
    for at[0] in (0.0, 9.9):
        with pytest.raises(CircuitOpen):
            circuit.admit()
    at[0] = 10.0
    circuit.admit()
    assert circuit.state is CircuitState.HALF_OPEN
    with pytest.raises(CircuitOpen):
        circuit.admit()
    circuit.failed()
    at[0] = 19.9
    with pytest.raises(CircuitOpen):
        circuit.admit()
    at[0] = 20.0
    circuit.admit()
    circuit.succeeded()
    assert circuit.state is CircuitState.CLOSED
    circuit.admit()
    circuit.admit()


def test_a_trial_that_never_reports_does_not_keep_the_circuit_open_for_ever() -> None:
    at = [0.0]
    circuit = Circuit("it", failures=1, pause=10, clock=lambda: at[0])
    circuit.failed()
    for at[0] in (10.0, 20.0, 30.0):
        circuit.admit()


def test_one_success_between_failures_keeps_it_closed() -> None:
    circuit = Circuit("it", failures=3)
    for _ in range(5):
        circuit.failed()
        circuit.failed()
        circuit.succeeded()
    assert circuit.state is CircuitState.CLOSED


def test_many_threads_get_one_trial() -> None:
    at = [0.0]
    circuit = Circuit("it", failures=1, pause=10, clock=lambda: at[0])
    circuit.failed()
    at[0] = 10.0
    barrier = threading.Barrier(16)

    def admitted(_: int) -> bool:
        barrier.wait()
        try:
            circuit.admit()
        except CircuitOpen:
            return False
        return True

    with ThreadPoolExecutor(16) as crowd:
        assert sum(crowd.map(admitted, range(16))) == 1


def test_it_closes_when_the_system_answers_again(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    at = [0.0]
    system = guarded(shop, circuit=Circuit("the order system", failures=2, pause=10, clock=lambda: at[0]))
    shop.error = OrderSystemUnavailable("down")
    assert [ends(system) for _ in range(4)] == ["unavailable"] * 4
    shop.error = None
    assert ends(system) == "unavailable" and shop.calls == [], "not asked"
    at[0] = 10.0
    assert [ends(system) for _ in range(3)] == ["TD-10421"] * 3
    assert "the circuit opens" in caplog.text and "the circuit closes" in caplog.text


def test_an_adapter_that_raises_anything_is_unavailable_and_in_the_log(
    shop: Shop, caplog: pytest.LogCaptureFixture,
) -> None:
    shop.error = KeyError("no such column")
    with caplog.at_level(logging.ERROR):
        assert ends(guarded(shop)) == "unavailable"
    assert "no such column" in caplog.text


def test_calls_share_the_time_of_their_turn(shop: Shop) -> None:
    system = guarded(shop, seconds=30)
    shop.hangs = True
    began = time.monotonic()
    with order_budget(0.3):
        assert [ends(system) for _ in range(3)] == ["unavailable"] * 3
    assert time.monotonic() - began < 10
    assert shop.calls == ["hung"], "no time was left for the others"
    assert system.circuit.state is CircuitState.CLOSED, "who had no time says nothing about the system"


def test_a_system_that_cannot_be_opened_is_opened_later() -> None:
    shop, tries = Shop(), []

    def open_system() -> Shop:
        tries.append(1)
        if len(tries) == 1:
            raise OrderSystemUnavailable("no database")
        return shop

    system = GuardedOrderSystem(open_system)
    assert tries == [], "nothing is asked before it is needed"
    assert [ends(system) for _ in range(3)] == ["unavailable", "TD-10421", "TD-10421"]
    assert len(tries) == 2

"""The order system as the bot and the desk call it: in threads of its own, with an end to every call."""
from __future__ import annotations

import functools
import logging
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from tandem.executors import Bulkhead, NotBegun, TookTooLong
from tandem.orders.acts.requests import ActRequest, ActResult
from tandem.orders.circuit import Circuit, CircuitOpen
from tandem.orders.errors import OrderError, OrderSystemUnavailable
from tandem.orders.model import Address, Invoice, Order, ReturnReason, ReturnRequest
from tandem.orders.system import OrderSystem

T = TypeVar("T")
logger = logging.getLogger(__name__)

THREADS = 8  # calls at a time in one process
CALL_SECONDS = 8.0
PATIENCE = 1.0  # seconds to wait for a thread
_TELLING = 2.0  # seconds; a call that had less and did not end says nothing about the order system

_until: ContextVar[float] = ContextVar("order_budget", default=math.inf)


@contextmanager
def order_budget(seconds: float) -> Iterator[None]:
    """Limit all calls of the order system that this thread makes inside the block to so many seconds together."""
    token = _until.set(min(_until.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _until.reset(token)


class GuardedOrderSystem:
    """An `OrderSystem` around another one.

    A call that does not end in time keeps its thread until it does, and is answered with `OrderSystemUnavailable`, as
    is every call while all threads are busy or the circuit is open. Writes that were given up may still be done.

    Args:
        open_system: Makes the order system, in the first call and again until it succeeds; may block.
        seconds: How long a call may take.
    """

    def __init__(
        self, open_system: Callable[[], OrderSystem], threads: int = THREADS, seconds: float = CALL_SECONDS,
        circuit: Circuit | None = None,
    ) -> None:
        self.circuit = circuit or Circuit("the order system")
        self._open_system = open_system
        self._opening = threading.Lock()
        self._system: OrderSystem | None = None
        self._seconds = seconds
        self._threads = Bulkhead("order system", threads, PATIENCE)

    def find(self, number: str) -> Order:
        return self._call(lambda system: system.find(number))

    def open_orders(self, email: str) -> tuple[Order, ...]:
        return self._call(lambda system: system.open_orders(email))

    def recent_orders(self, email: str, limit: int = 10) -> tuple[Order, ...]:
        return self._call(lambda system: system.recent_orders(email, limit))

    def cancel(self, number: str, *, idempotency_key: str) -> Order:
        return self._call(lambda system: system.cancel(number, idempotency_key=idempotency_key))

    def change_address(self, number: str, address: Address, *, idempotency_key: str) -> Order:
        return self._call(lambda system: system.change_address(number, address, idempotency_key=idempotency_key))

    def start_return(
        self, number: str, *, skus: tuple[str, ...] | None = None, reason: ReturnReason, idempotency_key: str
    ) -> ReturnRequest:
        return self._call(lambda system: system.start_return(
            number, skus=skus, reason=reason, idempotency_key=idempotency_key))

    def act(self, number: str, request: ActRequest, *, idempotency_key: str) -> ActResult:
        return self._call(lambda system: system.act(number, request, idempotency_key=idempotency_key))

    def invoice(self, number: str) -> Invoice:
        return self._call(lambda system: system.invoice(number))

    def check(self) -> None:
        self._call(lambda system: system.check())

    def _call(self, work: Callable[[OrderSystem], T]) -> T:
        seconds = min(self._seconds, _until.get() - time.monotonic())
        if seconds <= 0:
            raise OrderSystemUnavailable("the time for asking the order system is used up")
        try:
            self.circuit.admit()
            value = self._threads.call(seconds, functools.partial(self._work, work))
        except (CircuitOpen, NotBegun) as error:
            raise OrderSystemUnavailable(str(error)) from error
        except TookTooLong as error:
            if seconds >= min(_TELLING, self._seconds):
                self.circuit.failed()
            raise OrderSystemUnavailable(str(error)) from error
        except OrderSystemUnavailable:
            self.circuit.failed()
            raise
        except OrderError:
            self.circuit.succeeded()  # it says no, but it says so
            raise
        except Exception as error:  # an adapter may raise anything
            self.circuit.failed()
            logger.exception("The order system's adapter failed")
            raise OrderSystemUnavailable(f"the order system's adapter failed: {type(error).__name__}") from error
        self.circuit.succeeded()
        return value

    def _work(self, work: Callable[[OrderSystem], T]) -> T:
        with self._opening:
            if self._system is None:
                self._system = self._open_system()
        return work(self._system)

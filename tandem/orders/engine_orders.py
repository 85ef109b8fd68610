"""An engine as the shop's order system: what is compared, allowed and remembered stands here, once for all engines.

What a search of an engine brings is compared exactly, the shop's policies are applied to what the engine would take all
the same, and what was asked is on record before it is asked, because engines do twice what they are asked twice.
"""
from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from tandem.db.engine import now
from tandem.orders.acts.requests import REQUESTS, ActRequest, ActResult, reference_of
from tandem.orders.acts.rules import check_act
from tandem.orders.engine import EngineOrder, EngineRefused, ShopEngine
from tandem.orders.errors import (
    ActNotAllowed,
    ActRefusal,
    AddressNotChangeable,
    InvoiceNotReady,
    NotCancellable,
    NotReturnable,
    OrderNotFound,
    OrderRefused,
    OrderSystemUnavailable,
    ReturnRefusal,
)
from tandem.orders.identifiers import (
    normalise_email,
    number_variants,
    written_number,
)
from tandem.orders.model import Address, Invoice, Order, OrderAct, OrderStatus, ReturnReason, ReturnRequest
from tandem.orders.policies import DEFAULT_POLICIES, ShopPolicies, check_address, chosen_lines, return_refusal
from tandem.orders.write_log import WriteLog, WriteState

LONGEST_NUMBER = 64
LOOKS = 12  # at an order that something else is changing, or whose change is not to be seen yet
PAUSE = 0.25  # seconds between two


class EngineOrders:
    """`OrderSystem` around a `ShopEngine`.

    Args:
        log: Where writes are remembered; None for an engine of which nothing is written.
        looks: How often an order is looked at until a change is to be seen.
    """

    def __init__(
        self, engine: ShopEngine, log: WriteLog | None, policies: ShopPolicies = DEFAULT_POLICIES,
        clock: Callable[[], datetime] = now, sleep: Callable[[float], None] = time.sleep, looks: int = LOOKS,
    ) -> None:
        self.engine = engine
        self._log = log
        self._policies = policies
        self._clock = clock
        self._sleep = sleep
        self._looks = looks

    def find(self, number: str) -> Order:
        return self._load(number).order

    def open_orders(self, email: str) -> tuple[Order, ...]:
        return tuple(order for order in self._of_customer(email, 100) if order.status.open)

    def recent_orders(self, email: str, limit: int = 10) -> tuple[Order, ...]:
        return self._of_customer(email, max(1, min(limit, 100)))

    def cancel(self, number: str, *, idempotency_key: str) -> Order:
        found, state = self._begin(idempotency_key, number, OrderAct.CANCEL.value)
        if state is WriteState.DONE or (state is WriteState.UNCLEAR and _is_cancelled(found.order)):
            return self._repeated(idempotency_key, found.order)
        with self._writing(idempotency_key):
            if not found.order.can_cancel:
                raise NotCancellable(number, found.order.status)
            try:
                self.engine.cancel(found)
            except EngineRefused as error:
                settled = self._settled(number, _is_cancelled)
                if state is not WriteState.UNCLEAR or not _is_cancelled(settled):  # else it was this one, before
                    raise NotCancellable(number, settled.status) from error
            except OrderSystemUnavailable:
                if not _is_cancelled(self._settled(number, _is_cancelled)):
                    raise
            return self._seen(number, _is_cancelled)

    def change_address(self, number: str, address: Address, *, idempotency_key: str) -> Order:
        check_address(address)

        def is_there(order: Order) -> bool:
            return _same_place(order.shipping_address, address)

        found, state = self._begin(idempotency_key, number, OrderAct.CHANGE_ADDRESS.value, repr(address))
        if state is WriteState.DONE or (state is WriteState.UNCLEAR and is_there(found.order)):
            return self._repeated(idempotency_key, found.order)
        with self._writing(idempotency_key):
            if not found.order.can_change_address:
                raise AddressNotChangeable(number, found.order.status)
            try:
                self.engine.change_address(found, address)
            except EngineRefused as error:
                raise AddressNotChangeable(number, self.find(number).status) from error
            except OrderSystemUnavailable:
                if not is_there(self.find(number)):
                    raise
            return self._seen(number, is_there)

    def start_return(
        self, number: str, *, skus: tuple[str, ...] | None = None, reason: ReturnReason, idempotency_key: str
    ) -> ReturnRequest:
        wanted = repr(sorted(set(skus))) if skus else "all"
        found, state = self._begin(idempotency_key, number, OrderAct.START_RETURN.value, wanted, reason.value)
        if state in (WriteState.DONE, WriteState.UNCLEAR) and found.order.return_request is not None:
            self._repeated(idempotency_key, found.order)
            return found.order.return_request
        with self._writing(idempotency_key):
            refusal = return_refusal(found.order, self._clock())
            if refusal is not None:
                raise NotReturnable(number, refusal, found.order.return_until)
            lines = chosen_lines(found.order, skus)
            try:
                self.engine.start_return(found, lines, reason)
            except EngineRefused as error:
                settled = self._settled(number, _has_return)
                why = ReturnRefusal.ALREADY_REQUESTED if _has_return(settled) else ReturnRefusal.NOT_DELIVERED
                raise NotReturnable(number, why, settled.return_until) from error
            except OrderSystemUnavailable:
                if not _has_return(self.find(number)):
                    raise
            request = self._seen(number, _has_return).return_request
            if request is None:
                raise OrderSystemUnavailable("the engine took the return, and it is not to be seen")
            return request

    def act(self, number: str, request: ActRequest, *, idempotency_key: str) -> ActResult:
        found, state = self._begin(idempotency_key, number, request.act.value, repr(request))
        mark = reference_of(idempotency_key)
        again = state is WriteState.UNCLEAR and self.engine.does_once
        if state is not WriteState.NEW and not again:
            made = self.engine.made(found, request, mark)
            if made is not None or state is WriteState.DONE:
                self._repeated(idempotency_key, found.order)
                return ActResult(request.act, made or "")
        with self._writing(idempotency_key):
            if not again:
                check_act(found.order, request, self._clock())
            try:
                return ActResult(request.act, self.engine.act(found, request, mark))
            except (EngineRefused, OrderSystemUnavailable) as error:
                made = self.engine.made(self._load(number), request, mark)
                if made is not None:
                    return ActResult(request.act, made)
                if isinstance(error, EngineRefused):
                    raise ActNotAllowed(number, request.act, ActRefusal.BY_ENGINE) from error
                raise

    def invoice(self, number: str) -> Invoice:
        """Return the order as its own invoice: engines number no others, and mail it when the order is placed."""
        order = self.find(number)
        if order.status is OrderStatus.PAYMENT_FAILED or (_is_cancelled(order) and order.refund is None):
            raise InvoiceNotReady(number)
        return Invoice(order.number, order.number, order.total, order.placed_at, order.email)

    def check(self) -> None:
        self.engine.check()

    def _load(self, number: str) -> EngineOrder:
        """Find the one order that has exactly this number: what a search brings is not an answer."""
        if not number or not number.isprintable() or len(number) > LONGEST_NUMBER:
            raise OrderNotFound(number)
        variants = number_variants(number)
        exact = [one for one in self.engine.by_number(variants) if one.order.number in variants]
        if not exact:
            raise OrderNotFound(number)
        newest = max(exact, key=lambda one: (one.order.number == number, one.order.placed_at))
        return replace(newest, order=replace(self._judged(newest.order), number=number))

    def _of_customer(self, email: str, limit: int) -> tuple[Order, ...]:
        address = normalise_email(email)
        if not address.isprintable() or "@" not in address or len(address) > 254:
            return ()
        own = {one.id: self._judged(one.order) for one in self.engine.by_email(address, limit)
               if normalise_email(one.order.email) == address}
        newest = sorted(own.values(), key=lambda order: (order.placed_at, order.number), reverse=True)
        return tuple(newest[:limit])

    def _judged(self, order: Order) -> Order:
        """Write the order's number as the shop does, and say what may be done to it: by the shop and by the engine."""
        acts = self.engine.acts if self._log is not None else frozenset()
        judged = self._policies.applied_to(order)
        request, until = judged.return_request, judged.return_until
        if request is not None and until is not None and request.send_by <= request.created_at:
            request = replace(request, send_by=until)
        return replace(
            judged, number=written_number(order.number), return_request=request,
            can_cancel=bool(judged.can_cancel) and OrderAct.CANCEL in acts,
            can_change_address=bool(judged.can_change_address) and OrderAct.CHANGE_ADDRESS in acts,
            can_return=judged.can_return is not False and OrderAct.START_RETURN in acts,
            acts=tuple(act for act in REQUESTS if act in acts),
        )

    def _begin(self, key: str, number: str, *request: str) -> tuple[EngineOrder, WriteState]:
        """Put the intent on record and look at the order, in this order; wait while another write is under way."""
        if self._log is None:
            return self._load(number), WriteState.NEW
        for _ in range(self._looks):
            state = self._log.begin(key, number, *request)
            if state is not WriteState.UNDER_WAY:
                try:
                    return self._load(number), state
                except OrderNotFound:
                    self._log.forget(key)
                    raise
                except Exception:
                    self._log.leave_open(key)
                    raise
            self._sleep(PAUSE)
        raise OrderSystemUnavailable("another change of this order is still under way")

    @contextmanager
    def _writing(self, key: str) -> Iterator[None]:
        """Note how the write ends: done, refused, or unclear."""
        try:
            yield
        except OrderRefused:
            if self._log is not None:
                self._log.forget(key)
            raise
        except BaseException:
            if self._log is not None:
                self._log.leave_open(key)
            raise
        if self._log is not None:
            self._log.finish(key)

    def _repeated(self, key: str, order: Order) -> Order:
        if self._log is not None:
            self._log.finish(key)
        return order

    def _settled(self, number: str, happened: Callable[[Order], bool]) -> Order:
        """Look again at an order whose change was refused: perhaps because somebody else was just making it."""
        order = self.find(number)
        for _ in range(3):
            if happened(order):
                break
            self._sleep(PAUSE)
            order = self.find(number)
        return order

    def _seen(self, number: str, happened: Callable[[Order], bool]) -> Order:
        """Read the order until its change is to be seen.

        Raises:
            OrderSystemUnavailable: The engine has taken it, and it is not done yet; repeating is safe.
        """
        for attempt in range(self._looks):
            if attempt:
                self._sleep(PAUSE)
            order = self.find(number)
            if happened(order):
                return order
        raise OrderSystemUnavailable("the engine has taken the change, and it is still under way")


def _is_cancelled(order: Order) -> bool:
    return order.status is OrderStatus.CANCELLED


def _has_return(order: Order) -> bool:
    return order.return_request is not None


def _same_place(one: Address, other: Address) -> bool:
    """Compare addresses as engines keep them: without blanks at the ends, and whatever the case of the codes."""
    return [part.strip().casefold() for part in (one.name, one.street, one.city, one.postcode)] == [
        part.strip().casefold() for part in (other.name, other.street, other.city, other.postcode)]


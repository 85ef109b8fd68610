"""Orders in a SQL database: the default order system."""
from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.sql import Select

from tandem.db.engine import now, reading
from tandem.orders.acts.requests import REQUESTS, ActRequest, ActResult
from tandem.orders.acts.rules import check_act
from tandem.orders.adapters.sql import rows
from tandem.orders.adapters.sql.order_acts import reference_under, save_act
from tandem.orders.adapters.sql.tables import orders, shipments, writes
from tandem.orders.errors import (
    AddressNotChangeable,
    IdempotencyConflict,
    InvoiceNotReady,
    NotCancellable,
    NotReturnable,
    OrderNotFound,
    OrderSystemUnavailable,
    ReturnRefusal,
)
from tandem.orders.identifiers import normalise_email
from tandem.orders.model import (
    Address,
    Invoice,
    Order,
    OrderStatus,
    Refund,
    RefundState,
    ReturnReason,
    ReturnRequest,
)
from tandem.orders.money import Money
from tandem.orders.policies import DEFAULT_POLICIES, ShopPolicies, check_address, chosen_lines, return_refusal
from tandem.orders.shipments import ShipmentState

# Built once: to build a query costs as much as to run it.
_OF_CUSTOMER = (
    select(orders).where(orders.c.email == bindparam("address"))
    .order_by(orders.c.placed_at.desc(), orders.c.number.desc()).limit(bindparam("most"))
)
_OPEN = _OF_CUSTOMER.where(orders.c.status.in_([status.value for status in OrderStatus if status.open]))
_BY_NUMBER = select(orders).where(orders.c.number == bindparam("target"))
_NEWEST = select(orders).order_by(orders.c.placed_at.desc()).limit(1)
_TO_CHANGE = _BY_NUMBER.with_for_update()


class SqlOrderSystem:
    """`OrderSystem` over the tables of `adapters/tables.py`; `tandem.db.schema.upgrade` makes them.

    Args:
        engine: From `tandem.db.engine.open_engine`.
        documents_url: Where the shop serves labels and invoices; empty when it mails them.
    """

    def __init__(
        self,
        engine: Engine,
        clock: Callable[[], datetime] = now,
        policies: ShopPolicies = DEFAULT_POLICIES,
        documents_url: str = "",
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._policies = policies
        self._documents_url = documents_url.rstrip("/")

    def find(self, number: str) -> Order:
        with self._snapshot() as connection:
            return self._load(connection, number)

    def open_orders(self, email: str) -> tuple[Order, ...]:
        return self._of_customer(_OPEN, email, limit=100)

    def recent_orders(self, email: str, limit: int = 10) -> tuple[Order, ...]:
        return self._of_customer(_OF_CUSTOMER, email, max(1, min(limit, 100)))

    def cancel(self, number: str, *, idempotency_key: str) -> Order:
        with self._writing() as connection:
            order = self._load(connection, number, lock=True)
            if self._is_repeat(connection, idempotency_key, number, "cancel"):
                return order
            if not order.can_cancel:
                raise NotCancellable(number, order.status)
            now = self._clock()
            connection.execute(
                update(orders).where(orders.c.number == number)
                .values(status=OrderStatus.CANCELLED.value, cancelled_at=now, payment_due_by=None)
            )
            connection.execute(
                update(shipments).where(shipments.c.order_number == number)
                .values(state=ShipmentState.CANCELLED.value, expected_by=None, ships_by=None)
            )
            if order.refundable is not None and order.refundable.amount > 0:
                rows.save_refund(connection, number, self._refund(order, order.refundable, RefundState.ISSUED, now))
            return self._load(connection, number)

    def change_address(self, number: str, address: Address, *, idempotency_key: str) -> Order:
        check_address(address)
        with self._writing() as connection:
            order = self._load(connection, number, lock=True)
            if self._is_repeat(connection, idempotency_key, number, "change_address", repr(address)):
                return order
            if not order.can_change_address:
                raise AddressNotChangeable(number, order.status)
            connection.execute(
                update(orders).where(orders.c.number == number).values(**rows.address_values(address))
            )
            return replace(order, shipping_address=address)

    def start_return(
        self, number: str, *, skus: tuple[str, ...] | None = None, reason: ReturnReason, idempotency_key: str
    ) -> ReturnRequest:
        with self._writing() as connection:
            order = self._load(connection, number, lock=True)
            fingerprint = (repr(sorted(set(skus))) if skus else "all", reason.value)
            repeated = self._is_repeat(connection, idempotency_key, number, "start_return", *fingerprint)
            if repeated and order.return_request:
                return order.return_request
            now = self._clock()
            refusal = return_refusal(order, now)
            if refusal is not None or order.return_until is None:
                raise NotReturnable(number, refusal or ReturnRefusal.NOT_DELIVERED, order.return_until)
            lines = chosen_lines(order, skus)
            request = ReturnRequest(
                id=f"R-{number}", order_number=number, skus=tuple(line.sku for line in lines), reason=reason,
                created_at=now, send_by=order.return_until, label_url=self._document("returns", f"R-{number}"),
            )
            rows.save_return(connection, request)
            worth = sum((line.price for line in lines[1:]), lines[0].price)
            if order.refundable is not None and order.refundable.amount < worth.amount:
                worth = order.refundable
            if worth.amount > 0:
                rows.save_refund(connection, number, self._refund(order, worth, RefundState.PENDING_RETURN, now))
            return request

    def act(self, number: str, request: ActRequest, *, idempotency_key: str) -> ActResult:
        with self._writing() as connection:
            order = self._load(connection, number, lock=True)
            if self._is_repeat(connection, idempotency_key, number, request.act.value, repr(request)):
                return ActResult(request.act, reference_under(connection, _sha256(idempotency_key)))
            now = self._clock()
            check_act(order, request, now)
            days = self._policies.current().refund_business_days
            return ActResult(request.act, save_act(
                connection, order, request, _sha256(idempotency_key), now, days))

    def invoice(self, number: str) -> Invoice:
        order = self.find(number)
        never_paid = order.status is OrderStatus.CANCELLED and order.refund is None
        if order.status is OrderStatus.PAYMENT_FAILED or never_paid:
            raise InvoiceNotReady(number)
        return Invoice(
            number=f"INV-{number}", order_number=number, total=order.total, issued_at=order.placed_at,
            sent_to=order.email, url=self._document("invoices", f"INV-{number}"),
        )

    def check(self) -> None:
        with self._snapshot() as connection:
            connection.execute(select(orders.c.number).limit(1))

    def newest(self) -> Order | None:
        """Return the newest order; None in an empty shop."""
        with self._snapshot() as connection:
            heads = connection.execute(_NEWEST).mappings().all()
            return next(iter(rows.load_orders(connection, heads)), None)

    def _of_customer(self, query: Select, email: str, limit: int) -> tuple[Order, ...]:
        if not email.isprintable():  # no address; PostgreSQL refuses NUL in a text
            return ()
        with self._snapshot() as connection:
            heads = connection.execute(query, {"address": normalise_email(email), "most": limit})
            return tuple(map(self._judged, rows.load_orders(connection, heads.mappings())))

    def _load(self, connection: Connection, number: str, lock: bool = False) -> Order:
        if not number.isprintable():
            raise OrderNotFound(number)
        heads = connection.execute(_TO_CHANGE if lock else _BY_NUMBER, {"target": number}).mappings().all()
        found = rows.load_orders(connection, heads, number)
        if not found:
            raise OrderNotFound(number)
        return self._judged(found[0])

    def _judged(self, order: Order) -> Order:
        return replace(self._policies.applied_to(order), acts=tuple(REQUESTS))

    def _is_repeat(self, connection: Connection, key: str, *request: str) -> bool:
        """Check whether this very write was done before; if not, it counts as done when the transaction commits."""
        hashed, fingerprint = _sha256(key), _sha256("\n".join(request))
        known = connection.execute(
            select(writes.c.fingerprint).where(writes.c.idempotency_key == hashed)
        ).scalar_one_or_none()
        if known is None:
            connection.execute(
                insert(writes).values(
                    idempotency_key=hashed, order_number=request[0], fingerprint=fingerprint, at=self._clock()
                )
            )
            return False
        if known != fingerprint:
            raise IdempotencyConflict(key)
        return True

    def _refund(self, order: Order, amount: Money, state: RefundState, now: datetime) -> Refund:
        issued_at = now if state is RefundState.ISSUED else None
        days = self._policies.current().refund_business_days
        return Refund(amount, state, order.payment_method, now, issued_at, days)

    def _document(self, folder: str, name: str) -> str:
        return f"{self._documents_url}/{folder}/{name}.pdf" if self._documents_url else ""

    @contextmanager
    def _snapshot(self) -> Iterator[Connection]:
        """Run several queries that see one state of the database."""
        with _reachable():
            if self._engine.dialect.name == "sqlite":
                with reading(self._engine).connect() as connection:
                    connection.exec_driver_sql("BEGIN DEFERRED")
                    try:
                        yield connection
                    finally:
                        connection.exec_driver_sql("ROLLBACK")
            else:
                engine = self._engine.execution_options(isolation_level="REPEATABLE READ")
                with engine.connect() as connection:
                    yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with _reachable(), self._engine.begin() as connection:
            yield connection


@contextmanager
def _reachable() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        # Only an operational fault is told in full: other messages may quote customers' data.
        why = str(error.orig) if isinstance(error, OperationalError) else type(error).__name__
        raise OrderSystemUnavailable(f"the order database does not answer: {why}") from error


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

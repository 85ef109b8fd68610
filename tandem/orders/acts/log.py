"""What was done to orders, by whom and for how much: on record, and counted, before anything is asked of an engine."""
from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, MetaData, String, Table, delete, func, insert, select, update
from sqlalchemy.engine import Connection, Engine

from tandem.db.engine import UtcDateTime, now, reading, serialise
from tandem.orders.acts.requests import ActResult
from tandem.orders.errors import ActNotAllowed, ActRefusal, IdempotencyConflict, OrderSystemUnavailable
from tandem.orders.model import OrderAct
from tandem.orders.money import Money

ABANDONED = timedelta(seconds=30)  # after which who began an act is taken to be gone
KEPT = timedelta(days=730)  # as long as anybody asks for money
_BEGUN, _UNCLEAR, _DONE = "begun", "open", "done"  # a refused act leaves no row

metadata = MetaData()

order_acts = Table(
    "order_acts",
    metadata,
    Column("idempotency_key", String(64), primary_key=True),  # SHA-256 of the key
    Column("order_number", String(64), nullable=False),
    Column("act", String(16), nullable=False),
    Column("fingerprint", String(64), nullable=False),  # SHA-256 of the request
    Column("role", String(16), nullable=False),
    Column("actor", String(120), nullable=False),
    Column("amount", BigInteger, nullable=False),  # which it costs the shop, in the currency's smallest units
    Column("currency", String(3), nullable=False),
    Column("skus", JSON, nullable=False),
    Column("state", String(8), nullable=False),
    Column("reference", String(255), nullable=False, server_default=""),  # what the engine calls what it made
    Column("at", UtcDateTime, nullable=False, index=True),
    Index("order_acts_order_number", "order_number"),
    Index("order_acts_actor_at", "actor", "at"),
)
Line = Callable[[Connection, str], None]  # writes a line of the audit log in the transaction of what it tells


@dataclass(frozen=True)
class IntendedAct:
    """An act that is to be done.

    Attributes:
        key: The same for every try at it.
        amount: What it costs the shop.
        skus: The lines that are sent anew.
        refundable: What is left of the payment of the order, where money goes back.
    """

    key: str
    number: str
    act: OrderAct
    request: str
    role: str
    actor: str
    amount: Money
    skus: tuple[str, ...] = ()
    refundable: Money | None = None


@dataclass(frozen=True)
class Confirmation:
    """What was confirmed of an act that was begun before: what it costs, and which lines it is about."""

    amount: Money
    skus: tuple[str, ...]


@dataclass(frozen=True)
class ActLimits:
    """What may be given: for one order, and by one actor since `day_began`; None is no limit."""

    per_order: Money | None
    per_day: Money | None
    day_began: datetime


class ActLog:
    """The table of acts; blocking, and safe to share between threads and processes."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = now) -> None:
        self._engine = engine
        self._clock = clock

    def known(self, key: str, number: str, request: str) -> Confirmation | None:
        """Return what was confirmed under this key before, however it went; None if nothing was.

        Raises:
            IdempotencyConflict: The key belongs to another request.
        """
        with reading(self._engine).connect() as connection:
            row = _row(connection, key)
        if row is None or not _is_same(row, key, number, request):
            return None
        return Confirmation(Money.of_minor(row["amount"], row["currency"]), tuple(row["skus"]))

    def check(self, intended: IntendedAct, limits: ActLimits) -> None:
        """See whether an act could be begun now, as `begin` will.

        Raises:
            ActNotAllowed: It would be more than the role may give, than is left of the payment, or done already.
        """
        with reading(self._engine).connect() as connection:
            _refuse_too_much(connection, intended, limits)

    def begin(self, intended: IntendedAct, limits: ActLimits, line: Line) -> ActResult | None:
        """Put the act on record, and return what came of it if it was done before.

        Counting and recording are one transaction, and one at a time in all processes.

        Raises:
            IdempotencyConflict: The key belongs to another request.
            ActNotAllowed: It would be more than the role may give, than is left of the payment, or done already.
            OrderSystemUnavailable: The same act is under way at this moment.
        """
        moment = self._clock()
        with self._engine.begin() as connection:
            serialise(connection, "acts on orders")
            connection.execute(delete(order_acts).where(order_acts.c.at < moment - KEPT))
            row = _row(connection, intended.key)
            if row is not None and _is_same(row, intended.key, intended.number, intended.request):
                if row["state"] == _DONE:
                    return ActResult(intended.act, row["reference"])
                if row["state"] == _BEGUN and row["at"] > moment - ABANDONED:
                    raise OrderSystemUnavailable("this act is under way at this moment")
                connection.execute(update(order_acts).where(_is(intended.key)).values(state=_BEGUN, at=moment))
            else:
                _refuse_too_much(connection, intended, limits)
                connection.execute(insert(order_acts).values(
                    idempotency_key=_sha256(intended.key), order_number=intended.number, act=intended.act.value,
                    fingerprint=_fingerprint(intended.number, intended.request), role=intended.role,
                    actor=intended.actor[:120], amount=intended.amount.minor, currency=intended.amount.currency,
                    skus=list(intended.skus), state=_BEGUN, at=moment))
            line(connection, "asked")
        return None

    def finish(self, key: str, result: ActResult, line: Line) -> None:
        """Note that it is done, and what came of it."""
        with self._engine.begin() as connection:
            connection.execute(update(order_acts).where(_is(key)).values(
                state=_DONE, reference=result.reference[:255]))
            line(connection, "done")

    def leave_open(self, key: str) -> None:
        """Note that nobody knows whether it was done; it counts until that is known."""
        with self._engine.begin() as connection:
            connection.execute(update(order_acts).where(_is(key)).values(state=_UNCLEAR))

    def refuse(self, key: str, line: Line) -> None:
        """Free the key of an act that was refused."""
        with self._engine.begin() as connection:
            connection.execute(delete(order_acts).where(_is(key)))
            line(connection, "refused")

    def given(self, number: str, actor: str, currency: str, day_began: datetime) -> tuple[Money, Money]:
        """Return what was given for an order by everybody, and by one actor since the day began."""
        with reading(self._engine).connect() as connection:
            return tuple(Money.of_minor(one, currency)  # type: ignore[return-value]
                         for one in _given(connection, number, actor, currency, day_began))


def _refuse_too_much(connection: Connection, intended: IntendedAct, limits: ActLimits) -> None:
    def refused(why: ActRefusal, most: int | None = None) -> ActNotAllowed:
        amount = Money.of_minor(max(0, most), intended.amount.currency) if most is not None else None
        return ActNotAllowed(intended.number, intended.act, why, amount)

    wanted, currency = intended.amount.minor, intended.amount.currency
    if intended.skus and set(intended.skus) & _sent_anew(connection, intended.number):
        raise refused(ActRefusal.DONE_BEFORE)
    if intended.refundable is not None:
        left = intended.refundable.minor - _waiting(connection, intended.number)
        if wanted > left:
            raise refused(ActRefusal.TOO_MUCH, left)
    of_order, of_day = _given(connection, intended.number, intended.actor, currency, limits.day_began)
    for limit, given, why in ((limits.per_order, of_order, ActRefusal.ORDER_LIMIT),
                              (limits.per_day, of_day, ActRefusal.DAY_LIMIT)):
        if limit is None or not wanted:
            continue
        if limit.currency != currency:  # nobody has said how much that is
            raise refused(why)
        if wanted > limit.minor - given:
            raise refused(why, limit.minor - given)


def _given(
    connection: Connection, number: str, actor: str, currency: str, day_began: datetime,
) -> tuple[int, int]:
    """Sum what counts: done, under way, and what may have been done."""
    total = func.coalesce(func.sum(order_acts.c.amount), 0)
    query = select(total).where(order_acts.c.currency == currency)
    of_order = connection.execute(query.where(order_acts.c.order_number == number)).scalar_one()
    of_day = connection.execute(query.where(
        order_acts.c.actor == actor[:120], order_acts.c.at >= day_began)).scalar_one()
    return int(of_order), int(of_day)


def _waiting(connection: Connection, number: str) -> int:
    """Sum the refunds of which the order may not tell yet."""
    query = select(func.coalesce(func.sum(order_acts.c.amount), 0)).where(
        order_acts.c.order_number == number, order_acts.c.act == OrderAct.REFUND.value, order_acts.c.state != _DONE)
    return int(connection.execute(query).scalar_one())


def _sent_anew(connection: Connection, number: str) -> set[str]:
    query = select(order_acts.c.skus).where(
        order_acts.c.order_number == number,
        order_acts.c.act.in_([OrderAct.RESHIP.value, OrderAct.EXCHANGE.value]))
    return {sku for skus in connection.execute(query).scalars() for sku in skus}


def _row(connection: Connection, key: str) -> Any:
    return connection.execute(select(order_acts).where(_is(key))).mappings().one_or_none()


def _is(key: str) -> Any:
    return order_acts.c.idempotency_key == _sha256(key)


def _is_same(row: Any, key: str, number: str, request: str) -> bool:
    if row["fingerprint"] != _fingerprint(number, request):
        raise IdempotencyConflict(key)
    return True


def _fingerprint(number: str, request: str) -> str:
    return _sha256(f"{number}\n{request}")


def _sha256(value: str) -> str:
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()

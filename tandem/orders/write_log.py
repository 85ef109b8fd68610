"""What was asked of the shop's engine, under which key: most engines would do the same thing twice if asked twice."""
from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import Enum

from sqlalchemy import Column, MetaData, String, Table, delete, insert, select, text, update
from sqlalchemy.engine import Connection, Engine

from tandem.db.engine import UtcDateTime, now
from tandem.orders.errors import IdempotencyConflict

ABANDONED = timedelta(seconds=30)  # after which who began a write is taken to be gone
KEPT = timedelta(days=90)
_LOCK = 0x7A4D0DE2  # any number no other lock of this database uses

metadata = MetaData()

order_writes = Table(
    "order_writes",
    metadata,
    Column("idempotency_key", String(64), primary_key=True),  # SHA-256 of the key
    Column("order_number", String(64), nullable=False, index=True),
    Column("fingerprint", String(64), nullable=False),  # SHA-256 of the request
    Column("state", String(8), nullable=False),
    Column("at", UtcDateTime, nullable=False, index=True),
)


class WriteState(str, Enum):
    """How far a write is."""

    NEW = "new"  # never heard of before; it is now under way
    UNDER_WAY = "begun"  # it, or another write to this order, is being done at this moment
    UNCLEAR = "open"  # it was begun before, and whether the engine did it only the order can tell
    DONE = "done"


class WriteLog:
    """Remembers writes in Tandem's own database; blocking, and safe to share between threads and processes.

    The intent is on record before the engine is asked. One write to an order is under way at a time.
    """

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = now) -> None:
        self._engine = engine
        self._clock = clock

    def begin(self, key: str, number: str, *request: str) -> WriteState:
        """Put the intent on record, unless the answer is `UNDER_WAY` or `DONE`.

        Raises:
            IdempotencyConflict: The key belongs to another request.
        """
        hashed, fingerprint, moment = _sha256(key), _sha256("\n".join((number, *request))), self._clock()
        with self._engine.begin() as connection:
            _hold_others_back(connection)
            connection.execute(delete(order_writes).where(order_writes.c.at < moment - KEPT))
            known = connection.execute(select(order_writes).where(
                order_writes.c.idempotency_key == hashed)).mappings().one_or_none()
            if known is not None and known["fingerprint"] != fingerprint:
                raise IdempotencyConflict(key)
            if known is not None and known["state"] == WriteState.DONE.value:
                return WriteState.DONE
            if self._is_under_way(connection, number, moment):
                return WriteState.UNDER_WAY
            values = {"state": WriteState.UNDER_WAY.value, "at": moment}
            if known is None:
                connection.execute(insert(order_writes).values(
                    idempotency_key=hashed, order_number=number, fingerprint=fingerprint, **values))
                return WriteState.NEW
            connection.execute(update(order_writes).where(order_writes.c.idempotency_key == hashed).values(values))
            return WriteState.UNCLEAR

    def finish(self, key: str) -> None:
        """Note that the engine has done it."""
        self._set(key, WriteState.DONE)

    def leave_open(self, key: str) -> None:
        """Note that the engine's answer was lost; the next one to ask looks at the order first."""
        self._set(key, WriteState.UNCLEAR)

    def forget(self, key: str) -> None:
        """Free the key of a write that was refused."""
        with self._engine.begin() as connection:
            connection.execute(delete(order_writes).where(order_writes.c.idempotency_key == _sha256(key)))

    def _set(self, key: str, state: WriteState) -> None:
        with self._engine.begin() as connection:
            connection.execute(update(order_writes).where(
                order_writes.c.idempotency_key == _sha256(key)).values(state=state.value))

    def _is_under_way(self, connection: Connection, number: str, moment: datetime) -> bool:
        query = select(order_writes.c.idempotency_key).where(
            order_writes.c.order_number == number, order_writes.c.state == WriteState.UNDER_WAY.value,
            order_writes.c.at > moment - ABANDONED)
        return connection.execute(query.limit(1)).first() is not None


def _hold_others_back(connection: Connection) -> None:
    """Let two processes not begin at once; on SQLite the transaction is the only writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})


def _sha256(value: str) -> str:
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()

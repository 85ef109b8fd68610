"""The audit log: who did what to which conversation or account, and who read it, and when; never what was said."""
from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import event, insert, select, update
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from tandem.agents.tables import audit_log
from tandem.db.engine import now, reading
from tandem.logs import about

logger = logging.getLogger(__name__)

MAX_PAGE = 200  # lines read at a time
READ_AGAIN = 15 * 60  # seconds within which an agent's further looks at a conversation count as the same reading
_REMEMBERED = 20_000  # readings; the oldest is forgotten first
Detail = str | Callable[[Connection], str]


@dataclass(frozen=True)
class AuditEntry:
    """One line. `via` is session, token or cli; `conversation_id` is a pseudonym after an erasure."""

    id: int
    at: datetime
    actor: str
    via: str
    action: str
    conversation_id: str | None
    detail: str


@dataclass
class _Pending:
    """A line that is written with the next transaction that commits in this context."""

    engine: Engine
    values: dict[str, str | None]
    detail: Detail
    written: bool = False


_pending: ContextVar[_Pending | None] = ContextVar("pending_audit_entry", default=None)


def record(
    engine: Engine, actor: str, via: str, action: str, conversation_id: str | None = None, detail: str = "",
) -> None:
    """Write one line in a transaction of its own, for what changes nothing in this database.

    Args:
        actor: The agent's id, or the name a program gave itself.
        via: `session`, `token` or `cli`.
        detail: A few words without personal data.
    """
    with engine.begin() as connection:
        write(connection, actor, via, action, conversation_id, detail)


def write(
    connection: Connection, actor: str, via: str, action: str, conversation_id: str | None = None, detail: str = "",
) -> None:
    """Write one line inside a transaction; the arguments are those of `record`."""
    _insert(connection, _values(actor, via, action, conversation_id), detail)


@contextmanager
def recorded(
    engine: Engine, actor: str, via: str, action: str, conversation_id: str | None = None, detail: Detail = "",
) -> Iterator[None]:
    """Write one line in the same transaction as the act inside: neither is ever there without the other.

    The act is the first transaction on this engine that commits inside the block. If it fails, or nothing is written,
    there is no line.

    Args:
        detail: A few words without personal data, or what reads them from the transaction before it commits.
    """
    if not event.contains(engine, "commit", _write_pending):
        event.listen(engine, "commit", _write_pending)
    token = _pending.set(_Pending(engine, _values(actor, via, action, conversation_id), detail))
    try:
        yield
    finally:
        _pending.reset(token)


def _write_pending(connection: Connection) -> None:
    line = _pending.get()
    if line is not None and not line.written and line.engine.pool is connection.engine.pool:
        line.written = True
        _insert(connection, line.values, line.detail if isinstance(line.detail, str) else line.detail(connection))


def _values(actor: str, via: str, action: str, conversation_id: str | None) -> dict[str, str | None]:
    return {"actor": actor[:120], "via": via, "action": action, "conversation_id": conversation_id}


def _insert(connection: Connection, values: dict[str, str | None], detail: str) -> None:
    connection.execute(insert(audit_log), {**values, "at": now(), "detail": detail[:255]})


class Readings:
    """Notes who reads which conversation, once in a while for each; one object a process, safe from any thread."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._clock = clock
        self._lock = threading.Lock()
        self._noted: OrderedDict[tuple[str, str], float] = OrderedDict()

    def note(self, actor: str, via: str, conversation_id: str) -> None:
        """Write that somebody reads a conversation, unless that was written within `READ_AGAIN` seconds.

        A database that cannot be written keeps nobody from reading: the log of the process says what is missing.
        """
        key, now = (actor, conversation_id), self._clock()
        with self._lock:
            if now - self._noted.get(key, -READ_AGAIN) < READ_AGAIN:
                return
            self._noted[key] = now
            self._noted.move_to_end(key)
            if len(self._noted) > _REMEMBERED:
                self._noted.popitem(last=False)
        try:
            record(self._engine, actor, via, "read", conversation_id)
        except SQLAlchemyError:
            logger.exception("That %s reads a conversation is not in the audit log", actor,
                             extra=about(conversation_id))
            with self._lock:
                self._noted.pop(key, None)


def pseudonym(conversation_id: str) -> str:
    """Name an erased conversation: the same for the same id, and not to be read back from the log."""
    return "erased:" + hashlib.sha256(conversation_id.encode("utf-8", "replace")).hexdigest()[:16]


def forget(connection: Connection, conversation_id: str) -> None:
    """Take a conversation's id, which may be a phone number, out of the log."""
    connection.execute(update(audit_log).where(audit_log.c.conversation_id == conversation_id)
                       .values(conversation_id=pseudonym(conversation_id)))


def entries(
    engine: Engine, *, actor: str = "", action: str = "", conversation_id: str = "", before: int | None = None,
    limit: int = 100,
) -> Sequence[AuditEntry]:
    """Read lines, the newest first.

    Args:
        actor, action, conversation_id: Only lines with this very value; empty for all. An erased conversation is found
            by its former id too.
        before: Only lines older than the one of this id, for the next page.
        limit: 1 to `MAX_PAGE`.
    """
    query = select(audit_log).order_by(audit_log.c.id.desc()).limit(max(1, min(limit, MAX_PAGE)))
    if actor:
        query = query.where(audit_log.c.actor == actor)
    if action:
        query = query.where(audit_log.c.action == action)
    if conversation_id:
        query = query.where(audit_log.c.conversation_id.in_([conversation_id, pseudonym(conversation_id)]))
    if before is not None:
        query = query.where(audit_log.c.id < before)
    with reading(engine).connect() as connection:
        return [AuditEntry(**row) for row in connection.execute(query).mappings()]

"""The audit log: who did what to which conversation, and when. It never holds what was said."""
from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Engine

from tandem.database import now, reading
from tandem.desk.tables import audit_log


def record(
    engine: Engine, actor: str, via: str, action: str, conversation_id: str | None = None, detail: str = "",
) -> None:
    """Write one line.

    Args:
        actor: The agent's id, or the name a program gave itself.
        via: `session`, `token` or `cli`.
        detail: A few words without personal data.
    """
    with engine.begin() as connection:
        connection.execute(insert(audit_log).values(
            at=now(), actor=actor[:120], via=via, action=action, conversation_id=conversation_id, detail=detail[:255]))


def pseudonym(conversation_id: str) -> str:
    """What stands for an erased conversation: the same for the same id, and not to be read back from the log."""
    return "erased:" + hashlib.sha256(conversation_id.encode("utf-8", "replace")).hexdigest()[:16]


def forget(engine: Engine, conversation_id: str) -> None:
    """Take a conversation's id, which may be a phone number, out of the log."""
    with engine.begin() as connection:
        connection.execute(update(audit_log).where(audit_log.c.conversation_id == conversation_id)
                           .values(conversation_id=pseudonym(conversation_id)))


def latest(engine: Engine, limit: int = 100) -> Sequence[dict[str, Any]]:
    """The latest lines, newest first."""
    query = select(audit_log).order_by(audit_log.c.id.desc()).limit(limit)
    with reading(engine).connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]

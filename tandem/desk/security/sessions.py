"""Agents' sessions: kept on the server, known to the browser by a random id that is stored only as a hash."""
from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.engine import Engine

from tandem.agents.accounts import Account, Role
from tandem.agents.tables import agents, desk_sessions
from tandem.db.engine import now, reading

IDLE = timedelta(hours=2)  # without a request that an agent made by hand
ABSOLUTE = timedelta(hours=12)  # one working day
_TOUCH = timedelta(minutes=1)  # how exactly `seen_at` is kept


@dataclass(frozen=True)
class Session:
    """A signed-in agent. `id_hash` names the session in the database; the id itself is only in the cookie."""

    id_hash: str
    account: Account
    csrf_token: str


class Sessions:
    """Opens, finds and ends sessions; blocking, safe from any thread and process."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = now) -> None:
        self._engine = engine
        self._clock = clock

    def open(self, account: Account) -> tuple[str, Session]:
        """Open a session, and return it with the id for the cookie.

        Sessions that have expired are removed on the way.
        """
        session_id = secrets.token_urlsafe(32)
        session = Session(_hash(session_id), account, secrets.token_urlsafe(32))
        now = self._clock()
        with self._engine.begin() as connection:
            connection.execute(delete(desk_sessions).where(
                or_(desk_sessions.c.expires_at < now, desk_sessions.c.seen_at < now - IDLE)))
            connection.execute(insert(desk_sessions).values(
                id_hash=session.id_hash, agent_id=account.id, csrf_token=session.csrf_token, created_at=now,
                seen_at=now, expires_at=now + ABSOLUTE))
        return session_id, session

    def find(self, session_id: str, touch: bool = True) -> Session | None:
        """Find the live session with this id.

        Args:
            touch: Count this as a sign of life. What a page does by itself does not, or no session would ever be idle.
        """
        now = self._clock()
        query = (
            select(desk_sessions, agents.c.name, agents.c.role)
            .join(agents, agents.c.id == desk_sessions.c.agent_id)
            .where(desk_sessions.c.id_hash == _hash(session_id), desk_sessions.c.expires_at > now,
                   desk_sessions.c.seen_at > now - IDLE, agents.c.active.is_(True))
        )
        with reading(self._engine).connect() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        if touch and now - row.seen_at > _TOUCH:
            with self._engine.begin() as connection:
                connection.execute(update(desk_sessions).where(desk_sessions.c.id_hash == row.id_hash)
                                   .values(seen_at=now))
        return Session(row.id_hash, Account(row.agent_id, row.name, Role(row.role), True), row.csrf_token)

    def end(self, session: Session) -> None:
        """Sign out."""
        with self._engine.begin() as connection:
            connection.execute(delete(desk_sessions).where(desk_sessions.c.id_hash == session.id_hash))


def _hash(session_id: str) -> str:
    # The id has 256 random bits, so a plain hash cannot be searched backwards.
    return hashlib.sha256(session_id.encode("utf-8", "replace")).hexdigest()

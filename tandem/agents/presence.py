"""Who is at the desk: agents' open pages, whether they are away, and how many conversations they take at a time."""
from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.engine import Engine

from tandem.agents.accounts import AccountError
from tandem.agents.tables import agents
from tandem.conversations.model import Handoff
from tandem.db.engine import reading

OFFLINE = timedelta(seconds=45)  # without a sign of life of an open page; they come every 15 seconds
MAX_CAPACITY = 100


@dataclass(frozen=True)
class Presence:
    """One agent: `state` is available, away or offline; `open` counts the conversations they have."""

    id: str
    name: str
    state: str
    open: int
    capacity: int
    seen_at: datetime | None


def seen(engine: Engine, agent_id: str, now: datetime) -> None:
    """Note that an open page of this agent gives a sign of life."""
    with engine.begin() as connection:
        connection.execute(update(agents).where(agents.c.id == agent_id).values(seen_at=now))


def set_away(engine: Engine, agent_id: str, away: bool) -> None:
    """Say that an agent steps away, or is back."""
    with engine.begin() as connection:
        connection.execute(update(agents).where(agents.c.id == agent_id).values(away=away))


def is_away(engine: Engine, agent_id: str) -> bool:
    """Check whether the agent has stepped away."""
    with reading(engine).connect() as connection:
        return bool(connection.execute(select(agents.c.away).where(agents.c.id == agent_id)).scalar())


def set_capacity(engine: Engine, agent_id: str, capacity: int) -> None:
    """Say how many conversations an agent takes at a time.

    Raises:
        AccountError: No such account, or not 1 to `MAX_CAPACITY`.
    """
    if not 1 <= capacity <= MAX_CAPACITY:
        raise AccountError(f"an agent takes 1 to {MAX_CAPACITY} conversations at a time")
    with engine.begin() as connection:
        if connection.execute(update(agents).where(agents.c.id == agent_id).values(capacity=capacity)).rowcount == 0:
            raise AccountError(f"there is no agent {agent_id}")


def capacity_of(engine: Engine, agent_id: str) -> int | None:
    """Return how many conversations an agent takes at a time; None if there is no such account."""
    with reading(engine).connect() as connection:
        found = connection.execute(select(agents.c.capacity).where(agents.c.id == agent_id)).scalar_one_or_none()
    return int(found) if found is not None else None


def everybody(engine: Engine, open_handoffs: dict[str, Handoff], now: datetime) -> list[Presence]:
    """List all agents with an open account, by name."""
    held = Counter(one.claimed_by for one in open_handoffs.values())
    with reading(engine).connect() as connection:
        rows = connection.execute(select(agents).where(agents.c.active.is_(True)).order_by(agents.c.name)).all()
    return [Presence(row.id, row.name, _state(row.away, row.seen_at, now), held[row.id], row.capacity, row.seen_at)
            for row in rows]


def absent(engine: Engine, since: datetime) -> dict[str, str]:
    """Name the agents, by id, whose desk has been closed since then, or whose account is."""
    gone = or_(agents.c.active.is_(False), agents.c.seen_at.is_(None), agents.c.seen_at <= since)
    with reading(engine).connect() as connection:
        return {row.id: row.name for row in connection.execute(select(agents.c.id, agents.c.name).where(gone)).all()}


def _state(away: bool, seen_at: datetime | None, now: datetime) -> str:
    if seen_at is None or now - seen_at > OFFLINE:
        return "offline"
    return "away" if away else "available"

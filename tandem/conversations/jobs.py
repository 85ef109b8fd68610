"""Work that one process does at a time, and every so often: who has it, and when it was last done, in the database."""
from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import or_, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import Engine

from tandem.conversations.tables import jobs

LEASE = timedelta(minutes=5)  # renewed while the work goes on; so long a killed process holds it up


def take(engine: Engine, name: str, now: datetime, interval: timedelta = timedelta(0)) -> bool:
    """Take the work, unless another process has it or it was done less than `interval` ago; blocking."""
    upsert = postgresql_insert if engine.dialect.name == "postgresql" else sqlite_insert
    free = or_(jobs.c.lease_until.is_(None), jobs.c.lease_until < now, jobs.c.lease_until > now + 2 * LEASE)
    clock_stepped_back = jobs.c.ended_at > now
    due = or_(jobs.c.ended_at.is_(None), jobs.c.ended_at <= now - interval, clock_stepped_back)
    with engine.begin() as connection:
        connection.execute(upsert(jobs).values(name=name).on_conflict_do_nothing(index_elements=["name"]))
        taken = connection.execute(
            update(jobs).where(jobs.c.name == name, free, due).values(lease_until=now + LEASE))
        return bool(taken.rowcount)


def renew(engine: Engine, name: str, now: datetime) -> None:
    """Say that the work still goes on; blocking."""
    with engine.begin() as connection:
        connection.execute(update(jobs).where(jobs.c.name == name).values(lease_until=now + LEASE))


def give_back(engine: Engine, name: str, ended_at: datetime | None = None) -> None:
    """Let the next process have the work; with `ended_at`, it is done; blocking."""
    values = {"lease_until": None, **({"ended_at": ended_at} if ended_at is not None else {})}
    with engine.begin() as connection:
        connection.execute(update(jobs).where(jobs.c.name == name).values(**values))

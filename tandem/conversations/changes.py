"""In which order changes to conversations become visible: what those who watch ask for, on both databases.

A number taken before the commit does not do: who took 6 may commit before who took 5, and a reader that has seen 6
never asks for 5 again. A clock does not do either: clocks differ, and step back.

PostgreSQL numbers its transactions, and says which is the oldest that still runs: all before it are visible. SQLite has
one writer at a time, so numbers given inside a transaction are in the order of the commits.
"""
from __future__ import annotations

from sqlalchemy import BigInteger, bindparam, func, literal_column, select
from sqlalchemy.engine import Engine

from tandem.conversations.tables import conversations

Changes = tuple[int, list[tuple[str, int]]]  # where to look from the next time; (conversation id, revision)

# SQL for the number of a change that is being made, by dialect.
CHANGE_ID = {
    "postgresql": literal_column("txid_current()", BigInteger),
    "sqlite": literal_column(  # the time is in it so that the number of an erased conversation is not given again
        "max((SELECT coalesce(max(change_id), 0) + 1 FROM conversations),"
        " CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER))", BigInteger),
}
_SNAPSHOT = func.txid_current_snapshot()
_OLDEST_RUNNING = func.txid_snapshot_xmin(_SNAPSHOT)
_SINCE = bindparam("since", type_=BigInteger)
_CHANGED = {
    # Numbers beyond the snapshot are another server's, from before a restore.
    "postgresql": select(conversations.c.id, conversations.c.revision, _OLDEST_RUNNING.label("position")).where(
        conversations.c.change_id >= _SINCE, conversations.c.change_id < func.txid_snapshot_xmax(_SNAPSHOT)),
    "sqlite": select(conversations.c.id, conversations.c.revision, conversations.c.change_id.label("position")).where(
        conversations.c.change_id >= _SINCE),
}
_NOW = {
    "postgresql": select(_OLDEST_RUNNING),
    "sqlite": select(func.coalesce(func.max(conversations.c.change_id), literal_column("0"))),
}


def position(reading: Engine) -> int:
    """Return the position from which to look for all that changes from now on; blocking."""
    with reading.connect() as connection:
        return int(connection.execute(_NOW[reading.dialect.name]).scalar_one())


def changes_since(reading: Engine, since: int) -> Changes:
    """Find the conversations that have changed, some of which may have been told before; blocking."""
    with reading.connect() as connection:
        rows = connection.execute(_CHANGED[reading.dialect.name], {"since": since}).all()
    return max((int(row.position) for row in rows), default=since), [(row.id, row.revision) for row in rows]

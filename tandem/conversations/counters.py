"""Counters over all that the ledger keeps, kept up to date by the database in the same transaction as the rows.

A trigger writes a line into `counter_changes` with each message that comes, goes or changes its delivery state
(docs/decisions/0011-counters.md says why). The lines of a name add up to its count; `fold` replaces them by their sum.
"""
from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import func, select, text
from sqlalchemy.engine import Connection, Engine

from tandem.conversations.tables import counter_changes
from tandem.db.engine import reading

FOLD_AT = 1000  # lines
_SUMS = select(counter_changes.c.name, func.sum(counter_changes.c.amount)).group_by(counter_changes.c.name)


def read(engine: Engine) -> Mapping[str, int]:
    """Read every counter by its name; blocking."""
    with reading(engine).connect() as connection:
        return {name: int(total) for name, total in connection.execute(_SUMS).all()}


def fold(engine: Engine, at_least: int = FOLD_AT) -> bool:
    """Replace the lines by one a name if there are `at_least` so many; return whether it was done; blocking.

    Safe beside those who write further lines, and beside another process that folds.
    """
    enough = select(counter_changes.c.id).offset(at_least - 1).limit(1)
    with reading(engine).connect() as connection:
        if connection.execute(enough).first() is None:
            return False
    with engine.begin() as connection:
        _fold(connection)
    return True


def _fold(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        # In one statement: lines that others add meanwhile are neither counted nor removed.
        connection.execute(text(
            "WITH folded AS (DELETE FROM counter_changes RETURNING name, amount) "
            "INSERT INTO counter_changes (name, amount) SELECT name, sum(amount) FROM folded GROUP BY name "
            "HAVING sum(amount) <> 0"))
        return
    # This transaction is the only writer.
    sums = connection.execute(_SUMS.having(func.sum(counter_changes.c.amount) != 0)).all()
    connection.execute(counter_changes.delete())
    if sums:
        connection.execute(counter_changes.insert(), [{"name": name, "amount": total} for name, total in sums])

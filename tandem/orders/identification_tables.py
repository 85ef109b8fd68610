"""The tables of identification, and its lock."""
from __future__ import annotations

from sqlalchemy import Column, Index, Integer, MetaData, String, Table, text
from sqlalchemy.engine import Connection

from tandem.db.engine import UtcDateTime

metadata = MetaData()

misses = Table(
    "identification_misses",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("subject", String(80), nullable=False),
    Column("at", UtcDateTime, nullable=False, index=True),
    Index("identification_misses_subject_at", "subject", "at"),
)

refusals = Table(
    "identification_refusals",
    metadata,
    Column("subject", String(80), primary_key=True),
    Column("until", UtcDateTime, nullable=False, index=True),
)

grants = Table(
    "identification_grants",
    metadata,
    Column("conversation", String(80), primary_key=True),
    Column("order_number", String(64), primary_key=True),
    Column("contact", String(80)),  # whose order it is, as a hash; null if an earlier version granted it
    Column("granted_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
)

_LOCK = 0x7A4D1DE7  # any number no other lock of this database uses


def hold_others_back(connection: Connection) -> None:
    """Let no other such transaction run until this one ends, so that parallel guesses are counted one by one.

    On SQLite the transaction already is the only writer. A row lock would not do elsewhere: the row of a first miss is
    not there yet.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})

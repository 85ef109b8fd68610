"""The desk's own tables: agents, their sessions, attempts to sign in, and the audit log."""
from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, MetaData, String, Table, false

from tandem.conversations.tables import Key
from tandem.db.engine import UtcDateTime

metadata = MetaData()

agents = Table(
    "agents", metadata,
    Column("id", String(120), primary_key=True),
    Column("name", String(120), nullable=False),
    Column("role", String(16), nullable=False),
    Column("password_hash", String(255), nullable=False),
    Column("active", Boolean, nullable=False, default=True),
    Column("capacity", Integer, nullable=False, default=5, server_default="5"),  # conversations at a time
    Column("away", Boolean, nullable=False, default=False, server_default=false()),
    Column("seen_at", UtcDateTime),  # the latest sign of life of an open desk page
    Column("created_at", UtcDateTime, nullable=False),
)

desk_sessions = Table(
    "desk_sessions", metadata,
    Column("id_hash", String(64), primary_key=True),
    Column("agent_id", String(120), ForeignKey("agents.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("csrf_token", String(64), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)

sign_in_attempts = Table(
    "sign_in_attempts", metadata,
    Column("id", Key, primary_key=True, autoincrement=True),
    Column("agent_id", String(120), nullable=False),
    Column("address", String(64), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("succeeded", Boolean, nullable=False),
    Index("attempts_by_time", "at"),
    Index("attempts_by_agent", "agent_id", "at"),
    Index("attempts_by_address", "address", "at"),
)

audit_log = Table(
    "audit_log", metadata,
    Column("id", Key, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("actor", String(120), nullable=False),
    Column("via", String(16), nullable=False),
    Column("action", String(40), nullable=False),
    Column("conversation_id", String(255), index=True),
    Column("detail", String(255), nullable=False, default=""),
    Index("audit_log_by_actor", "actor", "id"),
    Index("audit_log_by_action", "action", "id"),
)

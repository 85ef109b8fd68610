"""The relay's tables: how far each handoff has got in its outside tool, and the webhooks that came from there."""
from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from tandem.conversations.tables import Key
from tandem.database import UtcDateTime

metadata = MetaData()

relays = Table(
    "relays", metadata,
    Column("handoff_id", String(32), primary_key=True),
    Column("conversation_id", String(255), nullable=False),
    Column("channel", String(64), nullable=False),
    Column("reference", JSON),  # the tool's side; null until opened
    Column("relayed_seq", Integer, nullable=False, default=0),  # the last message passed on
    Column("state", String(16), nullable=False),  # open, closed or dead
    Column("attempts", Integer, nullable=False, default=0),
    Column("next_attempt_at", UtcDateTime, nullable=False),
    Column("swept_at", UtcDateTime),
    Column("lease_until", UtcDateTime),
    Column("error", Text),
    Index("relays_due", "state", "next_attempt_at"),
)

webhooks = Table(
    "webhooks", metadata,
    Column("id", Key, primary_key=True, autoincrement=True),
    Column("channel", String(64), nullable=False),
    Column("delivery_id", String(255), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("done", Boolean, nullable=False, default=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("error", Text),
    UniqueConstraint("channel", "delivery_id", name="one_webhook_a_delivery"),
    Index("webhooks_to_do", "done", "id"),
)

agent_events = Table(
    "agent_events", metadata,
    Column("channel", String(64), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("handoff_id", String(32), nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

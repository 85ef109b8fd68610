"""Read a conversation's events in their order from an index: PostgreSQL's planner may else walk through all events."""
from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Put the order into the index. SQLite's index on the conversation alone is ordered by row already."""
    if op.get_bind().dialect.name == "postgresql":
        op.create_index("events_of_conversation", "events", ["sender_id", "id"])
        op.drop_index("ix_events_sender_id", "events")

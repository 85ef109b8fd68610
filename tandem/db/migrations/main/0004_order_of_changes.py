"""The number of each conversation's latest change, and indexes for open turns, pending messages and case entries."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add them; the indexes that they stand in for go."""
    op.add_column("conversations", sa.Column("change_id", Key))
    op.create_index("conversations_by_change", "conversations", ["change_id"])
    op.add_column("case_entries", sa.Column("key", sa.String(64)))
    op.create_index("one_case_entry_a_key", "case_entries", ["conversation_id", "key"], unique=True)
    for old, new, where in (("messages_open_turns", "messages_with_open_turn", "turn = 'open'"),
                            ("messages_to_deliver", "messages_pending", "delivery = 'pending'")):
        op.drop_index(old, "messages")
        op.create_index(new, "messages", ["conversation_id", "seq"], sqlite_where=sa.text(where),
                        postgresql_where=sa.text(where))

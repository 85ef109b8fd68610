"""Remember who did what to which order, so that what a role may give is counted and nothing is done twice."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tandem.db.engine import UtcDateTime

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "order_acts",
        sa.Column("idempotency_key", sa.String(64), primary_key=True),
        sa.Column("order_number", sa.String(64), nullable=False),
        sa.Column("act", sa.String(16), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("actor", sa.String(120), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("skus", sa.JSON, nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("reference", sa.String(255), nullable=False, server_default=""),
        sa.Column("at", UtcDateTime, nullable=False, index=True),
    )
    op.create_index("order_acts_order_number", "order_acts", ["order_number"])
    op.create_index("order_acts_actor_at", "order_acts", ["actor", "at"])

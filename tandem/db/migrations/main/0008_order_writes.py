"""Remember what was asked of the shop's engine, so that nothing is asked twice."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tandem.db.engine import UtcDateTime

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "order_writes",
        sa.Column("idempotency_key", sa.String(64), primary_key=True),
        sa.Column("order_number", sa.String(64), nullable=False, index=True),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False, index=True),
    )

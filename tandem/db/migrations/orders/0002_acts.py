"""Keep refunds in part, vouchers, goods sent anew and notes of an order."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tandem.db.engine import UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "shop_acts",
        sa.Column("idempotency_key", sa.String(64), primary_key=True),
        sa.Column("order_number", sa.String(64), sa.ForeignKey("shop_orders.number", ondelete="CASCADE"),
                  nullable=False, index=True),
        sa.Column("act", sa.String(16), nullable=False),
        sa.Column("reference", sa.String(64), nullable=False),
        sa.Column("amount", sa.Numeric(12, 2).with_variant(sa.String(16), "sqlite")),
        sa.Column("details", sa.JSON, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
    )

"""Keep the phone number of an order, for shops that know customers by it."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column."""
    op.add_column("shop_orders", sa.Column("phone", sa.String(40), nullable=False, server_default=""))

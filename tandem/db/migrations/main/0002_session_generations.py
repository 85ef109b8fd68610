"""Let sessions of customers be renewed and ended, and note whose the orders are that a conversation has matched."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns; conversations that are there stand at generation 0, and their matches are of nobody known."""
    op.add_column("conversations", sa.Column("session", sa.Integer, nullable=False, server_default="0"))
    op.add_column("identification_grants", sa.Column("contact", sa.String(80)))

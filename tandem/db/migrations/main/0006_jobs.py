"""Remember which process does a regular piece of work, and when it was last done."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

Moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "jobs", sa.Column("name", sa.String(40), primary_key=True), sa.Column("lease_until", Moment),
        sa.Column("ended_at", Moment))

"""Find the lines of one action in the audit log without reading all of it."""
from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the index."""
    op.create_index("audit_log_by_action", "audit_log", ["action", "id"])

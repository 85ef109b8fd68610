"""The table of Rasa 3.6's SQL tracker store, as Rasa makes it."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tandem.db.completion import complete_indexes, complete_tables

revision = "0001"
down_revision = None

metadata = sa.MetaData()

sa.Table(
    "events", metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("sender_id", sa.String(255), nullable=False, index=True),
    sa.Column("type_name", sa.String(255), nullable=False),
    sa.Column("timestamp", sa.Float),
    sa.Column("intent_name", sa.String(255)),
    sa.Column("action_name", sa.String(255)),
    sa.Column("data", sa.Text),
)


def upgrade() -> None:
    """Create the table, or complete one that an unversioned Tandem or Rasa itself has made."""
    complete_tables(op.get_bind(), metadata)
    complete_indexes(op.get_bind(), metadata)

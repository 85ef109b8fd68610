"""Alembic's entry: runs revisions over the connection, and inside the transaction, of `tandem.db.schema.upgrade`."""
from __future__ import annotations

from alembic import context

attributes = context.config.attributes
context.configure(connection=attributes["connection"], version_table=attributes["version_table"])
with context.begin_transaction():
    context.run_migrations()

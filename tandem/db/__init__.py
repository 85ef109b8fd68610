"""The versions of the database's schema: Alembic revisions, and what brings a database to the newest of them."""

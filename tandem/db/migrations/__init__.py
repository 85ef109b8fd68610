"""Alembic's environment (`env.py`), and the revisions of each schema in a folder of its own."""

"""Revisions of the order tables; docs/operations.md tells how one is written."""

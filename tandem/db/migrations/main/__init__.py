"""Revisions of Tandem's own tables (ledger, identification, relay, desk); docs/operations.md tells how to write one."""

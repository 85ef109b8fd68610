"""Revisions of Rasa's table of events; docs/operations.md tells how one is written."""

"""Keeps handoffs and outside tools in step, through any crash."""

"""Dialogue: the mood over a conversation, and the policy that brings in a person."""

"""Mood over a conversation: from the customer's messages to a score, the signals that fire, and their reasons."""

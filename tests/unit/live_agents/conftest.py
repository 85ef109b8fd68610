"""Handoffs and messages made by hand."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from tandem.conversations.model import Author, Delivery, Handoff, Kind, Message
from tests.fakes.clock import Clock

CARD = {"summary": "Asked three times.", "channel": "webchat",
        "customer": {"name": "Maya", "email": "maya@example.com"},
        "orders": [{"number": "SO-1", "status": "shipped", "seen_at": "now", "facts": []}]}


def a_handoff(clock: Clock, number: int = 1, card: Mapping[str, Any] = CARD, conversation: str = "c 1/ü") -> Handoff:
    return Handoff(f"h{number}", conversation, "Mood is falling", "trend", 0.8, number, clock(), None, None, None, None,
                   "", card)


def ended(handoff: Handoff, clock: Clock, outcome: str = "handed_back") -> Handoff:
    return replace(handoff, closed_at=clock(), outcome=outcome)


def a_word(clock: Clock, seq: int, text: str, author: Author = Author.CUSTOMER, name: str = "") -> Message:
    clock.advance(milliseconds=10)
    return Message("c 1/ü", seq, author, Kind.TEXT, name, text, clock(), 1, Delivery.NONE)


def long_ago(clock: Clock) -> Any:
    return clock() - timedelta(days=1)

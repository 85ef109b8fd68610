"""Cards and transcripts as plain text, long texts in parts."""
from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.conversations.context_card import ContextCard
from tandem.conversations.model import Author, Delivery, Handoff, Kind, Message
from tandem.live_agents.rendering import card_text, speaker, split_text, transcript_text

AT = datetime(2025, 3, 12, 15, 0, tzinfo=timezone.utc)


def handoff(card: Any) -> Handoff:
    return Handoff("h1", "c1", "Mood is falling", "trend", 0.8, 2, AT, None, None, None, None, "",
                   ContextCard.from_dict(card))


def said(seq: int, author: Author, text: str, name: str = "", kind: Kind = Kind.TEXT) -> Message:
    return Message("c1", seq, author, kind, name, text, AT, 1, Delivery.NONE)


def test_a_card_has_one_fact_a_line() -> None:
    text = card_text(handoff({
        "summary": "Three\ntimes", "customer": {"name": "Maya", "verified_orders": ["A", "B"]},
        "orders": [{"number": "A", "status": "shipped", "seen_at": "now", "facts": [["Carrier", "N"]]}],
        "mood": [{"seq": 1, "emotion": "neutral", "text": "hi"}, {"seq": 3, "emotion": "angry", "text": "a joke"}],
        "turning_point": 3, "promises": ["a call"], "slots": {"size": 42},
    }))
    assert text.split("\n") == [
        "Reason: Mood is falling (trend)", "Urgency: 80%", "Summary: Three times", "Customer: Maya",
        "Verified orders: A, B", "Mood: neutral → angry", "Turned at: a joke",
        "Order: A, shipped: Carrier: N: as seen now", "Promised: a call", "size: 42",
    ]


@pytest.mark.parametrize("card", [
    {}, {"customer": None, "mood": 5, "orders": [None, {}], "signals": {"a": 1}, "slots": [1], "promises": "no",
         "entities": [[]], "earlier_handoffs": [{"x": 1}]},
])
def test_a_card_of_another_version_is_shown_as_far_as_it_is_known(card: Any) -> None:
    assert card_text(handoff(card)).startswith("Reason: Mood is falling (trend)\nUrgency: 80%")


def test_a_transcript_says_who_spoke_and_keeps_the_newest() -> None:
    messages = [said(1, Author.CUSTOMER, "hello"), said(2, Author.BOT, "hi"),
                said(3, Author.AGENT, "psst", "Anna", Kind.NOTE), said(4, Author.AGENT, "I am Anna", "Anna")]
    assert transcript_text(messages, 1000) == "15:00 Customer: hello\n15:00 Bot: hi\n15:00 Anna: I am Anna"
    assert transcript_text(messages, 40) == "(earlier messages left out: 1)\n15:00 Bot: hi\n15:00 Anna: I am Anna"
    assert transcript_text([], 40) == ""


def test_a_name_keeps_to_its_line() -> None:
    assert speaker(said(1, Author.AGENT, "x", " Anna \n Maria ")) == "Anna Maria"
    assert speaker(said(1, Author.SYSTEM, "x")) == "System"


@given(st.text(max_size=300), st.integers(1, 40))
def test_parts_are_the_text_and_none_is_too_large(text: str, limit: int) -> None:
    parts = list(split_text(text, limit))
    assert "".join(parts) == text
    assert all(0 < len(part) <= limit for part in parts)


def test_parts_end_with_a_line_or_a_word() -> None:
    assert list(split_text("one two three", 9)) == ["one two ", "three"]
    assert list(split_text("one two\nthree four", 12)) == ["one two\n", "three four"]
    assert list(split_text("abcdef", 4)) == ["abcd", "ef"]


def test_size_counts_what_the_tool_counts() -> None:
    assert list(split_text("&&&&", 10, lambda sign: 5 if sign == "&" else 1)) == ["&&", "&&"]

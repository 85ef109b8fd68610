"""What the ledger makes of any text, id and data, so that every database and browser can hold it."""
from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.conversations.model import ConversationNotFound, InvalidMessage
from tandem.conversations.store import MAX_ID, MAX_TEXT, clean_data, clean_id, clean_text, known_id, printable

ANY_TEXT = st.text(st.characters(), max_size=60)  # lone surrogates and NUL too
ANY_DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT | st.datetimes() | st.binary(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT | st.integers(), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None)
@given(ANY_TEXT)
def test_any_text_becomes_one_that_can_be_stored_and_sent(text: str) -> None:
    cleaned = printable(text)
    assert "\x00" not in cleaned
    cleaned.encode("utf-8")
    assert len(cleaned) == len(text)
    assert printable(cleaned) == cleaned
    assert clean_text(text) == cleaned


@settings(max_examples=100, deadline=None)
@given(ANY_DATA)
def test_any_data_becomes_json_that_every_side_reads(data: Any) -> None:
    cleaned = clean_data(data)
    stored = json.dumps(cleaned, ensure_ascii=False, allow_nan=False).encode("utf-8")
    assert b"\x00" not in stored and b"\\u0000" not in stored
    assert json.loads(stored) == cleaned
    assert clean_data(cleaned) == cleaned


def test_ordinary_data_stays_as_it_is() -> None:
    data = {"buttons": [{"title": "Ja, bitte 👍", "payload": "/affirm"}], "n": 1, "x": 0.5, "yes": True, "none": None}
    assert clean_data(data) == data
    assert clean_data(datetime(2025, 3, 12, tzinfo=timezone.utc)) == "2025-03-12 00:00:00+00:00"


@pytest.mark.parametrize("bad", [None, 7, b"text", ["text"], {}, "x" * (MAX_TEXT + 1)])
def test_what_is_no_text_or_too_long_is_refused(bad: Any) -> None:
    with pytest.raises(InvalidMessage):
        clean_text(bad)


@pytest.mark.parametrize("bad", [None, 7, "", " ", "x" * (MAX_ID + 1), "a\nb", "a\x00", "\ud800", "\u200f"])
def test_what_is_no_id_is_refused_and_never_found(bad: Any) -> None:
    with pytest.raises(InvalidMessage, match="the sender"):
        clean_id(bad, "the sender")
    with pytest.raises(ConversationNotFound) as error:
        known_id(bad)
    str(error.value).encode("utf-8")


@settings(max_examples=100, deadline=None)
@given(ANY_TEXT)
def test_an_id_is_kept_exactly_or_refused(text: str) -> None:
    try:
        assert clean_id(text, "the sender") == text
    except InvalidMessage:
        assert not text.strip() or not text.isprintable()

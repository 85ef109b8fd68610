"""JSON of outside tools is read with nothing taken for granted."""
from __future__ import annotations

from typing import Any

import pytest

from tandem.live_agents.json_payloads import mapping, moment, objects, parse, text
from tandem.live_agents.protocol import WebhookUnreadable


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[]", b"5", b"null", b"[" * 100_000])
def test_a_body_that_is_no_object_is_unreadable_and_says_so(body: bytes) -> None:
    with pytest.raises(WebhookUnreadable, match=r"JSON.*; look there"):
        parse(body, "; look there")


def test_what_is_of_another_kind_counts_as_empty() -> None:
    for other in (None, 5, True, "x", [], {}):
        assert (mapping(other), objects(other)) == ({}, [])
        assert text(other) == ("x" if other == "x" else "")
    assert objects([{"a": 1}, 5, None, {}]) == [{"a": 1}, {}]


@pytest.mark.parametrize(("written", "read"), [
    ("2025-03-12T15:00:00Z", "2025-03-12T15:00:00+00:00"), ("2025-03-12T17:00:00+02:00", "2025-03-12T15:00:00+00:00"),
    ("2025-03-12T15:00:00.5Z", "2025-03-12T15:00:00.500000+00:00"),
    (" 2025-03-12 15:00:00 ", "2025-03-12T15:00:00+00:00"),
    ("2025-03-12T15:00:00.123456789Z", "2025-03-12T15:00:00.123456+00:00"),
    ("0001-01-01T00:00:00+10:00", None), ("yesterday", None), ("", None), (5, None), (None, None), ([], None),
])
def test_a_time_is_read_in_utc(written: Any, read: str | None) -> None:
    found = moment(written)
    assert (found.isoformat() if found else None) == read

"""What comes from Rasa's channels, as the ledger takes it."""
from __future__ import annotations

from typing import Any

import pytest

from tandem.channels.routed import MESSAGE_ID, to_inbound, without_identity
from tandem.conversations.store import MAX_ID, MAX_TEXT


class _Incoming:
    def __init__(self, text: Any, metadata: Any = None) -> None:
        self.text, self.metadata, self.sender_id = text, metadata, "c"


def test_a_text_over_the_limit_is_cut_and_says_so() -> None:
    inbound = to_inbound(_Incoming("x" * (MAX_TEXT + 1)), "telegram", True, "", {})
    assert (len(inbound.text), inbound.data) == (MAX_TEXT, {"truncated": True})
    whole = to_inbound(_Incoming("x" * MAX_TEXT), "telegram", True, "", {})
    assert whole.data == {}


@pytest.mark.parametrize("text", [None, 7, ["x"]])
def test_what_is_no_text_is_an_empty_one(text: Any) -> None:
    assert to_inbound(_Incoming(text), "telegram", True, "", {}).text == ""


def test_ids_that_are_too_long_stay_apart() -> None:
    def key(name: str) -> str | None:
        return to_inbound(_Incoming("x", {MESSAGE_ID: name}), "t", True, "", {}).client_id

    long = "m" * 400
    assert key("m" * MAX_ID) == "m" * MAX_ID
    assert key(long) == key(long) != key(long + "x")
    assert len(key(long) or "") <= MAX_ID
    assert key("") is None


@pytest.mark.parametrize("metadata", [None, [], "x", 7])
def test_metadata_that_is_none_is_empty(metadata: Any) -> None:
    assert without_identity(metadata) == {}


def test_secrets_and_our_own_keys_stay_out_of_the_tracker() -> None:
    assert without_identity({"identity": "token", "tandem": {}, MESSAGE_ID: "1", "shop": "eu"}) == {"shop": "eu"}

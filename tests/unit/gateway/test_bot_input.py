"""What the bot is given of a customer's message."""
from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from tandem.conversations.model import Author, Delivery, Kind, Message
from tandem.gateway.bot_input import for_bot


def message(text: str, **data: Any) -> Message:
    at = datetime(2025, 3, 12, tzinfo=timezone.utc)
    return Message("c", 1, Author.CUSTOMER, Kind.TEXT, "", text, at, 0, Delivery.NONE, data)


@pytest.mark.parametrize(("text", "given"), [
    ("Where is it?", "Where is it?"), ("/session_start", "session_start"), ("1/2 of it", "1/2 of it"),
    ('\u00a0\n /greet{"x": 1}', 'greet{"x": 1}'), ("// /restart", "restart"), ("/", "?"), (" / /\n", "?"),
])
def test_words_never_look_like_an_intent(text: str, given: str) -> None:
    assert for_bot(message(text)) == given


def test_a_button_that_was_pressed_is_its_payload() -> None:
    assert for_bot(message("Yes", payload="/affirm")) == "/affirm"

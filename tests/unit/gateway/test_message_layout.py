"""A message of the ledger as sends that fit the channel."""
from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.conversations.channel_capabilities import CHANNELS, ChannelCapabilities, capabilities_of
from tandem.conversations.model import Author, Delivery, Kind, Message
from tandem.gateway.fenced_output import KEPT
from tandem.gateway.message_layout import declared, legible_to, parts_of

PLAIN = ChannelCapabilities("Plain", buttons=None)
SMALL = ChannelCapabilities("Small", limit=20, buttons=2, title=8, payload=10, button_text=12)


def message(text: str, author: Author = Author.AGENT, **data: Any) -> Message:
    at = datetime(2025, 3, 12, tzinfo=timezone.utc)
    return Message("c", 1, author, Kind.TEXT, "Anna", text, at, 0, Delivery.PENDING, data)


def texts(text: str, capabilities: ChannelCapabilities, **data: Any) -> list[str]:
    return [part["text"] for part in parts_of(message(text, **data), capabilities)]


def test_the_speaker_stands_before_the_text_where_the_channel_does_not_show_it() -> None:
    assert texts("Hello", PLAIN) == ["Anna: Hello"]
    assert texts("Hello", CHANNELS["rest"]) == ["Hello"]
    assert [part["text"] for part in parts_of(message("Hello", Author.BOT), PLAIN)] == ["Hello"]


def test_a_long_text_is_cut_after_words_and_each_piece_has_its_speaker() -> None:
    assert texts("one two three four five", SMALL) == ["Anna: one two three ", "Anna: four five"]


def test_emoji_count_as_the_service_counts_them() -> None:
    wide = ChannelCapabilities("Wide", limit=10, wide=True, names_speaker=True)
    assert texts("\U0001f4e6" * 7, wide) == ["\U0001f4e6" * 5, "\U0001f4e6" * 2]


def test_pieces_of_nothing_but_blanks_are_left_out() -> None:
    pieces = [text.removeprefix("Anna: ") for text in texts("a" + "\n" * 40 + "b", SMALL)]
    assert [piece.strip() for piece in pieces] == ["a", "b"]


def test_buttons_go_with_the_last_piece_which_is_short_enough_for_them() -> None:
    yes = {"title": "Yes", "payload": "/affirm"}
    parts = parts_of(message("one two three four", Author.BOT, buttons=[yes]), SMALL)
    assert [part.get("buttons") for part in parts] == [None] * (len(parts) - 1) + [[{**yes, "payload": "/affirm#1"}]]
    assert len(parts[-1]["text"]) <= 12
    assert "".join(part["text"] for part in parts) == "one two three four"


@pytest.mark.parametrize("buttons", [
    [{"title": "A", "payload": "/a"}] * 3, [{"title": "A", "payload": "/much-too-long"}],
])
def test_buttons_that_cannot_be_carried_are_lines(buttons: list[dict[str, str]]) -> None:
    [*_, last] = parts_of(message("Which?", Author.BOT, buttons=buttons), SMALL)
    assert "buttons" not in last and last["text"].endswith("\n• A")


def test_titles_are_cut_links_are_kept_and_quick_replies_are_buttons() -> None:
    [part] = parts_of(message("Hi", Author.BOT, buttons=[{"title": "A very long title", "url": "https://x.example"}],
                              quick_replies=[{"title": "Yes"}, {"odd": 1}, None]), SMALL)
    assert part["buttons"] == [{"title": "A very…", "url": "https://x.example"}, {"title": "Yes", "payload": "Yes"}]


def test_what_stands_beside_a_text_is_a_send_of_its_own() -> None:
    beside = {"image": "a.png", "attachment": "b.pdf", "custom": {"x": 1}, "elements": [{"title": "x"}]}
    parts = parts_of(message("Look", event="agent_joined", **beside), PLAIN)
    assert parts[0] == {"text": "Anna: Look"}
    assert sorted(next(iter(part)) for part in parts[1:]) == sorted(beside)
    assert parts_of(message("", image="a.png"), PLAIN) == [{"image": "a.png"}]
    assert set(beside) | {"buttons", "quick_replies"} == set(KEPT)


@pytest.mark.parametrize("text", ["a\n\nb", "a\n\n\nb", "a\n\n\n\n\nb", "\n\n", "a\nb\n\nc"])
def test_blank_lines_do_not_split_a_text(text: str) -> None:
    class Rasas:
        pass

    class Ours:
        keeps_blank_lines = True

    shown = legible_to(Rasas(), {"text": text, "image": "x"})
    assert "\n\n" not in shown["text"] and shown["text"].replace(" ", "") == text and shown["image"] == "x"
    assert legible_to(Ours(), {"text": text}) == {"text": text}
    assert legible_to(Rasas(), {"image": "x"}) == {"image": "x"}


def test_a_channel_that_is_not_declared_lays_messages_out_itself() -> None:
    buttons = [{"title": str(number), "payload": "/x"} for number in range(200)]
    [part] = parts_of(message("x" * 50_000, Author.BOT, buttons=buttons), declared("mine", "c"))
    assert (len(part["text"]), len(part["buttons"])) == (50_000, 200)
    assert capabilities_of("mine") is None


def test_twilio_is_whatsapp_for_those_who_write_from_there() -> None:
    assert declared("twilio", "whatsapp:+15550111").label == "WhatsApp"
    assert declared("twilio", "+15550111").label == "SMS"


@given(st.text(min_size=1, max_size=300), st.sampled_from([*CHANNELS.values(), SMALL]), st.booleans())
def test_nothing_is_lost_and_everything_fits(text: str, capabilities: ChannelCapabilities, with_button: bool) -> None:
    data = {"buttons": [{"title": "Yes", "payload": "/affirm"}]} if with_button and capabilities.buttons else {}
    parts = [part["text"] for part in parts_of(message(text, Author.BOT, **data), capabilities)]
    assert all(capabilities.size(part) <= capabilities.limit for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())

"""Emoji are read as words, so that opposite ones are not alike."""

from __future__ import annotations

import pytest
import yaml

from tandem.nlu.models.embedding import encode, similarity
from tandem.nlu.models.emoji import WORDS_FILE, in_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("👎", "bad, no"),
        ("ok 👍🏽 then", "ok good, yes then"),
        ("why 😡😡😡", "why angry"),
        ("🤦🏽‍♀️", "facepalm"),
        ("🍕 pizza", "slice pizza pizza"),
        ("greetings from 🇩🇪 !", "greetings from !"),
        ("‼️ now", "urgent now"),
    ],
)
def test_emoji_become_words(text: str, words: str) -> None:
    assert in_words(text) == words
    assert in_words(words) == words


@pytest.mark.parametrize("text", ["", "plain words", "20 °C, 5 € – naïve™ → ok", "1️⃣ first", "東京"])
def test_text_without_emoji_stays(text: str) -> None:
    assert in_words(text) == text


def test_a_run_of_emoji_names_four_at_most() -> None:
    assert in_words("😡👍😂😭🐌") == "angry, good, yes, laughing, crying"


def test_opposite_thumbs_are_far_apart() -> None:
    assert similarity("👍", "👎") < 0.7
    assert encode(["👍"]).any()


def test_an_emoji_is_listed_once() -> None:
    listed = [char for chars in yaml.safe_load(WORDS_FILE.read_text(encoding="utf-8")).values() for char in chars]
    assert len(listed) == len(set(listed))

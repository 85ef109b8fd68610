"""Misspelt words are read as words of the examples, and nothing else is touched."""

from __future__ import annotations

import time

import pytest

from tandem.nlu.models.ngrams import Ngrams
from tandem.nlu.models.spelling import Spelling

SHARES = {"refund": 0.2, "cancel": 0.2, "address": 0.1, "adress": 0.005, "tracking": 0.1, "order": 0.5, "card": 0.1,
          "haven't": 0.1, "warranty": 0.01, "waranty": 0.009, "hoodie": 0.01}  # fmt: skip


@pytest.fixture(scope="module")
def spelling() -> Spelling:
    return Spelling(SHARES)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("a refnd please", "a refund please"), ("canel it!", "cancel it!"), ("trakcing?", "tracking?"),
        ("REFNUD NOW", "refund NOW"), ("Refuund, please", "refund, please"), ("my crad", "my card"),
        ("my ordr", "my order"), ("wrong adress", "wrong address"), ("i havent got it", "i haven't got it"),
    ],
)  # fmt: skip
def test_a_misspelt_word_is_read_as_the_one_it_stands_for(spelling: Spelling, written: str, read: str) -> None:
    assert spelling.correct(written) == read


@pytest.mark.parametrize(
    "text",
    [
        "", "🙂", "refund", "border", "carl", "the code is canel7", "canel@example.com", "see canel.example.com",
        "#canel", "I am Mr Canel", "canel's", "waranty", "xyzzyx", "td-ordr", "refound" * 5,
    ],
)  # fmt: skip
def test_words_that_are_known_or_no_words_stay_as_they_are(spelling: Spelling, text: str) -> None:
    assert spelling.correct(text) == text


def test_a_letter_is_not_changed_in_a_short_word(spelling: Spelling) -> None:
    assert spelling.correct("cbrd") == "cbrd"


def test_the_words_of_the_examples_come_with_their_shares() -> None:
    shares = Ngrams.fit(["where is my parcel", "parcel late"]).shares()
    assert set(shares) == {"where", "is", "my", "parcel", "late"}
    assert shares["parcel"] > shares["late"] > 0


def test_a_long_text_of_misspellings_takes_no_time(spelling: Spelling) -> None:
    text = " ".join(f"qz{'abcdefghij'[n % 10]}{'klmnopqrst'[n // 10 % 10]}vwq" for n in range(100))
    started = time.perf_counter()
    spelling.correct(text)
    assert time.perf_counter() - started < 0.25

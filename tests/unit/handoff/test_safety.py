"""What is advised in a danger: by its kind, and in other words when it is told again."""
from __future__ import annotations

from pathlib import Path

import pytest

from tandem.handoff.safety import advice
from tandem.sentiment.dangers import SAFETY, SafetyError, read_dangers
from tandem.wording.phrases import has_notice

DANGERS = read_dangers()


@pytest.mark.parametrize(("text", "kind"), [
    ("The jug went to pieces and I've cut my left thumb", "bleeding"), ("it won't stop bleeding", "bleeding"),
    ("our toddler swallowed a screw", "swallowed"), ("the heater gave me a nasty shock", "shock"),
    ("your kettle burnt my wrist", "burn"), ("he can't breathe", "breathing"), ("she isn't breathing", "breathing"),
    ("I want to die", "despair"), ("there's a gas leak from the stove", "gas"), ("I hit my head on the shelf", "hurt"),
    ("the plug caught fire", "fire"), ("I had an allergic reaction", "allergy"),
])
def test_words_that_are_a_danger_whatever_the_message_is_about(text: str, kind: str) -> None:
    assert DANGERS.surely_in(text) == kind


@pytest.mark.parametrize("text", [
    "nobody was bleeding", "luckily I didn't cut my finger", "cut the price a bit", "this sale is on fire",
    "I was in hospital and missed the deadline", "your prices hurt", "do you sell smoke detectors", "it broke",
])
def test_words_that_are_none(text: str) -> None:
    assert DANGERS.surely_in(text) == ""


def test_the_kind_is_that_of_the_latest_message_which_tells_one() -> None:
    assert DANGERS.kind_of(["what shall I do", "my hand is bleeding", "the lamp is on fire"]) == "bleeding"
    assert DANGERS.kind_of(["it sparks and smells"]) == "shock", "a word, where it is known to be a danger"
    assert DANGERS.kind_of(["what shall I do"]) == ""


def test_every_kind_has_its_advice_with_a_number_to_call() -> None:
    for kind in DANGERS.kinds:
        assert has_notice(f"safety_{kind}", Path("data/responses/safety.yml"))
        text = advice([DANGERS.kinds[kind].signs[0]])
        assert "911" in text or "988" in text


def test_told_again_it_comes_in_other_words() -> None:
    first = advice(["my hand is bleeding"])
    second = advice(["what now", "my hand is bleeding"], [f"{first} An agent is coming."])
    assert first != second and "cloth" in second


def test_a_wrong_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "safety.yml").write_text("kinds: {fire: {sign: [fire]}}")
    with pytest.raises(SafetyError, match="sign"):
        read_dangers(tmp_path / "safety.yml")
    assert read_dangers(tmp_path / SAFETY).surely_in("it bleeds and I am bleeding") == ""

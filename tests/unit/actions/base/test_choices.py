"""What a message chooses of what was offered."""
from __future__ import annotations

import pytest

from actions.base.choices import means_the_other, place_in, read_choice

TWO = ("Brass desk lamp", "Woven jute rug")
THREE = ("Brass desk lamp", "Brass floor lamp", "Stoneware bowl, set of two")


@pytest.mark.parametrize(("text", "chosen"), [
    ("the second please", 1), ("first one", 0), ("option two", 1), ("number 2", 1), ("the latter", 1), ("1", 0),
    ("the former, thanks", 0), ("2nd one", 1), ("ok the last one", 1), ("let me take choice 1", 0),
    ("now the first one", 0), ("third", None), ("the first time I ordered here it was quicker", None),
    ("one second please", None), ("that one", None), ("number 10402", None),
])
def test_a_place_is_read(text: str, chosen: int | None) -> None:
    assert place_in(text, 2) == chosen


@pytest.mark.parametrize(("text", "chosen"), [
    ("neither", ()), ("none of them", ()), ("both", (0, 1)), ("all of it", (0, 1)), ("the rug", (1,)),
    ("not the lamp, the rug", (1,)), ("the rug, not the lamp", (1,)), ("the lamp and the rug", (0, 1)),
    ("it's not the rug", (0,)), ("everything but the rug", (0,)), ("all except the lamp", (1,)),
    ("the rug instead of the lamp", (1,)), ("the brass one", (0,)), ("the jute thing", (1,)),
    ("I don't want the lamp any more", (0,)), ("I'm not happy with the rug", (1,)),
    ("keep the lamp, the rug goes", (1,)), ("only the lamp, the rug stays", (0,)),
    ("the lamp can stay, the rug goes", (1,)),
    ("the rug is fine but the lamp flickers", (0,)), ("leave the rug, just the lamp", (0,)),
    ("I don't want to return the lamp", (1,)), ("the lamp you sent is copper, not brass", (0,)),
    ("not only the lamp, the rug too", (0, 1)), ("how much is it?", None), ("not at all", None), ("thanks", None),
])
def test_a_choice_of_two_is_read(text: str, chosen: tuple[int, ...] | None) -> None:
    assert read_choice(text, TWO) == chosen


@pytest.mark.parametrize(("text", "chosen"), [
    ("the floor lamp", (1,)), ("the lamp", None), ("everything but the bowls", (0, 1)), ("the third", (2,)),
    ("not the bowl", None), ("the desk lamp and the bowls", (0, 2)), ("not the bowl or the floor lamp", None),
])
def test_a_choice_of_three_is_read(text: str, chosen: tuple[int, ...] | None) -> None:
    assert read_choice(text, THREE) == chosen


def test_the_other_is_told_from_what_was_talked_about() -> None:
    assert read_choice("no, the other one", TWO, current=0) == (1,)
    assert read_choice("the other one", TWO) is None
    assert not means_the_other("another question")

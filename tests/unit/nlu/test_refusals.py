"""What a message refuses is told from what it wants."""

from __future__ import annotations

import time

import pytest

from tandem.nlu.models.refusals import Refusal, find


@pytest.mark.parametrize(
    ("text", "refused", "rest"),
    [
        ("I don't want a discount, I want an answer", "a discount,", "I want an answer"),
        ("i dont want a discount i want an answer", "a discount", "i want an answer"),
        ("Please do not cancel it.", "Please cancel it.", ""),
        ("No, I never asked for a swap. Where's the bill?", "a swap.", "No, Where's the bill?"),
        ("there’s no need to ring, just write", "ring,", "just write"),
        ("not complaining, only asking", "complaining,", "only asking"),
        ("This isn't about the sofa: the chair wobbles", "the sofa:", "the chair wobbles"),
        ("nothing wrong with the box but please look inside", "the box", "but please look inside"),
        ("never mind the bill, where is it", "the bill,", "where is it"),
        ("nobody told you to repack it, unpack it", "repack it,", "unpack it"),
        ("Rather than repack it, send a bigger box", "repack it,", "send a bigger box"),
        ("Sorry, don't pack it!", "pack it!", ""),
        ("no agent please, only the date", "agent", "please, only the date"),
        ("we need no agent, which day is it", "agent,", "which day is it"),
        ("nobody needs to ring, tell me here", "ring,", "tell me here"),
    ],
)  # fmt: skip
def test_what_is_refused_is_parted_from_the_rest(text: str, refused: str, rest: str) -> None:
    assert find(text) == Refusal(refused, rest)


@pytest.mark.parametrize(
    ("text", "denied", "rest"),
    [
        ("The bowl isn't broken, it's late", "The bowl broken,", "it's late"),
        ("nothing is damaged it just hasn't come", "damaged", "it just hasn't come"),
        ("they’re not faulty, I only ask", "they faulty,", "I only ask"),
        ("no damage, no wrong item, just no parcel", "damage, wrong item,", "just no parcel"),
        ("nothing's missing", "missing", ""),
    ],
)
def test_what_is_said_not_to_be_so_is_parted_from_the_rest(text: str, denied: str, rest: str) -> None:
    assert find(text) == Refusal(denied, rest, denied=True)


@pytest.mark.parametrize(
    "text",
    [
        "isn't the lamp broken?", "is there no person?", "no person answers me", "no human has written yet",
        "", "...", "where is my order", "it does not work", "I don't know my number", "I haven't received it",
        "I don't want your mails any more", "I don't want to complain but I must", "don't you have it in red?",
        "don't tell me it's lost", "never mind", "not good", "why was it not sent",
        "blue instead of red",
    ],
)  # fmt: skip
def test_other_uses_of_not_are_no_refusals(text: str) -> None:
    assert find(text) is None


def test_a_long_text_takes_no_time() -> None:
    started = time.perf_counter()
    find("i do not really i don't just not " * 60)
    assert time.perf_counter() - started < 0.25

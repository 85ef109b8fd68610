"""A question beside the answer to a question for a yes is found, and wins over the answer in the reading."""
from __future__ import annotations

import pytest

from tandem.nlu.models.context import Context
from tandem.nlu.models.questions import (
    asks,
    beside_an_answer,
    is_read_for_its_question,
    only_questions,
    question_after_no,
    wish_after_no,
    wishes_another,
)

AT_THE_GATE = Context(asks="confirmed")


@pytest.mark.parametrize(("text", "question"), [
    ("Yep, do that, and how soon is the money back?", "and how soon is the money back?"),
    ("ok but who pays the postage", "but who pays the postage"),
    ("One thing first: will I see it on my card?", "will I see it on my card?"),
    ("no, keep all of it; till when are you there tonight?", "till when are you there tonight?"),
    ("Sure. What happens to my voucher? And the gift wrap?", "What happens to my voucher? And the gift wrap?"),
    ("go ahead", ""), ("no thanks, it stays", ""), ("how soon is the money back?", ""),
])
def test_the_question_beside_an_answer_is_found(text: str, question: str) -> None:
    assert beside_an_answer(text) == question


@pytest.mark.parametrize("text", ["would that be free", "and when is it back", "so is it gone then", "really?"])
def test_a_question_is_told_by_its_mark_or_its_first_words(text: str) -> None:
    assert asks(text)


@pytest.mark.parametrize("text", ["yes please", "that is fine", "the one in blue", "i will wait"])
def test_a_statement_is_no_question(text: str) -> None:
    assert not asks(text)


@pytest.mark.parametrize(("text", "intent", "context", "is_read"), [
    ("yes, and when is the money back?", "affirm", AT_THE_GATE, True),
    ("would cancelling cost me anything?", "cancel_order", AT_THE_GATE, True),
    ("yes", "affirm", AT_THE_GATE, False),
    ("can you cancel TD-10402 as well?", "cancel_order", AT_THE_GATE, False),
    ("when is the money back?", "refunds/how_long", AT_THE_GATE, False),
    ("yes, and when is the money back?", "affirm", Context(), False),
    ("yes and when is the money back", "affirm", AT_THE_GATE, True),
    ("no, leave it, and when do you close", "deny", Context(asks="return_reason"), True),
    ("too small, is that a problem?", "inform", Context(asks="return_reason"), False),
])
def test_only_an_answer_to_the_gate_that_asks_is_read_again(
    text: str, intent: str, context: Context, is_read: bool
) -> None:
    assert is_read_for_its_question(text, [(intent, 0.6)], context) is is_read


@pytest.mark.parametrize(("text", "context", "question"), [
    ("no, it stays. who can i talk to tonight?", AT_THE_GATE, "who can i talk to tonight?"),
    ("no idea, where do i find it?", AT_THE_GATE, ""),
    ("no, can you look by my name?", Context(asks="order_number"), ""),
    ("yes, and who pays?", AT_THE_GATE, ""),
    ("no, it stays. who can i talk to tonight?", Context(), ""),
])
def test_after_a_no_the_question_stands_alone(text: str, context: Context, question: str) -> None:
    assert question_after_no(text, context) == question


def test_a_question_must_be_sure_enough() -> None:
    assert only_questions([("affirm", 0.5), ("refunds/how_long", 0.3)]) == [("refunds/how_long", 0.3)]
    assert only_questions([("affirm", 0.9), ("refunds/how_long", 0.04)]) == []


@pytest.mark.parametrize(("intent", "doing", "another"), [
    ("change_address", "cancel_order", True), ("cancel_order", "return_item", True),
    ("cancel_order", "cancel_order", False),
    ("change_order", "change_address", False), ("change_address", "", False), ("opening_hours", "cancel_order", False),
    ("change_address", "order_status", False),
])
def test_another_act_is_wished_instead(intent: str, doing: str, another: bool) -> None:
    assert wishes_another(intent, doing) is another


def test_another_act_in_the_form_of_a_question_is_not_read_for_a_question() -> None:
    ranking = [("change_address", 0.6)]
    assert is_read_for_its_question("can it go to my office instead?", ranking, AT_THE_GATE)
    assert not is_read_for_its_question("can it go to my office instead?", ranking, AT_THE_GATE, "cancel_order")


@pytest.mark.parametrize(("text", "wish"), [
    ("no! change where it goes", "change where it goes"), ("nope, wait, send it back", "send it back"), ("no", ""),
    ("no thanks", ""), ("change where it goes", ""),
])
def test_what_is_wished_after_a_no_is_found(text: str, wish: str) -> None:
    assert wish_after_no(text, AT_THE_GATE) == wish

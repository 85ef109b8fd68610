"""A message with two wishes is taken apart into them, and one with a single wish, however long, is not."""
from __future__ import annotations

from collections.abc import Sequence

import pytest

from tandem.nlu.models.context import Context, Topics
from tandem.nlu.models.wishes import WishRules, cut, read_wishes, read_wishes_in_form

NOWHERE = Context()
TOPICS = Topics({"return_item": "returns", "opening_hours": "shop_info"})
RULES = WishRules(
    threshold=0.4, asked=0.25, nothing=frozenset({"inform", "greet", "complaint"}), whole=frozenset({"ask_for_human"}),
    reports=frozenset({"double_charge"}), acts=frozenset({"cancel_order", "return_item", "damaged_item"}),
    one_matter=(frozenset({"cancel_order", "get_refund"}), frozenset({"return_item", "damaged_item", "get_refund"}),
                frozenset({"order_status", "order_fact/arrival_time"})))
# What the words of a part are read as: the first that stands in it.
WORDS = {"person": "ask_for_human", "cancel": "cancel_order", "money": "get_refund", "refund": "get_refund",
         "send the": "return_item", "return": "return_item", "torn": "damaged_item", "open": "opening_hours",
         "ship to": "delivery/abroad", "cost": "delivery_cost", "arrive": "order_fact/arrival_time",
         "where": "order_status", "twice": "double_charge", "angry": "complaint", "hi": "greet"}


def read(text: str, context: Context) -> Sequence[tuple[str, float]]:
    intent = next((intent for word, intent in WORDS.items() if word in text.lower()), "inform")
    return [(intent, 0.3 if "mumble" in text else 0.9)]


def wishes(text: str, context: Context = NOWHERE) -> list[tuple[str, str]]:
    return [(wish.intent, wish.text) for wish in read_wishes(text, context, read, TOPICS, RULES)]


@pytest.mark.parametrize(("text", "parts"), [
    ("send the rug back, and what does delivery cost?", ["send the rug back", "what does delivery cost?"]),
    ("Where is it? Oh and do you ship to Malta", ["Where is it?", "do you ship to Malta"]),
    ("two things: I was charged twice and the jug is torn", ["I was charged twice", "the jug is torn"]),
    ("First, cancel the rug. Second, when are you open", ["cancel the rug.", "when are you open"]),
    ("cancel it, and while we're at it unsubscribe me from the mails", ["cancel it", "unsubscribe me from the mails"]),
    ("I want to return the bowl. Also, where's my rug?", ["I want to return the bowl.", "where's my rug?"]),
    ("return the bowls and the rug", ["return the bowls and the rug"]),
    ("cancel and refund", ["cancel and refund"]),
    ("the bowl and the rug are late", ["the bowl and the rug are late"]),
    ("and returns, are they free?", ["returns, are they free?"]),
    ("the second order, please", ["the second order, please"]),
])
def test_a_message_is_cut_where_another_clause_begins(text: str, parts: list[str]) -> None:
    assert cut(text) == parts


def test_two_wishes_are_both_found_and_what_is_answered_at_once_comes_first() -> None:
    assert wishes("please send the rug back, and when do you open?") == [
        ("opening_hours", "when do you open?"), ("return_item", "send the rug back")]
    assert wishes("do you ship to Malta and what does it cost?") == [
        ("delivery/abroad", "do you ship to Malta"), ("delivery_cost", "what does it cost?")]


def test_what_only_tells_something_is_a_wish_where_something_is_to_be_done_about_it() -> None:
    assert [intent for intent, _ in wishes("the rug is torn and I was charged twice")] == [
        "double_charge", "damaged_item"]


@pytest.mark.parametrize("text", [
    "I'm angry and I want my money", "cancel it and give me my money", "I want to return the rug, it's too small",
    "the rug is torn and I want a refund", "where is my rug, when will it arrive?", "hi, where is my rug?",
    "where is it? where is my order?", "my name is Ann and where is my rug", "return the rug and mumble, it costs",
])
def test_a_wish_with_its_reason_its_feeling_or_its_consequence_is_one(text: str) -> None:
    assert wishes(text) == []


def test_the_reason_and_the_data_stay_with_their_wish() -> None:
    assert wishes("send the rug back, it's the wrong green, and when do you open?") == [
        ("opening_hours", "when do you open?"), ("return_item", "send the rug back, it's the wrong green")]
    assert wishes("my number is 12345, where is it? and when do you open") == [
        ("order_status", "my number is 12345, where is it?"), ("opening_hours", "when do you open")]


def test_the_same_of_two_things_is_two_wishes() -> None:
    assert wishes("where's the rug and where's the lamp?") == [
        ("order_status", "where's the rug"), ("order_status", "where's the lamp?")]


@pytest.mark.parametrize("text", [
    "no, keep it. And when do you open?", "don't cancel it, and when do you open?",
    "when do you open? and I want a person", "never mind, where's my rug? and what does delivery cost?",
])
def test_a_no_or_a_wish_for_a_person_is_answered_with_the_whole_message(text: str) -> None:
    assert wishes(text) == []


def test_what_is_refused_beside_a_wish_is_no_wish() -> None:
    assert wishes("where's my rug? don't cancel it") == []
    assert wishes("where's my rug? and cancel nothing") == []


def test_an_answer_to_an_open_question_is_not_taken_apart() -> None:
    assert wishes("send the rug back, and when do you open?", Context(asks="confirmed")) == []


def test_a_part_that_asks_needs_less_confidence() -> None:
    assert [intent for intent, _ in wishes("where is it? and mumble, what does it cost?")] == [
        "order_status", "delivery_cost"]


@pytest.mark.parametrize(("text", "doing", "answer", "wish"), [
    ("it's too small, and please cancel my other order", "return_item", "it's too small", "cancel my other order"),
    ("too small. also I want to cancel the rug", "return_item", "too small", "I want to cancel the rug"),
    ("yes and then send the rug back too", "cancel_order", "yes", "send the rug back too"),
    ("the blue one, that came torn. Oh and cancel the rug!", "return_item", "the blue one, that came torn",
     "cancel the rug!"),
    ("no, and cancel the other one", "return_item", "no", "cancel the other one"),
])
def test_something_new_beside_the_answer_to_a_form_is_kept(text: str, doing: str, answer: str, wish: str) -> None:
    first, second = read_wishes_in_form(text, Context(asks="return_reason"), doing, read, TOPICS, RULES)
    assert (first.text.strip("."), first.intent, second.text.removeprefix("please ")) == (answer, "", wish)


@pytest.mark.parametrize(("text", "doing"), [
    ("it is torn and I want my money", "return_item"), ("too big and I want to return it", "return_item"),
    ("wrong size. don't cancel the other one", "return_item"), ("torn, and when do you open?", "return_item"),
    ("12 Oak Street, Springfield", "change_address"), ("yes", "cancel_order"),
    ("send the rug back instead", "cancel_order"),
    ("no, I'd rather send the rug back", "cancel_order"), ("it's torn, and I want a person", "return_item"),
])
def test_an_answer_with_its_reason_is_all_for_the_form(text: str, doing: str) -> None:
    assert read_wishes_in_form(text, Context(asks="return_reason"), doing, read, TOPICS, RULES) == []


def test_a_part_is_read_after_the_parts_before_it() -> None:
    seen: list[str] = []

    def watching(text: str, context: Context) -> Sequence[tuple[str, float]]:
        seen.append(context.topic)
        return read(text, context)

    read_wishes("can I return the rug? and how much does it cost?", Context(), watching, TOPICS, RULES)
    assert seen == ["", "returns", ""], "and by itself"

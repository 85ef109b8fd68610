"""Two wishes in one message, held with the whole of Tandem, as a program on the REST channel."""
from __future__ import annotations

from tests.system.conftest import Stack
from tests.system.scenes.test_consent import Customer


def test_two_questions_are_both_answered(stack: Stack) -> None:
    answers = Customer(stack, "omar@example.com").says("do you ship to Hawaii, and what does express delivery cost?")
    assert "Hawaii" in answers and "14.95" in answers


def test_two_acts_are_taken_one_after_the_other_each_with_its_own_yes(stack: Stack) -> None:
    customer = Customer(stack, "new@example.com")
    first = customer.says("cancel my order, and change the address of it too please")
    assert "first the cancellation, then the new address" in first and "Shall I cancel order TD-10433" in first
    second = customer.says("no, keep it")
    assert "stays as it is" in second and "Now to the new address." in second
    assert "stays as it is" in customer.says("never mind")


def test_the_second_is_taken_back_in_words(stack: Stack) -> None:
    customer = Customer(stack, "new@example.com")
    customer.says("cancel my order, and change the address of it too please")
    assert "leave out the new address" in customer.says("forget the second thing")
    assert "Now to" not in customer.says("no, keep it")

"""Nothing is done to an order without a plain yes: held with the whole of Tandem, as a program on the REST channel."""
from __future__ import annotations

import time
import uuid
from typing import Any

import httpx
import jwt
import pytest

from tests.system.conftest import Stack


class Customer:
    """Somebody whom the shop knows, in a conversation of their own."""

    def __init__(self, stack: Stack, email: str) -> None:
        claims = {"sub": email, "email": email, "exp": int(time.time()) + 3600}
        self.identity = jwt.encode(claims, stack.identity_secret, algorithm="HS256")
        self.url, self.sender = f"{stack.rasa_url}/webhooks/rest/webhook", f"consent-{uuid.uuid4().hex[:8]}"
        self.buttons: dict[str, str] = {}  # of the last answer that had any: title to payload

    def says(self, text: str) -> str:
        """Send a message; what is answered, a line for each."""
        body = {"sender": self.sender, "message": text, "metadata": {"identity": self.identity}}
        answer = httpx.post(self.url, json=body, timeout=30, trust_env=False)
        assert answer.status_code == 200, answer.text
        messages: list[dict[str, Any]] = answer.json()
        shown = {button["title"]: button["payload"] for one in messages for button in one.get("buttons", ())}
        self.buttons = shown or self.buttons
        return "\n".join(str(one.get("text", "")) for one in messages)


@pytest.fixture
def lucia(stack: Stack) -> Customer:
    """Her order TD-10436 can be cancelled, and no other test needs it; each time she begins a new conversation."""
    return Customer(stack, "lucia@example.com")


def test_a_no_with_a_question_keeps_the_order_answers_the_question_and_a_late_ok_does_nothing(lucia: Customer) -> None:
    assert "Shall I cancel order TD-10436" in lucia.says("cancel my order")
    kept = lucia.says("No, keep it. What are your opening hours?")
    assert "stays as it is" in kept and "8" in kept.split("\n", 1)[1], kept
    assert "cancelled" not in lucia.says("ok")
    assert "Shall I cancel order TD-10436" in lucia.says("cancel my order"), "it was not"


def test_an_ok_after_another_answer_is_asked_about_and_the_words_of_the_act_are_a_yes(stack: Stack) -> None:
    customer = Customer(stack, "iris@example.com")
    customer.says("I want to send something back")
    customer.says("the bag")
    assert "set up" not in customer.says("how long does delivery take?")
    assert "Shall I set up the return" in customer.says("it's too small")
    assert "Shall I set up the return" in customer.says("how long does delivery take?")
    asked_again = customer.says("ok")
    assert "Shall I set up the return" in asked_again and "label here" not in asked_again
    done = customer.says("yes, set it up")
    assert "is set up" in done and "R-TD-10395" in done
    assert "just don't send it" in customer.says("never mind"), "what was done is not left undone in words"


def test_a_button_answers_its_own_question_once(lucia: Customer) -> None:
    lucia.says("cancel my order")
    old = lucia.buttons["Yes, cancel it"]
    lucia.says("never mind")
    assert "no longer open" in lucia.says(old)
    assert "Shall I cancel order TD-10436" in lucia.says("please cancel my order")
    assert "no longer open" in lucia.says(old), "another question is open now"
    new = lucia.buttons["Yes, cancel it"]
    assert new != old
    assert "TD-10436 is cancelled" in lucia.says(new)
    assert "done that already" in lucia.says(new)

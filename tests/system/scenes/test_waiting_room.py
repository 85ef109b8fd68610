"""Who waits for a person, through the real bot: over REST, and in the web chat."""
from __future__ import annotations

import uuid
from collections.abc import Callable

import httpx

from tests.system.conftest import Stack
from tests.system.scenes.conftest import Customer, owner_of


def test_who_waits_over_rest_is_answered_and_leaves_in_words(stack: Stack) -> None:
    sender = f"waits-{uuid.uuid4().hex}"

    def say(text: str, message_id: str | None = None) -> str:
        body = {"sender": sender, "message": text, "message_id": message_id}
        answer = httpx.post(f"{stack.rasa_url}/webhooks/rest/webhook", json=body, timeout=60)
        return " ".join(one.get("text", "") for one in answer.json())

    assert "you'll get a person" in say("I would like to talk to a person")
    assert owner_of(stack, sender) == "waiting"
    first = say("how many people are waiting before me?", "m1")
    assert "queue" in first or "line" in first or "next" in first
    assert say("how many people are waiting before me?", "m1") == first, "sent twice, it is answered once"
    assert "911" in say("the lamp has just started to burn")
    assert "kim@example.com" in say("write to kim@example.com")
    assert owner_of(stack, sender) == "waiting"
    assert "8" in say("please take me back to the bot. what are your opening hours?")
    assert owner_of(stack, sender) == "bot"
    with stack.api as api:
        said = api.get(f"/api/conversations/{sender}").json()["messages"]
    assert [one["seq"] for one in said] == list(range(1, len(said) + 1))
    assert sum(one["text"] == first for one in said) == 1


def test_who_waits_in_the_web_chat_hears_of_their_order(new_customer: Callable[..., Customer], stack: Stack) -> None:
    customer = new_customer("late@example.com")
    customer.say("Please connect me with somebody of your team")
    customer.status("Finding a person")
    customer.say("where is my order?")
    customer.is_told("in 3 days")
    assert owner_of(stack, customer.conversation_id) == "waiting"
    customer.say("I'd like to go on with the assistant again")
    customer.status("Answers right away")
    assert owner_of(stack, customer.conversation_id) == "bot"

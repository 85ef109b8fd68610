"""The scenes in which a person takes over: a customer and an agent in two browsers."""
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
from playwright.sync_api import expect

from tests.system.conftest import Stack
from tests.system.scenes.conftest import ANSWER, AgentAtDesk, Customer, owner_of

NewCustomer = Callable[..., Customer]
NewAgent = Callable[..., AgentAtDesk]


def test_an_upset_customer_gets_the_facts_and_a_person_in_one_turn(new_customer: NewCustomer, stack: Stack) -> None:
    customer = new_customer("late@example.com")
    customer.say("I'm really upset that my package hasn't arrived on time. What can I do about this?")
    customer.status("Finding a person")
    assert "in 3 days" in customer.texts("bot")[0]
    assert owner_of(stack, customer.conversation_id) == "waiting"


def test_an_angry_customer_goes_to_a_person_at_once(new_customer: NewCustomer, stack: Stack) -> None:
    customer = new_customer()
    customer.say("I'm really angry that my item is delayed.")
    customer.status("Finding a person")
    assert len(customer.texts("bot")) == 1, "no question is asked first"
    assert owner_of(stack, customer.conversation_id) == "waiting"


def test_asking_for_a_person_works_in_the_middle_of_a_form(new_customer: NewCustomer, stack: Stack) -> None:
    customer = new_customer()
    customer.asks("where is my order")
    customer.say("Can I talk to a person?")
    customer.status("Finding a person")
    with stack.api as api:
        handoff = api.get(f"/api/conversations/{customer.conversation_id}").json()["handoff"]
    assert handoff["trigger"] == "intent:ask_for_human"
    assert handoff["card"]["interrupted_flow"] == "order_status_form"


def test_a_handoff_from_first_word_to_hand_back(
    new_customer: NewCustomer, new_agent: NewAgent, stack: Stack, artefacts: Path,
) -> None:
    customer = new_customer("late@example.com")
    customer.asks("where is my order?")
    assert owner_of(stack, customer.conversation_id) == "bot"
    customer.say("I would like to speak to a real person please")
    customer.status("Finding a person")
    assert owner_of(stack, customer.conversation_id) == "waiting"

    agent = new_agent("anna")
    agent.open(customer.conversation_id)
    expect(agent.card).to_contain_text("Asked for a person")
    expect(agent.card).to_contain_text("TD-10388")
    expect(agent.card).to_contain_text("late@example.com")
    agent.step("claim")
    customer.is_told("Anna Berg has joined the conversation.")
    customer.status("Anna Berg")
    assert owner_of(stack, customer.conversation_id) == "agent"

    agent.page.locator("#text").type("Hello")
    expect(customer.find("typing")).to_contain_text("Anna Berg", timeout=ANSWER)
    agent.reply("Hello Marcus, I am calling the depot for you right now.")
    customer.hears("calling the depot for you", "agent")
    customer.say("Thank you! It is for a birthday on Friday. My sister asks about TD-10421 as well.")
    agent.sees("It is for a birthday")
    agent.reply("The depot lets it go tonight, it will be with you on Thursday. In time for the birthday!")
    customer.hears("In time for the birthday", "agent")
    expect(agent.page.locator("#lines .delivery").last).to_contain_text("Delivered", timeout=ANSWER)
    agent.page.screenshot(path=artefacts / "desk.png")
    customer.page.screenshot(path=artefacts / "chat.png")
    bot_words = len(customer.texts("bot"))

    agent.close_with("hand-back", "Depot delivers on Thursday")
    customer.is_told("Anna Berg has left the conversation")
    assert owner_of(stack, customer.conversation_id) == "bot"
    assert len(customer.texts("bot")) == bot_words, "the bot has not said a word in between"
    customer.asks("how do I pay with a gift card?")
    customer.asks("where is my order?")
    assert "TD-10421" not in " ".join(customer.texts("bot")), "what was said to the agent has filled no slot"
    assert len(customer.texts("bot")) >= bot_words + 2


def test_a_customer_who_comes_back_finds_every_message_once_in_order(
    new_customer: NewCustomer, new_agent: NewAgent,
) -> None:
    customer = new_customer()
    customer.say("please connect me with a human being")
    customer.status("Finding a person")
    agent = new_agent("sam")
    agent.open(customer.conversation_id)
    agent.step("claim")
    agent.reply("one")
    customer.hears("one", "agent")
    url = customer.page.url
    customer.page.goto("about:blank")
    for text in ("two", "three", "four"):
        agent.reply(text)
    customer.go(url)
    if not customer.find("input").is_visible():
        customer.open()
    customer.hears("four", "agent")
    assert customer.texts("agent") == ["one", "two", "three", "four"]
    agent.close_with("resolve")
    customer.is_told("Sam Okafor has closed this conversation")


def test_a_customer_who_waits_can_go_back_to_the_bot(new_customer: NewCustomer, stack: Stack) -> None:
    customer = new_customer()
    customer.say("I want to talk to somebody")
    customer.status("Finding a person")
    customer.find("back-to-bot").first.click()
    customer.status("Answers right away")
    assert owner_of(stack, customer.conversation_id) == "bot"
    customer.asks("what are your opening hours?")


def test_two_agents_claim_at_once_and_one_wins(new_customer: NewCustomer, stack: Stack) -> None:
    customer = new_customer()
    customer.say("agent please")
    customer.status("Finding a person")
    with stack.api as api:
        codes = [
            api.post(f"/api/conversations/{customer.conversation_id}/claim",
                     headers={"X-Tandem-Agent": name}).status_code
            for name in ("first", "second")
        ]
    assert sorted(codes) == [200, 409]


def test_the_parse_contract_is_public(stack: Stack) -> None:
    parsed = httpx.post(f"{stack.rasa_url}/model/parse?token={stack.api_token}",
                        json={"text": "this is the third time I ask!!"}, timeout=20).json()
    sentiment = parsed["sentiment"]
    assert set(sentiment) == {"name", "confidence", "polarity", "emotion", "frustration", "urgency"}
    assert sentiment["name"] in ("negative", "neutral", "positive") and -1 <= sentiment["polarity"] <= 1
    assert 0 <= sentiment["frustration"] <= 1 and 0 <= sentiment["urgency"] <= 1

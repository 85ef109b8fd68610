"""The scenes in which the bot answers alone, lived in a browser."""
from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from tests.system.conftest import Stack
from tests.system.scenes.conftest import Customer, owner_of

NewCustomer = Callable[..., Customer]


def test_a_known_customer_gets_the_order_in_one_reply(new_customer: NewCustomer, artefacts: Path) -> None:
    customer = new_customer("on-time@example.com")
    customer.asks("Where is my order?")
    status, offer = customer.texts("bot")
    assert status == "Your order was shipped and is expected to arrive tomorrow by 3 PM."
    assert "TD-10421" in offer and offer.endswith("?"), "to be told of changes without asking"
    customer.page.screenshot(path=artefacts / "scene-1-known-customer.png")


def test_a_known_customer_with_two_orders_chooses_by_button(new_customer: NewCustomer) -> None:
    customer = new_customer("two-orders@example.com")
    customer.asks("where's my stuff?")
    choice = customer.find("quick-reply").filter(has_text="TD-10417")
    choice.click()
    customer.hears("TD-10417 is", "bot")  # coming today by 8 PM; from then on, it should be there tonight
    assert re.search("today by 8 PM|by tonight", customer.texts("bot")[-1])


def test_a_stranger_sees_nothing_until_number_and_contact_match(new_customer: NewCustomer, artefacts: Path) -> None:
    customer = new_customer()
    customer.asks("Where is my order?")
    customer.asks("TD-10421")
    customer.asks("wrong@example.com")
    assert not any("tomorrow" in text for text in customer.texts("bot"))
    refusal = "with that number and that e-mail address or postcode"
    assert refusal in customer.texts("bot")[-2]
    customer.asks("TD-99999, on-time@example.com")
    assert refusal in customer.texts("bot")[-2], "a wrong number and a wrong address must read alike"
    customer.asks("TD-10421 and on-time@example.com")
    customer.hears("tomorrow by 3 PM", "bot")
    customer.page.screenshot(path=artefacts / "scene-2-stranger.png")


def test_after_three_misses_a_person_is_offered_and_after_six_even_the_right_answer_is_refused(
    new_customer: NewCustomer,
) -> None:
    first, second = new_customer(), new_customer()  # a new conversation does not reset the count
    for number, customer in enumerate((first, first, first, second, second, second)):
        if number in (0, 3):
            customer.asks("track my order")
        customer.asks(f"TD-10300 guess{number}@example.com")
        if number in (2, 5):
            assert customer.find("quick-reply").filter(has_text="person").count()
    second.asks("TD-10300 delivered@example.com")
    assert not any("was delivered" in text.lower() for text in second.texts("bot"))


def test_a_mildly_disappointed_customer_gets_the_same_facts_in_warmer_words(
    new_customer: NewCustomer, stack: Stack,
) -> None:
    calm, sad = new_customer("late@example.com"), new_customer("late@example.com")
    calm.asks("when will my package arrive?")
    sad.asks("I'm a little disappointed, when will my package arrive?")
    assert "in 3 days" in calm.texts("bot")[0] and "in 3 days" in sad.texts("bot")[0]
    assert calm.texts("bot")[0] != sad.texts("bot")[0]
    assert owner_of(stack, sad.conversation_id) == "bot"


def test_markup_is_shown_as_text(new_customer: NewCustomer) -> None:
    customer = new_customer()
    hostile = "<img src=x onerror=\"document.title='pwned'\"><b>hi</b>"
    customer.asks(hostile)
    assert customer.texts("customer") == [hostile]
    assert customer.page.title() != "pwned"


def test_a_customer_who_writes_german_is_answered_in_german_and_gets_a_person(new_customer: NewCustomer) -> None:
    customer = new_customer("on-time@example.com")
    customer.asks("Guten Morgen, wann kommt meine Bestellung denn an?")
    first, facts, offer = customer.texts("bot")
    assert "auf Englisch" in first
    assert facts == "Your order was shipped and is expected to arrive tomorrow by 3 PM."
    assert "Soll ich Ihnen hier Bescheid geben" in offer
    customer.asks("vielen Dank")
    assert customer.texts("bot")[-1] == "Gern geschehen!"
    customer.say("Ich würde gern noch mit einem Mitarbeiter sprechen")
    customer.hears("Ein Mensch aus unserem Team")

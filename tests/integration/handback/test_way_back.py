"""Who leaves the queue is answered what is still open, once; what needs a person is said to, nothing is done twice."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from rasa.core.agent import Agent

from tandem.conversations.model import Owner
from tandem.orders.model import OrderStatus
from tests.fakes.core import ANNA
from tests.integration.handback.shop import CUSTOMER, Shop, is_response, open_shop

BACK = "/back_to_bot"


@pytest.fixture
def shop(dialogue: Agent, tmp_path: Path) -> Iterator[Shop]:
    with open_shop(dialogue, tmp_path) as opened:
        yield opened


def waits(shop: Shop, *wrote: tuple[str, str]) -> None:
    """The customer asks for a person, and writes this while they wait."""
    shop.says("A person please", "ask_for_human")
    for text, intent in wrote:
        shop.says(text, intent)


def goes_back(shop: Shop) -> list[str]:
    return shop.says(BACK, "back_to_bot")


def owner(shop: Shop) -> Owner:
    return shop.core.ledger.conversation(CUSTOMER).owner


def test_with_nothing_open_the_bot_asks_what_it_can_do(shop: Shop) -> None:
    waits(shop, ("thank you", "thanks"))
    assert goes_back(shop) == ["I'm with you again. What can I do for you?"]


def test_what_was_noted_is_answered(shop: Shop) -> None:
    waits(shop, ("do you sell vouchers?", "promo_code"), ("thanks", "thanks"))
    welcome, answer = goes_back(shop)
    assert is_response(welcome, "utter_back_to_bot_open") and is_response(answer, "utter_promo_code")
    assert owner(shop) is Owner.BOT


def test_what_was_answered_in_the_queue_is_not_answered_again(shop: Shop) -> None:
    waits(shop, ("do you sell vouchers?", "promo_code"), ("how can I pay?", "payment_methods"))
    assert is_response(goes_back(shop)[1], "utter_promo_code")


def test_an_act_begins_where_it_was_noted_and_asks_for_its_own_yes(shop: Shop) -> None:
    shop.says("where is it", "order_status", order_number="TD-10433")
    shop.says("new@example.com", email="new@example.com")
    waits(shop, ("yes, cancel it for me", "cancel_order"))
    welcome, asked = goes_back(shop)
    assert is_response(welcome, "utter_back_to_bot_open") and "Shall I cancel order TD-10433" in asked
    assert shop.orders.find("TD-10433").status is OrderStatus.PROCESSING
    shop.says("yes", "affirm")
    assert shop.orders.find("TD-10433").status is OrderStatus.CANCELLED
    assert len(shop.says("thanks", "thanks")) == 1, "and it is not taken up again"


@pytest.mark.parametrize(("text", "intent"), [
    ("it went up in smoke", "safety_hazard"), ("they used my card", "fraud_report"),
    ("you hear from my lawyer", "legal_threat"),
])
def test_what_needs_a_person_is_said_to_and_opens_no_second_handoff(shop: Shop, text: str, intent: str) -> None:
    shop.says(text, intent)
    [told] = goes_back(shop)
    assert is_response(told, "utter_back_to_bot_needs_person")
    assert owner(shop) is Owner.BOT and len(shop.core.ledger.handoffs(CUSTOMER)) == 1


def test_anger_that_asked_nothing_is_answered_with_the_late_order(shop: Shop) -> None:
    shop.says("where is it", "order_status", order_number="TD-10388")
    shop.says("late@example.com", email="late@example.com")
    for text in ("thanks", "thank you", "many thanks", "thank you so much"):
        shop.says(text, "thanks")
    shop.mood = {"frustration": 0.99, "emotion": "angry", "polarity": -0.9}
    shop.says("what a joke of a shop", "abuse")
    assert owner(shop) is Owner.WAITING
    welcome, facts = goes_back(shop)
    assert is_response(welcome, "utter_back_to_bot_open") and ("held" in facts or "holding" in facts)


def test_after_a_person_nothing_is_open(shop: Shop) -> None:
    waits(shop, ("do you sell vouchers?", "promo_code"))
    shop.core.ownership.claim(CUSTOMER, ANNA)
    shop.core.ownership.hand_back(CUSTOMER, ANNA)
    assert len(goes_back(shop)) == 1


def test_who_leaves_in_words_is_answered_what_they_ask_beside_that(shop: Shop) -> None:
    waits(shop, ("do you sell vouchers?", "promo_code"))
    shop.readings |= {"No person": ("ask_for_human", {}), "how can I pay": ("payment_methods", {})}
    [answer] = shop.says("No person, how can I pay", "ask_for_human")
    assert is_response(answer, "utter_payment_methods") and owner(shop) is Owner.BOT


def test_who_refuses_a_person_gets_none(shop: Shop) -> None:
    shop.readings |= {"No person please": ("ask_for_human", {}), "how can I pay": ("payment_methods", {})}
    [answer] = shop.says("No person please, how can I pay", "ask_for_human")
    assert is_response(answer, "utter_payment_methods")
    [told] = shop.says("no person please", "ask_for_human")
    assert is_response(told, "utter_no_person")
    assert owner(shop) is Owner.BOT and not shop.core.ledger.handoffs(CUSTOMER)

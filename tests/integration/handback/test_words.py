"""The words of a real conversation: those of the reason at a handoff, and none twice."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from rasa.core.agent import Agent

from tests.integration.handback.shop import Shop, is_response, open_shop


@pytest.fixture
def shop(dialogue: Agent, tmp_path: Path) -> Iterator[Shop]:
    with open_shop(dialogue, tmp_path) as opened:
        yield opened


@pytest.mark.parametrize(("intent", "begins"), [
    ("bereavement", "I'm so sorry."), ("fraud_report", "Thank you for telling me straight away."),
    ("legal_threat", "I take this seriously."), ("safety_hazard", "Safety first:"),
    ("ask_for_human", "Of course, you'll get a person."), ("ask_for_call", "We can't phone you, I'm afraid"),
])
def test_a_person_comes_in_words_that_fit_the_reason(shop: Shop, intent: str, begins: str) -> None:
    [answer] = shop.says("there is something that you should know", intent)
    assert answer.startswith(begins)
    assert shop.slots()["handoff"]["state"] == "waiting"


def test_who_is_not_understood_twice_is_told_so_and_gets_a_person(shop: Shop) -> None:
    shop.says("blorp", "nlu_fallback")
    [answer] = shop.says("zonk", "nlu_fallback")
    assert answer.startswith("I don't want to keep guessing at what you mean.")
    assert shop.slots()["handoff_reason"] == "not_understood"


@pytest.mark.parametrize(("text", "response"), [
    ("so do I get points for this?", "utter_again"), ("what do regulars gain here", "utter_again_no_more"),
])
def test_an_answer_that_is_asked_for_again_is_told_to_the_same_words_and_offers_a_person(
    shop: Shop, text: str, response: str,
) -> None:
    [first] = shop.says("do I get points for this?", "loyalty_program")
    [again] = shop.says(text, "loyalty_program")
    [hours] = shop.says("when do you open", "opening_hours")
    assert is_response(first, "utter_loyalty_program") and is_response(hours, "utter_opening_hours")
    assert is_response(again, response) and (first.split(". ")[0] in again) is (response == "utter_again")
    assert first not in again, "never all of it once more"
    payloads = [button["payload"] for message in shop.core.ledger.messages("c") if message.text == again
                for button in message.data["buttons"]]
    assert "/ask_for_human" in payloads


def test_thanks_are_answered_in_other_words_each_time(shop: Shop) -> None:
    said = [shop.says(f"thank you {number}", "thanks")[0] for number in range(3)]
    assert len(set(said)) == 3

"""No answer is given twice in the same words: the record of the conversation decides between variations."""
from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml
from rasa.core.nlg.generator import NaturalLanguageGenerator
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import BotUttered, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig

from tandem.rasa_ext.fresh_responses import FreshResponses, said_before
from tests.unit.actions.conftest import RESPONSES

DOMAIN = Domain.from_yaml("""
version: "3.1"
intents: [hours, returns, greet]
slots:
  mood: {type: any, mappings: [{type: custom}]}
  language: {type: any, mappings: [{type: custom}]}
  why: {type: any, mappings: [{type: custom}]}
responses:
  utter_hours: [{text: "From {from}."}, {text: "We open at {from}.", buttons: [{title: Map, payload: /map}]}]
  utter_returns: [{text: Free.}]
  utter_greet: [{text: Hello.}]
  utter_returns_de: [{text: Kostenlos.}]
  utter_parcel:
    - text: On its way.
    - condition: [{type: slot, name: mood, value: upset}]
      text: I am sorry, it is on its way.
    - condition: [{type: slot, name: why, value: grief}]
      text: With all our sympathy.
    - condition: [{type: slot, name: why, value: grief}, {type: slot, name: mood, value: upset}]
      text: With all our sympathy, truly.
    - channel: sms
      text: Sent.
  utter_again: [{text: "As I said: {told}", buttons: [{title: Person, payload: /person}, {title: Map, payload: /map}]}]
  utter_again_otherwise: [{text: "The same holds: {told}"}]
  utter_again_no_more: [{text: "Not known: {asked}.", buttons: [{title: Person, payload: /person}]}]
  utter_again_asked: [{text: "<{words}>"}]
  utter_again_asked_unnamed: [{text: that}]
""")
WORDS = FreshResponses(EndpointConfig(again="utter_again", as_they_are=["utter_gre*"]), DOMAIN)


class Talk:
    """A conversation in which the bot answers each message with one response."""

    def __init__(self) -> None:
        self.tracker = DialogueStateTracker.from_events("c", [], slots=DOMAIN.slots)

    async def asks(self, intent: str, response: str, channel: str = "rest", words: FreshResponses = WORDS,
                   text: str = "", parse: dict[str, Any] | None = None, **values: Any) -> dict[str, Any]:
        self.tracker.update(UserUttered(text or intent, {"name": intent}, parse_data=parse or {}))
        message = await words.generate(response, self.tracker, channel, **values)
        assert message is not None
        self.tracker.update(BotUttered(message["text"]))
        return message


async def test_a_variation_that_was_not_said_comes_first_and_then_the_answer_is_told_again() -> None:
    talk = Talk()
    assert [(await talk.asks("hours", "utter_hours", **{"from": "8"}))["text"] for _ in range(3)] == [
        "From 8.", "We open at 8.", "As I said: From 8."]


async def test_other_facts_in_the_same_words_are_news() -> None:
    talk = Talk()
    await talk.asks("hours", "utter_hours", **{"from": "8"})
    assert (await talk.asks("hours", "utter_hours", **{"from": "9"}))["text"] == "From 9."


async def test_another_question_with_the_same_answer_later_is_told_so() -> None:
    talk = Talk()
    await talk.asks("returns", "utter_returns")
    for _ in range(3):
        await talk.asks("greet", "utter_greet")
    assert (await talk.asks("hours", "utter_returns"))["text"] == "The same holds: Free."


@pytest.mark.parametrize(("text", "told"), [
    ("and express, is that so too", "The same holds: Express and standard both leave at noon."),
    ("and the standards", "The same holds: Express and standard both leave at noon."),
    ("are you sure about the order", "Not known: <are you sure about the order>."),
    ("but when do you leave", "Not known: <but when do you leave>."),
])
async def test_what_an_answer_speaks_of_is_told_once_more_when_it_is_asked_after(text: str, told: str) -> None:
    words = FreshResponses(EndpointConfig(again="utter_again"), Domain.from_dict({**DOMAIN.as_dict(), "responses": {
        **DOMAIN.responses, "utter_leaves": [{"text": "Express and standard both leave at noon."}]}}))
    talk = Talk()
    await talk.asks("hours", "utter_leaves", words=words, text="when do you leave")
    assert (await talk.asks("returns", "utter_leaves", words=words, text=text))["text"] == told


@pytest.mark.parametrize(("intent", "text"), [
    ("returns", "and if I bring it in myself"),  # read as the same question
    ("hours", "open on Sundays?"),  # and as another one
])
async def test_what_was_said_just_now_is_not_told_again_to_other_words(intent: str, text: str) -> None:
    talk = Talk()
    await talk.asks("returns", "utter_returns", text="what does a return cost")
    again = await talk.asks(intent, "utter_returns", text=text)
    assert again["text"] == f"Not known: <{text}>."


@pytest.mark.parametrize(("text", "told"), [
    ("Is there an express too?", "The same holds: Express costs more."),
    ("is Sunday a working day for you", "The same holds: We never deliver on Sundays."),
    ("when do you leave", "As I said: Standard leaves at 12."),  # the same words: the one with the figure
    ("Ok, thank you. My wife wonders, do they ring", "Not known: that."),  # no short question to name
])
async def test_of_a_long_answer_only_what_is_asked_after_is_told_again(text: str, told: str) -> None:
    words = FreshResponses(EndpointConfig(again="utter_again"), Domain.from_dict({**DOMAIN.as_dict(), "responses": {
        **DOMAIN.responses, "utter_leaves": [
            {"text": "Gladly. Standard leaves at 12. Express costs more. We never deliver on Sundays."}]}}))
    talk = Talk()
    await talk.asks("hours", "utter_leaves", words=words, text="when do you leave")
    intent = "hours" if text == "when do you leave" else "returns"
    assert (await talk.asks(intent, "utter_leaves", words=words, text=text))["text"] == told


@pytest.mark.parametrize("text", ["what does a return cost??", "So what does a return cost", "/returns"])
async def test_the_same_question_in_the_same_words_or_by_its_button_is_answered_again(text: str) -> None:
    talk = Talk()
    await talk.asks("returns", "utter_returns", text="what does a return cost")
    assert (await talk.asks("returns", "utter_returns", text=text))["text"] == "As I said: Free."


async def test_what_else_may_be_meant_is_offered_but_nothing_that_was_answered_just_now() -> None:
    talk = Talk()
    await talk.asks("returns", "utter_returns", text="what does a return cost")
    again = await talk.asks("returns", "utter_returns", text="the shop in town, I mean", parse={
        "intent_ranking": [{"name": "returns", "confidence": 0.4}, {"name": "store_location", "confidence": 0.3},
                           {"name": "opening_hours", "confidence": 0.001}],
        "interpretation": {"candidates": [{"intent": "returns/store_return", "confidence": 0.2}]}})
    assert [one["payload"] for one in again["buttons"]] == [
        "/store_location", "/returns/store_return", "/ask_for_human", "/person"]


async def test_what_is_told_again_keeps_its_buttons_and_offers_the_next_help() -> None:
    talk = Talk()
    for _ in range(2):
        await talk.asks("hours", "utter_hours", **{"from": "8"})
    await talk.asks("hours", "utter_hours", **{"from": "8"})
    again = await talk.asks("hours", "utter_hours", **{"from": "8"})
    assert again["text"] == "As I said: We open at 8."
    assert [button["payload"] for button in again["buttons"]] == ["/map", "/person"]


async def test_what_is_no_answer_is_said_again_as_it_is() -> None:
    talk = Talk()
    assert [(await talk.asks("greet", "utter_greet"))["text"] for _ in range(2)] == ["Hello.", "Hello."]


async def test_who_waits_is_told_once_more_without_a_word_about_that() -> None:
    talk = Talk()
    assert [(await talk.asks("returns", "utter_returns", words=WORDS.plainly()))["text"] for _ in "12"] == 2 * ["Free."]
    assert (await talk.asks("returns", "utter_returns"))["text"] == "As I said: Free.", "and only they are"


async def test_without_words_for_it_an_answer_is_given_again() -> None:
    talk, words = Talk(), FreshResponses(EndpointConfig(), DOMAIN)
    assert [(await talk.asks("returns", "utter_returns", words=words))["text"] for _ in range(2)] == ["Free.", "Free."]


@pytest.mark.parametrize(("slots", "values", "channel", "text"), [
    ({}, {}, "rest", "On its way."),
    ({"mood": "upset"}, {}, "rest", "I am sorry, it is on its way."),
    ({"mood": "upset"}, {"why": "grief"}, "rest", "With all our sympathy, truly."),
    ({"why": "grief"}, {"why": ""}, "rest", "On its way."),
    ({"mood": "calm"}, {"why": "grief"}, "rest", "With all our sympathy."),
    ({}, {}, "sms", "Sent."),
])
async def test_the_variation_with_the_most_conditions_that_hold_is_said(
    slots: dict[str, Any], values: dict[str, Any], channel: str, text: str,
) -> None:
    talk = Talk()
    for slot, value in slots.items():
        talk.tracker.update(SlotSet(slot, value))
    assert (await talk.asks("hours", "utter_parcel", channel, **values))["text"] == text


async def test_a_response_that_is_not_there_says_nothing() -> None:
    assert await WORDS.generate("utter_nothing", Talk().tracker, "rest") is None


def test_how_far_back_it_looks_does_not_grow_with_the_conversation() -> None:
    talk = Talk()
    for number in range(500):
        talk.tracker.update(BotUttered(str(number)))
    assert [one.text for one in said_before(talk.tracker)] == [str(number) for number in range(499, 99, -1)]


def test_this_project_speaks_so() -> None:
    keys, deployed = (yaml.safe_load(Path(folder, "endpoints.yml").read_text(encoding="utf-8"))["nlg"]
                      for folder in (".", "deploy"))
    assert keys == deployed
    made = NaturalLanguageGenerator.create(EndpointConfig.from_dict(keys), DOMAIN)
    assert isinstance(made, FreshResponses)
    assert isinstance(made.for_domain(DOMAIN), FreshResponses)


def test_what_is_said_as_it_is_is_there() -> None:
    names = yaml.safe_load(Path("endpoints.yml").read_text(encoding="utf-8"))["nlg"]["as_they_are"]
    assert [name for name in names if not any(fnmatch(response, name) for response in RESPONSES)] == []


async def test_a_response_is_said_in_the_customers_language_where_it_is_there_in_it() -> None:
    talk = Talk()
    talk.tracker.update(SlotSet("language", "de"))
    assert [(await talk.asks("returns", "utter_returns"))["text"] for _ in range(2)] == ["Kostenlos."] * 2
    assert (await talk.asks("greet", "utter_greet"))["text"] == "Hello."

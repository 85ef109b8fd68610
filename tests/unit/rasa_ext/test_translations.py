"""Responses in the customer's language."""
from __future__ import annotations

import asyncio

import pytest
from rasa.core.nlg import TemplatedNaturalLanguageGenerator
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import SlotSet
from rasa.shared.core.trackers import DialogueStateTracker

from tandem.rasa_ext.translations import generate, translated

NAMES = {"utter_handoff_de", "utter_handoff_danger_de", "utter_thanks_pt", "utter_de"}


@pytest.mark.parametrize(("response", "language", "name"), [
    ("utter_handoff", "de", "utter_handoff_de"),
    ("utter_handoff_asked_queued", "de", "utter_handoff_de"),
    ("utter_handoff_danger_off_duty", "de", "utter_handoff_danger_de"),
    ("utter_thanks", "pt-br", "utter_thanks_pt"),
    ("utter_thanks", "de", "utter_thanks"),
    ("utter_handoff", "", "utter_handoff"),
    ("utter_handoff", "fr", "utter_handoff"),
])
def test_the_nearest_translation_is_said(response: str, language: str, name: str) -> None:
    assert translated(response, language, NAMES) == name


@pytest.mark.parametrize(("slots", "text"), [([], "Thanks"), ([SlotSet("language", "de")], "Danke Ana"),
                                             ([SlotSet("language", "pl")], "Thanks")])
def test_the_slot_picks_the_words(slots: list[SlotSet], text: str) -> None:
    domain = Domain.from_yaml("""
version: "3.1"
slots: {language: {type: any, mappings: [{type: custom}]}}
""")
    words = TemplatedNaturalLanguageGenerator({"utter_thanks": [{"text": "Thanks"}],
                                               "utter_thanks_de": [{"text": "Danke {name}"}]})
    tracker = DialogueStateTracker.from_events("c", slots, domain.slots)
    said = asyncio.run(generate(words, "utter_thanks", tracker, "rest", name="Ana"))
    assert said is not None
    assert said["text"] == text

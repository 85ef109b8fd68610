"""Responses in the customer's language: `utter_thanks_de` is said for `utter_thanks` while the slot `language` is `de`.

Where there is none of a response's whole name, one of its beginning will do: `utter_handoff_de` for
`utter_handoff_asked_queued`. What is not translated is said as it is.
"""
from __future__ import annotations

from collections.abc import Container
from typing import Any

from rasa.core.nlg import TemplatedNaturalLanguageGenerator
from rasa.shared.core.trackers import DialogueStateTracker

LANGUAGE_SLOT = "language"
_PREFIX = "utter_"
_rasas_generate = TemplatedNaturalLanguageGenerator.generate


def translated(response: str, language: str, responses: Container[str]) -> str:
    """Return the name of the response to say for another one in a language (a tag such as `de` or `pt-br`)."""
    tag, name = language.partition("-")[0], response
    while tag and name.startswith(_PREFIX) and name != _PREFIX:
        if f"{name}_{tag}" in responses:
            return f"{name}_{tag}"
        name = name.rpartition("_")[0]
    return response


def in_language_of(tracker: DialogueStateTracker, response: str, responses: Container[str]) -> str:
    """Return the name of the response to say for another one in the language of a conversation."""
    slot = tracker.slots.get(LANGUAGE_SLOT)
    return translated(response, str(slot.value or "") if slot is not None else "", responses)


async def generate(
    self: TemplatedNaturalLanguageGenerator, utter_action: str, tracker: DialogueStateTracker, output_channel: str,
    **kwargs: Any,
) -> dict[str, Any] | None:
    """Generate a response as Rasa does, in the customer's language if it is there."""
    name = in_language_of(tracker, utter_action, self.responses)
    told: dict[str, Any] | None = await _rasas_generate(self, name, tracker, output_channel, **kwargs)
    return told

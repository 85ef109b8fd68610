"""Moods on their way from a parse to the ledger."""
from __future__ import annotations

from typing import Any

import pytest

from tandem.gateway import message_mood
from tandem.gateway.message_mood import mood_of
from tandem.nlu.models.current_mood_model import MoodModelNotFound


def sentiment(frustration: float, **more: Any) -> dict[str, Any]:
    return {"sentiment": {"name": "negative", "confidence": 0.9, "polarity": -0.5, "emotion": "angry",
                          "frustration": frustration, "urgency": 0.0, **more}}


@pytest.fixture(autouse=True)
def reasons(monkeypatch: pytest.MonkeyPatch) -> None:
    told = [("shouts", 2.0), ("thanks", -1.5), ("waits", 1.0), ("asks", 0.5), ("trails off", 0.1)]
    monkeypatch.setattr(message_mood, "explain", lambda text: told)


def test_an_upset_message_brings_its_three_strongest_reasons() -> None:
    mood = mood_of(sentiment(0.8), "text")
    assert mood is not None and mood.reasons == ("shouts", "waits", "asks")


def test_a_calm_message_is_not_explained() -> None:
    mood = mood_of(sentiment(0.1), "text")
    assert mood is not None and mood.reasons == ()


def test_reasons_that_the_pipeline_brings_are_kept() -> None:
    mood = mood_of(sentiment(0.8, reasons=["its own"]), "text")
    assert mood is not None and mood.reasons == ("its own",)


@pytest.mark.parametrize("parse", [{}, {"sentiment": None}, {"sentiment": {"frustration": 1}}, {"sentiment": "bad"}])
def test_what_is_no_reading_is_no_mood(parse: dict[str, Any]) -> None:
    assert mood_of(parse, "text") is None


def test_without_a_model_there_is_a_mood_without_reasons(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(text: str) -> list[tuple[str, float]]:
        raise MoodModelNotFound("none")

    monkeypatch.setattr(message_mood, "explain", none)
    mood = mood_of(sentiment(0.8), "text")
    assert mood is not None and mood.reasons == ()

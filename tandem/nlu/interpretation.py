"""How a message was read, for people to see: on the parse under `interpretation`, and under it at the desk."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tandem.nlu.models.context import Context

INTERPRETATION = "interpretation"
_MOST = 3
_LEAST = 0.001  # confidence that is worth a line


def interpretation(
    ranking: Sequence[tuple[str, float]], context: Context, reasons: Sequence[tuple[str, float]], language: str = "",
) -> dict[str, Any]:
    """Put down the likeliest intents, what of the conversation was known, and what of it counted for the best.

    Args:
        reasons: Names with their weights, > 0 for the best intent, the weightiest first.
        language: The tag of another language than English; empty for English.
    """
    place = {"answered": context.answered or context.latest, "asks": context.asks, "offers": list(context.offers)}
    return {
        "candidates": [{"intent": intent, "confidence": round(sure, 3)}
                       for intent, sure in ranking[:_MOST] if sure >= _LEAST],
        "context": {name: value for name, value in place.items() if value},
        "reasons": [{"name": name, "weight": round(weight, 2)} for name, weight in reasons[:_MOST]],
        **({"language": language} if language else {}),
    }

"""From a parse to the mood that the ledger keeps, with the reasons that the desk shows."""
from __future__ import annotations

import asyncio
import functools
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tandem.conversations.model import Mood
from tandem.nlu.models.current_mood_model import MoodModelNotFound, explain

EXPLAINED = 0.5  # frustration from which an agent may ask why; explaining takes some milliseconds
_MOST = 3
_KEYS = ("name", "confidence", "polarity", "emotion", "frustration", "urgency")


async def read_mood(parse: Mapping[str, Any], text: str) -> Mood | None:
    """Do what `mood_of` does, in a thread of its own: explaining takes long, and must not hold up the ledger."""
    return await asyncio.get_running_loop().run_in_executor(_thread(), mood_of, parse, text)


@functools.cache
def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="moods")


def mood_of(parse: Mapping[str, Any], text: str) -> Mood | None:
    """Read the mood from a parse, if it has one: a designer's own pipeline may have none, or reasons of its own.

    Blocks for some milliseconds if the message is upset: not for the event loop.
    """
    sentiment: Any = parse.get("sentiment")
    try:
        mood = Mood(**{name: sentiment[name] for name in _KEYS}, reasons=tuple(sentiment.get("reasons") or ()))
        if mood.reasons or mood.frustration < EXPLAINED:
            return mood
        return Mood(**{name: sentiment[name] for name in _KEYS}, reasons=_reasons(text))
    except (TypeError, KeyError, AttributeError):
        return None


def _reasons(text: str) -> tuple[str, ...]:
    """List what moved the frustration up, strongest first."""
    try:
        return tuple(reason for reason, weight in explain(text) if weight > 0)[:_MOST]
    except (MoodModelNotFound, OSError):  # the readings are another component's
        return ()

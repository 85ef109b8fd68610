"""Small answers in Rasa's own form: a retrieval intent `topic/answer`, answered by the response `utter_topic/answer`.

Rasa reads which answer is wanted from the attribute `response_selector` of a message, so that one rule a topic will do.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rasa.shared.nlu.constants import (
    INTENT,
    INTENT_NAME_KEY,
    INTENT_RANKING_KEY,
    PREDICTED_CONFIDENCE_KEY,
    RESPONSE_SELECTOR,
)
from rasa.shared.nlu.training_data.message import Message

Ranking = Sequence[tuple[str, float]]


def set_reading(message: Message, ranking: Ranking, length: int) -> None:
    """Put a ranking of intents, best first, on a message as Rasa's policies and actions expect it.

    Args:
        ranking: Full names and confidences 0..1; empty where the message says nothing.
        length: How many intents the ranking on the message has; 0 for all.
    """
    by_name: dict[str, float] = {}
    for full, confidence in ranking:
        by_name.setdefault(full.partition("/")[0], confidence)
    entries = [{INTENT_NAME_KEY: name, PREDICTED_CONFIDENCE_KEY: sure} for name, sure in by_name.items()]
    best = dict(entries[0]) if entries else {INTENT_NAME_KEY: None, PREDICTED_CONFIDENCE_KEY: 0.0}
    message.set(INTENT, best, add_to_output=True)
    message.set(INTENT_RANKING_KEY, entries[: length or None], add_to_output=True)
    selected = _selected(ranking)
    if selected:
        message.set(RESPONSE_SELECTOR, selected, add_to_output=True)


def _selected(ranking: Ranking) -> dict[str, Any]:
    """Select, for each topic among the intents, the answer that is wanted if the message is about it."""
    wanted: dict[str, Any] = {}
    for full, confidence in ranking:
        topic, slash, _ = full.partition("/")
        if slash and topic not in wanted:
            wanted[topic] = {"response": {"intent_response_key": full, "utter_action": f"utter_{full}",
                                          "confidence": confidence, "responses": []}}
    return {"all_retrieval_intents": sorted(wanted), **wanted} if wanted else {}

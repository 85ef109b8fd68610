"""Small answers in Rasa's own form: a retrieval intent `topic/answer`, answered by the response `utter_topic/answer`.

Rasa reads which answer is wanted from the attribute `response_selector` of a message, so that one rule a topic will do.
"""
from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class RetrievalReading:
    """How a text was read, as Rasa's policies and actions expect it; its parts are on many messages, so only read."""

    full: str  # the full name of the best intent, `returns/who_pays`; empty if there is none
    best: Mapping[str, Any]
    ranking: Sequence[Mapping[str, Any]]
    selected: Mapping[str, Any]

    @classmethod
    def of(cls, ranking: Ranking, length: int) -> RetrievalReading:
        """Make the reading of a ranking of intents, best first.

        Args:
            ranking: Full names and confidences 0..1; empty where the message says nothing.
            length: How many intents the reading's ranking has; 0 for all.
        """
        by_name: dict[str, float] = {}
        for full, confidence in ranking:
            by_name.setdefault(full.partition("/")[0], confidence)
        entries = [{INTENT_NAME_KEY: name, PREDICTED_CONFIDENCE_KEY: sure} for name, sure in by_name.items()]
        best = entries[0] if entries else {INTENT_NAME_KEY: None, PREDICTED_CONFIDENCE_KEY: 0.0}
        shown = entries[: length or None]
        return cls(ranking[0][0] if ranking else "", best, shown, _selected(ranking, list(by_name)[: length or None]))

    def put_on(self, message: Message) -> None:
        """Set the intent, the ranking and the wanted answers of a message."""
        message.set(INTENT, dict(self.best), add_to_output=True)  # Rasa writes into both
        message.set(INTENT_RANKING_KEY, list(self.ranking), add_to_output=True)
        if self.selected:
            message.set(RESPONSE_SELECTOR, self.selected, add_to_output=True)


def _selected(ranking: Ranking, topics: Collection[str]) -> dict[str, Any]:
    """Select, for each topic among the intents shown, the answer that is wanted if the message is about it."""
    wanted: dict[str, Any] = {}
    for full, confidence in ranking:
        topic, slash, _ = full.partition("/")
        if slash and topic in topics and topic not in wanted:
            wanted[topic] = {"response": {"intent_response_key": full, "utter_action": f"utter_{full}",
                                          "confidence": confidence, "responses": []}}
    return {"all_retrieval_intents": sorted(wanted), **wanted} if wanted else {}

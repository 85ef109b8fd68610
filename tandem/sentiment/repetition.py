"""Find the messages of a conversation that ask the same as the latest one."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import compress

from tandem.sentiment.model import Turn, Vectors
from tandem.sentiment.settings import EscalationSettings

Encoder = Callable[[Sequence[str]], Vectors]


class Repetition:
    """Compares questions by their intents, and by their sentences where the intents differ.

    Args:
        encode: Embeds sentences as rows of length 1; without it questions are compared by intent alone, unless turns
            bring their own embeddings.
    """

    def __init__(self, settings: EscalationSettings, encode: Encoder | None = None) -> None:
        self._settings = settings
        self._encode = encode
        self._group = {intent: number for number, group in enumerate(settings.repeat_groups) for intent in group}

    def same_questions(self, turns: Sequence[Turn]) -> list[str]:
        """Find the texts of the messages that ask what the latest asks, itself included; oldest first.

        Empty if there are fewer than the `repeats` of the settings.
        """
        enough, latest = self._settings.repeats, turns[-1]
        if not enough or not self._is_question(latest):
            return []
        group = self._group.get(str(latest.intent))
        earlier = [turn for turn in turns[:-1] if self._is_question(turn) and not _differ(turn, latest)
                   and ((group is not None and self._group.get(str(turn.intent)) == group)
                        or not _ask_for_different_answers(turn, latest))]
        if len(earlier) + 1 < enough:
            return []
        same = [group is not None and self._group.get(str(turn.intent)) == group for turn in earlier]
        if sum(same) + 1 < enough:
            alike = iter(self._alike([turn for turn, known in zip(earlier, same) if not known], latest))
            same = [known or next(alike) for known in same]
        found = [turn.text for turn in compress(earlier, same)] + [latest.text]
        return found if len(found) >= enough else []

    def _is_question(self, turn: Turn) -> bool:
        settings = self._settings
        if turn.sentiment is None or turn.is_answer or turn.is_fallback or not turn.intent:
            return False
        names = {turn.intent, turn.intent.partition("/")[0]}
        return names.isdisjoint({*settings.not_questions, *settings.answer_intents, *settings.person_intents})

    def _alike(self, turns: Sequence[Turn], latest: Turn) -> list[bool]:
        vectors = [self._embedding(turn) for turn in (*turns, latest)]
        last = vectors[-1]
        return [last is not None and vector is not None and float(vector @ last) >= self._settings.similarity
                for vector in vectors[:-1]]

    def _embedding(self, turn: Turn) -> Vectors | None:
        if turn.embedding is not None or self._encode is None or not turn.text:
            return turn.embedding
        row: Vectors = self._encode([turn.text])[0]
        return row


def _differ(left: Turn, right: Turn) -> bool:
    return bool(left.subjects and right.subjects and not left.subjects & right.subjects)


def _ask_for_different_answers(left: Turn, right: Turn) -> bool:
    """Tell a small answer (`topic/answer`) from any other, and from its topic's general question (`order_status`).

    They are two questions, however alike their sentences are.
    """
    return left.intent != right.intent and ("/" in str(left.intent) or "/" in str(right.intent))

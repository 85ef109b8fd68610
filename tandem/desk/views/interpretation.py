"""How a customer's message was read by the bot, as it was noted then, in an agent's words."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tandem.conversations.ledger import INTERPRETATION
from tandem.conversations.model import Message
from tandem.wording.language import name_of

_FALLBACK = "nlu_fallback"
_NOT_UNDERSTOOD = "not understood"
_CONTEXT = {"answered": "After", "asks": "Asked for", "offers": "Offered"}


@dataclass(frozen=True)
class Interpretation:
    """What stands under a message.

    Attributes:
        choice: What it was taken for.
        candidates: The likeliest intents with their confidence, 0..1.
        context: What of the conversation was known, label and words.
        reasons: What of it counted for the likeliest, or against it (weight < 0).
    """

    choice: str
    candidates: tuple[tuple[str, float], ...]
    context: tuple[tuple[str, str], ...]
    reasons: tuple[tuple[str, float], ...]

    @classmethod
    def of(cls, message: Message | None) -> Interpretation | None:
        """Read what is noted with a message; None for one that the bot did not read."""
        noted = message.data.get(INTERPRETATION) if message else None
        if message is None or not isinstance(noted, Mapping):
            return None
        candidates = tuple(_weighed(noted.get("candidates"), "intent", "confidence"))
        choice = _NOT_UNDERSTOOD if message.intent == _FALLBACK else _plain(message.intent or _NOT_UNDERSTOOD)
        return cls(choice, candidates, tuple(_context(noted)), tuple(_weighed(noted.get("reasons"), "name", "weight")))


def _context(noted: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if noted.get("language"):
        yield "Language", name_of(str(noted["language"]))
    context = noted.get("context")
    place: Mapping[str, Any] = context if isinstance(context, Mapping) else {}
    for name, label in _CONTEXT.items():
        value = place.get(name)
        if value:
            yield label, ", ".join(map(_plain, value)) if isinstance(value, list) else _plain(value)


def _weighed(values: Any, name: str, weight: str) -> Iterator[tuple[str, float]]:
    for one in values if isinstance(values, Sequence) and not isinstance(values, str) else ():
        if isinstance(one, Mapping) and isinstance(one.get(weight), (int, float)):
            yield _plain(one.get(name)), float(one[weight])


def _plain(name: Any) -> str:
    return str(name).replace("_", " ").replace("/", ": ")

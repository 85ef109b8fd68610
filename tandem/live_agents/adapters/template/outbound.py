"""How card, transcript and messages are put for the help desk: texts under keys of ours, by which a repeat is known."""
from __future__ import annotations

from collections.abc import Iterator, Sequence

from tandem.conversations.model import Handoff, Message
from tandem.live_agents.rendering import card_text, split_text, transcript_text

MAX_TEXT = 5000  # characters of one message
_TRANSCRIPT = 20_000  # characters


def subject(handoff: Handoff) -> str:
    """Return the ticket's title, on one line."""
    return " ".join(handoff.reason.split())[:200]


def opening(handoff: Handoff, transcript: Sequence[Message]) -> Iterator[tuple[str, str]]:
    """Write what agents read first, in messages with their keys: the card, then what was said before."""
    yield from _parts(f"{handoff.id}:card", card_text(handoff))
    yield from _parts(f"{handoff.id}:transcript", transcript_text(transcript, _TRANSCRIPT))


def message_parts(handoff: Handoff, message: Message) -> Iterator[tuple[str, str]]:
    """Write one message, in parts that the help desk takes, with their keys."""
    return _parts(f"{handoff.id}:{message.seq}", message.text)


def _parts(key: str, words: str) -> Iterator[tuple[str, str]]:
    for number, part in enumerate(split_text(words, MAX_TEXT), 1):
        if part.strip():  # blanks alone are not taken
            yield f"{key}:{number}", part

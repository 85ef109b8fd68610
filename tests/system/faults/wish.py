"""What a customer of a run wants to be told, and how the news of it reads."""
from __future__ import annotations

from dataclasses import dataclass

SENT_OFF = "on its way"
YES = "yes, tell me"


@dataclass(frozen=True)
class Watched:
    """An order of which a customer is asked whether they want to be told; `agrees`: what they say to that."""

    number: str
    email: str
    agrees: bool


def is_news(watched: Watched, text: str) -> bool:
    """Whether a message is the news."""
    return SENT_OFF in text and watched.number in text

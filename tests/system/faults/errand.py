"""What a customer wants with an order of theirs, and how the bot says that it has done it."""
from __future__ import annotations

import re
from dataclasses import dataclass

REASON = "I changed my mind"  # for which things go back
_DONE = {"cancel": r"order {number} is cancelled(?! already)", "return": r"\bR-{number}\b"}


@dataclass(frozen=True)
class Errand:
    """What a customer wants with an order of theirs; `agreed`: they said yes when they were asked."""

    number: str
    kind: str  # cancel or return
    email: str
    agreed: bool


def announced(errand: Errand, text: str) -> bool:
    """Whether the bot says that it has done it."""
    return re.search(_DONE[errand.kind].format(number=errand.number), text, re.IGNORECASE) is not None

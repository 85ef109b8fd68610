"""What a customer wants with an order of theirs, and how the bot says that it has done it."""
from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

REASON = "I changed my mind"  # for which things go back
_BROKE_OFF = "what you agreed to for order {number} is done"  # the turn, after the act
_DONE = {"cancel": r"order {number} is cancelled(?! already|, as you said)", "return": r"\bR-{number}\b"}
_UNSURE = "can't tell yet whether what you agreed to for order {number}"  # so whoever asks again is told
_ALREADY = {"cancel": r"order {number} is cancelled already", "return": r"already a return for order {number}"}


@dataclass(frozen=True)
class Errand:
    """What a customer wants with an order of theirs; `agreed`: they said yes when they were asked."""

    number: str
    kind: str  # cancel or return
    email: str
    agreed: bool


def told_late(errand: Errand, texts: Sequence[str]) -> bool:
    """Whether the bot says that it was done although the turn broke off: at once, or when it is asked again."""
    if any(_BROKE_OFF.format(number=errand.number) in text for text in texts):
        return True
    unsure = next((place for place, text in enumerate(texts) if _UNSURE.format(number=errand.number) in text), None)
    already = _ALREADY[errand.kind].format(number=errand.number)
    return unsure is not None and any(re.search(already, text, re.IGNORECASE) for text in texts[unsure:])


def announced(errand: Errand, text: str) -> bool:
    """Whether the bot says that it has done it."""
    return re.search(_DONE[errand.kind].format(number=errand.number), text, re.IGNORECASE) is not None

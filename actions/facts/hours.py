"""Which hour a message asks about."""
from __future__ import annotations

import re

_LIMIT = re.compile(r"\b(?:before|by|until|till|til|prior to|earlier than)\s+(?:about\s+)?"
                    r"(?:(\d{1,2})(?::00)?\s*([ap])?\.?m?\b|(noon|midday))", re.IGNORECASE)
_NOON, _FIRST_OF_DAY = 12, 8  # an hour below 8 without "am" is one of the afternoon


def hour_asked(text: str) -> int | None:
    """Tell the hour (0 to 24) before which something should come; None if the text names none, or several."""
    found = _LIMIT.findall(text)
    if len(found) != 1:
        return None
    digits, half, noon = found[0]
    if noon:
        return _NOON
    hour, half = int(digits), half.lower()
    if hour < _NOON and (half == "p" or (not half and hour < _FIRST_OF_DAY)):
        hour += _NOON
    return hour if hour <= 2 * _NOON else None

"""Until which hour or day a message asks whether something comes."""
from __future__ import annotations

import re
from datetime import date, timedelta

_LIMIT = re.compile(r"\b(?:before|by|until|till|til|prior to|earlier than)\s+(?:about\s+)?"
                    r"(?:(\d{1,2})(?::00)?\s*([ap])?\.?m?\b|(noon|midday))", re.IGNORECASE)
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORT = {word[:3]: place for place, word in enumerate(_WEEKDAYS)} | {"tues": 1, "thur": 3, "thurs": 3}
_NEAR = {"today": 0, "tonight": 0, "tomorrow": 1}
_DAY = re.compile(
    r"\b(?:(?P<before>before|prior to|earlier than)|(?P<other>after|since|than|from|not|last|every|each|until))?\s*"
    rf"(?:the\s+|this\s+|on\s+)*\b(?P<day>{'|'.join((*_WEEKDAYS, *_NEAR, 'weekend'))}|"
    r"mon|tues?|wed|thu(?:rs?)?|fri|sat|sun)\b(?!\s+(?:the|morning's))", re.IGNORECASE)
_WEEK = 7
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


def day_asked(text: str, today: date) -> date | None:
    """Tell the last day on which it would be in time: "Saturday" is that day, "before Saturday" the one before it.

    None if the text names none, several, or one that limits nothing: "after Friday".

    Args:
        today: By the shop's clock; a weekday is the next one that comes, today among them.
    """
    found = list(_DAY.finditer(text))
    if len(found) != 1 or found[0]["other"]:
        return None
    word = found[0]["day"].lower()
    if word in _NEAR:
        ahead = _NEAR[word]
    elif word == "weekend":
        ahead = (_WEEKDAYS.index("saturday" if found[0]["before"] else "sunday") - today.weekday()) % _WEEK
    else:
        weekday = _WEEKDAYS.index(word) if word in _WEEKDAYS else _SHORT[word]
        ahead = (weekday - today.weekday()) % _WEEK
    return today + timedelta(days=ahead - bool(found[0]["before"]))

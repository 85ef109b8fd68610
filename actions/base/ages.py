"""An order told by its age: "my latest order", "the one before that", "what I bought yesterday"."""
from __future__ import annotations

import re
from dataclasses import dataclass

_THING = r"(?:order|purchase|parcel|package|one|thing)s?"
_NEWEST = re.compile(
    rf"\b(?:(?:newest|most recent|latest|recentest) {_THING}\b|my (?:very )?last (?:order|purchase)\b)", re.IGNORECASE)
_OLDEST = re.compile(rf"\b(?:oldest|earliest) {_THING}\b", re.IGNORECASE)
_BEFORE = re.compile(
    rf"\b(?:(?:the|my) (?:previous|earlier|older) {_THING}\b|(?:order|one) (?:right |just )?before"
    r"(?: (?:that|this|it))?(?: one)?\s*(?:[.!?,]|$))", re.IGNORECASE)
_BOUGHT = r"(?:(?:order|bought|buy|placed|purchase)(?:ed|d)?)"
_WHEN = (r"(?P<day>today|this morning|yesterday|last night|"
         r"(?P<count>a|one|two|three|four|five|six|seven|\d{1,3}) (?P<unit>days?|weeks?) ago)")
_ON_A_DAY = re.compile(rf"\b{_BOUGHT}\b[^.!?]{{0,20}}?\b{_WHEN}|\b(?P<of>today|yesterday)'?s (?:order|one|purchase)\b|"
                       rf"\border (?:from|of) (?P<from>today|yesterday)\b", re.IGNORECASE)
_COUNTS = {"a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7}


@dataclass(frozen=True)
class Age:
    """Which of several orders, the newest first: its place, how many days ago it was placed, or the next older one."""

    place: int | None = None
    days_ago: int | None = None


def read_age(text: str) -> Age | None:
    """Read by which age a text tells an order; None if by none."""
    plain = text.replace("’", "'")
    if _NEWEST.search(plain):
        return Age(place=0)
    if _OLDEST.search(plain):
        return Age(place=-1)
    if _BEFORE.search(plain):
        return Age()
    found = _ON_A_DAY.search(plain)
    return Age(days_ago=_days(found)) if found else None


def _days(match: re.Match[str]) -> int:
    if match["count"]:
        many = _COUNTS.get(match["count"].lower()) or int(match["count"])
        return many * (7 if match["unit"].lower().startswith("week") else 1)
    day = (match["day"] or match["of"] or match["from"] or "").lower()
    return 0 if day in ("today", "this morning") else 1

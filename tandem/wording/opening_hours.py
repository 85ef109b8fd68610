"""Opening hours in words: "every day from 8 AM to 8 PM", "Monday to Friday from 8 AM to 6 PM; Saturday from ..."."""
from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from itertools import groupby

from tandem.wording.formats import Formats

_MONDAY = date(2024, 1, 1)
Spans = tuple[tuple[time, time], ...]


def hours_in_words(hours: Mapping[int, Spans], formats: Formats) -> str:
    """Write hours by weekday (0 is Monday); without any the shop is open at all times."""
    if not hours:
        return formats.form("around_the_clock")
    lines = []
    for spans, group in groupby(range(7), key=lambda day: tuple(hours.get(day, ()))):
        days = list(group)
        if spans:
            times = [formats.form("open", opens=_clock(opens, formats), closes=_clock(closes, formats))
                     for opens, closes in spans]
            lines.append(f"{_days(days, formats)} {formats.joined_list(times)}")
    return formats.joined(lines)


def _days(days: list[int], formats: Formats) -> str:
    if len(days) == 7:
        return formats.form("every_day")
    first, last = (formats.weekday(datetime.combine(_MONDAY, time()) + timedelta(days=day))
                   for day in (days[0], days[-1]))
    return first if len(days) == 1 else formats.form("from_day_to_day", first=first, last=last)


def _clock(at: time, formats: Formats) -> str:
    return formats.time(datetime.combine(_MONDAY, at))

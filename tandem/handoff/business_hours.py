"""When people are on duty, and how patient the queue is: data/duty.yml."""
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

DUTY = Path("data/duty.yml")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
_LOOK_AHEAD = 366  # days in which the next opening is looked for

Span = tuple[time, time]  # an end that is not after its beginning is on the next day


class BusinessHoursError(ValueError):
    """data/duty.yml cannot be read; the text names the key and its fix."""


@dataclass(frozen=True)
class BusinessHours:
    """Hours by weekday (0 is Monday) in the shop's time zone, but for holidays; without any, always on duty.

    A span belongs to the day on which it begins: a holiday closes what begins on it.
    """

    zone: ZoneInfo
    hours: Mapping[int, tuple[Span, ...]] = field(default_factory=dict)
    holidays: frozenset[date] = frozenset()

    def on_duty(self, at: datetime) -> bool:
        """Whether somebody is on duty at this moment."""
        return not self.hours or any(opens <= at < closes for opens, closes in self._spans(at, 1))

    def opens_at(self, at: datetime) -> datetime | None:
        """The next opening after `at`, in the shop's time zone; None while people are on duty, or if none is near."""
        if self.on_duty(at):
            return None
        opening = min((opens for opens, _ in self._spans(at, _LOOK_AHEAD) if opens > at), default=None)
        return opening.astimezone(self.zone) if opening is not None else None

    def _spans(self, at: datetime, days: int) -> Iterator[tuple[datetime, datetime]]:
        today = at.astimezone(self.zone).date()
        for ahead in range(-1, days + 1):
            day = today + timedelta(days=ahead)
            if day in self.holidays:
                continue
            for start, end in sorted(self.hours.get(day.weekday(), ())):
                # As moments: where the clock is put forward or back, hours of the wall are no measure.
                opens, closes = self._moment(day, start), self._moment(day + timedelta(days=end <= start), end)
                if opens < closes:
                    yield opens, closes

    def _moment(self, day: date, wall: time) -> datetime:
        return datetime.combine(day, wall, self.zone).astimezone(timezone.utc)


@dataclass(frozen=True)
class Patience:
    """How long things may take before something is done about them; 0 turns it off.

    Attributes:
        tell_again_minutes: A customer who waits is told again how things stand.
        absent_minutes: A customer unanswered by an agent whose desk is closed goes back to the queue.
        remind_minutes: An agent is reminded of a customer who waits for an answer.
    """

    tell_again_minutes: float = 10
    absent_minutes: float = 5
    remind_minutes: float = 3


def read_duty(zone: ZoneInfo, path: Path = DUTY) -> tuple[BusinessHours, Patience]:
    """Read the file; without it people are always on duty.

    Raises:
        BusinessHoursError: A key or value is wrong.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}
    except yaml.YAMLError as error:
        raise BusinessHoursError(f"{path}: {error}") from error
    content = _mapping(content or {}, "the file", ("hours", "holidays", "patience"))
    hours = _mapping(content.get("hours") or {}, "hours", WEEKDAYS)
    patience = _mapping(content.get("patience") or {}, "patience", [one.name for one in fields(Patience)])
    for key, value in patience.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 24 * 60:
            raise BusinessHoursError(f"data/duty.yml: {key} must be minutes from 0 to 1440, not {value!r}")
    spans = {WEEKDAYS.index(day): tuple(_span(one) for one in _list(value, day)) for day, value in hours.items()}
    holidays = frozenset(_day(one) for one in _list(content.get("holidays") or [], "holidays"))
    return BusinessHours(zone, {day: of_day for day, of_day in spans.items() if of_day}, holidays), Patience(**patience)


def _mapping(value: Any, what: str, known: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BusinessHoursError(f"data/duty.yml: {what} must be a mapping; see docs/duty.md")
    unknown = [key for key in value if key not in known]
    if unknown:
        raise BusinessHoursError(f"data/duty.yml: {what}: unknown key {unknown[0]!r}; the keys are {', '.join(known)}")
    return value


def _list(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise BusinessHoursError(f"data/duty.yml: {what} must be a list, such as [\"08:00-20:00\"]; see docs/duty.md")
    return value


def _span(value: Any) -> Span:
    match = _SPAN.fullmatch(value) if isinstance(value, str) else None
    if match is None or (match[3] == "24" and match[4] != "00"):
        raise BusinessHoursError(f"data/duty.yml: {value!r} is no span of hours; write \"08:00-20:00\", in quotes")
    start, end = time(int(match[1]), int(match[2])), time(int(match[3]) % 24, int(match[4]))
    return start, end


def _day(value: Any) -> date:
    if isinstance(value, datetime) or not isinstance(value, date):
        raise BusinessHoursError(f"data/duty.yml: {value!r} is no day; write 2026-12-25")
    return value

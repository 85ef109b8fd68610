"""When people are on duty, and how patient the queue is: data/duty.yml."""
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import Field, validator

from tandem.configuration import ConfigModel, ConfigurationError, read_section, read_yaml

DUTY = Path("data/duty.yml")
_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
_LOOK_AHEAD = 366  # days in which the next opening is looked for

_MINUTES = "minutes from 0 to 1440"
Span = tuple[time, time]  # an end that is not after its beginning is on the next day


class BusinessHoursError(ConfigurationError):
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
        """Check whether somebody is on duty at this moment."""
        return not self.hours or any(opens <= at < closes for opens, closes in self._spans(at, 1))

    def opens_at(self, at: datetime) -> datetime | None:
        """Return the next opening after `at`, in the shop's time zone.

        None while people are on duty, or if none is near.
        """
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


class Patience(ConfigModel):
    """How long things may take before something is done about them; 0 turns it off.

    Attributes:
        tell_again_minutes: A customer who waits is told again how things stand.
        absent_minutes: A customer unanswered by an agent whose desk is closed goes back to the queue.
        remind_minutes: An agent is reminded of a customer who waits for an answer.
    """

    tell_again_minutes: float = Field(default=10, ge=0, le=24 * 60, description=_MINUTES)
    absent_minutes: float = Field(default=5, ge=0, le=24 * 60, description=_MINUTES)
    remind_minutes: float = Field(default=3, ge=0, le=24 * 60, description=_MINUTES)


def _spans() -> Any:
    return Field((), description='a list of spans such as ["08:00-12:00", "13:00-20:00"], each in quotes')


class _Hours(ConfigModel):
    """The spans of each weekday, in the order in which Python counts them."""

    monday: tuple[Span, ...] = _spans()
    tuesday: tuple[Span, ...] = _spans()
    wednesday: tuple[Span, ...] = _spans()
    thursday: tuple[Span, ...] = _spans()
    friday: tuple[Span, ...] = _spans()
    saturday: tuple[Span, ...] = _spans()
    sunday: tuple[Span, ...] = _spans()

    @validator("*", pre=True, each_item=True)
    def _is_span(cls, value: Any) -> Span:
        match = _SPAN.fullmatch(value) if isinstance(value, str) else None
        if match is None or (match[3] == "24" and match[4] != "00"):
            raise ValueError
        return time(int(match[1]), int(match[2])), time(int(match[3]) % 24, int(match[4]))


class _DutyFile(ConfigModel):
    class Config:
        empty_is_default = True

    always_on_duty: bool = False
    hours: _Hours = _Hours()
    holidays: frozenset[date] = Field(frozenset(), description="a list of days such as 2026-12-25")
    patience: Patience = Patience()

    @validator("holidays", pre=True, each_item=True)
    def _is_day(cls, value: Any) -> date:
        if isinstance(value, datetime) or not isinstance(value, date):
            raise ValueError
        return value


def read_duty(zone: ZoneInfo, path: Path = DUTY) -> tuple[BusinessHours, Patience]:
    """Read the file; without it people are always on duty.

    Raises:
        BusinessHoursError: A key or value is wrong.
    """
    file = _read(path)
    hours = {} if file.always_on_duty else _by_weekday(file)
    return BusinessHours(zone, hours, file.holidays), file.patience


def read_hours(path: Path = DUTY) -> Mapping[int, tuple[Span, ...]]:
    """Read the hours that customers are told, by weekday.

    Raises:
        BusinessHoursError: A key or value is wrong.
    """
    return _by_weekday(_read(path))


def _read(path: Path) -> _DutyFile:
    content = read_yaml(path, BusinessHoursError)
    return read_section(_DutyFile, content, where=DUTY.as_posix(), page="duty.md", error=BusinessHoursError)


def _by_weekday(file: _DutyFile) -> Mapping[int, tuple[Span, ...]]:
    return {number: spans for number, (_, spans) in enumerate(file.hours) if spans}

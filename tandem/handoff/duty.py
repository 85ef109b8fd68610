"""When people are on duty."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class DutyHours:
    """Daily hours in the shop's time zone; without them people are always on duty. Hours may pass midnight."""

    zone: ZoneInfo
    start: time | None = None
    end: time | None = None

    def on_duty(self, at: datetime) -> bool:
        """Whether somebody is on duty at this moment."""
        if self.start is None or self.end is None:
            return True
        local = at.astimezone(self.zone).time()
        if self.start <= self.end:
            return self.start <= local < self.end
        return local >= self.start or local < self.end

    def opens_at(self, at: datetime) -> datetime | None:
        """The next opening after `at`, in the shop's time zone; None while people are on duty."""
        if self.start is None or self.on_duty(at):
            return None
        local = at.astimezone(self.zone)
        opening = local.replace(hour=self.start.hour, minute=self.start.minute, second=0, microsecond=0)
        return opening if opening > local else opening + timedelta(days=1)

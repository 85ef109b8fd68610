"""Dates as customers read them, in the shop's time zone. The words are in data/responses/dates.yml."""
from __future__ import annotations

from datetime import datetime, tzinfo
from pathlib import Path

from tandem.orders.model import PaymentMethod
from tandem.wording.formats import Formats
from tandem.wording.phrases import notice

PHRASES = Path("data/responses/dates.yml")
_SOON = 6  # days ahead that are counted; later ones are named


class Dates:
    """Writes points in time as customers read them, seen from `at`.

    Args:
        at: The present moment, with a zone.
        zone: The shop's time zone, in which days begin and end.
        formats: How the shop's language and country write dates.
    """

    def __init__(self, now: datetime, zone: tzinfo, formats: Formats, phrases: Path = PHRASES) -> None:
        self.at = now
        self.formats = formats
        self._zone = zone
        self._phrases = phrases

    def when(self, moment: datetime) -> str:
        """Write a deadline to come: "today by 8 PM", "tomorrow by 3 PM", "in 3 days (Friday, June 27)"."""
        days = self._days_until(moment)
        if days <= 0:
            return self._phrase("date_today_by", moment)
        if days == 1:
            return self._phrase("date_tomorrow_by", moment)
        return self._phrase("date_in_days" if days <= _SOON else "date_on", moment)

    def ago(self, moment: datetime) -> str:
        """Write a day that has passed: "today", "yesterday", "5 days ago"."""
        days = -self._days_until(moment)
        if days <= 0:
            return self._phrase("date_today", moment)
        return self._phrase("date_yesterday" if days == 1 else "date_days_ago", moment)

    def clock(self, moment: datetime) -> str:
        """Write an hour: "2:05 PM"."""
        return self._phrase("date_time", moment)

    def day(self, moment: datetime) -> str:
        """Write a day by its name: "Friday, June 27"."""
        return self._phrase("date_day", moment)

    def opening(self, moment: datetime) -> str:
        """Write when somebody is back: "tomorrow at 8 AM"."""
        days = self._days_until(moment)
        names = {0: "date_opening_today", 1: "date_opening_tomorrow"}
        return self._phrase(names.get(days, "date_opening"), moment)

    def method(self, method: PaymentMethod) -> str:
        """Write where a refund goes: "your card"."""
        return notice(f"method_{method.value}", self._phrases)

    def local(self, moment: datetime) -> datetime:
        """Tell the moment by the shop's clock."""
        return moment.astimezone(self._zone)

    def _days_until(self, moment: datetime) -> int:
        return (moment.astimezone(self._zone).date() - self.at.astimezone(self._zone).date()).days

    def _phrase(self, name: str, moment: datetime) -> str:
        local = moment.astimezone(self._zone)
        days = self._days_until(moment)
        return notice(
            name, self._phrases, time=self.formats.time(local), weekday=self.formats.weekday(local),
            date=self.formats.date(local), distance=self.formats.days(days),
            # As dates were written before {date} and {distance}.
            days=str(abs(days)), month=self.formats.month(local), day=str(local.day),
        )

"""When people are on duty: across midnight, holidays, and the days on which the clock is put forward or back."""
from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tandem.handoff.business_hours import BusinessHours, BusinessHoursError, Patience, read_duty

NEW_YORK = ZoneInfo("America/New_York")
BERLIN = ZoneInfo("Europe/Berlin")
NINE_TO_FIVE = {day: ((time(9), time(17)),) for day in range(5)}

times = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 59]))
zones = st.sampled_from([NEW_YORK, BERLIN] + [
    ZoneInfo(name) for name in ("UTC", "Australia/Lord_Howe", "Asia/Kathmandu")])
hours = st.dictionaries(st.integers(0, 6), st.lists(st.tuples(times, times), min_size=1, max_size=3).map(tuple))
moments = st.datetimes(datetime(2025, 1, 1), datetime(2026, 12, 31), timezones=st.just(timezone.utc)) | st.datetimes(
    datetime(2025, 3, 8), datetime(2025, 3, 10), timezones=st.just(timezone.utc)) | st.datetimes(
    datetime(2025, 11, 1), datetime(2025, 11, 3), timezones=st.just(timezone.utc))
days = st.frozensets(st.dates(date(2025, 1, 1), date(2026, 12, 31)), max_size=5)


@given(hours, zones, moments, days)
@example({6: ((time(2), time(2, 30)),)}, NEW_YORK, datetime(2025, 3, 9, 6, 59, tzinfo=timezone.utc), frozenset())
def test_the_next_opening_is_one_and_nobody_is_on_duty_before_it(
    week: dict[int, tuple[tuple[time, time], ...]], zone: ZoneInfo, at: datetime, holidays: frozenset[date],
) -> None:
    duty = BusinessHours(zone, week, holidays)
    opening = duty.opens_at(at)
    if duty.on_duty(at):
        assert opening is None
        return
    assert opening is not None and opening > at and duty.on_duty(opening)
    assert not duty.on_duty(opening - timedelta(seconds=1)) or opening - timedelta(seconds=1) < at
    for part in range(1, 8):
        assert not duty.on_duty(at + (opening - at) * part / 8)


@given(zones, moments)
def test_without_hours_somebody_is_always_on_duty(zone: ZoneInfo, at: datetime) -> None:
    assert BusinessHours(zone).on_duty(at) and BusinessHours(zone).opens_at(at) is None


def test_on_the_day_the_clocks_change_opening_follows_local_time() -> None:
    duty = BusinessHours(NEW_YORK, {day: ((time(8), time(20)),) for day in range(7)})
    for day in (date(2025, 3, 8), date(2025, 3, 9), date(2025, 11, 2)):
        opening = datetime.combine(day, time(8), NEW_YORK)
        assert duty.on_duty(opening) and not duty.on_duty(opening - timedelta(minutes=1))
    opens = duty.opens_at(datetime(2025, 3, 9, 4, 0, tzinfo=timezone.utc))
    assert opens is not None and (opens.hour, opens.utcoffset()) == (8, timedelta(hours=-4))


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    duty = BusinessHours(BERLIN, {4: ((time(22), time(6)),)}, frozenset({date(2025, 3, 21)}))
    assert duty.on_duty(datetime(2025, 3, 15, 5, 59, tzinfo=BERLIN)), "Saturday morning, begun on Friday"
    assert not duty.on_duty(datetime(2025, 3, 15, 6, 0, tzinfo=BERLIN))
    assert not duty.on_duty(datetime(2025, 3, 22, 1, 0, tzinfo=BERLIN)), "begun on a holiday"


def test_closed_for_good_names_no_opening() -> None:
    at = datetime(2025, 3, 12, 20, 0, tzinfo=timezone.utc)
    always = frozenset(date(2025, 3, 1) + timedelta(days=day) for day in range(800))
    assert BusinessHours(NEW_YORK, NINE_TO_FIVE, always).opens_at(at) is None


def test_the_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "duty.yml"
    path.write_text('hours:\n  monday: ["08:00-12:00", "13:00-24:00"]\n  friday: ["22:00-02:00"]\n'
                    "holidays: [2026-12-25]\npatience: {remind_minutes: 1.5}\n")
    duty, patience = read_duty(BERLIN, path)
    assert duty.hours == {0: ((time(8), time(12)), (time(13), time(0))), 4: ((time(22), time(2)),)}
    assert duty.holidays == {date(2026, 12, 25)}
    assert patience == Patience(remind_minutes=1.5)


def test_keys_whose_entries_are_commented_out_are_as_good_as_none(tmp_path: Path) -> None:
    (tmp_path / "duty.yml").write_text("hours:\nholidays:\npatience:\n")
    assert read_duty(BERLIN, tmp_path / "duty.yml") == (BusinessHours(BERLIN), Patience())


def test_the_projects_own_file_and_no_file_mean_always_on_duty(tmp_path: Path) -> None:
    assert read_duty(BERLIN)[0].hours == {} == read_duty(BERLIN, tmp_path / "none.yml")[0].hours


@pytest.mark.parametrize(("text", "named"), [
    ("hours: [1]", "hours must be a mapping"), ("hours: {mon: []}", "mon is not known, did you mean monday"),
    ("hours: {monday: 8-20}", "a list"),
    ('hours: {monday: ["8-20"]}', "'8-20'"), ('hours: {monday: ["08:00-25:00"]}', "25:00"),
    ("hours: {monday: [480]}", "480"), ('hours: {monday: ["08:00-24:30"]}', "24:30"),
    ("holidays: [christmas]", "christmas"), ("holidays: 2026-12-25", "a list"),
    ("patience: {remind_minutes: -1}", "-1"),
    ("patience: {remind_minutes: yes}", "remind_minutes"), ("patience: {speed: 1}", "patience: speed is not known"),
    ("a: [", "duty.yml"),
    ("closed: true", "closed is not known; there are always_on_duty, hours, holidays, patience"), ("- 1", "mapping"),
])
def test_what_cannot_be_read_is_named(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "duty.yml"
    path.write_text(text)
    with pytest.raises(BusinessHoursError, match=named):
        read_duty(BERLIN, path)

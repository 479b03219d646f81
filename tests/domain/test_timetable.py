"""Series on every kind of day: clock changes, midnight, holidays, terms, overlaps."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollbook.domain.timetable import (
    DayRange,
    Series,
    SiteCalendar,
    Term,
    meetings,
    overlapping,
    week_of,
)
from rollbook.errors import InvalidInput

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = date(2026, 3, 2)
NONE = SiteCalendar()
MATHS = Series(
    "s1", "g1", "Maths", time(8), time(8, 45), MONDAY, weekdays=frozenset({0, 2}), room="101"
)
zones = st.sampled_from(
    ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]
).map(ZoneInfo)
days = st.dates(date(2024, 1, 1), date(2030, 12, 31))
times = st.times().map(lambda at: at.replace(second=0, microsecond=0))
weekdays = st.frozensets(st.integers(0, 6), min_size=1)


def days_of(series: Series, calendar: SiteCalendar = NONE, weeks: int = 4) -> list[date]:
    last = series.first_day + timedelta(weeks=weeks) - timedelta(days=1)
    return [meeting.day for meeting in meetings(series, calendar, BERLIN, series.first_day, last)]


def test_a_series_meets_on_its_weekdays_from_its_first_day_on() -> None:
    assert [day.isoformat() for day in days_of(MATHS, weeks=2)] == [
        "2026-03-02",
        "2026-03-04",
        "2026-03-09",
        "2026-03-11",
    ]
    early = list(meetings(MATHS, NONE, BERLIN, date(2026, 2, 1), date(2026, 3, 2)))
    assert [meeting.day for meeting in early] == [MONDAY]


def test_the_last_day_belongs_to_the_series() -> None:
    short = replace(MATHS, last_day=date(2026, 3, 9))
    assert days_of(short)[-1] == date(2026, 3, 9)


def test_every_second_week_counts_from_the_week_of_the_first_day() -> None:
    second = replace(MATHS, every_weeks=2, first_day=date(2026, 3, 4))
    assert [day.isoformat() for day in days_of(second)] == [
        "2026-03-04",
        "2026-03-16",
        "2026-03-18",
        "2026-03-30",
    ]


def test_holidays_and_days_off_are_left_out_and_extra_days_are_not() -> None:
    calendar = SiteCalendar(
        holidays=(DayRange("Spring", date(2026, 3, 9), date(2026, 3, 10)),),
        public={date(2026, 3, 16): "A holiday"},
    )
    series = replace(
        MATHS, days_off=frozenset({date(2026, 3, 4)}), extra_days=frozenset({date(2026, 3, 10)})
    )
    assert [day.isoformat() for day in days_of(series, calendar, weeks=3)] == [
        "2026-03-02",
        "2026-03-10",
        "2026-03-11",
        "2026-03-18",
    ]
    assert date(2026, 3, 9) in days_of(replace(series, on_holidays=True), calendar)
    assert calendar.why_off(date(2026, 3, 9)) == "Spring"
    assert calendar.why_off(date(2026, 3, 16)) == "A holiday"
    assert calendar.why_off(date(2026, 3, 17)) is None


def test_a_series_of_a_term_meets_within_it_and_not_at_all_when_the_term_is_gone() -> None:
    term = Term("t1", DayRange("Spring term", date(2026, 3, 5), date(2026, 3, 11)))
    series = replace(MATHS, term_id="t1")
    assert days_of(series, SiteCalendar((term,))) == [date(2026, 3, 9), date(2026, 3, 11)]
    assert days_of(series) == []


def test_a_single_meeting_is_a_series_of_one_date() -> None:
    single = replace(MATHS, weekdays=frozenset(), extra_days=frozenset({MONDAY}))
    assert single.is_single
    assert days_of(single) == [MONDAY]
    assert not MATHS.is_single


@pytest.mark.parametrize(
    ("day", "hours"),
    [(date(2026, 3, 29), 2), (date(2026, 10, 25), 4), (date(2026, 3, 22), 3)],
    ids=["an hour is left out", "an hour comes twice", "an ordinary night"],
)
def test_a_night_is_as_long_as_the_clocks_make_it(day: date, hours: int) -> None:
    night = Series("n", "g", "Night", time(1), time(4), day, extra_days=frozenset({day}))
    (meeting,) = meetings(night, NONE, BERLIN, day, day)
    assert meeting.ends_at - meeting.starts_at == timedelta(hours=hours)


def test_a_night_over_midnight_belongs_to_the_day_that_it_begins_on() -> None:
    night = Series("n", "g", "Night", time(22), time(6), MONDAY, weekdays=frozenset({0}))
    (meeting,) = meetings(night, NONE, BERLIN, MONDAY, MONDAY + timedelta(days=6))
    assert meeting.business_date == MONDAY
    assert meeting.ends_at == datetime(2026, 3, 3, 5, tzinfo=UTC)


def test_a_meeting_for_which_a_clock_change_leaves_no_time_does_not_take_place() -> None:
    day = date(2026, 3, 29)
    gone = Series("n", "g", "", time(2, 10), time(2, 50), day, extra_days=frozenset({day}))
    assert list(meetings(gone, NONE, BERLIN, day, day)) == []


@settings(deadline=None)
@given(zones, days, times, times, weekdays, st.integers(1, 8))
def test_meetings_never_go_backwards_and_start_at_the_wall_clock(
    zone: ZoneInfo, first: date, start: time, end: time, wanted: frozenset[int], every: int
) -> None:
    series = Series("s", "g", "", start, end, first, weekdays=wanted, every_weeks=every)
    found = list(meetings(series, NONE, zone, first, first + timedelta(days=120)))
    assert found
    for one, following in itertools.pairwise(found):
        assert one.starts_at < following.starts_at
        assert one.day < following.day
    for meeting in found:
        assert timedelta(0) < meeting.ends_at - meeting.starts_at <= timedelta(hours=25)
        assert meeting.day.weekday() in wanted
        local = meeting.starts_at.astimezone(zone)
        assert local.date() == meeting.business_date
        skipped = local.time() != start  # only where the clocks jump over the start
        assert not skipped or local.utcoffset() != (local - timedelta(hours=3)).utcoffset()


@settings(deadline=None)
@given(days, days, days, weekdays)
def test_looking_in_pieces_finds_what_looking_at_once_finds(
    first: date, one: date, other: date, wanted: frozenset[int]
) -> None:
    series = replace(MATHS, first_day=first, weekdays=wanted, every_weeks=3)
    start, middle = sorted([one, other])
    middle = min(middle, start + timedelta(days=200))
    last = middle + timedelta(days=30)
    whole = list(meetings(series, NONE, BERLIN, start, last))
    parts = list(meetings(series, NONE, BERLIN, start, middle))
    parts += meetings(series, NONE, BERLIN, middle + timedelta(days=1), last)
    assert whole == parts


@given(days)
def test_a_week_begins_on_monday_and_has_the_day(day: date) -> None:
    week = week_of(day)
    assert len(week) == 7 and week[0].weekday() == 0 and day in week


def test_overlaps_are_found_in_the_same_group_only() -> None:
    same = replace(MATHS, series_id="s2", start=time(8, 30), end=time(9))
    later = replace(MATHS, series_id="s3", start=time(8, 45), end=time(9))
    elsewhere = replace(same, series_id="s4", group_id="g2")
    other_day = replace(same, series_id="s5", weekdays=frozenset({1}))
    ended = replace(same, series_id="s6", first_day=date(2025, 1, 1), last_day=date(2025, 2, 1))
    night = replace(same, series_id="s7", start=time(22), end=time(8, 10))
    others = [MATHS, same, later, elsewhere, other_day, ended, night]
    assert [one.series_id for one in overlapping(MATHS, others)] == ["s2", "s7"]


@pytest.mark.parametrize(
    "change",
    [
        {"weekdays": frozenset({7})},
        {"weekdays": frozenset()},
        {"every_weeks": 0},
        {"every_weeks": 9},
        {"start": time(8, tzinfo=UTC)},
        {"last_day": date(2040, 1, 1)},
        {"first_day": date(1066, 1, 1)},
    ],
    ids=str,
)
def test_a_series_that_cannot_be_is_refused_in_a_sentence(change: dict[str, object]) -> None:
    with pytest.raises(InvalidInput, match=r"\.$|\?$"):
        replace(MATHS, **change)


def test_holidays_end_after_they_begin() -> None:
    with pytest.raises(InvalidInput, match="last day"):
        DayRange("odd", date(2026, 3, 2), date(2026, 3, 1))

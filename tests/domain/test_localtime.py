"""Wall-clock times in zones whose clocks jump, repeat, and skip whole days."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.domain.localtime import plan_session, to_utc
from rollbook.errors import InvalidInput

ZONES = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",  # half an hour
    "Asia/Kathmandu",  # +05:45, no changes
    "Pacific/Apia",  # had no 30 December 2011
    "America/Sao_Paulo",  # skipped midnight until 2018
    "Africa/Casablanca",
    "UTC",
]
zones = st.sampled_from(ZONES).map(ZoneInfo)
CHANGES = [
    date(2025, 3, 30),
    date(2025, 10, 26),
    date(2025, 3, 9),
    date(2025, 11, 2),
    date(2025, 4, 6),
    date(2025, 10, 5),
    date(2011, 12, 30),
    date(2018, 11, 4),
]
days = st.dates(date(2005, 1, 1), date(2030, 12, 31)) | st.sampled_from(CHANGES)
walls = st.times()


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day", "wall", "instant"),
    [
        ("Europe/Berlin", date(2025, 3, 30), time(2, 30), "2025-03-30 01:00"),
        ("Europe/Berlin", date(2025, 3, 30), time(2), "2025-03-30 01:00"),
        ("Europe/Berlin", date(2025, 3, 30), time(3), "2025-03-30 01:00"),
        ("Europe/Berlin", date(2025, 3, 30), time(1, 59), "2025-03-30 00:59"),
        ("Europe/Berlin", date(2025, 10, 26), time(2, 30), "2025-10-26 00:30"),
        ("America/New_York", date(2025, 3, 9), time(2, 59, 59), "2025-03-09 07:00"),
        ("America/New_York", date(2025, 11, 2), time(1, 30), "2025-11-02 05:30"),
        ("Australia/Lord_Howe", date(2025, 10, 5), time(2, 10), "2025-10-04 15:30"),
        ("Australia/Lord_Howe", date(2025, 10, 5), time(2, 40), "2025-10-04 15:40"),
        ("Australia/Lord_Howe", date(2025, 4, 6), time(1, 45), "2025-04-05 14:45"),
        ("Asia/Kathmandu", date(2025, 4, 14), time(9), "2025-04-14 03:15"),
        ("Pacific/Apia", date(2011, 12, 30), time(9), "2011-12-30 10:00"),
        ("America/Sao_Paulo", date(2018, 11, 4), time(0), "2018-11-04 03:00"),
    ],
)
def test_known_times_around_clock_changes(zone: str, day: date, wall: time, instant: str) -> None:
    assert to_utc(day, wall, ZoneInfo(zone)) == utc(instant)


@given(days, walls, zones)
def test_a_time_that_exists_comes_back_as_itself(day: date, wall: time, zone: ZoneInfo) -> None:
    wanted = datetime.combine(day, wall)
    got = to_utc(day, wall, zone).astimezone(zone)
    exists = wanted.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)
    if exists.replace(tzinfo=None) == wanted:
        assert got.replace(tzinfo=None) == wanted
        assert got.fold == 0
    else:
        assert got.replace(tzinfo=None) > wanted
        a_moment_before = (to_utc(day, wall, zone) - timedelta(seconds=1)).astimezone(zone)
        assert a_moment_before.replace(tzinfo=None) < wanted


@given(days, walls, walls, zones)
def test_a_later_time_of_a_day_is_never_an_earlier_instant(
    day: date, one: time, other: time, zone: ZoneInfo
) -> None:
    first, second = sorted((one, other))
    assert to_utc(day, first, zone) <= to_utc(day, second, zone)


@given(days, walls, walls, zones)
def test_a_planned_session_has_length_and_belongs_to_the_day_it_starts(
    day: date, start: time, end: time, zone: ZoneInfo
) -> None:
    try:
        starts_at, ends_at, business_date = plan_session(day, start, end, zone)
    except InvalidInput:
        on = day if end > start else day + timedelta(days=1)
        assert to_utc(day, start, zone) == to_utc(on, end, zone)  # only a skipped time does that
        return
    assert timedelta(0) < ends_at - starts_at <= timedelta(hours=25)
    assert business_date == starts_at.astimezone(zone).date()
    assert business_date == day or (zone.key, day) == ("Pacific/Apia", date(2011, 12, 30))


@pytest.mark.parametrize(
    ("day", "hours"),
    [(date(2025, 3, 29), 7), (date(2025, 10, 25), 9), (date(2025, 4, 1), 8)],
)
def test_a_night_shift_is_shorter_or_longer_when_clocks_change(day: date, hours: int) -> None:
    starts_at, ends_at, business_date = plan_session(
        day, time(22), time(6), ZoneInfo("Europe/Berlin")
    )
    assert ends_at - starts_at == timedelta(hours=hours)
    assert business_date == day


def test_a_session_on_a_day_that_was_left_out_is_refused() -> None:
    with pytest.raises(InvalidInput, match="Clocks change"):
        plan_session(date(2011, 12, 30), time(9), time(10), ZoneInfo("Pacific/Apia"))


def test_midnight_starts_the_day_and_ends_the_one_before() -> None:
    zone = ZoneInfo("America/New_York")
    starts_at, ends_at, business_date = plan_session(date(2025, 5, 5), time(0), time(0), zone)
    assert (starts_at, business_date) == (utc("2025-05-05 04:00"), date(2025, 5, 5))
    assert ends_at - starts_at == timedelta(days=1)

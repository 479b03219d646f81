"""A time of day means the instant at which the session takes marks, also over midnight."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from rollbook.cli.times import parse_time, time_of_session
from rollbook.domain.attendance import Session
from rollbook.errors import InvalidInput

BERLIN = ZoneInfo("Europe/Berlin")


def session(start: str, hours: float) -> Session:
    local = datetime.fromisoformat(start).replace(tzinfo=BERLIN)
    begin = local.astimezone(UTC)
    return Session("s", "g", "", begin, begin + timedelta(hours=hours), local.date())


@pytest.mark.parametrize(
    ("start", "hours", "typed", "expected"),
    [
        ("2025-04-01T08:00", 1, "08:05", "2025-04-01T08:05"),
        ("2025-04-01T22:00", 8, "22:30", "2025-04-01T22:30"),
        ("2025-04-01T22:00", 8, "00:30", "2025-04-02T00:30"),
        ("2025-04-01T00:05", 1, "23:55", "2025-03-31T23:55"),
        ("2025-03-29T22:00", 8, "05:00", "2025-03-30T05:00"),
        ("2025-04-01T08:00", 1, "15:00", "2025-04-01T15:00"),
    ],
)
def test_a_typed_time_is_that_of_the_session(
    start: str, hours: float, typed: str, expected: str
) -> None:
    found = time_of_session(typed, session(start, hours), BERLIN)
    assert f"{found.astimezone(BERLIN):%Y-%m-%dT%H:%M}" == expected


@pytest.mark.parametrize("typed", ["8", "25:00", "noon", "08:00+02:00", ""])
def test_what_is_no_time_of_day_is_refused(typed: str) -> None:
    with pytest.raises(InvalidInput):
        parse_time(typed)


def test_a_day_is_that_of_the_session_not_of_today() -> None:
    lesson = session("2020-02-29T08:00", 1)
    assert time_of_session("08:00", lesson, BERLIN).date() == date(2020, 2, 29)

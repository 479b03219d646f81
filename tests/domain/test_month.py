"""Months, and a group's register as values."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.domain.attendance import AttendanceRecord, Session, Status
from rollbook.domain.month import GroupMonth, Month, Person, PersonMonth
from rollbook.domain.subjects import Group
from rollbook.domain.totals import Totals
from rollbook.errors import InvalidInput

ZONE = ZoneInfo("Europe/Berlin")


@given(st.dates(date(1, 1, 1), date(9998, 12, 31)))
def test_a_month_has_all_its_days_and_reads_its_own_text(day: date) -> None:
    month = Month(day.year, day.month)
    assert Month.parse(str(month)) == month
    assert day in month.days
    assert (month.days[0], month.days[-1]) == (month.first_day, month.last_day)
    assert len(month.days) in {28, 29, 30, 31}


@pytest.mark.parametrize("text", ["", "2025", "2025-4", "2025-13", "2025-00", "0000-01", "April"])
def test_what_is_not_a_month_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidInput, match="2025-04"):
        Month.parse(text)


def line(name: str, *statuses: Status | None, external_id: str | None = None) -> PersonMonth:
    cells = tuple(AttendanceRecord("s", name, s) if s else None for s in statuses)
    return PersonMonth(Person(name * 3, name, external_id), True, cells)


def session(day: int) -> Session:
    start, end = (datetime(2025, 4, day, hour, tzinfo=ZONE) for hour in (8, 9))
    return Session(f"s{day}", "g", "", start, end, date(2025, 4, day))


def test_totals_by_person_by_session_and_of_the_group_agree() -> None:
    group = GroupMonth(
        Group("g", "8A"),
        (session(1), session(2)),
        (
            line("Ada", Status.PRESENT, Status.ABSENT),
            line("Bob", Status.LATE, Status.EXCUSED),
            line("New", None, Status.PRESENT),
        ),
    )
    assert [person.totals.percent for person in group.people] == ["50.0", "100.0", "100.0"]
    assert group.session_totals(0) == Totals(present=1, late=1)
    assert group.session_totals(1) == Totals(present=1, absent=1, excused=1)
    assert group.totals == Totals(present=2, late=1, absent=1, excused=1)
    assert len(list(group.rows())) == 5


def test_namesakes_are_told_apart_by_external_id_or_a_piece_of_the_random_one() -> None:
    people = (line("Ada"), line("Bob"), line("Ada", external_id="17"))
    labels = GroupMonth(Group("g", "8A"), (), people).labels()
    assert labels == ["Ada (AdaAda)", "Bob", "Ada (17)"]

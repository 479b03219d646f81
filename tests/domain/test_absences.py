"""Absences against what was seen and said."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import DAY, NOW, make_session
from rollbook.domain.absences import Absence, covering, excused_by_absence, leaves_room
from rollbook.domain.attendance import (
    ABSENCE_TOLD,
    CALLED_OFF,
    NOT_OPEN_YET,
    Direction,
    Mark,
    MarkKind,
    Method,
    SessionState,
    Status,
    next_mark,
    record_of,
)
from rollbook.errors import InvalidInput

SESSION = make_session("g")
LATER = NOW + timedelta(hours=3)
ILL = Absence("a", "ada", DAY, DAY + timedelta(days=4), "ill", "Ill", "faculty b", NOW)


def mark(kind: MarkKind, status: Status | None = None, rule: str = "") -> Mark:
    return Mark(
        f"m {kind} {status}", SESSION.session_id, "ada", kind, NOW, Method.HAND, "b", status, rule
    )


TOLD = mark(MarkKind.STATUS, Status.EXCUSED, ABSENCE_TOLD)
ARRIVED = mark(MarkKind.ARRIVED)
SAID = mark(MarkKind.STATUS, Status.ABSENT, "set by a person")
TAKEN_BACK = mark(MarkKind.STATUS, Status.OPEN, "absence taken back")


def status(*marks: Mark, state: SessionState = SessionState.CLOSED) -> Status:
    return record_of(replace(SESSION, state=state), "ada", marks, LATER).status


def test_who_told_is_excused_unless_they_come_all_the_same() -> None:
    assert status(TOLD) is Status.EXCUSED
    assert status(TOLD, ARRIVED) is Status.PRESENT
    assert record_of(SESSION, "ada", [TOLD, ARRIVED], LATER).arrived_at == NOW
    assert status(TOLD, SAID) is Status.ABSENT
    assert status(TOLD, TAKEN_BACK) is Status.ABSENT


def test_a_person_s_word_still_wins_over_what_was_seen() -> None:
    excused = mark(MarkKind.STATUS, Status.EXCUSED, "set by a person")
    assert status(ARRIVED, excused) is Status.EXCUSED


@pytest.mark.parametrize(
    ("marks", "room"),
    [
        ([], True),
        ([ARRIVED], False),
        ([SAID], False),
        ([TOLD], False),
        ([TOLD, TAKEN_BACK], True),
    ],
)
def test_an_absence_writes_where_nothing_else_was_said(marks: list[Mark], room: bool) -> None:
    assert leaves_room(marks) is room


def test_only_what_an_absence_said_is_taken_back() -> None:
    assert excused_by_absence([TOLD]) is TOLD
    assert excused_by_absence([SAID]) is None
    assert excused_by_absence([TOLD, SAID]) is None
    assert excused_by_absence([]) is None


@given(st.dates(date(2026, 2, 20), date(2026, 3, 20)))
def test_an_absence_covers_its_first_and_its_last_day(day: date) -> None:
    assert ILL.covers(day) == (DAY <= day <= DAY + timedelta(days=4))
    assert (covering([ILL], day) is ILL) == ILL.covers(day)


def test_of_two_absences_the_one_that_was_told_first_is_named() -> None:
    later = replace(ILL, absence_id="b", told_at=NOW + timedelta(hours=1))
    assert covering([later, ILL], DAY) is ILL
    assert covering([], DAY) is None


@pytest.mark.parametrize("last", [DAY - timedelta(days=1), DAY + timedelta(days=500)])
def test_odd_spans_are_refused(last: date) -> None:
    with pytest.raises(InvalidInput):
        replace(ILL, last_day=last)


@pytest.mark.parametrize("at", [NOW, NOW + timedelta(days=1)], ids=["in time", "later"])
@pytest.mark.parametrize(
    ("state", "ignored"),
    [(SessionState.PLANNED, NOT_OPEN_YET), (SessionState.CANCELLED, CALLED_OFF)],
)
def test_what_is_not_open_takes_no_marks(
    state: SessionState, ignored: object, at: datetime
) -> None:
    assert next_mark(replace(SESSION, state=state), [], at, Direction.BOTH) == ignored


@pytest.mark.parametrize(
    "state", [SessionState.PLANNED, SessionState.CANCELLED, SessionState.NOT_TAKEN]
)
def test_nobody_is_absent_where_nobody_looked(state: SessionState) -> None:
    assert status(state=state) is Status.OPEN

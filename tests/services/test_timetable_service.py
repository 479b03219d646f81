"""Series become planned sessions, which follow every change until they are opened."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rollbook.domain.attendance import OFFICE_DAY, SessionState
from rollbook.errors import InvalidInput, NotFound
from rollbook.services.calendars import HolidayRegion
from rollbook.services.due import SITE
from rollbook.services.session_times import CLOSE_JOB, OPEN_JOB
from rollbook.services.timetable import PLAN_JOB
from rollbook.storage.database import Database
from timetables import BY, EARLY, MONDAY, School, at

WEEK = timedelta(weeks=1)


@pytest.fixture
def school(database: Database) -> School:
    return School(database)


def days(school: School, *states: SessionState) -> list[date]:
    return [session.business_date for session in school.sessions(*states)]


def due_rows(school: School) -> set[tuple[str, str, object]]:
    with school.uow() as uow:
        rows = uow.due.waiting(EARLY + 100 * WEEK, 1000)
    return {(row.job, row.target, row.due_at) for row in rows}


def test_a_new_series_is_planned_four_weeks_ahead(school: School) -> None:
    school.add()
    assert days(school) == [MONDAY + n * WEEK for n in range(5)]
    first = school.session()
    assert first.state is SessionState.PLANNED
    assert (first.starts_at, first.title) == (at(MONDAY, 8), "Maths")
    assert (OPEN_JOB, first.session_id, first.first_mark_at) in due_rows(school)


def test_planning_again_changes_nothing_and_a_week_later_adds_a_week(school: School) -> None:
    school.add()
    assert school.timetable.plan_ahead() == 0
    school.clock.advance(WEEK.total_seconds())
    assert school.timetable.plan_ahead() == 1
    assert len(days(school)) == 6


def test_what_is_over_today_is_not_planned(school: School) -> None:
    school.clock.at = at(MONDAY, 12)
    school.add()
    assert MONDAY not in days(school)


def test_a_session_keeps_its_id_when_its_series_changes(school: School) -> None:
    series = school.add()
    before = school.session()
    changed = replace(series, start=time(10), end=time(11), title="Art", policy=OFFICE_DAY)
    school.timetable.update(changed, BY)
    after = school.session()
    assert after.session_id == before.session_id
    assert (after.starts_at, after.title, after.policy) == (at(MONDAY, 10), "Art", OFFICE_DAY)
    times = {row[2] for row in due_rows(school) if row[:2] == (OPEN_JOB, after.session_id)}
    assert times == {after.first_mark_at}


def test_a_change_touches_only_what_was_not_opened(school: School) -> None:
    series = school.add()
    school.run(at(MONDAY, 8))
    opened = school.session()
    school.timetable.update(replace(series, weekdays=frozenset({1})), BY)
    assert school.session() == opened
    assert opened.state is SessionState.OPEN
    tuesday = MONDAY + timedelta(days=1)
    assert days(school, SessionState.PLANNED) == [tuesday + n * WEEK for n in range(4)]


def test_holidays_and_terms_move_the_plan_and_give_it_back(school: School) -> None:
    term = school.calendars.add_term("Spring", MONDAY, MONDAY + 3 * WEEK, BY)
    school.add(term_id=term.term_id)
    assert len(days(school)) == 4
    school.calendars.add_holiday("Ski week", MONDAY + WEEK, MONDAY + WEEK, BY)
    assert days(school) == [MONDAY, MONDAY + 2 * WEEK, MONDAY + 3 * WEEK]
    held = school.calendars.read(MONDAY).holidays[0]
    school.calendars.remove_holiday(held, BY)
    assert len(days(school)) == 4
    shorter = replace(term, days=replace(term.days, last_day=MONDAY))
    school.calendars.change_term(shorter, BY)
    assert days(school) == [MONDAY]
    with pytest.raises(InvalidInput, match="run in this term"):
        school.calendars.remove_term(term.term_id, BY)


def test_public_holidays_of_the_region_are_left_out(school: School) -> None:
    school.add()
    school.clock.at = at(date(2026, 3, 23), 6)
    school.timetable.plan_ahead()
    easter_monday = date(2026, 4, 6)
    assert easter_monday in days(school)
    school.calendars.set_region(HolidayRegion("DE", "BE"), BY)
    assert easter_monday not in days(school)
    with pytest.raises(InvalidInput, match="by hand"):
        school.calendars.set_region(HolidayRegion("DE", "ZZ"), BY)


def test_a_cancelled_date_stays_cancelled_and_a_day_off_is_removed(school: School) -> None:
    series = school.add()
    cancelled = school.session_life.cancel(school.session().session_id, BY)
    school.timetable.update(replace(series, days_off=frozenset({MONDAY + WEEK})), BY)
    school.timetable.plan_ahead()
    assert school.session() == cancelled
    assert days(school) == [MONDAY, MONDAY + 2 * WEEK, MONDAY + 3 * WEEK, MONDAY + 4 * WEEK]
    assert not [row for row in due_rows(school) if row[1] == cancelled.session_id]


def test_a_series_ends_after_its_last_day(school: School) -> None:
    series = school.add()
    school.timetable.end(series.series_id, MONDAY + WEEK, BY)
    assert days(school) == [MONDAY, MONDAY + WEEK]
    assert school.timetable.get(series.series_id).last_day == MONDAY + WEEK


def test_a_series_that_never_took_place_is_forgotten(school: School) -> None:
    series = school.add()
    school.timetable.end(series.series_id, MONDAY - timedelta(days=1), BY)
    assert days(school) == []
    with pytest.raises(NotFound):
        school.timetable.get(series.series_id)
    assert {row for row in due_rows(school) if row[0] in (OPEN_JOB, CLOSE_JOB)} == set()


def test_a_single_session_is_planned_and_can_be_taken_away(school: School) -> None:
    day = MONDAY + timedelta(days=2)
    single = school.add(weekdays=(), extra_days=frozenset({day}), room="Hall")
    assert days(school) == [day]
    assert school.timetable.rooms([school.session(day).session_id]) == {
        school.session(day).session_id: "Hall"
    }
    school.timetable.end(single.series_id, MONDAY, BY)
    assert days(school) == []


def test_an_ended_series_that_was_opened_keeps_what_was_opened(school: School) -> None:
    day = MONDAY
    single = school.add(weekdays=(), extra_days=frozenset({day}))
    school.run(at(MONDAY, 8))
    school.timetable.end(single.series_id, MONDAY - timedelta(days=1), BY)
    assert school.session().state is SessionState.OPEN
    assert school.timetable.get(single.series_id).last_day == day


def test_the_week_shows_sessions_and_what_is_not_planned_yet(school: School) -> None:
    school.add(room="101")
    school.calendars.add_holiday("Trip", MONDAY + timedelta(days=3), MONDAY + timedelta(days=3), BY)
    week = school.timetable.week(MONDAY + timedelta(days=4))
    (entry,) = week.entries[MONDAY]
    assert entry.session == school.session() and entry.room == "101"
    assert week.off == {MONDAY + timedelta(days=3): "Trip"}
    later = school.timetable.week(MONDAY + 10 * WEEK)
    (ahead,) = later.entries[MONDAY + 10 * WEEK]
    assert ahead.session is None and ahead.meeting.starts_at == at(MONDAY + 10 * WEEK, 8)
    assert school.timetable.week(MONDAY, group_ids=()).entries[MONDAY] == []


def test_how_far_ahead_is_planned_can_be_set(school: School) -> None:
    school.add()
    school.timetable.set_weeks_ahead(1, BY)
    assert len(days(school)) == 5, "what is planned stays"
    school.timetable.set_weeks_ahead(8, BY)
    assert len(days(school)) == 9
    with pytest.raises(InvalidInput, match="weeks ahead"):
        school.timetable.set_weeks_ahead(0, BY)


def test_the_register_says_who_changed_what(school: School) -> None:
    series = school.add()
    school.timetable.update(replace(series, title="Art"), BY)
    assert school.events() == ["series added", "planned", "series changed", "planned"]
    with school.uow() as uow:
        entries = uow.register.entries(["session"])
    assert {entry.body["by"] for entry in entries} == {BY}
    assert "Maths" not in str(entries)


def test_planning_is_due_every_day_and_a_week_of_sleep_is_one_run(school: School) -> None:
    school.run(EARLY)
    school.run(EARLY + WEEK)
    with school.uow() as uow:
        rows = [row for row in uow.due.waiting(EARLY + 2 * WEEK) if row.job == PLAN_JOB]
    (row,) = rows
    assert (row.target, row.due_at) == (SITE, at(MONDAY + timedelta(days=8), 3, 10))


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=8, deadline=None
)
@given(
    st.lists(
        st.tuples(st.frozensets(st.integers(0, 6), min_size=1), st.integers(0, 23)),
        min_size=1,
        max_size=4,
    )
)
def test_after_any_changes_the_plan_is_what_a_new_series_would_have(
    school: School, changes: list[tuple[frozenset[int], int]]
) -> None:
    school.clock.at = at(MONDAY - timedelta(days=2), 12)  # no meeting has begun
    series = school.add()
    for weekdays, hour in changes:
        series = replace(series, weekdays=weekdays, start=time(hour), end=time(hour, 30))
        school.timetable.update(series, BY)
    copy = school.add(weekdays=series.weekdays, start=series.start, end=series.end)
    with school.uow() as uow:
        planned = {
            one: [
                (row.day, uow.sessions.get(row.session_id).starts_at)
                for row in uow.series.planned(one)
            ]
            for one in (series.series_id, copy.series_id)
        }
    assert planned[series.series_id] == planned[copy.series_id]
    for one in (series, copy):
        school.timetable.end(one.series_id, MONDAY - timedelta(days=1), BY)
    assert days(school) == []

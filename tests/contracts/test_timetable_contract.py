"""What every database has to do for series, due work, absences and groups."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta

import pytest

from builders import DAY, NOW, make_class, make_session
from rollbook.domain.absences import Absence
from rollbook.domain.attendance import COUNTED_STATES, OFFICE_DAY, SessionState
from rollbook.domain.subjects import Group, new_id
from rollbook.domain.timetable import Series
from rollbook.domain.timetable_ports import PlannedDay
from rollbook.errors import AlreadyExists, NotFound
from rollbook.storage.database import Database

WEEK = timedelta(weeks=1)
LEASE = timedelta(minutes=2)


@pytest.fixture
def group(database: Database) -> Group:
    return make_class(database.uow, ["Ada", "Bob"])[0]


def make_series(group: Group) -> Series:
    return Series(
        new_id(),
        group.group_id,
        "Maths in 5b",
        time(8),
        time(8, 45),
        DAY,
        DAY + 10 * WEEK,
        frozenset({0, 4}),
        2,
        "term",
        OFFICE_DAY,
        "101",
        frozenset({DAY + WEEK}),
        frozenset({DAY + timedelta(days=1)}),
        True,
        "uid of a calendar",
    )


def test_a_series_comes_back_as_it_was_given(database: Database, group: Group) -> None:
    series = make_series(group)
    plain = Series(new_id(), group.group_id, "", time(8), time(9), DAY, weekdays=frozenset({1}))
    with database.uow() as uow:
        uow.series.add(series)
        uow.series.add(plain)
        uow.commit()
    with database.uow() as uow:
        assert uow.series.get(series.series_id) == series
        assert {one.series_id for one in uow.series.all()} == {series.series_id, plain.series_id}
        assert uow.series.all(new_id()) == []
        uow.series.update(replace(series, title="Art"))
        assert uow.series.get(series.series_id).title == "Art"
        uow.series.remove(plain.series_id)
        assert len(uow.series.all(group.group_id)) == 1
        with pytest.raises(NotFound):
            uow.series.get(plain.series_id)
        with pytest.raises(NotFound):
            uow.series.update(plain)
        with pytest.raises(NotFound, match="group"):
            uow.series.add(replace(plain, group_id=new_id()))


def test_a_series_meets_once_a_day(database: Database, group: Group) -> None:
    series = make_series(group)
    first = PlannedDay(series.series_id, DAY, new_id())
    second = PlannedDay(series.series_id, DAY + WEEK, new_id())
    with database.uow() as uow:
        uow.series.add(series)
        uow.series.plan([second, first])
        with pytest.raises(AlreadyExists, match="once a day"):
            uow.series.plan([replace(first, session_id=new_id())])
        uow.commit()
    with database.uow() as uow:
        assert uow.series.planned(series.series_id) == [first, second]
        assert uow.series.planned(since=DAY + timedelta(days=1)) == [second]
        assert uow.series.planned(until=DAY) == [first]
        assert uow.series.planned(of_group=group.group_id) == [first, second]
        assert uow.series.planned(of_group=new_id()) == []
        assert uow.series.some([series.series_id, new_id()]) == [series]
        of = uow.series.series_of([first.session_id, new_id()])
        assert of == {first.session_id: series.series_id}
        uow.series.unplan(series.series_id, DAY)
        assert uow.series.planned() == [second]


def test_due_work_is_there_once_however_often_it_is_added(database: Database) -> None:
    with database.uow() as uow:
        assert uow.due.add("open", "a", NOW)
        assert not uow.due.add("open", "a", NOW)
        assert uow.due.add("open", "a", NOW + WEEK)
        uow.due.add_many([("open", "b", NOW), ("close", "a", NOW)])
        uow.commit()
    with database.uow() as uow:
        rows = uow.due.waiting(NOW)
        assert {(row.job, row.target) for row in rows} == {
            ("open", "a"),
            ("open", "b"),
            ("close", "a"),
        }
        assert uow.due.waiting(NOW - timedelta(microseconds=1)) == []
        assert len(uow.due.waiting(NOW, limit=2)) == 2


def test_one_of_two_claims_wins_and_a_lease_ends(database: Database) -> None:
    with database.uow() as uow:
        uow.due.add("open", "a", NOW)
        uow.commit()
    with database.uow() as one:
        (row,) = one.due.waiting(NOW)
        claimed = one.due.claim(row, NOW, NOW + LEASE)
        assert claimed is not None and claimed.attempts == 1
        one.commit()
    with database.uow() as other:
        assert other.due.claim(row, NOW, NOW + LEASE) is None
        assert other.due.waiting(NOW) == []
        (again,) = other.due.waiting(NOW + LEASE)
        later = other.due.claim(again, NOW + LEASE, NOW + 2 * LEASE)
        assert later is not None and later.attempts == 2
        assert not other.due.finish(claimed, NOW + LEASE), "its lease was lost"
        assert other.due.finish(later, NOW + LEASE)
        assert not other.due.finish(later, NOW + LEASE), "done already"
        assert not other.due.add("open", "a", NOW), "what was done stays done"
        assert not other.due.has_open("open", "a")
        other.commit()


def test_work_can_be_put_off_dropped_counted_and_forgotten(database: Database) -> None:
    with database.uow() as uow:
        uow.due.add_many([("open", "a", NOW), ("open", "b", NOW)])
        (row, other) = uow.due.waiting(NOW)
        claimed = uow.due.claim(row, NOW, NOW + LEASE)
        assert claimed is not None
        uow.due.put_off(claimed, NOW + 2 * LEASE)
        assert [one.target for one in uow.due.waiting(NOW + LEASE)] == [other.target]
        assert len(uow.due.waiting(NOW + 2 * LEASE)) == 2
        assert [one.target for one in uow.due.stuck(1)] == [row.target]
        assert uow.due.has_open("open", row.target)
        uow.due.drop("open", [other.target, "nobody"])
        assert not uow.due.has_open("open", other.target)
        uow.due.finish(claimed, NOW)
        uow.due.drop("open", [row.target])
        assert not uow.due.add("open", row.target, NOW), "what is done is not dropped"
        assert uow.due.purge(NOW) == 0
        assert uow.due.purge(NOW + WEEK) == 1


def test_a_lease_that_a_changed_clock_made_too_long_does_not_count(database: Database) -> None:
    ahead = NOW + timedelta(hours=1)
    with database.uow() as uow:
        uow.due.add("open", "a", NOW)
        (row,) = uow.due.waiting(ahead)
        uow.due.claim(row, ahead, ahead + LEASE)
        assert len(uow.due.waiting(NOW)) == 1


def test_absences_come_back_and_end_with_their_person(database: Database) -> None:
    _, people = make_class(database.uow, ["Cleo", "Dan"], "8c")
    ids = [person.subject_id for person in people]
    absences = [
        Absence(new_id(), one, DAY, DAY + WEEK, "ill", "Ill", "faculty b", NOW, "a note")
        for one in ids
    ]
    with database.uow() as uow:
        for absence in absences:
            uow.absences.add(absence)
        uow.commit()
    with database.uow() as uow:
        assert uow.absences.get(absences[0].absence_id) == absences[0]
        assert uow.absences.of([ids[0], new_id()]) == {ids[0]: [absences[0]]}
        shorter = replace(absences[0], last_day=DAY)
        uow.absences.update(shorter)
        assert uow.absences.get(shorter.absence_id) == shorter
        uow.subjects.remove(ids[0])
        assert uow.absences.all() == [absences[1]]
        uow.absences.remove(absences[1].absence_id)
        for missing in (uow.absences.get, uow.absences.remove):
            with pytest.raises(NotFound):
                missing(absences[1].absence_id)


def test_groups_can_be_renamed_to_a_name_that_is_free(database: Database, group: Group) -> None:
    other, _ = make_class(database.uow, ["Cleo"], "8c")
    with database.uow() as uow:
        uow.groups.rename(group.group_id, "7A")
        with pytest.raises(AlreadyExists, match="7a"):
            uow.groups.rename(other.group_id, "7a")
        uow.groups.rename(other.group_id, "9c")
        uow.commit()
    with database.uow() as uow:
        assert [one.name for one in uow.groups.all()] == ["7A", "9c"]
        assert uow.groups.by_name("8c") is None
        with pytest.raises(NotFound):
            uow.groups.rename(new_id(), "free")


def test_sessions_are_found_by_state_and_only_planned_ones_can_be_removed(
    database: Database, group: Group
) -> None:
    made = {state: replace(make_session(group.group_id), state=state) for state in SessionState}
    with database.uow() as uow:
        uow.sessions.add_many(list(made.values()))
        uow.commit()
    with database.uow() as uow:
        counted = {one.state for one in uow.sessions.all(states=COUNTED_STATES)}
        assert counted == {SessionState.OPEN, SessionState.CLOSED, SessionState.NOT_TAKEN}
        assert [one.state for one in uow.sessions.all(open_only=True)] == [SessionState.OPEN]
        ids = [one.session_id for one in made.values()]
        assert uow.sessions.some([*ids, new_id()]) == {one.session_id: one for one in made.values()}
        for session_id in ids:
            uow.sessions.remove(session_id)
        left = {one.state for one in uow.sessions.all()}
        assert left == set(SessionState) - {SessionState.PLANNED}


def test_days_of_far_years_are_kept(database: Database, group: Group) -> None:
    far = replace(
        make_series(group), first_day=date(2990, 1, 1), last_day=None, days_off=frozenset()
    )
    with database.uow() as uow:
        uow.series.add(far)
        assert uow.series.get(far.series_id) == far

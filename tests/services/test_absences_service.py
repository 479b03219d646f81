"""Absences excuse what is there and what will be, and give back what they took."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rollbook.domain.absences import DEFAULT_REASONS, AbsenceReason
from rollbook.domain.attendance import ABSENCE_TOLD, Method, SessionState, Status
from rollbook.domain.subjects import new_id
from rollbook.errors import InvalidInput, NotFound
from rollbook.storage.database import Database
from timetables import BY, MONDAY, School, at

DAY = timedelta(days=1)
FRIDAY = MONDAY + 4 * DAY
BOB = "faculty b"


@pytest.fixture
def school(database: Database) -> School:
    """Return a school with a lesson each day, Monday's being open."""
    made = School(database)
    made.add(weekdays=range(5))
    made.run(at(MONDAY, 8))
    return made


def take(school: School, day: int = 0) -> None:
    """Let Cleo arrive on a day, and the session close by itself."""
    when = MONDAY + day * DAY
    school.run(at(when, 8))
    cleo = school.people[2].subject_id
    school.keeper.sight(school.session(when).session_id, cleo, school.clock.now(), Method.FACE)
    school.run(at(when, 9))


def test_open_sessions_are_excused_at_once_and_later_ones_when_they_open(school: School) -> None:
    ada = school.people[0]
    told = school.absences.tell([ada.subject_id], MONDAY, FRIDAY, "ill", BOB, "fever")
    assert told.marks == 1
    (mark,) = school.marks(school.session())
    assert (mark.status, mark.rule, mark.by) == (Status.EXCUSED, ABSENCE_TOLD, BOB)
    assert mark.reason == "Ill"
    tuesday = school.session(MONDAY + DAY)
    assert school.marks(tuesday) == []
    take(school, 1)
    assert school.statuses(tuesday) == [Status.EXCUSED, Status.ABSENT, Status.PRESENT]
    assert school.keeper.verify().holds


def test_the_day_after_is_not_excused(school: School) -> None:
    ada = school.people[0]
    school.absences.tell([ada.subject_id], MONDAY, MONDAY, "ill", BOB)
    take(school, 1)
    assert school.statuses(school.session(MONDAY + DAY))[0] is Status.ABSENT


def test_closed_sessions_are_excused_too(school: School) -> None:
    take(school)
    ada = school.people[0]
    assert school.statuses(school.session())[0] is Status.ABSENT
    assert school.absences.tell([ada.subject_id], MONDAY, FRIDAY, "ill", BOB).marks == 1
    assert school.session().state is SessionState.CLOSED
    assert school.statuses(school.session())[0] is Status.EXCUSED


def test_what_a_person_has_said_and_who_was_seen_stays(school: School) -> None:
    ada, bob, cleo = school.people
    session = school.session().session_id
    school.keeper.mark_by_hand(session, ada.subject_id, Status.LATE, "bus", BY)
    school.keeper.sight(session, bob.subject_id, school.clock.now(), Method.FACE)
    everybody = [person.subject_id for person in (ada, bob, cleo)]
    assert school.absences.tell(everybody, MONDAY, MONDAY, "trip", BOB).marks == 1
    assert school.statuses(school.session()) == [Status.LATE, Status.PRESENT, Status.EXCUSED]


def test_who_comes_all_the_same_is_seen_and_shown(school: School) -> None:
    ada = school.people[0]
    school.absences.tell([ada.subject_id], MONDAY, FRIDAY, "ill", BOB)
    session = school.session()
    now = school.clock.now()
    school.keeper.sight(session.session_id, ada.subject_id, now, Method.FACE)
    record = school.records(session)[0]
    assert (record.status, record.arrived_at) == (Status.PRESENT, now)


def test_taking_an_absence_back_takes_its_marks_back_and_no_others(school: School) -> None:
    ada, bob, _ = school.people
    told = school.absences.tell([ada.subject_id, bob.subject_id], MONDAY, FRIDAY, "ill", BOB)
    session = school.session().session_id
    school.keeper.mark_by_hand(session, bob.subject_id, Status.EXCUSED, "really ill", BY)
    assert school.absences.take_back(told.absences[0].absence_id, BY) == 1
    assert school.absences.take_back(told.absences[1].absence_id, BY) == 0
    assert school.statuses(school.session())[:2] == [Status.OPEN, Status.EXCUSED]
    last = school.marks(school.session())[-1]
    assert (last.status, last.by) == (Status.OPEN, BY)
    with pytest.raises(NotFound):
        school.absences.get(told.absences[0].absence_id)


def test_of_two_absences_the_other_one_still_holds(school: School) -> None:
    ada = school.people[0].subject_id
    first = school.absences.tell([ada], MONDAY, FRIDAY, "ill", BOB).absences[0]
    school.absences.tell([ada], MONDAY, MONDAY, "medical", BOB)
    assert school.absences.take_back(first.absence_id, BY) == 0
    assert school.statuses(school.session())[0] is Status.EXCUSED


def test_who_is_well_earlier_is_expected_from_that_day_on(school: School) -> None:
    ada = school.people[0].subject_id
    absence = school.absences.tell([ada], MONDAY, FRIDAY, "ill", BOB).absences[0]
    take(school, 1)
    tuesday = MONDAY + DAY
    assert school.absences.take_back(absence.absence_id, BY, well_since=tuesday) == 1
    assert school.absences.get(absence.absence_id).last_day == MONDAY
    assert school.statuses(school.session())[0] is Status.EXCUSED
    assert school.statuses(school.session(tuesday))[0] is Status.ABSENT
    assert school.absences.take_back(absence.absence_id, BY, well_since=FRIDAY) == 0


def test_absences_alone_do_not_make_a_session_taken(school: School) -> None:
    ada = school.people[0].subject_id
    school.absences.tell([ada], MONDAY, FRIDAY, "ill", BOB)
    school.run(at(MONDAY, 15))
    assert school.session().state is SessionState.NOT_TAKEN
    assert school.statuses(school.session()) == [Status.EXCUSED, Status.OPEN, Status.OPEN]


def test_nothing_personal_is_in_the_register_s_own_words(school: School) -> None:
    ada = school.people[0].subject_id
    school.absences.tell([ada], MONDAY, FRIDAY, "ill", BOB, "measles")
    with school.uow() as uow:
        entries = str(uow.register.entries(["subject", "mark"]))
    assert "measles" not in entries and "Ill" not in entries
    assert "absence told" in entries and BOB in entries


def test_an_erased_person_s_absences_are_gone(school: School) -> None:
    ada, bob, _ = school.people
    school.absences.tell([ada.subject_id, bob.subject_id], MONDAY, FRIDAY, "ill", BOB)
    with school.uow() as uow:
        uow.subjects.remove(ada.subject_id)
        uow.commit()
    assert [one.subject_id for one in school.absences.since(MONDAY)] == [bob.subject_id]


def test_current_absences_are_listed_by_their_first_day(school: School) -> None:
    ada, bob, _ = (person.subject_id for person in school.people)
    school.absences.tell([bob], MONDAY + DAY, FRIDAY, "ill", BOB)
    school.absences.tell([ada], MONDAY, MONDAY, "leave", BOB)
    assert [one.subject_id for one in school.absences.since(MONDAY)] == [ada, bob]
    assert [one.subject_id for one in school.absences.since(MONDAY + DAY)] == [bob]
    assert [one.subject_id for one in school.absences.since(MONDAY, [ada])] == [ada]


def test_the_list_of_reasons_can_be_changed(school: School) -> None:
    assert school.absences.reasons() == DEFAULT_REASONS
    kept = school.absences.set_reasons([AbsenceReason("sport", " Sports  day ")], BY)
    assert school.absences.reasons() == kept == (AbsenceReason("sport", "Sports day"),)
    ada = school.people[0].subject_id
    with pytest.raises(InvalidInput, match="list"):
        school.absences.tell([ada], MONDAY, MONDAY, "ill", BOB)
    twice = [AbsenceReason("a", "x"), AbsenceReason("a", "y")]
    for odd in ([], twice, [AbsenceReason("a", "x" * 100)]):
        with pytest.raises(InvalidInput):
            school.absences.set_reasons(odd, BY)


def test_odd_requests_change_nothing(school: School) -> None:
    ada = school.people[0].subject_id
    for people, first, last, reason in (
        ([], MONDAY, MONDAY, "ill"),
        ([ada], FRIDAY, MONDAY, "ill"),
        ([ada], MONDAY, MONDAY, "no such reason"),
    ):
        with pytest.raises(InvalidInput):
            school.absences.tell(people, first, last, reason, BOB)
    with pytest.raises(NotFound):
        school.absences.tell([ada, new_id()], MONDAY, MONDAY, "ill", BOB)
    assert school.absences.since(MONDAY) == []

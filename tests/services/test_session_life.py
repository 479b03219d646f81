"""Sessions open and close by themselves, once, and make nobody absent whom nobody looked for."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rollbook.domain.attendance import Ignored, Mark, Method, SessionState, Status
from rollbook.domain.month import Month
from rollbook.errors import SessionClosed
from rollbook.services.export import Exporter
from rollbook.storage.database import Database
from timetables import BERLIN, BY, EARLY, MONDAY, School, at

HOUR = timedelta(hours=1)


@pytest.fixture
def school(database: Database) -> School:
    made = School(database)
    made.add()
    return made


def arrive(school: School, minute: int = 0) -> Mark | Ignored:
    school.clock.at = at(MONDAY, 8, minute)
    session = school.session()
    who = school.people[0].subject_id
    return school.keeper.sight(session.session_id, who, school.clock.now(), Method.FACE)


def test_a_session_opens_and_closes_at_its_times(school: School) -> None:
    session = school.session()
    school.run(session.first_mark_at - timedelta(seconds=1))
    assert school.session().state is SessionState.PLANNED
    school.run(session.first_mark_at)
    assert school.session().state is SessionState.OPEN
    assert isinstance(arrive(school), Mark)
    school.run(session.last_mark_at)
    assert school.session().state is SessionState.OPEN, "marks may still be on their way"
    school.run(session.last_mark_at + timedelta(minutes=1))
    assert school.session().state is SessionState.CLOSED
    assert school.statuses(session) == [Status.PRESENT, Status.ABSENT, Status.ABSENT]
    assert school.events()[-2:] == ["opened", "closed"]
    assert school.keeper.verify().holds


def test_a_late_machine_opens_what_still_runs(school: School) -> None:
    school.run(at(MONDAY, 8, 30))
    assert school.session().state is SessionState.OPEN


def test_what_passed_while_the_machine_was_off_makes_nobody_absent(school: School) -> None:
    done = school.run(at(MONDAY, 15))
    session = school.session()
    assert done >= 2
    assert session.state is SessionState.NOT_TAKEN
    assert school.statuses(session) == [Status.OPEN] * 3
    assert school.events().count("not taken") == 1
    assert school.run(at(MONDAY, 15)) == 0, "caught up once"
    assert school.run(at(MONDAY, 15, 14)) == 0
    school.run(at(MONDAY, 16))  # old faces and backups are looked at now and then
    assert school.events().count("not taken") == 1
    assert school.session().state is SessionState.NOT_TAKEN


def test_what_was_not_taken_waits_for_a_person_s_word(school: School) -> None:
    school.run(at(MONDAY, 15))
    session, (ada, bob, _) = school.session(), school.people
    school.keeper.mark_by_hand(session.session_id, ada.subject_id, Status.PRESENT, None, BY)
    assert school.statuses(session) == [Status.PRESENT, Status.OPEN, Status.OPEN]
    now = school.clock.now()
    seen = school.keeper.sight(session.session_id, bob.subject_id, now, Method.FACE)
    assert seen == Ignored("the session takes no more marks")
    school.keeper.close_session(session.session_id, BY)
    assert school.statuses(session) == [Status.PRESENT, Status.ABSENT, Status.ABSENT]


def test_a_class_photograph_of_its_time_still_counts_where_nobody_took_the_session(
    school: School,
) -> None:
    school.run(at(MONDAY, 15))
    assert isinstance(arrive(school), Mark), "at its own time, told later"
    assert school.statuses(school.session()) == [Status.PRESENT, Status.OPEN, Status.OPEN]


def test_a_session_in_which_nobody_marked_anybody_is_not_closed_by_the_clock(
    school: School,
) -> None:
    school.run(at(MONDAY, 8))
    school.run(at(MONDAY, 9))
    assert school.session().state is SessionState.NOT_TAKEN


def test_a_weekend_of_sleep_is_caught_up_in_the_order_of_time(database: Database) -> None:
    school = School(database)
    school.add(weekdays=range(5))
    school.run(EARLY)
    school.run(at(MONDAY + timedelta(days=4), 8))
    states = [session.state for session in school.sessions()][:6]
    assert states == [SessionState.NOT_TAKEN] * 4 + [SessionState.OPEN, SessionState.PLANNED]


def test_a_clock_that_is_set_back_opens_and_closes_nothing_twice(school: School) -> None:
    school.run(at(MONDAY, 8))
    arrive(school)
    school.run(at(MONDAY, 9))
    before = school.events()
    for minutes in (-60, -30, 0, 30):
        school.run(at(MONDAY, 9) + timedelta(minutes=minutes))
    assert school.events() == before
    assert school.session().state is SessionState.CLOSED


def test_a_planned_session_can_be_opened_before_its_time_and_does_not_open_again(
    school: School,
) -> None:
    session = school.session_life.open(school.session().session_id, BY)
    assert session.state is SessionState.OPEN
    school.run(at(MONDAY, 8))
    assert school.events().count("opened") == 1
    with pytest.raises(SessionClosed, match="planned"):
        school.session_life.open(session.session_id, BY)


def test_a_planned_or_cancelled_session_takes_no_marks_at_all(school: School) -> None:
    session, ada = school.session(), school.people[0]
    assert arrive(school) == Ignored("the session takes no marks yet")
    with pytest.raises(SessionClosed, match="not open yet"):
        school.keeper.mark_by_hand(session.session_id, ada.subject_id, Status.PRESENT, None, BY)
    with pytest.raises(SessionClosed, match="not open yet"):
        school.keeper.close_session(session.session_id)
    school.session_life.cancel(session.session_id, BY)
    assert arrive(school) == Ignored("the session was called off")
    with pytest.raises(SessionClosed, match="called off"):
        school.keeper.mark_by_hand(session.session_id, ada.subject_id, Status.PRESENT, None, BY)
    school.run(at(MONDAY, 9))
    assert school.session().state is SessionState.CANCELLED
    assert school.statuses(session) == [Status.OPEN] * 3


def test_a_session_that_was_called_off_can_take_place_after_all(school: School) -> None:
    session = school.session()
    school.session_life.cancel(session.session_id, BY)
    assert school.session_life.restore(session.session_id, BY).state is SessionState.PLANNED
    school.run(at(MONDAY, 8))
    assert school.session().state is SessionState.OPEN
    school.session_life.cancel(session.session_id, BY)
    assert school.session_life.restore(session.session_id, BY).state is SessionState.OPEN
    arrive(school, 10)
    school.run(at(MONDAY, 9))
    assert school.session().state is SessionState.CLOSED
    with pytest.raises(SessionClosed):
        school.session_life.cancel(session.session_id, BY)
    with pytest.raises(SessionClosed):
        school.session_life.restore(session.session_id, BY)


def test_reports_leave_out_what_is_planned_or_called_off(school: School) -> None:
    school.run(at(MONDAY, 8))
    arrive(school)
    school.run(at(MONDAY, 9))
    school.session_life.cancel(school.session(MONDAY + timedelta(weeks=1)).session_id, BY)
    register = Exporter(school.uow, school.clock, BERLIN, {}).read(Month(2026, 3))
    (group,) = register.groups
    assert [session.business_date for session in group.sessions] == [MONDAY]
    assert group.totals.counted == 3


def test_a_session_opened_by_hand_closes_by_itself_unless_it_is_past(school: School) -> None:
    school.clock.at = at(MONDAY, 12)
    keeper, group = school.keeper, school.group.group_id
    ends = at(MONDAY, 13)
    now = keeper.open_session(group, at(MONDAY, 12), ends, business_date=MONDAY)
    past = keeper.open_session(group, at(MONDAY, 9), at(MONDAY, 10), business_date=MONDAY)
    for session in (now, past):
        keeper.mark_by_hand(
            session.session_id, school.people[0].subject_id, Status.PRESENT, None, BY
        )
    school.run(at(MONDAY, 15))
    with school.uow() as uow:
        assert uow.sessions.get(now.session_id).state is SessionState.CLOSED
        assert uow.sessions.get(past.session_id).state is SessionState.OPEN

"""An invented school is believable, the same for the same seed, and marked as invented."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from builders import NOW, make_class
from rollbook.domain.attendance import AttendanceRecord, Method, Session, SessionState, Status
from rollbook.errors import AlreadyExists, InvalidInput
from rollbook.services.demo_names import invent_names
from rollbook.services.demo_patterns import invent_day, invent_habits, school_days
from rollbook.services.demo_school import InventedSchool, invent_school
from rollbook.services.register import RegisterKeeper
from rollbook.storage.database import Database
from rollbook.testing import FixedClock

BERLIN = ZoneInfo("Europe/Berlin")
CLOCK = FixedClock(NOW)


def invent(database: Database, people: int = 60, seed: int = 1) -> InventedSchool:
    return invent_school(database.uow, CLOCK, people=people, seed=seed, zone=BERLIN)


def book_of(database: Database) -> list[tuple[Session, list[AttendanceRecord]]]:
    with database.uow() as uow:
        sessions = uow.sessions.all()
    records = RegisterKeeper(database.uow, CLOCK).records_of_sessions(sessions)
    return [(session, records[session.session_id]) for session in sessions]


@pytest.fixture
def school(database: Database) -> InventedSchool:
    return invent(database)


def test_the_summary_counts_what_was_written(database: Database, school: InventedSchool) -> None:
    book = book_of(database)
    with database.uow() as uow:
        assert len(uow.subjects.all()) == school.people == 60
        assert len(uow.groups.all()) == school.groups == 2
    assert len(book) == school.sessions
    assert sum(len(r.marks) for _, records in book for r in records) == school.marks
    days = [session.business_date for session, _ in book]
    assert school.first_day <= min(days) and max(days) <= school.last_day < NOW.date()


def test_the_register_of_an_invented_school_holds(
    database: Database, school: InventedSchool
) -> None:
    found = RegisterKeeper(database.uow, CLOCK).verify()
    assert found.holds
    assert found.sheets == school.sessions
    assert found.entries == school.marks + 2 * school.sessions + 1  # and who belongs to a group


def test_everything_is_marked_as_invented(database: Database, school: InventedSchool) -> None:
    with database.uow() as uow:
        assert all(person.invented for person in uow.subjects.all())
        assert all(group.invented for group in uow.groups.all())
    for session, records in book_of(database):
        assert session.invented and session.state is SessionState.CLOSED
        for record in records:
            assert {mark.method for mark in record.marks} <= {Method.INVENTED}


def test_what_happens_is_believable(database: Database, school: InventedSchool) -> None:
    book = book_of(database)
    counts = Counter(record.status for _, records in book for record in records)
    total = counts.total()
    assert counts[Status.OPEN] == 0
    assert 0.75 < counts[Status.PRESENT] / total < 0.96
    assert 0.01 < counts[Status.LATE] / total < 0.15
    assert 0.005 < (counts[Status.ABSENT] + counts[Status.EXCUSED]) / total < 0.15
    assert counts[Status.EXCUSED] and counts[Status.LEFT_EARLY]
    assert {session.business_date.weekday() for session, _ in book} == {0, 1, 2, 3, 4}
    reasons = {r.reason for _, records in book for r in records if r.status is Status.EXCUSED}
    assert None not in reasons and len(reasons) > 2


def test_the_same_seed_gives_the_same_school_and_another_one_another(
    database: Database, tmp_path_factory: pytest.TempPathFactory
) -> None:
    books = []
    for seed in (1, 1, 2):
        folder = tmp_path_factory.mktemp("school")
        url = f"sqlite:///{(folder / 'rollbook.db').as_posix()}"
        other = Database.open(url, keys_dir=folder / "keys", create=True)
        invent(other, people=12, seed=seed)
        books.append(book_of(other))
        other.close()
    assert books[0] == books[1] != books[2]


def test_a_second_school_in_one_home_is_refused(database: Database) -> None:
    invent(database, people=1)
    with pytest.raises(AlreadyExists, match="--home"):
        invent(database, people=1)


def test_real_people_stay_as_they_are(database: Database) -> None:
    make_class(database.uow, ["Ada"], "real")
    invent(database, people=3)
    with database.uow() as uow:
        assert [p.name for p in uow.subjects.all() if not p.invented] == ["Ada"]


@pytest.mark.parametrize(("people", "years"), [(0, None), (5, 0), (5, -1)])
def test_nothing_to_invent_is_refused(database: Database, people: int, years: int | None) -> None:
    with pytest.raises(InvalidInput):
        invent_school(database.uow, CLOCK, people=people, years=years, zone=BERLIN)


def test_progress_ends_with_the_last_session(database: Database) -> None:
    told: list[tuple[int, int]] = []
    school = invent_school(
        database.uow,
        CLOCK,
        people=6,
        years=1,
        zone=BERLIN,
        progress=lambda done, total: told.append((done, total)),
    )
    assert told[-1] == (school.sessions, school.sessions)
    assert school.last_day - school.first_day == timedelta(days=365)


def test_names_come_in_several_scripts_and_repeat_with_the_dice() -> None:
    names = invent_names(500, np.random.default_rng(3))
    assert names == invent_names(500, np.random.default_rng(3))
    letters = {character for name in names for character in name}
    for script in ("ا", "王", "А", "Α", "अ"):
        assert any(abs(ord(letter) - ord(script)) < 700 for letter in letters)


def test_no_lessons_in_the_holidays_or_on_weekends() -> None:
    days = school_days(date(2025, 1, 1), date(2025, 12, 31), (0, 1, 2, 3, 4))
    assert 180 < len(days) < 210
    assert not any(day.weekday() > 4 or day.month == 7 for day in days)
    assert school_days(date(2025, 7, 2), date(2025, 7, 1), (0,)) == []


def test_more_are_away_in_a_flu_week() -> None:
    dice = np.random.default_rng(4)
    habits = invent_habits(5000, date(2025, 9, 1), date(2026, 3, 1), dice)
    monday = max(habits.flu, key=lambda week: habits.flu[week])
    ordinary = invent_day(habits, date(2025, 9, 3), dice).there.mean()
    ill = np.mean([invent_day(habits, monday + timedelta(n), dice).there.mean() for n in range(5)])
    assert ill < ordinary - 0.01

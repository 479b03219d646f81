"""Registers for the tests of all reports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from rollbook.domain.attendance import AttendanceRecord, Method, Session, Status, plan_session
from rollbook.domain.month import GroupMonth, Month, MonthRegister, Person, PersonMonth
from rollbook.domain.subjects import Group

BERLIN = ZoneInfo("Europe/Berlin")
APRIL = Month(2025, 4)
MADE = datetime(2025, 5, 2, 7, 30, tzinfo=UTC)

StatusOf = Callable[[int, int], Status | None]
"""Called with (person, session), both counted from 0."""


def pattern(person: int, session: int) -> Status | None:
    """Return a believable mixture: mostly present."""
    number = (person * 37 + session * 17 + person * session) % 53
    few = {0: Status.ABSENT, 1: Status.LATE, 2: Status.LEFT_EARLY, 3: Status.EXCUSED}
    return few.get(number % 27, Status.PRESENT)


def weekdays(month: Month) -> list[date]:
    return [day for day in month.days if day.weekday() < 5]


def make_sessions(
    days: Sequence[date], starts: Sequence[str] = ("08:00",), *, group_id: str = "g1"
) -> tuple[Session, ...]:
    made = []
    for day in days:
        for start in starts:
            begin = time.fromisoformat(start)
            end = (datetime.combine(day, begin) + timedelta(minutes=45)).time()
            first, last, business_date = plan_session(day, begin, end, BERLIN)
            number = f"s{len(made)}"
            made.append(Session(number, group_id, "Lesson", first, last, business_date))
    return tuple(made)


def make_group(
    names: Sequence[str],
    sessions: tuple[Session, ...],
    *,
    status: StatusOf = pattern,
    name: str = "8A",
    invented: bool = False,
    guests: int = 0,
) -> GroupMonth:
    """Return a group; the last `guests` people are not on the roster."""
    people = []
    for number, person in enumerate(names):
        cells = tuple(
            _record(session, f"p{number}", status(number, index))
            for index, session in enumerate(sessions)
        )
        who = Person(f"p{number}", person, f"{1000 + number}", invented)
        people.append(PersonMonth(who, number < len(names) - guests, cells))
    return GroupMonth(Group("g1", name, invented), sessions, tuple(people))


def make_register(
    *groups: GroupMonth, month: Month = APRIL, idle: Sequence[str] = ()
) -> MonthRegister:
    others = tuple(Group(f"idle{n}", name) for n, name in enumerate(idle))
    return MonthRegister("Lindenschule Bergfelde", BERLIN, month, MADE, groups, others)


def _record(session: Session, subject: str, status: Status | None) -> AttendanceRecord | None:
    if status is None:
        return None
    came = status not in {Status.ABSENT, Status.EXCUSED, Status.OPEN}
    arrived = session.starts_at if came else None
    left = session.ends_at if status is Status.LEFT_EARLY else None
    method = Method.HAND if status is Status.EXCUSED else Method.FACE if came else None
    return AttendanceRecord(session.session_id, subject, status, arrived, left, method, "a rule")

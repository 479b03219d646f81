"""An invented school to try Rollbook at size: people, timetable and sealed, chained marks.

Everything is marked as invented, and written through the register's bulk path: marks go straight
into the sealed sheets of closed sessions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from rollbook.domain.attendance import (
    Direction,
    Mark,
    MarkKind,
    Method,
    Session,
    SessionState,
    Status,
    plan_session,
)
from rollbook.domain.ports import Clock, OpenUnitOfWork, Progress, UnitOfWork
from rollbook.domain.register import NewEntry
from rollbook.domain.subjects import Group, Membership, Subject
from rollbook.errors import AlreadyExists, InvalidInput
from rollbook.services.demo_names import invent_names
from rollbook.services.demo_patterns import (
    EARLY_REASONS,
    REASONS,
    Day,
    Habits,
    invent_day,
    invent_habits,
    school_days,
)
from rollbook.services.marks import entry_of
from rollbook.services.register import session_entry

GROUP_SIZE = 27
TERM = timedelta(weeks=14)
BATCH = 8_000  # marks in one transaction
EVERY_DAY = (0, 1, 2, 3, 4)
COURSES = ((0, 3), (1, 4), (0, 2), (1, 3), (2, 4))  # two days a week, when it goes on for years
LESSONS = ("Mathematics", "Physics", "History", "Languages", "Biology", "Music")
STARTS = (time(8, 0), time(8, 50), time(9, 55), time(10, 45))
LENGTH = timedelta(minutes=45)
DOOR, OFFICE = "invented door", "invented office"


@dataclass(frozen=True, slots=True)
class InventedSchool:
    """What was written."""

    people: int
    groups: int
    sessions: int
    marks: int
    first_day: date
    last_day: date


@dataclass(frozen=True, slots=True, eq=False)
class _Class:
    """One group with its people, timetable and habits."""

    group: Group
    members: list[Subject]
    since: list[date]
    weekdays: tuple[int, ...]
    start: time
    lesson: str
    habits: Habits


@dataclass(frozen=True, slots=True, eq=False)
class _Lesson:
    session: Session
    entries: list[NewEntry]
    marks: int


def invent_school(
    open_uow: OpenUnitOfWork,
    clock: Clock,
    *,
    people: int = 200,
    years: int | None = None,
    seed: int = 1,
    zone: ZoneInfo,
    progress: Progress | None = None,
) -> InventedSchool:
    """Write an invented school whose last day is yesterday; the same seed gives the same one.

    Without `years` it is a term of 14 weeks with a lesson every weekday; with `years` each group
    meets on two days a week.

    Raises:
        InvalidInput: there are no people or years to invent.
        AlreadyExists: an invented school is already here.
    """
    if people < 1 or (years is not None and years < 1):
        raise InvalidInput("An invented school needs at least one person and one year.")
    dice = np.random.default_rng(seed)
    last = clock.now().astimezone(zone).date() - timedelta(days=1)
    first = last - (TERM if years is None else timedelta(days=365 * years))
    classes = _invent_classes(people, first, last, years is None, dice)
    with open_uow() as uow:
        _refuse_second_school(uow)
        _write_people(uow, classes)
        uow.commit()
    plan = _timetable(classes, first, last)
    marks = _write_lessons(open_uow, plan, zone, dice, progress)
    return InventedSchool(people, len(classes), len(plan), marks, first, last)


def _refuse_second_school(uow: UnitOfWork) -> None:
    if any(group.invented for group in uow.groups.all()):
        raise AlreadyExists(
            "An invented school is here already; an interrupted one is not completed, but what "
            "is there holds. Take another folder: rollbook --home FOLDER demo --school"
        )


def _invent_classes(
    people: int, first: date, last: date, daily: bool, dice: np.random.Generator
) -> list[_Class]:
    names = invent_names(people, dice)
    count = max(1, round(people / GROUP_SIZE))
    bounds = np.linspace(0, people, count + 1).round().astype(int)
    classes = []
    for index in range(count):
        begin, end = int(bounds[index]), int(bounds[index + 1])
        ids = _ids(end - begin + 1, dice)
        members = [
            Subject(next(ids), names[n], external_id=f"INV-{n + 1:05}", invented=True)
            for n in range(begin, end)
        ]
        classes.append(
            _Class(
                group=Group(next(ids), _group_name(index, count), invented=True),
                members=members,
                since=_since(len(members), first, last, dice),
                weekdays=EVERY_DAY if daily else COURSES[index % len(COURSES)],
                start=STARTS[index % len(STARTS)],
                lesson=LESSONS[index % len(LESSONS)],
                habits=invent_habits(len(members), first, last, dice),
            )
        )
    return classes


def _ids(count: int, dice: np.random.Generator) -> Iterator[str]:
    """Yield random ids that the same dice give again."""
    text = dice.bytes(16 * count).hex()
    return (text[start : start + 32] for start in range(0, len(text), 32))


def _group_name(index: int, count: int) -> str:
    """Return "5a", "5b", … with as many classes a grade as are needed for grades 5 to 12."""
    in_a_grade = max(1, -(-count // 8))
    grade, letter = 5 + index // in_a_grade, index % in_a_grade
    letters = "" if letter < 26 else chr(ord("a") + letter // 26 - 1)
    return f"{grade}{letters}{chr(ord('a') + letter % 26)}"


def _since(size: int, first: date, last: date, dice: np.random.Generator) -> list[date]:
    """Return when people joined: most on the first day, a few in the middle."""
    span = (last - first).days
    late = np.where(dice.random(size) < 0.02, dice.integers(0, span // 2 + 1, size), 0)
    return [first + timedelta(days=int(days)) for days in late]


def _write_people(uow: UnitOfWork, classes: Sequence[_Class]) -> None:
    uow.subjects.add_many([person for one in classes for person in one.members])
    for one in classes:
        uow.groups.add(one.group)
        uow.groups.join_many(
            [
                Membership(one.group.group_id, person.subject_id, since)
                for person, since in zip(one.members, one.since, strict=True)
            ]
        )


def _timetable(classes: Sequence[_Class], first: date, last: date) -> list[tuple[date, _Class]]:
    """Return all lessons by day and hour."""
    lessons = [(day, one) for one in classes for day in school_days(first, last, one.weekdays)]
    return sorted(lessons, key=lambda lesson: (lesson[0], lesson[1].start))


def _write_lessons(
    open_uow: OpenUnitOfWork,
    plan: Sequence[tuple[date, _Class]],
    zone: ZoneInfo,
    dice: np.random.Generator,
    progress: Progress | None,
) -> int:
    done = marks = 0
    while done < len(plan):
        with open_uow() as uow:
            batch = list(_batch(uow, plan[done:], zone, dice))
            uow.sessions.add_many([lesson.session for lesson in batch])
            uow.register.append_sheets(
                [lesson.session.session_id for lesson in batch],
                [entry for lesson in batch for entry in lesson.entries],
            )
            uow.commit()
        done += len(batch)
        marks += sum(lesson.marks for lesson in batch)
        if progress is not None:
            progress(done, len(plan))
    return marks


def _batch(
    uow: UnitOfWork, plan: Sequence[tuple[date, _Class]], zone: ZoneInfo, dice: np.random.Generator
) -> Iterator[_Lesson]:
    """Yield lessons until they hold about BATCH marks."""
    marks = 0
    for day, one in plan:
        lesson = _invent_lesson(uow, day, one, zone, dice)
        yield lesson
        marks += lesson.marks
        if marks >= BATCH:
            return


def _invent_lesson(
    uow: UnitOfWork, day: date, one: _Class, zone: ZoneInfo, dice: np.random.Generator
) -> _Lesson:
    ends = (datetime.combine(day, one.start) + LENGTH).time()
    starts_at, ends_at, business_date = plan_session(day, one.start, ends, zone)
    ids = _ids(1 + 2 * len(one.members), dice)
    session = Session(
        session_id=next(ids),
        group_id=one.group.group_id,
        title=one.lesson,
        starts_at=starts_at,
        ends_at=ends_at,
        business_date=business_date,
        state=SessionState.CLOSED,
        invented=True,
    )
    marks = sorted(_marks(session, one, invent_day(one.habits, day, dice), ids), key=_when)
    entries = [session_entry(session, "opened", starts_at)]
    entries += [entry_of(mark, uow.vault) for mark in marks]
    entries.append(session_entry(session, "closed", ends_at))
    return _Lesson(session, entries, len(marks))


def _when(mark: Mark) -> datetime:
    return mark.at


def _marks(session: Session, one: _Class, day: Day, ids: Iterator[str]) -> Iterator[Mark]:
    for index, person in enumerate(one.members):
        if one.since[index] > session.business_date:
            continue
        reason = int(day.reason[index])
        if day.there[index]:
            at = session.starts_at + timedelta(seconds=int(day.seconds[index]))
            yield _mark(session, person, ids, MarkKind.ARRIVED, at)
        if day.excused[index]:
            yield _status(session, person, ids, Status.EXCUSED, REASONS[reason])
        elif day.left_early[index]:
            text = EARLY_REASONS[reason % len(EARLY_REASONS)]
            yield _status(session, person, ids, Status.LEFT_EARLY, text)


def _mark(
    session: Session, person: Subject, ids: Iterator[str], kind: MarkKind, at: datetime
) -> Mark:
    return Mark(
        mark_id=next(ids),
        session_id=session.session_id,
        subject_id=person.subject_id,
        kind=kind,
        at=at,
        method=Method.INVENTED,
        by=DOOR,
        direction=Direction.IN,
    )


def _status(
    session: Session, person: Subject, ids: Iterator[str], status: Status, reason: str
) -> Mark:
    return Mark(
        mark_id=next(ids),
        session_id=session.session_id,
        subject_id=person.subject_id,
        kind=MarkKind.STATUS,
        at=session.ends_at,
        method=Method.INVENTED,
        by=OFFICE,
        status=status,
        rule="set by a person",
        reason=reason,
    )

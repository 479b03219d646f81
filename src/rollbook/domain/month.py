"""A month of a site's register, or other days of it, as they are read, printed and exported."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from rollbook.domain.attendance import AttendanceRecord, Method, Session
from rollbook.domain.facts import Facts, facts_of, joined
from rollbook.domain.subjects import Group
from rollbook.domain.totals import Totals
from rollbook.errors import InvalidInput

ERASED = "erased person"
_MONTH_NAMES = (
    "January February March April May June July August September October November December"
).split()


LONGEST = 366  # days in one register


class Period(Protocol):
    """The days that a register is of; as text it is what names its file."""

    @property
    def first_day(self) -> date: ...
    @property
    def last_day(self) -> date: ...
    @property
    def days(self) -> list[date]: ...
    @property
    def title(self) -> str: ...


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month."""

    year: int  # 1..9998
    month: int  # 1..12

    @classmethod
    def parse(cls, text: str) -> Month:
        """Read YYYY-MM.

        Raises:
            InvalidInput: it is not a month.

        >>> Month.parse("2025-04").title
        'April 2025'
        """
        found = re.fullmatch(r"([0-9]{4})-([0-9]{2})", text.strip())
        year, month = (int(part) for part in found.groups()) if found else (0, 0)
        if not (1 <= year <= 9998 and 1 <= month <= 12):
            raise InvalidInput("%(text)r is not a month; write it as 2025-04.", text=text)
        return cls(year, month)

    @property
    def first_day(self) -> date:
        return date(self.year, self.month, 1)

    @property
    def last_day(self) -> date:
        following = date(self.year + self.month // 12, self.month % 12 + 1, 1)
        return following - timedelta(days=1)

    @property
    def days(self) -> list[date]:
        return [self.first_day.replace(day=n + 1) for n in range(self.last_day.day)]

    @property
    def title(self) -> str:
        return f"{_MONTH_NAMES[self.month - 1]} {self.year}"

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"


@dataclass(frozen=True, slots=True)
class Days:
    """A term, a week, or any other days; a year at most.

    >>> str(Days(date(2025, 1, 7), date(2025, 4, 11), "Spring term"))
    '2025-01-07_2025-04-11'
    """

    first_day: date
    last_day: date  # included
    name: str = ""

    def __post_init__(self) -> None:
        if self.last_day < self.first_day:
            raise InvalidInput("The last day must not be before the first day.")
        if (self.last_day - self.first_day).days >= LONGEST:
            raise InvalidInput("A register can hold a year at most: choose fewer days.")

    @property
    def days(self) -> list[date]:
        count = (self.last_day - self.first_day).days + 1
        return [self.first_day + timedelta(days=n) for n in range(count)]

    @property
    def title(self) -> str:
        spoken = f"{self.first_day} to {self.last_day}"
        return f"{self.name}, {spoken}" if self.name else spoken

    def __str__(self) -> str:
        return f"{self.first_day}_{self.last_day}"


def read_period(text: str, name: str = "") -> Period:
    """Read what a period is as text: a month, or two days.

    Raises:
        InvalidInput: it is neither.

    >>> read_period("2025-04").title, read_period("2025-04-01_2025-04-07").title
    ('April 2025', '2025-04-01 to 2025-04-07')
    """
    first, between, last = text.partition("_")
    if not between:
        return Month.parse(text)
    try:
        return Days(date.fromisoformat(first), date.fromisoformat(last), name)
    except ValueError as error:
        raise InvalidInput("%(text)r names no days.", text=text) from error


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in a register; of an erased person only the random id is left."""

    subject_id: str
    name: str
    external_id: str | None = None
    invented: bool = False
    erased: bool = False


@dataclass(frozen=True, slots=True)
class PersonMonth:
    """One person's line in a group's register."""

    person: Person
    on_roster: bool  # a member of the group on the day of at least one session
    cells: tuple[AttendanceRecord | None, ...]  # one a session; None: not a member, not marked

    @property
    def totals(self) -> Totals:
        return Totals.of(cell.status for cell in self.cells if cell is not None)


@dataclass(frozen=True, slots=True)
class Row:
    """One person in one session."""

    group: Group
    session: Session
    person: Person
    record: AttendanceRecord

    @property
    def invented(self) -> bool:
        return (
            self.group.invented
            or self.session.invented
            or self.person.invented
            or self.record.method is Method.INVENTED
        )


@dataclass(frozen=True, slots=True)
class GroupMonth:
    """A group's register: people by sessions."""

    group: Group
    sessions: tuple[Session, ...]  # by business date and start
    people: tuple[PersonMonth, ...]  # the roster by name, then guests, erased people last

    @property
    def totals(self) -> Totals:
        return Totals.of(row.record.status for row in self.rows())

    def labels(self) -> list[str]:
        """Return what names the people in a grid: namesakes also show their external id."""
        names = Counter(person.person.name for person in self.people)
        return [
            person.person.name
            if names[person.person.name] == 1
            else f"{person.person.name} ({_short_id(person.person)})"
            for person in self.people
        ]

    def session_totals(self, column: int) -> Totals:
        cells = (person.cells[column] for person in self.people)
        return Totals.of(cell.status for cell in cells if cell is not None)

    def rows(self) -> Iterator[Row]:
        """Yield one row a session and person, by session."""
        for column, session in enumerate(self.sessions):
            for person in self.people:
                record = person.cells[column]
                if record is not None:
                    yield Row(self.group, session, person.person, record)

    @property
    def facts(self) -> Facts:
        """The same in columns, for figures."""
        lines = [line.cells for line in self.people]
        columns = zip(*lines, strict=True) if lines else ([] for _ in self.sessions)
        return facts_of(
            [
                (session, [cell for cell in column if cell is not None])
                for session, column in zip(self.sessions, columns, strict=True)
            ]
        )

    @property
    def invented(self) -> bool:
        return (
            self.group.invented
            or any(session.invented for session in self.sessions)
            or any(person.person.invented for person in self.people)
        )


def _short_id(person: Person) -> str:
    return person.external_id or person.subject_id[:6]


@dataclass(frozen=True, slots=True)
class MonthRegister:
    """All groups of a site, or the chosen ones, in one month or other days."""

    site: str
    zone: ZoneInfo
    period: Period
    made_at: datetime  # UTC
    groups: tuple[GroupMonth, ...]  # those with sessions, by name
    idle_groups: tuple[Group, ...] = ()  # those without

    def rows(self) -> Iterator[Row]:
        for group in self.groups:
            yield from group.rows()

    @property
    def facts(self) -> Facts:
        """The same in columns, for figures."""
        return joined([group.facts for group in self.groups])

    def local(self, instant: datetime) -> datetime:
        """Return the instant on the site's clocks."""
        return instant.astimezone(self.zone)

    @property
    def invented(self) -> bool:
        return any(group.invented for group in self.groups)

"""Hours at work: each in is paired with the out that follows, by person and business day.

What has no partner is shown as it is. Nothing is guessed: neither when somebody left who was last
seen at noon, nor when the day ends. Arithmetic is on instants, so a night in which clocks change
has as many hours as it had.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from rollbook.domain.attendance import (
    AttendanceRecord,
    Direction,
    MarkKind,
    Session,
    Status,
    sightings_of,
)
from rollbook.domain.month import MonthRegister, Period, Person


class Way(StrEnum):
    """Which way somebody went."""

    IN = "in"
    OUT = "out"
    THERE = "there"  # seen where both ways lead past: comes in who was out


@dataclass(frozen=True, slots=True)
class Stamp:
    """One time at a door."""

    at: datetime  # UTC
    way: Way


@dataclass(frozen=True, slots=True)
class Span:
    """From an in to the next out."""

    came_at: datetime  # UTC
    went_at: datetime  # UTC

    @property
    def length(self) -> timedelta:
        return self.went_at - self.came_at


@dataclass(frozen=True, slots=True)
class DayHours:
    """One person's business day: nights belong to the day on which they begin."""

    day: date
    spans: tuple[Span, ...]
    unpaired: tuple[Stamp, ...]  # an in without an out, or an out without an in

    @property
    def worked(self) -> timedelta:
        """The sum of the pairs; what is unpaired counts nothing."""
        return sum((span.length for span in self.spans), timedelta(0))


@dataclass(frozen=True, slots=True)
class PersonHours:
    """One person's days, earliest first; days without any time are not there."""

    person: Person
    days: tuple[DayHours, ...]

    @property
    def worked(self) -> timedelta:
        return sum((day.worked for day in self.days), timedelta(0))

    @property
    def unpaired(self) -> int:
        return sum(len(day.unpaired) for day in self.days)


@dataclass(frozen=True, slots=True)
class HoursBook:
    """Everybody's hours in these days."""

    site: str
    zone: ZoneInfo
    period: Period
    made_at: datetime  # UTC
    people: tuple[PersonHours, ...]
    invented: bool

    def local(self, instant: datetime) -> datetime:
        """Return the instant on the site's clocks."""
        return instant.astimezone(self.zone)


def pair(day: date, stamps: Iterable[Stamp]) -> DayHours:
    """Return what belongs together on one business day.

    Two times the same way: the earlier in, or the later out, has no partner. Being seen while in
    says nothing new. At one instant an out comes before an in.
    """
    spans: list[Span] = []
    unpaired: list[Stamp] = []
    inside: Stamp | None = None
    for stamp in _in_order(stamps):
        if stamp.way is Way.OUT:
            if inside is None:
                unpaired.append(stamp)
            else:
                spans.append(Span(inside.at, stamp.at))
            inside = None
        elif inside is None:
            inside = Stamp(stamp.at, Way.IN)
        elif stamp.way is Way.IN:
            unpaired.append(inside)
            inside = stamp
    if inside is not None:
        unpaired.append(inside)
    return DayHours(day, tuple(spans), tuple(sorted(unpaired, key=lambda one: one.at)))


_ORDER = {Way.THERE: 0, Way.OUT: 1, Way.IN: 2}


def _in_order(stamps: Iterable[Stamp]) -> list[Stamp]:
    """Return each time once: a door writes into every session that runs."""
    return sorted(set(stamps), key=lambda stamp: (stamp.at, _ORDER[stamp.way]))


def stamps_of(session: Session, record: AttendanceRecord) -> list[Stamp]:
    """Return the times of one person in one session; "absent", set by a person, takes them back."""
    if record.status is Status.ABSENT and record.arrived_at is None:
        return []
    seen = sightings_of(session, record.marks)
    return [Stamp(mark.at, _way(mark.kind, mark.direction)) for mark in seen]


def _way(kind: MarkKind, direction: Direction) -> Way:
    if kind is MarkKind.LEFT:
        return Way.OUT
    return Way.IN if direction is Direction.IN else Way.THERE


def hours_of(register: MonthRegister) -> HoursBook:
    """Return the hours of everybody in a register, over all of its groups."""
    stamps: dict[str, dict[date, list[Stamp]]] = {}
    people: dict[str, Person] = {}
    for row in register.rows():
        people.setdefault(row.person.subject_id, row.person)
        own = stamps.setdefault(row.person.subject_id, {})
        found = stamps_of(row.session, row.record)
        if found:
            own.setdefault(row.session.business_date, []).extend(found)
    return HoursBook(
        site=register.site,
        zone=register.zone,
        period=register.period,
        made_at=register.made_at,
        people=tuple(_person(people[one], stamps[one]) for one in _by_name(people.values())),
        invented=register.invented,
    )


def _person(person: Person, days: dict[date, list[Stamp]]) -> PersonHours:
    return PersonHours(person, tuple(pair(day, days[day]) for day in sorted(days)))


def _by_name(people: Iterable[Person]) -> Sequence[str]:
    order = sorted(people, key=lambda one: (one.erased, one.name.casefold(), one.subject_id))
    return [person.subject_id for person in order]


def as_hours(length: timedelta) -> str:
    """Return hours and whole minutes, rounded down.

    >>> as_hours(timedelta(hours=37, minutes=5, seconds=59))
    '37:05'
    """
    minutes = length // timedelta(minutes=1)
    return f"{minutes // 60}:{minutes % 60:02d}"

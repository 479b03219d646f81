"""The live board: who is in and who is missing, for one session or all that go on now."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from rollbook.domain.attendance import (
    AttendanceRecord,
    Session,
    SessionState,
    Status,
    records_of,
)
from rollbook.domain.month import ERASED
from rollbook.domain.ports import Clock, OpenUnitOfWork, UnitOfWork
from rollbook.domain.subjects import Group
from rollbook.domain.totals import Totals
from rollbook.services.folding import folded
from rollbook.services.marks import marks_of

REMEMBERED = timedelta(seconds=20)  # time itself makes people late, and rosters change
MOST_REMEMBERED = 5000  # sessions
NOW_MARGIN = timedelta(hours=1)  # sessions that begin or end within it are shown beside the others


@dataclass(frozen=True, slots=True)
class BoardPerson:
    """One person on the board."""

    name: str
    record: AttendanceRecord
    on_roster: bool = True


@dataclass(frozen=True, slots=True)
class Board:
    """One session as it is at an instant."""

    session: Session
    group: Group
    people: tuple[BoardPerson, ...]  # by name
    at: datetime
    number: int  # of the register's newest entry that is in it

    @property
    def totals(self) -> Totals:
        return Totals.of(person.record.status for person in self.people)

    @property
    def there(self) -> tuple[BoardPerson, ...]:
        """Return who came, the latest first."""
        came = [p for p in self.people if p.record.status in (Status.PRESENT, Status.LATE)]
        return tuple(sorted(came, key=lambda p: _when(p.record), reverse=True))

    @property
    def missing(self) -> tuple[BoardPerson, ...]:
        return tuple(p for p in self.people if p.record.status in (Status.OPEN, Status.ABSENT))

    @property
    def away(self) -> tuple[BoardPerson, ...]:
        """Return who is excused or left early."""
        gone = (Status.EXCUSED, Status.LEFT_EARLY)
        return tuple(p for p in self.people if p.record.status in gone)


@dataclass(frozen=True, slots=True)
class BoardLine:
    """One session in numbers."""

    session: Session
    group: Group
    totals: Totals


class _Numbers:
    """Totals of sessions as they were a moment ago; threads may share it.

    What is kept names nobody. Each value is replaced as a whole, so that no lock is needed.
    """

    def __init__(self) -> None:
        self.number = 2**62  # of the register's newest entry that was looked at: none yet
        self._kept: dict[str, tuple[Session, Totals, datetime]] = {}

    def forget(self, number: int, touched: Collection[str]) -> None:
        """Forget the sessions that were written about up to this entry."""
        for session_id in touched:
            self._kept.pop(session_id, None)
        self.number = number

    def of(self, session: Session, now: datetime) -> Totals | None:
        found = self._kept.get(session.session_id)
        if found is None or found[0] != session or abs(now - found[2]) > REMEMBERED:
            return None
        return found[1]

    def keep(self, session: Session, totals: Totals, now: datetime, number: int) -> None:
        """Keep what was counted with entries up to `number`, unless others know newer ones."""
        if number < self.number:
            return
        if len(self._kept) > MOST_REMEMBERED:
            self._kept = {}
        self._kept[session.session_id] = (session, totals, now)


class Boards:
    """Reads boards."""

    def __init__(self, open_uow: OpenUnitOfWork, clock: Clock) -> None:
        self._open_uow = open_uow
        self._clock = clock
        self._numbers = _Numbers()

    def of(self, session_id: str) -> Board:
        """Return the board of a session. Raises NotFound."""
        now = self._clock.now()
        with self._open_uow() as uow:
            number = uow.register.count()
            session = uow.sessions.get(session_id)
            group = uow.groups.get(session.group_id)
            roster = uow.groups.roster(session.group_id, session.business_date)
            marks = marks_of(uow, [session.session_id])[session.session_id]
            records = records_of(session, roster, marks, now)
            people = uow.subjects.some(record.subject_id for record in records)
        listed = set(roster)
        shown = [
            BoardPerson(
                people[r.subject_id].name if r.subject_id in people else ERASED,
                r,
                r.subject_id in listed,
            )
            for r in records
            if r.subject_id in people or r.marks
        ]
        shown.sort(key=lambda p: (folded(p.name), p.record.subject_id))
        return Board(session, group, tuple(shown), now, number)

    def now(self, today: date, group_ids: Collection[str] | None = None) -> list[Session]:
        """Return the sessions that go on or come next today, of these groups or of all."""
        now = self._clock.now()
        with self._open_uow() as uow:
            days = {"first_day": today - timedelta(days=1), "last_day": today}
            found = _sessions(uow, days, group_ids)
        shown = [s for s in found if _goes_on(s, now)]
        return sorted(shown, key=lambda s: (s.starts_at, s.session_id))

    def lines(self, sessions: Sequence[Session]) -> list[BoardLine]:
        """Return these sessions in numbers, in order.

        Numbers are remembered for a moment, and counted anew as soon as somebody is marked.
        """
        now = self._clock.now()
        with self._open_uow() as uow:
            number, touched = uow.register.touched_since(self._numbers.number)
            self._numbers.forget(number, touched)
            kept = {s.session_id: self._numbers.of(s, now) for s in sessions}
            counted = {key: totals for key, totals in kept.items() if totals is not None}
            new = [s for s in sessions if s.session_id not in counted]
            marks = marks_of(uow, [session.session_id for session in new])
            for session in new:
                roster = uow.groups.roster(session.group_id, session.business_date)
                records = records_of(session, roster, marks[session.session_id], now)
                counted[session.session_id] = Totals.of(record.status for record in records)
                self._numbers.keep(session, counted[session.session_id], now, number)
            groups = {s.group_id: uow.groups.get(s.group_id) for s in sessions}
        return [
            BoardLine(session, groups[session.group_id], counted[session.session_id])
            for session in sessions
        ]

    def changes(self, number: int) -> tuple[int, frozenset[str]]:
        """Return the register's count and the sessions it was written about since."""
        with self._open_uow() as uow:
            return uow.register.touched_since(number)


def _sessions(
    uow: UnitOfWork, days: dict[str, date], group_ids: Collection[str] | None
) -> list[Session]:
    if group_ids is None:
        return uow.sessions.all(first_day=days["first_day"], last_day=days["last_day"])
    return [
        session
        for group_id in group_ids
        for session in uow.sessions.all(
            group_id=group_id, first_day=days["first_day"], last_day=days["last_day"]
        )
    ]


def _goes_on(session: Session, now: datetime) -> bool:
    if session.state in (SessionState.CANCELLED, SessionState.NOT_TAKEN):
        return False
    began = session.first_mark_at - NOW_MARGIN <= now
    return began and now <= session.last_mark_at + NOW_MARGIN / 4


def _when(record: AttendanceRecord) -> datetime:
    return record.arrived_at or max(mark.at for mark in record.marks)

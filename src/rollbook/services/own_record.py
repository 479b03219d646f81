"""What the register says about one person: their own page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from rollbook.domain.attendance import (
    AttendanceRecord,
    Mark,
    Session,
    SessionState,
    record_of,
)
from rollbook.domain.month import Month
from rollbook.domain.ports import Clock, OpenUnitOfWork, UnitOfWork
from rollbook.domain.register import EntryKind
from rollbook.domain.subjects import Consent, Group, Membership
from rollbook.domain.totals import Totals
from rollbook.errors import NotFound
from rollbook.services.marks import mark_of

AHEAD = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class OwnLine:
    """One session and what the register says about the person in it."""

    session: Session
    group: Group
    record: AttendanceRecord


@dataclass(frozen=True, slots=True)
class OwnMonth:
    """One person's month."""

    month: Month
    lines: tuple[OwnLine, ...]  # by day and start

    @property
    def totals(self) -> Totals:
        return Totals.of(line.record.status for line in self.lines)

    def on(self, day: date) -> list[OwnLine]:
        return [line for line in self.lines if line.session.business_date == day]


@dataclass(frozen=True, slots=True)
class OwnData:
    """What is kept about a person, in numbers, and to whom they belong."""

    name: str
    external_id: str | None
    contacts: int
    groups: tuple[Group, ...]  # of today
    consents: tuple[Consent, ...]  # oldest first
    samples: int
    pictures: int  # samples that keep a sealed piece of the photograph


class OwnRecords:
    """Reads what concerns one person, and nobody else."""

    def __init__(self, open_uow: OpenUnitOfWork, clock: Clock) -> None:
        self._open_uow = open_uow
        self._clock = clock

    def month(
        self, subject_id: str, month: Month, sees: Callable[[str], bool] = lambda group_id: True
    ) -> OwnMonth:
        """Return the sessions of the person's groups in a month that have begun to count.

        `sees` says of which groups whoever asks may know.
        """
        now = self._clock.now()
        with self._open_uow() as uow:
            sessions = own_sessions(uow, subject_id, month.first_day, month.last_day)
            seen = [s for s in sessions if sees(s.group_id)]
            begun = [s for s in seen if s.state.counts and s.first_mark_at <= now]
            lines = self._lines(uow, subject_id, begun)
        return OwnMonth(month, tuple(lines))

    def line(self, subject_id: str, session_id: str) -> OwnLine:
        """Return one session of the person's.

        Raises:
            NotFound: there is none, or the person has nothing to do with it.
        """
        with self._open_uow() as uow:
            session = uow.sessions.get(session_id)
            (line,) = self._lines(uow, subject_id, [session])
            on_list = subject_id in uow.groups.roster(session.group_id, session.business_date)
        if not on_list and not line.record.marks:
            raise NotFound("There is no such session of yours.")
        return line

    def ahead(self, subject_id: str, today: date) -> list[tuple[Session, Group]]:
        """Return the sessions of the next days that are not over yet, earliest first."""
        now = self._clock.now()
        with self._open_uow() as uow:
            sessions = own_sessions(uow, subject_id, today, today + AHEAD)
            groups = {s.group_id: uow.groups.get(s.group_id) for s in sessions}
        open_ahead = (SessionState.PLANNED, SessionState.OPEN)
        return [
            (s, groups[s.group_id])
            for s in sessions
            if s.state in open_ahead and s.last_mark_at >= now
        ]

    def data(self, subject_id: str, today: date) -> OwnData:
        """Raises NotFound."""
        with self._open_uow() as uow:
            person = uow.subjects.get(subject_id)
            held = uow.groups.memberships(subject_id=subject_id)
            groups = [uow.groups.get(m.group_id) for m in held if m.holds_on(today)]
            consents = uow.consents.of(subject_id)
            samples = uow.references.of(subject_id)
        return OwnData(
            name=person.name,
            external_id=person.external_id,
            contacts=len(person.contacts),
            groups=tuple(dict.fromkeys(groups)),
            consents=tuple(consents),
            samples=len(samples),
            pictures=sum(sample.crop is not None for sample in samples),
        )

    def _lines(
        self, uow: UnitOfWork, subject_id: str, sessions: Sequence[Session]
    ) -> list[OwnLine]:
        marks = own_marks(uow, subject_id, [session.session_id for session in sessions])
        groups = {s.group_id: uow.groups.get(s.group_id) for s in sessions}
        now = self._clock.now()
        return [
            OwnLine(
                session,
                groups[session.group_id],
                record_of(session, subject_id, marks[session.session_id], now),
            )
            for session in sessions
        ]


def own_marks(
    uow: UnitOfWork, subject_id: str, session_ids: Sequence[str]
) -> dict[str, list[Mark]]:
    """Return one person's marks in many sessions; those of others are not even opened."""
    found = uow.register.of_sessions(session_ids)
    return {
        session_id: [
            mark_of(entry, uow.vault)
            for entry in entries
            if entry.kind is EntryKind.MARK and entry.body.get("subject_id") == subject_id
        ]
        for session_id, entries in found.items()
    }


def own_sessions(
    uow: UnitOfWork,
    subject_id: str,
    first_day: date | None = None,
    last_day: date | None = None,
) -> list[Session]:
    """Return the sessions of the days on which the person belongs to their group."""
    held: dict[str, list[Membership]] = {}
    for membership in uow.groups.memberships(subject_id=subject_id):
        held.setdefault(membership.group_id, []).append(membership)
    found = [
        session
        for group_id, own in held.items()
        for session in uow.sessions.all(group_id=group_id, first_day=first_day, last_day=last_day)
        if any(membership.holds_on(session.business_date) for membership in own)
    ]
    return sorted(found, key=lambda s: (s.business_date, s.starts_at, s.session_id))

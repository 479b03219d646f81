"""Setting statuses by hand: one person or all, from a screen or from paper; and undo.

Every change of a status that a person makes goes through here. Nothing is overwritten.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from rollbook.domain.attendance import (
    AttendanceRecord,
    Mark,
    MarkKind,
    Method,
    Session,
    Status,
    record_of,
    records_of,
)
from rollbook.domain.explanation import decisive_mark
from rollbook.domain.ports import Clock, OpenUnitOfWork, UnitOfWork
from rollbook.domain.statements import (
    ALL_PRESENT,
    BY_PERSON,
    FROM_PAPER,
    TAKEN_BACK,
    Change,
    LastChange,
    differs,
    last_change,
    require_reason,
    statement,
    statements,
    version,
)
from rollbook.domain.subjects import new_id
from rollbook.services.announcing import write_mark
from rollbook.services.marks import marks_of
from rollbook.services.register import clean_remark


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of some changes."""

    written: tuple[Mark, ...] = ()
    unchanged: tuple[str, ...] = ()  # subject ids for whom nothing new was said
    outrun: tuple[Change, ...] = ()  # not written: somebody else changed them meanwhile


@dataclass(frozen=True, slots=True)
class Undone:
    """What was taken back."""

    written: tuple[Mark, ...] = ()
    outrun: tuple[str, ...] = ()  # subject ids left alone: somebody changed them again since


class Corrections:
    """Writes what people say about others, and takes it back."""

    def __init__(self, open_uow: OpenUnitOfWork, clock: Clock) -> None:
        self._open_uow = open_uow
        self._clock = clock

    def set(self, session_id: str, changes: Sequence[Change], by: str) -> Outcome:
        """Write the changes that say something new, all or none of them.

        A change that was made on sight of an older state is not written but given back.

        Raises:
            NotFound: there is no such session, or somebody is not there.
            InvalidInput: a reason is too long, or missing where the session is closed.
            SessionClosed: it is planned or called off.
        """
        return self._write(session_id, changes, by, BY_PERSON)

    def enter_from_paper(self, session_id: str, changes: Sequence[Change], by: str) -> Outcome:
        """Write what a printed register says; it holds from the start of the session."""
        with self._open_uow() as uow:
            session = uow.sessions.get(session_id)
        noted = [replace(change, reason=change.reason or FROM_PAPER) for change in changes]
        return self._write(session.session_id, noted, by, FROM_PAPER, at=session.starts_at)

    def everybody_present(self, session_id: str, by: str, reason: str | None = None) -> Outcome:
        """Mark as present whoever was not seen and about whom nobody said anything."""
        with self._open_uow() as uow:
            uow.register.hold()
            session = uow.sessions.get(session_id)
            waiting = [r for r in self._records(uow, session) if decisive_mark(r) is None]
            changes = [Change(r.subject_id, Status.PRESENT, reason) for r in waiting]
            outcome = self._write_held(uow, session, changes, by, ALL_PRESENT, self._clock.now())
            uow.commit()
        return outcome

    def undo(self, session_id: str, by: str) -> Undone:
        """Take back the last change that `by` made in this session, as a whole.

        The former status is written as a further mark. Whom somebody else changed since then
        keeps that newer status.
        """
        with self._open_uow() as uow:
            uow.register.hold()
            session = uow.sessions.get(session_id)
            marks = marks_of(uow, [session.session_id])[session.session_id]
            change = last_change(marks, by)
            if change is None:
                return Undone()
            written = [self._taken_back(mark, marks, by) for mark in change.marks]
            for mark in written:
                write_mark(uow, session, mark, self._clock.now())
            uow.commit()
        return Undone(tuple(written), change.outrun)

    def undoable(self, session_id: str, by: str) -> LastChange | None:
        """Return what `undo` would take back."""
        with self._open_uow() as uow:
            session = uow.sessions.get(session_id)
            return last_change(marks_of(uow, [session.session_id])[session.session_id], by)

    def _write(
        self,
        session_id: str,
        changes: Sequence[Change],
        by: str,
        rule: str,
        at: datetime | None = None,
    ) -> Outcome:
        with self._open_uow() as uow:
            uow.register.hold()
            session = uow.sessions.get(session_id)
            when = at or self._clock.now()
            outcome = self._write_held(uow, session, changes, by, rule, when)
            uow.commit()
        return outcome

    def _write_held(
        self,
        uow: UnitOfWork,
        session: Session,
        changes: Iterable[Change],
        by: str,
        rule: str,
        at: datetime,
    ) -> Outcome:
        marks = marks_of(uow, [session.session_id])[session.session_id]
        at = _own_instant(at, marks, by)
        written: list[Mark] = []
        unchanged: list[str] = []
        outrun: list[Change] = []
        for asked in changes:
            change = replace(asked, reason=clean_remark(asked.reason))
            record = self._record(uow, session, change.subject_id, marks)
            if not differs(record, change):
                unchanged.append(change.subject_id)
            elif change.seen is not None and change.seen != version(record):
                outrun.append(change)
            else:
                require_reason(session, change.reason)
                mark = statement(session, record, change, by, at=at, rule=rule)
                write_mark(uow, session, mark, self._clock.now())
                written.append(mark)
        return Outcome(tuple(written), tuple(unchanged), tuple(outrun))

    def _record(
        self, uow: UnitOfWork, session: Session, subject_id: str, marks: Sequence[Mark]
    ) -> AttendanceRecord:
        uow.subjects.get(subject_id)
        return record_of(session, subject_id, marks, self._clock.now())

    def _records(self, uow: UnitOfWork, session: Session) -> list[AttendanceRecord]:
        roster = uow.groups.roster(session.group_id, session.business_date)
        marks = marks_of(uow, [session.session_id])[session.session_id]
        return records_of(session, uow.subjects.some(roster), marks, self._clock.now())

    def _taken_back(self, mark: Mark, marks: Sequence[Mark], by: str) -> Mark:
        former = statements(marks, mark.subject_id)[:-1]
        before = former[-1] if former else None
        return Mark(
            mark_id=new_id(),
            session_id=mark.session_id,
            subject_id=mark.subject_id,
            kind=MarkKind.STATUS,
            at=self._clock.now(),
            method=Method.HAND,
            by=by,
            status=(before.status if before else None) or Status.OPEN,
            rule=TAKEN_BACK,
            reason=before.reason if before else None,
            corrects=mark.mark_id,
        )


def _own_instant(at: datetime, marks: Sequence[Mark], by: str) -> datetime:
    """Return an instant that no earlier change of this person has: it tells changes apart."""
    taken = {mark.at for mark in marks if mark.by == by}
    while at in taken:
        at += timedelta.resolution
    return at

"""What absences write into the register, and take back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from rollbook.domain.absences import Absence, covering, excused_by_absence, leaves_room
from rollbook.domain.attendance import ABSENCE_TOLD, Mark, MarkKind, Method, Session, Status
from rollbook.domain.ports import UnitOfWork
from rollbook.domain.subjects import new_id
from rollbook.services.announcing import write_mark
from rollbook.services.marks import entry_of, marks_of

TAKEN_BACK = "absence taken back"


def excuse_told(uow: UnitOfWork, session: Session, now: datetime) -> int:
    """Excuse everybody on the roster whose absence was told; return how many.

    Nothing is written over a status that a person has set, nor for who has been seen.
    """
    roster = uow.groups.roster(session.group_id, session.business_date)
    told = uow.absences.of(roster)
    return excuse(uow, session, told, now) if told else 0


def excuse(
    uow: UnitOfWork, session: Session, told: Mapping[str, Iterable[Absence]], now: datetime
) -> int:
    """Excuse these people in a session, as far as their absences cover its day."""
    marks = _by_subject(marks_of(uow, [session.session_id])[session.session_id])
    written = 0
    for subject_id, absences in told.items():
        absence = covering(absences, session.business_date)
        if absence is not None and leaves_room(marks.get(subject_id, [])):
            uow.register.append(entry_of(_excused(session, absence, now), uow.vault))
            written += 1
    return written


def take_back(
    uow: UnitOfWork,
    session: Session,
    subject_id: str,
    left: Iterable[Absence],
    by: str,
    now: datetime,
) -> bool:
    """Take back what an absence wrote, unless another one still covers the session's day."""
    if covering(left, session.business_date) is not None:
        return False
    marks = _by_subject(marks_of(uow, [session.session_id])[session.session_id])
    said = excused_by_absence(marks.get(subject_id, []))
    if said is None:
        return False
    mark = Mark(
        mark_id=new_id(),
        session_id=session.session_id,
        subject_id=subject_id,
        kind=MarkKind.STATUS,
        at=now,
        method=Method.HAND,
        by=by,
        status=Status.OPEN,
        rule=TAKEN_BACK,
        corrects=said.mark_id,
    )
    write_mark(uow, session, mark, now)
    return True


def was_taken(marks: Iterable[Mark]) -> bool:
    """Return whether anybody or anything took the session, beyond absences that were told."""
    return any(mark.rule not in (ABSENCE_TOLD, TAKEN_BACK) for mark in marks)


def _excused(session: Session, absence: Absence, now: datetime) -> Mark:
    return Mark(
        mark_id=new_id(),
        session_id=session.session_id,
        subject_id=absence.subject_id,
        kind=MarkKind.STATUS,
        at=now,
        method=Method.HAND,
        by=absence.told_by,
        status=Status.EXCUSED,
        rule=ABSENCE_TOLD,
        reason=absence.label,
    )


def _by_subject(marks: Sequence[Mark]) -> dict[str, list[Mark]]:
    found: dict[str, list[Mark]] = {}
    for mark in marks:
        found.setdefault(mark.subject_id, []).append(mark)
    return found

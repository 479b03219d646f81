"""What people said about others in a session: which statement holds, and what undo takes back.

Statements are marks of kind STATUS. Nothing is overwritten: whoever undoes a statement writes a
further one with the former status, which points at what it takes back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rollbook.domain.attendance import (
    AttendanceRecord,
    Evidence,
    Mark,
    MarkKind,
    Method,
    Session,
    SessionState,
    Status,
)
from rollbook.domain.explanation import decisive_mark
from rollbook.domain.subjects import new_id
from rollbook.errors import InvalidInput, SessionClosed

BY_PERSON = "set by a person"
TAKEN_BACK = "taken back"  # rule of a mark that undoes another one
FROM_PAPER = "from paper"  # rule of a mark that was on a printed register first
ALL_PRESENT = "everybody present"

SETTABLE = (Status.PRESENT, Status.LATE, Status.LEFT_EARLY, Status.EXCUSED, Status.ABSENT)


@dataclass(frozen=True, slots=True)
class Change:
    """What one person wants the register to say about another."""

    subject_id: str
    status: Status
    reason: str | None = None
    seen: str | None = None  # `version` of the record that was on the screen; None: do not ask


def version(record: AttendanceRecord) -> str:
    """Return what names the state of somebody: it changes when another mark decides.

    That time went by, or somebody was seen once more, is no other state.
    """
    said = decisive_mark(record)
    return said.mark_id if said else ""


def statements(marks: Sequence[Mark], subject_id: str) -> list[Mark]:
    """Return the statements about somebody that were not taken back, oldest first.

    `marks` are in the order of the register. The last one returned is in force.
    """
    kept: list[Mark] = []
    for mark in marks:
        if mark.kind is not MarkKind.STATUS or mark.subject_id != subject_id:
            continue
        if mark.rule == TAKEN_BACK and kept and kept[-1].mark_id == mark.corrects:
            kept.pop()
        else:
            kept.append(mark)
    return kept


def was_set_absent(record: AttendanceRecord) -> bool:
    """Return whether a person set this one to absent, which hides when they came."""
    said = decisive_mark(record)
    return said is not None and said.kind is MarkKind.STATUS and said.status is Status.ABSENT


@dataclass(frozen=True, slots=True)
class LastChange:
    """The newest change of one person that can still be undone."""

    marks: tuple[Mark, ...]  # written together, each in force
    outrun: tuple[str, ...] = ()  # subject ids that somebody changed again since


def last_change(marks: Sequence[Mark], by: str) -> LastChange | None:
    """Return what `by` changed last by hand, as a whole; None when nothing is left to undo."""
    order = {mark.mark_id: index for index, mark in enumerate(marks)}
    subjects = dict.fromkeys(m.subject_id for m in marks if m.by == by)
    stacks = {subject: statements(marks, subject) for subject in subjects}
    tops = [s[-1] for s in stacks.values() if s and _is_own(s[-1], by)]
    if not tops:
        return None
    newest = max(tops, key=lambda mark: order[mark.mark_id])
    together = [m for m in tops if (m.at, m.rule) == (newest.at, newest.rule)]
    outrun = [
        subject
        for subject, stack in stacks.items()
        if any(_is_own(m, by) and (m.at, m.rule) == (newest.at, newest.rule) for m in stack[:-1])
    ]
    return LastChange(tuple(together), tuple(outrun))


def _is_own(mark: Mark, by: str) -> bool:
    return mark.by == by and mark.method is Method.HAND and mark.rule != TAKEN_BACK


def differs(record: AttendanceRecord, change: Change) -> bool:
    """Return whether a change says anything new: only differences are written.

    A remark alone is new when it is another one; without a remark the old one stays.
    """
    if change.status is not record.status:
        return not (change.status is Status.OPEN and decisive_mark(record) is None)
    return change.reason is not None and change.reason != record.reason


def require_reason(session: Session, reason: str | None) -> None:
    """A closed register may be changed, and says why it was.

    Raises:
        InvalidInput: the session is closed and no reason is given.
        SessionClosed: the session was called off, or is not open yet.
    """
    if session.state is SessionState.CANCELLED:
        raise SessionClosed("The session was called off, so nobody can be marked in it.")
    if session.state is SessionState.PLANNED:
        raise SessionClosed("The session is planned and not open yet. Open it first.")
    if session.state is SessionState.CLOSED and not reason:
        raise InvalidInput("The session is closed. Say why the register is to be changed.")


def statement(
    session: Session,
    record: AttendanceRecord,
    change: Change,
    by: str,
    *,
    at: datetime,
    rule: str = BY_PERSON,
    evidence: Evidence | None = None,
) -> Mark:
    """Return the mark that sets somebody's status; it points at the statement it replaces.

    Raises:
        InvalidInput: nobody is named who says so.
    """
    if not by.strip():
        raise InvalidInput("A change of the register names who makes it.")
    replaced = decisive_mark(record)
    return Mark(
        mark_id=new_id(),
        session_id=session.session_id,
        subject_id=change.subject_id,
        kind=MarkKind.STATUS,
        at=at,
        method=Method.HAND,
        by=by,
        status=change.status,
        rule=rule,
        reason=change.reason,
        corrects=replaced.mark_id if replaced else None,
        evidence=evidence,
    )

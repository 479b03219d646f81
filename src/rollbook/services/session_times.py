"""When sessions open and close by themselves, as rows of due work."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from rollbook.domain.attendance import Session
from rollbook.domain.ports import UnitOfWork

OPEN_JOB, CLOSE_JOB = "open session", "close session"
# marks that were decided at the last moment may still be on their way
GRACE = timedelta(minutes=1)

DueWorkRow = tuple[str, str, datetime]


def opening(session: Session) -> DueWorkRow:
    """Return the row by which the session opens."""
    return OPEN_JOB, session.session_id, session.first_mark_at


def closing(session: Session) -> DueWorkRow:
    """Return the row by which the session closes."""
    return CLOSE_JOB, session.session_id, session.last_mark_at + GRACE


def forget_times(uow: UnitOfWork, session_ids: Sequence[str]) -> None:
    """Drop what is still due for these sessions."""
    for job in (OPEN_JOB, CLOSE_JOB):
        uow.due.drop(job, session_ids)

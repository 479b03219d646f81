"""Who decides on a request, when it is overdue, and which sessions it is about."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta

from rollbook.domain.attendance import Session, SessionState
from rollbook.domain.ports import UnitOfWork
from rollbook.domain.requests import OVERDUE_AFTER, Request

APPROVERS, OVERDUE = "request_approvers", "request_overdue_days"  # settings of the site
ONLY_ADMINISTRATORS = "administrator"


def overdue_after(uow: UnitOfWork) -> timedelta:
    """Return how long a request may wait at this site."""
    days = uow.site.get(OVERDUE)
    return timedelta(days=days) if isinstance(days, int) and days > 0 else OVERDUE_AFTER


def only_administrators_decide(uow: UnitOfWork) -> bool:
    return uow.site.get(APPROVERS) == ONLY_ADMINISTRATORS


def concerns(uow: UnitOfWork, request: Request, group_ids: Collection[str] | None) -> bool:
    """Return whether somebody with these groups may decide on a request."""
    if group_ids is None:
        return True
    if request.session_id:
        return uow.sessions.get(request.session_id).group_id in group_ids
    held = uow.groups.memberships(subject_id=request.subject_id)
    asked = request.asked_at.date()
    first = min(request.first_day or asked, asked)
    return any(m.group_id in group_ids and (m.until is None or m.until >= first) for m in held)


def sessions_of(uow: UnitOfWork, request: Request) -> Sequence[Session]:
    """Return the sessions of the asked days that are or were held, of the person's groups."""
    taken = (SessionState.OPEN, SessionState.CLOSED, SessionState.NOT_TAKEN)
    return [
        session
        for m in uow.groups.memberships(subject_id=request.subject_id)
        for session in uow.sessions.all(
            group_id=m.group_id, first_day=request.first_day, last_day=request.last_day
        )
        if m.holds_on(session.business_date) and session.state in taken
    ]

"""Which groups an account sees today."""

from __future__ import annotations

from datetime import date

from rollbook.domain.access import Role
from rollbook.domain.accounts import User
from rollbook.domain.ports import UnitOfWork


def groups_seen(uow: UnitOfWork, user: User, today: date) -> frozenset[str] | None:
    """Return the ids of the groups that an account sees on a local day; None: every group."""
    if user.role in {Role.ADMINISTRATOR, Role.AUDITOR}:
        return None
    if user.role is not Role.FACULTY:
        return frozenset()
    held = uow.staff.of_user(user.user_id)
    return frozenset(staff.group_id for staff in held if staff.holds_on(today))

"""Tokens of programs: they act for an account, cut to what they were made for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from rollbook.domain.access import Permission, Role, permissions_of

PREFIX = "rollbook_"  # what a token begins with, so that scanners of published text know it


class Scope(StrEnum):
    """One thing that a token may be made for."""

    PEOPLE_READ = "people:read"
    PEOPLE_WRITE = "people:write"
    PEOPLE_REMOVE = "people:remove"
    GROUPS_READ = "groups:read"
    GROUPS_WRITE = "groups:write"
    SESSIONS_READ = "sessions:read"
    SESSIONS_WRITE = "sessions:write"
    MARKS_WRITE = "marks:write"
    TIMETABLE_READ = "timetable:read"
    TIMETABLE_WRITE = "timetable:write"
    ABSENCES_READ = "absences:read"
    ABSENCES_WRITE = "absences:write"
    REVIEWS_READ = "reviews:read"
    REVIEWS_WRITE = "reviews:write"
    CAMERAS_READ = "cameras:read"
    CAMERAS_WRITE = "cameras:write"
    DEVICES_READ = "devices:read"
    DEVICES_WRITE = "devices:write"
    USERS_READ = "users:read"
    USERS_WRITE = "users:write"
    MESSAGES_READ = "messages:read"
    MESSAGES_WRITE = "messages:write"
    EXPORTS_READ = "exports:read"
    AUDIT_READ = "audit:read"
    ME_READ = "me:read"
    ME_WRITE = "me:write"

    @property
    def permission(self) -> Permission:
        """What an account needs, so that a token of it can have this scope."""
        return _PERMISSIONS[self]


_PERMISSIONS: Mapping[Scope, Permission] = {
    Scope.PEOPLE_READ: Permission.PEOPLE_READ,
    Scope.PEOPLE_WRITE: Permission.PEOPLE_EDIT,
    Scope.PEOPLE_REMOVE: Permission.PEOPLE_BULK,
    Scope.GROUPS_READ: Permission.GROUPS_READ,
    Scope.GROUPS_WRITE: Permission.GROUPS_EDIT,
    Scope.SESSIONS_READ: Permission.SESSIONS_READ,
    Scope.SESSIONS_WRITE: Permission.SESSIONS_RUN,
    Scope.MARKS_WRITE: Permission.SESSIONS_RUN,
    Scope.TIMETABLE_READ: Permission.TIMETABLE_READ,
    Scope.TIMETABLE_WRITE: Permission.TIMETABLE_EDIT,
    Scope.ABSENCES_READ: Permission.ABSENCES,
    Scope.ABSENCES_WRITE: Permission.ABSENCES,
    Scope.REVIEWS_READ: Permission.REVIEW,
    Scope.REVIEWS_WRITE: Permission.REVIEW,
    Scope.CAMERAS_READ: Permission.CAMERAS_READ,
    Scope.CAMERAS_WRITE: Permission.CAMERAS_EDIT,
    Scope.DEVICES_READ: Permission.DEVICES_EDIT,
    Scope.DEVICES_WRITE: Permission.DEVICES_EDIT,
    Scope.USERS_READ: Permission.USERS_EDIT,
    Scope.USERS_WRITE: Permission.USERS_EDIT,
    Scope.MESSAGES_READ: Permission.SITE_EDIT,
    Scope.MESSAGES_WRITE: Permission.SITE_EDIT,
    Scope.EXPORTS_READ: Permission.EXPORT,
    Scope.AUDIT_READ: Permission.AUDIT_READ,
    Scope.ME_READ: Permission.OWN_RECORD,
    Scope.ME_WRITE: Permission.OWN_RECORD,
}


def scopes_for(role: Role, *, own_record: bool) -> list[Scope]:
    """Return what tokens of such an account may be made for."""
    held = permissions_of(role) | ({Permission.OWN_RECORD} if own_record else frozenset())
    return [scope for scope in Scope if scope.permission in held]


def permissions_for(scopes: Iterable[Scope]) -> frozenset[Permission]:
    """Return what a token is cut to; who it acts for it can always tell."""
    return frozenset(scope.permission for scope in scopes) | {Permission.SIGNED_IN}


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token as it is kept; the token itself is known to its program alone."""

    token_id: str
    user_id: str
    name: str  # what the program is, in its owner's words
    scopes: frozenset[Scope]
    made_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    revoked_at: datetime | None = None

    def works_at(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at

    def covers(self, wanted: Collection[Scope]) -> bool:
        """Return whether it was made for one of these."""
        return not self.scopes.isdisjoint(wanted)

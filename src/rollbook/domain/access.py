"""Who may do what: roles, permissions, and the one who acts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What somebody is at this site."""

    ADMINISTRATOR = "administrator"
    FACULTY = "faculty"  # teachers and team leads, for their own groups
    AUDITOR = "auditor"  # reads who did what; changes nothing, sees no faces
    SUBJECT = "subject"  # the own record
    KIOSK = "kiosk"  # a device, for its own session


class Permission(StrEnum):
    """One thing that a page or address lets somebody do."""

    SIGNED_IN = "signed in"  # the own account: password, second factor, sessions
    PEOPLE_READ = "read people"
    PEOPLE_EDIT = "change people"  # add, rename, consent, samples
    PEOPLE_BULK = "change people in bulk"  # import, new school year, removal
    FACES_SEE = "see faces"
    GROUPS_READ = "read groups"
    GROUPS_EDIT = "change groups"
    TIMETABLE_READ = "read timetable"
    TIMETABLE_EDIT = "change timetable"
    SESSIONS_READ = "read sessions"
    SESSIONS_RUN = "run sessions"  # open, close, mark, correct, photograph
    REVIEW = "review"  # unsure faces, disputes, excuses
    ABSENCES = "tell absences"
    EXPORT = "export"
    DASHBOARD = "dashboard"
    CAMERAS_READ = "read cameras"
    CAMERAS_EDIT = "change cameras"
    DEVICES_EDIT = "change kiosks"
    USERS_EDIT = "change accounts"
    SITE_EDIT = "change settings"
    PRIVACY = "keep privacy"  # papers, consents' texts, retention, erasure, receipts
    KEYS = "keep keys and backups"
    AUDIT_READ = "read audit"
    OWN_RECORD = "own record"
    KIOSK = "kiosk"


_FACULTY = frozenset(
    {
        Permission.SIGNED_IN,
        Permission.PEOPLE_READ,
        Permission.PEOPLE_EDIT,
        Permission.FACES_SEE,
        Permission.GROUPS_READ,
        Permission.TIMETABLE_READ,
        Permission.SESSIONS_READ,
        Permission.SESSIONS_RUN,
        Permission.REVIEW,
        Permission.ABSENCES,
        Permission.EXPORT,
        Permission.DASHBOARD,
        Permission.CAMERAS_READ,
    }
)
_PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.ADMINISTRATOR: frozenset(Permission) - {Permission.OWN_RECORD, Permission.KIOSK},
    Role.FACULTY: _FACULTY,
    Role.AUDITOR: frozenset(
        {
            Permission.SIGNED_IN,
            Permission.GROUPS_READ,
            Permission.TIMETABLE_READ,
            Permission.SESSIONS_READ,
            Permission.AUDIT_READ,
            Permission.DASHBOARD,
        }
    ),
    Role.SUBJECT: frozenset({Permission.SIGNED_IN, Permission.OWN_RECORD, Permission.DASHBOARD}),
    Role.KIOSK: frozenset({Permission.KIOSK}),
}


def permissions_of(role: Role) -> frozenset[Permission]:
    """Return what a role may do; for which groups and people, `Actor` says."""
    return _PERMISSIONS[role]


@dataclass(frozen=True, slots=True)
class Actor:
    """The account or device that acts. `by` names it in the register."""

    actor_id: str
    role: Role
    name: str = ""  # what a page calls it; never written to the register
    subject_id: str | None = None  # the person that the account belongs to
    group_ids: frozenset[str] | None = frozenset()  # None: every group
    only: frozenset[Permission] | None = None  # what a token of theirs is cut to; None: nothing is

    @property
    def by(self) -> str:
        """What entries of the register keep: the role and a random id."""
        return f"{self.role.value} {self.actor_id}"

    def may(self, permission: Permission) -> bool:
        if self.only is not None and permission not in self.only:
            return False
        own = permission is Permission.OWN_RECORD and self.subject_id is not None
        return own or permission in permissions_of(self.role)

    def sees_group(self, group_id: str) -> bool:
        """Return whether the group is one of theirs today."""
        return self.group_ids is None or group_id in self.group_ids

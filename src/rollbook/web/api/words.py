"""Scopes in words, in the page's language."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from rollbook.domain.tokens import Scope

SCOPES = {
    Scope.PEOPLE_READ: _l("Read people and their consents"),
    Scope.PEOPLE_WRITE: _l("Add and rename people, record and withdraw consents"),
    Scope.PEOPLE_REMOVE: _l("Remove people for good"),
    Scope.GROUPS_READ: _l("Read groups and who belongs to them"),
    Scope.GROUPS_WRITE: _l("Change groups, their people and staff"),
    Scope.SESSIONS_READ: _l("Read sessions and their registers"),
    Scope.SESSIONS_WRITE: _l("Open, close and call off sessions"),
    Scope.MARKS_WRITE: _l("Set statuses by hand"),
    Scope.TIMETABLE_READ: _l("Read the timetable"),
    Scope.TIMETABLE_WRITE: _l("Change the timetable"),
    Scope.ABSENCES_READ: _l("Read absences that were told"),
    Scope.ABSENCES_WRITE: _l("Tell absences and take them back"),
    Scope.REVIEWS_READ: _l("Read what waits for a decision"),
    Scope.REVIEWS_WRITE: _l("Decide on unsure faces, disputes and excuses"),
    Scope.CAMERAS_READ: _l("Read the list of cameras"),
    Scope.CAMERAS_WRITE: _l("Add, change and remove cameras"),
    Scope.DEVICES_READ: _l("Read the list of kiosks"),
    Scope.DEVICES_WRITE: _l("Revoke and remove kiosks"),
    Scope.USERS_READ: _l("Read the list of accounts"),
    Scope.USERS_WRITE: _l("Add, change and disable accounts"),
    Scope.MESSAGES_READ: _l("Read messages: what was sent, and what was given up"),
    Scope.MESSAGES_WRITE: _l("Send messages again that were given up"),
    Scope.EXPORTS_READ: _l("Export registers as files"),
    Scope.AUDIT_READ: _l("Read who did what"),
    Scope.ME_READ: _l("Read my own record"),
    Scope.ME_WRITE: _l("Dispute statuses and ask for excuses of my own"),
}

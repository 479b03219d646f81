"""What stands in the head of every page, for those who may go there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flask import current_app, request, url_for
from flask_babel import lazy_gettext as _

from rollbook.domain.access import Permission
from rollbook.web.access import visitor


@dataclass(frozen=True, slots=True)
class Item:
    """One link; `endpoint` may belong to an area that is not installed."""

    endpoint: str
    label: str
    permission: Permission


MAIN = (
    Item("sessions.index", _("Today"), Permission.SESSIONS_READ),
    Item("board.now", _("Live board"), Permission.SESSIONS_READ),
    Item("timetable.week", _("Timetable"), Permission.TIMETABLE_READ),
    Item("people.index", _("People"), Permission.PEOPLE_READ),
    Item("timetable.groups", _("Groups"), Permission.GROUPS_READ),
    Item("review.index", _("Review"), Permission.REVIEW),
    Item("me.index", _("My record"), Permission.OWN_RECORD),
    Item("audit.index", _("Audit"), Permission.AUDIT_READ),
)
SITE = (
    Item("exports.index", _("Exports"), Permission.EXPORT),
    Item("timetable.absences", _("Absences"), Permission.ABSENCES),
    Item("cameras.index", _("Cameras"), Permission.CAMERAS_READ),
    Item("devices.index", _("Kiosks"), Permission.DEVICES_EDIT),
    Item("accounts.users", _("Accounts"), Permission.USERS_EDIT),
    Item("setup.site", _("Site"), Permission.SITE_EDIT),
    Item("messages.index", _("Messages"), Permission.SITE_EDIT),
    Item("privacy.index", _("Privacy"), Permission.PRIVACY),
    Item("safety.index", _("Keys and backups"), Permission.KEYS),
)


@dataclass(frozen=True, slots=True)
class Link:
    """A link as it is shown."""

    url: str
    label: str
    here: bool


def links(items: tuple[Item, ...]) -> list[Link]:
    """Return the links that the visitor may follow."""
    return list(_links(items))


def _links(items: tuple[Item, ...]) -> Iterator[Link]:
    who = visitor()
    for item in items:
        known = item.endpoint in current_app.view_functions
        if not known or who is None or not who.may(item.permission):
            continue
        url = url_for(item.endpoint)
        here = request.endpoint == item.endpoint or request.path.startswith(f"{url}/")
        yield Link(url, str(item.label), here)

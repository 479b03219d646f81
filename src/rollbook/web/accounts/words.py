"""Words about accounts, in the page's language."""

from __future__ import annotations

from datetime import timedelta

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from rollbook.domain.access import Role
from rollbook.domain.passwords import LONGEST, SHORTEST, Weakness
from rollbook.web.times import span

ROLES = {
    Role.ADMINISTRATOR: _l("Administrator"),
    Role.FACULTY: _l("Teacher or team lead"),
    Role.AUDITOR: _l("Auditor"),
    Role.SUBJECT: _l("Person, for the own record"),
}
ROLE_HELP = {
    Role.ADMINISTRATOR: _l("May do everything, also settings and accounts."),
    Role.FACULTY: _l("Sees and marks the people of the groups below, and no others."),
    Role.AUDITOR: _l("Reads who did what. Sees no faces and changes nothing."),
    Role.SUBJECT: _l("Sees the own record and can dispute marks."),
}


def weakness_text(found: Weakness) -> str:
    """Return why a password is not taken, and what helps."""
    return {
        Weakness.SHORT: ngettext(
            "Take a password of at least %(num)s character. Several words make a good one.",
            "Take a password of at least %(num)s characters. Several words make a good one.",
            SHORTEST,
        ),
        Weakness.LONG: _("A password may have %(limit)s characters.", limit=LONGEST),
        Weakness.COMMON: _(
            "This password is one of the first that others would try. Take another one."
        ),
        Weakness.OWN: _("The password is little more than the name. Take another one."),
    }[found]


def wait_text(seconds: float) -> str:
    """Return for how long nothing is accepted."""
    if seconds < 60:
        return ngettext(
            "There were too many wrong tries. Wait %(num)s second, then try again.",
            "There were too many wrong tries. Wait %(num)s seconds, then try again.",
            max(1, round(seconds)),
        )
    return _(
        "There were too many wrong tries. Wait %(span)s, then try again.",
        span=span(timedelta(seconds=seconds)),
    )

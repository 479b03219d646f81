"""What statuses are called at a school and at an office."""

from __future__ import annotations

from flask import g
from flask_babel import gettext as _

from rollbook.web.parts import parts


def status_words() -> dict[str, str]:
    """Return the word of each status at this site, looked up once for each page."""
    if "words" not in g:
        with parts().uow() as uow:
            g.words = str(uow.site.get("words") or "school")
    return _office() if g.words == "office" else _school()


def _school() -> dict[str, str]:
    return {
        "present": _("present"),
        "late": _("late"),
        "left_early": _("left early"),
        "absent": _("absent"),
        "excused": _("excused"),
        "open": _("open"),
    }


def _office() -> dict[str, str]:
    return {
        "present": _("in"),
        "late": _("came late"),
        "left_early": _("left early"),
        "absent": _("not in"),
        "excused": _("away, excused"),
        "open": _("open"),
    }

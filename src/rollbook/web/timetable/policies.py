"""Policies and their limits as form fields, in minutes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from flask_babel import gettext as _

from rollbook.domain.attendance import (
    OFFICE_DAY,
    SCHOOL_LESSON,
    AttendancePolicy,
)
from rollbook.errors import InvalidInput
from rollbook.services import site
from rollbook.web.errors import sentence
from rollbook.web.parts import parts
from rollbook.web.timetable.forms import Form

LIMITS = ("opens_before", "late_after", "absent_after", "minimum_presence", "closes_after")
OPTIONAL = ("absent_after", "minimum_presence")  # may be left out
LONGEST = 24 * 60  # minutes


def site_policies() -> dict[str, AttendancePolicy]:
    """Return the policies that can be chosen by their names, that of the site first."""
    with parts().uow() as uow:
        return site.site_policies(uow)


def policy_options() -> list[tuple[str, str]]:
    """Return the policies for a choice."""
    words = {SCHOOL_LESSON.name: _("School lesson"), OFFICE_DAY.name: _("Office day")}
    return [(name, words.get(name) or _("As set for this site")) for name in site_policies()]


def limit_fields(policy: AttendancePolicy) -> list[tuple[str, str, str, str]]:
    """Return (name, label, help, minutes) of each limit."""
    words = {
        "opens_before": (_("Takes marks before the start"), ""),
        "late_after": (_("Late after the start"), ""),
        "absent_after": (
            _("Absent after the start"),
            _("Who comes later counts as absent. Empty: whoever comes is there."),
        ),
        "minimum_presence": (
            _("Must stay at least"),
            _("Who goes before the end with less left early. Empty: it is not asked."),
        ),
        "closes_after": (_("Takes marks after the end"), ""),
    }
    return [(name, *words[name], _minutes(getattr(policy, name))) for name in LIMITS]


def read_policy(form: Form, *, whole: bool) -> AttendancePolicy:
    """Return the policy that was chosen, with its limits; what is wrong is in the form.

    `whole` says that the form showed all limits, so that an empty one means none.
    """
    policy = site_policies().get(form.text("policy")) or parts().site.policy()
    changes: dict[str, timedelta | None] = {}
    for name in LIMITS:
        minutes = form.number(name, 0, LONGEST)
        if minutes is not None:
            changes[name] = timedelta(minutes=minutes)
        elif whole and name in OPTIONAL and name not in form.errors:
            changes[name] = None
    try:
        return replace(policy, **changes)  # type: ignore[arg-type]
    except InvalidInput as error:
        form.errors["absent_after"] = sentence(error)
        return policy


def _minutes(span: timedelta | None) -> str:
    return "" if span is None else f"{span.total_seconds() / 60:g}"

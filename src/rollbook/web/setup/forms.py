"""What the pages of set-up and of the settings have in common: choices and what was typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from rollbook.bootstrap import local_zone
from rollbook.domain.attendance import OFFICE_DAY, SCHOOL_LESSON, AttendancePolicy
from rollbook.services.site import SiteChoices

POLICIES = {"school": SCHOOL_LESSON, "office": OFFICE_DAY}
WORDS = {"school": _l("School lesson"), "office": _l("Office day")}
LIMITS = {
    "opens_before": _l("Before the start, marks are taken for"),
    "late_after": _l("After the start, an arrival is late from"),
    "absent_after": _l("After the start, an arrival counts no more from"),
    "closes_after": _l("After the end, marks are still taken for"),
    "minimum_presence": _l("Who goes before the end has left early with less than"),
    "quiet_period": _l("Being seen again writes nothing for"),
    "patience": _l("Somebody has left when not seen for"),
}
MAY_BE_EMPTY = frozenset({"absent_after", "minimum_presence"})
LONGEST = 7 * 24 * 60  # minutes
_NO_PLACES = ("Etc/", "SystemV/", "US/", "posix/", "right/")


@cache
def zones() -> list[str]:
    """Return the time zones of places, and UTC."""
    places = {name for name in available_timezones() if "/" in name}
    return sorted({name for name in places if not name.startswith(_NO_PLACES)} | {"UTC"})


def zone_of(choices: SiteChoices) -> str:
    """Return the site's time zone; until one is chosen that of this machine, or UTC."""
    here = local_zone().key
    return choices.time_zone or (here if here in zones() else "UTC")


def minutes(policy: AttendancePolicy) -> dict[str, str]:
    """Return the policy's limits as they are typed."""
    spans = {name: getattr(policy, name) for name in LIMITS}
    return {
        name: "" if span is None else f"{span.total_seconds() / 60:g}"
        for name, span in spans.items()
    }


def policy_of(
    typed: Mapping[str, str], old: AttendancePolicy, errors: dict[str, str]
) -> AttendancePolicy:
    """Return the policy with the limits that were typed; what is wrong goes to `errors`."""
    changes: dict[str, Any] = {}
    for name in LIMITS:
        text = typed.get(name, "").strip()
        if not text and name in MAY_BE_EMPTY:
            changes[name] = None
        elif text.isdecimal() and len(text) < 10 and int(text) <= LONGEST:
            changes[name] = timedelta(minutes=int(text))
        else:
            errors[name] = _("Write whole minutes.")
    if errors:
        return old
    late, absent = changes["late_after"], changes["absent_after"]
    if absent is not None and absent < late:
        errors["absent_after"] = _("This cannot come before an arrival is late.")
        return old
    return _named(replace(old, **changes))


def _named(policy: AttendancePolicy) -> AttendancePolicy:
    """Return the policy under the name of a template, when it is as that one is."""
    for template in POLICIES.values():
        if replace(policy, name=template.name) == template:
            return template
    stem = policy.name.removesuffix(", changed")
    return replace(policy, name=f"{stem}, changed")

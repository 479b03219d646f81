"""Attendance policies as they are typed: one by name, with limits of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

from rollbook.domain.attendance import POLICIES, AttendancePolicy
from rollbook.errors import InvalidInput

LIMITS = tuple(f.name for f in fields(AttendancePolicy) if f.name != "name")
MAY_BE_NONE = ("absent_after", "minimum_presence")
LONGEST = 7 * 24 * 60  # minutes


def policy_called(name: str, limits: Sequence[str] = ()) -> AttendancePolicy:
    """Return one of the policies that Rollbook brings, with these limits (LIMIT=MINUTES) changed.

    Raises:
        InvalidInput: there is none with this name, or a limit cannot be read.
    """
    found = POLICIES.get(" ".join(name.replace("_", " ").replace("-", " ").lower().split()))
    if found is None:
        raise InvalidInput(f"There is no policy {name!r}; there are: {', '.join(POLICIES)}.")
    changes: dict[str, Any] = dict(_limit(text) for text in limits)
    return replace(found, **changes, name=f"{found.name}, changed") if changes else found


def _limit(text: str) -> tuple[str, timedelta | None]:
    typed, equals, value = text.partition("=")
    name = typed.strip().lower().replace("-", "_").replace(" ", "_")
    if not equals or name not in LIMITS:
        raise InvalidInput(
            f"{text!r} is not a limit of a policy; write LIMIT=MINUTES with one of: "
            f"{', '.join(LIMITS)}."
        )
    if value.strip().lower() == "none" and name in MAY_BE_NONE:
        return name, None
    if not (value.strip().isdecimal() and int(value) <= LONGEST):
        raise InvalidInput(f"{text!r}: write whole minutes, at most {LONGEST}, like {name}=15.")
    return name, timedelta(minutes=int(value))

"""Attendance policies as JSON values, so that a session keeps the policy it was opened with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import timedelta
from typing import Any

from rollbook.domain.attendance import AttendancePolicy

SPANS = tuple(f.name for f in fields(AttendancePolicy) if f.name != "name")


def policy_to_json(policy: AttendancePolicy) -> dict[str, object]:
    """Return JSON values; lengths of time are whole microseconds.

    >>> policy_to_json(AttendancePolicy())["late_after"]
    600000000
    """
    written: dict[str, object] = {"name": policy.name}
    for name in SPANS:
        span = getattr(policy, name)
        written[name] = None if span is None else span // timedelta(microseconds=1)
    return written


def policy_from_json(written: Mapping[str, Any]) -> AttendancePolicy:
    """Return the policy that `policy_to_json` wrote; what is not there keeps its default."""
    known: dict[str, Any] = {
        name: None if written[name] is None else timedelta(microseconds=written[name])
        for name in SPANS
        if name in written
    }
    return AttendancePolicy(**known, name=str(written["name"]))

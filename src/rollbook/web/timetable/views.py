"""Gathers the pages of this area."""

from __future__ import annotations

from rollbook.web.timetable import (  # noqa: F401 - they add routes
    absences,
    calendar,
    groups,
    importing,
    roster,
    series,
    week,
)
from rollbook.web.timetable.blueprint import blueprint as blueprint

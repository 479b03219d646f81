"""Reports that come by themselves: which days each is of, as pure functions over local dates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from rollbook.domain.month import Days, Month, Period


class Rhythm(StrEnum):
    """How often a report comes."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


@dataclass(frozen=True, slots=True)
class ReportPlan:
    """One report that an account gets again and again."""

    plan_id: str
    user_id: str
    rhythm: Rhythm
    file_format: str
    hours: bool = False
    group_id: str | None = None  # None: all groups that the account sees when it is made
    last: str = ""  # the newest days of which there is one
    language: str = ""  # of the account when it asked; empty: the site's

    def to_json(self) -> dict[str, object]:
        return asdict(self)

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> ReportPlan:
        return cls(**{**kept, "rhythm": Rhythm(kept["rhythm"])})


def finished(rhythm: Rhythm, today: date) -> Period:
    """Return the newest days that are over: yesterday, the last whole week, or the last month.

    >>> [str(finished(each, date(2026, 1, 1))) for each in (Rhythm.WEEKLY, Rhythm.MONTHLY)]
    ['2025-12-22_2025-12-28', '2025-12']
    """
    if rhythm is Rhythm.DAILY:
        return Days(today - timedelta(days=1), today - timedelta(days=1))
    if rhythm is Rhythm.WEEKLY:
        sunday = today - timedelta(days=today.weekday() + 1)
        return Days(sunday - timedelta(days=6), sunday)
    day = today.replace(day=1) - timedelta(days=1)
    return Month(day.year, day.month)

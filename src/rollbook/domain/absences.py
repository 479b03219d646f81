"""Absences that are told in advance, and the reasons a site knows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from rollbook.domain.attendance import ABSENCE_TOLD, Mark, MarkKind, Status, status_in_force
from rollbook.errors import InvalidInput

LONGEST = 400  # days
CODE_LIMIT, LABEL_LIMIT = 40, 80  # characters


@dataclass(frozen=True, slots=True)
class AbsenceReason:
    """One reason of the site's list."""

    code: str
    label: str


DEFAULT_REASONS = (
    AbsenceReason("ill", "Ill"),
    AbsenceReason("medical", "Medical appointment"),
    AbsenceReason("family", "Family matter"),
    AbsenceReason("trip", "Trip or event of the school"),
    AbsenceReason("leave", "Leave"),
    AbsenceReason("other", "Other reason"),
)


@dataclass(frozen=True, slots=True)
class Absence:
    """Somebody will not be there on these days, the last one included."""

    absence_id: str
    subject_id: str
    first_day: date  # local dates
    last_day: date
    reason: str  # code
    label: str  # of the reason, as it was when the absence was told
    told_by: str  # role and random id
    told_at: datetime
    note: str = ""

    def __post_init__(self) -> None:
        if self.last_day < self.first_day:
            raise InvalidInput("The last day of an absence must not be before its first day.")
        if (self.last_day - self.first_day).days >= LONGEST:
            raise InvalidInput(
                "An absence can last %(limit)s days. Is the year right?", limit=LONGEST
            )

    def covers(self, day: date) -> bool:
        return self.first_day <= day <= self.last_day


def covering(absences: Iterable[Absence], day: date) -> Absence | None:
    """Return the absence that was told first for this day, or None."""
    told = [absence for absence in absences if absence.covers(day)]
    return min(told, key=lambda absence: (absence.told_at, absence.absence_id), default=None)


def leaves_room(marks: Sequence[Mark]) -> bool:
    """Return whether an absence may still excuse somebody with these marks in a session.

    It may not when they were there, or when a person has set their status.
    """
    seen = any(mark.kind is not MarkKind.STATUS for mark in marks)
    return not seen and status_in_force(marks) is None


def excused_by_absence(marks: Sequence[Mark]) -> Mark | None:
    """Return the statement of an absence that is in force, if that is what is."""
    said = status_in_force(marks)
    excused = said is not None and said.status is Status.EXCUSED and said.rule == ABSENCE_TOLD
    return said if excused else None

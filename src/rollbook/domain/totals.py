"""How statuses are counted: the one place where a percentage is computed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from rollbook.domain.attendance import Status

RULE = (
    "Percentage = (present + late + left early) / (all sessions - excused - open). "
    "A person counts only in sessions on days when they belong to the group, "
    "or in which they were marked."
)


@dataclass(frozen=True, slots=True)
class Totals:
    """How often each status occurs."""

    present: int = 0
    late: int = 0
    left_early: int = 0
    absent: int = 0
    excused: int = 0
    open: int = 0

    @classmethod
    def of(cls, statuses: Iterable[Status]) -> Totals:
        """Count statuses.

        >>> Totals.of([Status.PRESENT, Status.LATE, Status.ABSENT, Status.EXCUSED]).percent
        '66.7'
        """
        return cls(**Counter(status.value for status in statuses))

    @property
    def attended(self) -> int:
        """Present, late or left early."""
        return self.present + self.late + self.left_early

    @property
    def counted(self) -> int:
        """What attendance is measured against: excused and open sessions are left out."""
        return self.attended + self.absent

    @property
    def percentage(self) -> float | None:
        """0..100, or None when nothing can be counted."""
        return 100 * self.attended / self.counted if self.counted else None

    @property
    def percent(self) -> str:
        """The percentage with one decimal, halves rounded up; empty when there is none."""
        if not self.counted:
            return ""
        tenths = (2000 * self.attended + self.counted) // (2 * self.counted)
        return f"{tenths // 10}.{tenths % 10}"

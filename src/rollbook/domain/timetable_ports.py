"""What keeps series, due work and absences."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from rollbook.domain.absences import Absence
from rollbook.domain.timetable import Series


@dataclass(frozen=True, slots=True)
class PlannedDay:
    """The session that a series has on a day."""

    series_id: str
    day: date
    session_id: str


class SeriesList(Protocol):
    """Recurring series, and which sessions were made of them."""

    def add(self, series: Series) -> None:
        """Raises NotFound when there is no such group."""
        ...

    def get(self, series_id: str) -> Series:
        """Raises NotFound."""
        ...

    def update(self, series: Series) -> None: ...

    def remove(self, series_id: str) -> None:
        """Remove a series of which no day is planned."""
        ...

    def all(self, group_id: str | None = None) -> list[Series]: ...

    def plan(self, days: Sequence[PlannedDay]) -> None:
        """Raises AlreadyExists when a series has a session on one of the days."""
        ...

    def unplan(self, series_id: str, day: date) -> None: ...

    def some(self, series_ids: Collection[str]) -> list[Series]:
        """Return those of these series that there are."""
        ...

    def planned(
        self,
        series_id: str | None = None,
        since: date | None = None,
        *,
        until: date | None = None,
        of_group: str | None = None,
    ) -> list[PlannedDay]:
        """Return what is planned from a day on and up to one, earliest first."""
        ...

    def series_of(self, session_ids: Collection[str]) -> Mapping[str, str]:
        """Return session id -> series id for those that belong to a series."""
        ...


@dataclass(frozen=True, slots=True)
class DueRow:
    """One piece of work that is to be done once."""

    number: int
    job: str
    target: str
    due_at: datetime
    attempts: int  # how often it was claimed


class DueWork(Protocol):
    """Work with a time; of all who look, one claims it."""

    def add(self, job: str, target: str, due_at: datetime) -> bool:
        """Return False when this work is there already, done or not."""
        ...

    def add_many(self, new: Sequence[tuple[str, str, datetime]]) -> None:
        """Add (job, target, time) of which none is there."""
        ...

    def waiting(self, now: datetime, limit: int = 100) -> list[DueRow]:
        """Return what is due, not done and claimed by nobody, the oldest first."""
        ...

    def claim(self, row: DueRow, now: datetime, until: datetime) -> DueRow | None:
        """Take the row until then; None when somebody else was faster."""
        ...

    def finish(self, row: DueRow, now: datetime) -> bool:
        """Note that a claimed row is done; False when the claim was lost to somebody else."""
        ...

    def put_off(self, row: DueRow, until: datetime) -> None:
        """Give a claimed row back, to be tried again then."""
        ...

    def drop(self, job: str, targets: Iterable[str]) -> None:
        """Forget this job of these targets, unless it is done."""
        ...

    def has_open(self, job: str, target: str) -> bool: ...

    def stuck(self, attempts: int) -> list[DueRow]:
        """Return what is not done although it was tried at least so often."""
        ...

    def purge(self, before: datetime) -> int:
        """Forget what was done before; return how much."""
        ...


class AbsenceList(Protocol):
    """Absences, sealed under each person's own key."""

    def add(self, absence: Absence) -> None: ...

    def get(self, absence_id: str) -> Absence:
        """Raises NotFound."""
        ...

    def update(self, absence: Absence) -> None: ...

    def remove(self, absence_id: str) -> None: ...

    def of(self, subject_ids: Collection[str]) -> dict[str, list[Absence]]:
        """Return the absences of these people by subject id."""
        ...

    def all(self) -> list[Absence]: ...

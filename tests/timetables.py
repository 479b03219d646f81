"""A class with a timetable, on a clock that tests turn."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from builders import make_class
from rollbook.domain.anchors import Anchor
from rollbook.domain.attendance import AttendanceRecord, Mark, Session, SessionState, Status
from rollbook.domain.ports import UnitOfWork
from rollbook.domain.receipts import Receipt
from rollbook.domain.subjects import Group, Subject
from rollbook.domain.timetable import Series
from rollbook.services.absences import Absences
from rollbook.services.anchors import Anchors
from rollbook.services.backups import BACKUP_JOB, Backups
from rollbook.services.calendars import Calendars
from rollbook.services.due import DueRunner, no_jobs
from rollbook.services.due_jobs import ANCHOR_JOB, PURGE_JOB, REVIEW_JOB, jobs_of
from rollbook.services.erasing import FINISH_JOB
from rollbook.services.erasure_body import Begun
from rollbook.services.purging import Purging
from rollbook.services.register import RegisterKeeper
from rollbook.services.retention import Retention
from rollbook.services.reviewing import Reviewing
from rollbook.services.session_life import SessionLife
from rollbook.services.session_times import CLOSE_JOB, OPEN_JOB
from rollbook.services.timetable import PLAN_JOB, Timetable
from rollbook.storage.backup.archive import HomeArchive
from rollbook.storage.database import Database
from rollbook.storage.old_logs import LogFolder
from rollbook.storage.signing import is_signed
from rollbook.testing import FixedClock

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = date(2026, 3, 2)
EARLY = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)  # Monday, 06:00 in Berlin
BY = "administrator a"
JOBS = (  # all but those of charts, reports and messages
    OPEN_JOB,
    CLOSE_JOB,
    PLAN_JOB,
    FINISH_JOB,
    PURGE_JOB,
    REVIEW_JOB,
    BACKUP_JOB,
    ANCHOR_JOB,
)


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """Return an instant on Berlin's clocks."""
    return datetime.combine(day, time(hour, minute), BERLIN).astimezone(UTC)


class Nobody:
    """Erases nobody: there is nobody to be erased."""

    def begin(self, subject_ids: Sequence[str], by: str) -> list[Begun]:
        assert not subject_ids
        return []

    def finish(self, begun: Sequence[Begun]) -> list[Receipt]:
        assert not begun
        return []


@dataclass
class School:
    """The parts of an installation that a timetable needs, over one database."""

    database: Database
    clock: FixedClock = field(default_factory=lambda: FixedClock(EARLY))
    zone: ZoneInfo = BERLIN
    kept_anchors: list[Anchor] = field(default_factory=list)

    def uow(self) -> UnitOfWork:
        return self.database.uow()

    @cached_property
    def class_5b(self) -> tuple[Group, list[Subject]]:
        return make_class(self.uow, ["Ada", "Bob", "Cleo"], "5b")

    @property
    def group(self) -> Group:
        return self.class_5b[0]

    @property
    def people(self) -> list[Subject]:
        return self.class_5b[1]

    @cached_property
    def timetable(self) -> Timetable:
        return Timetable(self.uow, self.clock, lambda: self.zone)

    @cached_property
    def calendars(self) -> Calendars:
        return Calendars(self.uow, self.clock, self.timetable.plan_anew)

    @cached_property
    def session_life(self) -> SessionLife:
        return SessionLife(self.uow, self.clock)

    @cached_property
    def reviewing(self) -> Reviewing:
        return Reviewing(self.uow, self.clock)

    @cached_property
    def retention(self) -> Retention:
        return Retention(self.uow, self.clock)

    @cached_property
    def nightly_purging(self) -> Purging:
        logs = LogFolder(Path("no logs are here"))
        return Purging(self.uow, self.clock, lambda: self.zone, self.reviewing, logs, Nobody())

    @cached_property
    def backups(self) -> Backups:
        nowhere = Path("no backups are here")
        archive = HomeArchive(self.database, nowhere, nowhere)
        return Backups(self.uow, self.clock, archive, lambda: self.zone)

    @cached_property
    def anchors(self) -> Anchors:
        return Anchors(self.uow, self.clock, is_signed)

    def keep_anchor(self, anchor: Anchor, text: str) -> None:
        self.kept_anchors.append(anchor)

    @cached_property
    def keeper(self) -> RegisterKeeper:
        return RegisterKeeper(self.uow, self.clock)

    @cached_property
    def absences(self) -> Absences:
        return Absences(self.uow, self.clock)

    @cached_property
    def due(self) -> DueRunner:
        every = jobs_of(self)  # type: ignore[arg-type]
        jobs = no_jobs({name: every.by_name[name] for name in JOBS})
        jobs.recurring.update({n: t for n, t in every.recurring.items() if n in JOBS})
        return DueRunner(self.uow, self.clock, jobs)

    def series(
        self,
        weekdays: Collection[int] = (0,),
        start: time = time(8),
        end: time = time(8, 45),
        **more: object,
    ) -> Series:
        """Return a series of the class, from the first Monday on."""
        days = frozenset(weekdays)
        return Series("", self.group.group_id, "Maths", start, end, MONDAY, None, days, **more)  # type: ignore[arg-type]

    def add(self, **more: object) -> Series:
        return self.timetable.add(self.series(**more), BY)[0]  # type: ignore[arg-type]

    def sessions(self, *states: SessionState) -> list[Session]:
        with self.uow() as uow:
            return uow.sessions.all(states=states or None)

    def session(self, day: date = MONDAY) -> Session:
        with self.uow() as uow:
            (found,) = uow.sessions.all(first_day=day, last_day=day)
        return found

    def run(self, now: datetime) -> int:
        """Turn the clock, and do what is due."""
        self.clock.at = now
        return self.due.run_due()

    def statuses(self, session: Session) -> list[Status]:
        return [record.status for record in self.records(session)]

    def records(self, session: Session) -> list[AttendanceRecord]:
        found = {record.subject_id: record for record in self.keeper.records(session.session_id)}
        return [found[person.subject_id] for person in self.people]

    def marks(self, session: Session) -> list[Mark]:
        return self.keeper.marks(session.session_id)

    def events(self) -> list[str]:
        """Return what the register tells of sessions, oldest first."""
        with self.uow() as uow:
            entries = uow.register.entries(["session"])
        return [str(entry.body["event"]) for entry in reversed(entries)]

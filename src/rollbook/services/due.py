"""Due work: what has a time, done once by one of many workers, and caught up after a sleep."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from rollbook.domain.ports import OpenUnitOfWork, UnitOfWork
from rollbook.domain.timetable_ports import DueRow
from rollbook.errors import RollbookError, places_of

LEASE = timedelta(minutes=2)  # so long nobody else takes up what a worker has claimed
FIRST_RETRY, LONGEST_RETRY = timedelta(seconds=15), timedelta(minutes=5)
STUCK = 20  # attempts; after so many a person has to look
AT_ONCE = 500  # rows in one run
SITE = "site"  # target of work that concerns no single thing

log = logging.getLogger(__name__)


class LeaseLost(RollbookError):
    """Somebody else has taken the work over, because it took longer than the lease."""

    retryable = True


@dataclass(frozen=True, slots=True)
class Errand:
    """One piece of work that this worker has claimed."""

    target: str
    due_at: datetime
    now: datetime
    finish: Callable[[UnitOfWork], None]
    """Note within a transaction that the work is done, so that both become durable together.

    A job that has no transaction of its own need not call it. Raises LeaseLost.
    """


Job = Callable[[Errand], None]
NextTime = Callable[[datetime], datetime]
"""Return the first instant after this one at which recurring work is due again."""


@dataclass(frozen=True, slots=True)
class Jobs:
    """What a name stands for. Jobs must bear being started twice: a kill may come at any time."""

    by_name: dict[str, Job]
    recurring: dict[str, NextTime]

    def register(self, name: str, job: Job, every: NextTime | None = None) -> None:
        """Let a name stand for a job; with `every` it is due again and again by itself."""
        self.by_name[name] = job
        if every is not None:
            self.recurring[name] = every


class _Clock(Protocol):
    def now(self) -> datetime: ...


class DueRunner:
    """Does what is due. Any number of runners, in threads, processes and machines, may look."""

    def __init__(self, open_uow: OpenUnitOfWork, clock: _Clock, jobs: Jobs) -> None:
        self._open_uow = open_uow
        self._clock = clock
        self.jobs = jobs

    def register(self, name: str, job: Job, every: NextTime | None = None) -> None:
        """Let a name stand for a job, from now on."""
        self.jobs.register(name, job, every)

    def run_due(self, now: datetime | None = None) -> int:
        """Do everything that is due; return how much this runner did.

        What was missed while nobody looked is done now, in the order of its time. Recurring work
        that was missed several times is done once.
        """
        at = now or self._clock.now()
        self._remember_recurring(at)
        with self._open_uow() as uow:
            rows = uow.due.waiting(at, AT_ONCE)
        return sum(self._run(row, at) for row in rows if self._is_ours(row))

    def stuck(self) -> list[DueRow]:
        """Return what failed so often that a person has to look."""
        with self._open_uow() as uow:
            return uow.due.stuck(STUCK)

    def _is_ours(self, row: DueRow) -> bool:
        return row.job in self.jobs.by_name and row.attempts < STUCK

    def _remember_recurring(self, now: datetime) -> None:
        """Write the first row of recurring work that has none: due at once."""
        with self._open_uow() as uow:
            missing = [name for name in self.jobs.recurring if not uow.due.has_open(name, SITE)]
            for name in missing:
                uow.due.add(name, SITE, now)
            if missing:
                uow.commit()

    def _run(self, row: DueRow, now: datetime) -> bool:
        with self._open_uow() as uow:
            claimed = uow.due.claim(row, now, now + LEASE)
            if claimed is None:
                return False
            uow.commit()
        return self._work(claimed, now)

    def _work(self, row: DueRow, now: datetime) -> bool:
        finished = False

        def finish(uow: UnitOfWork) -> None:
            nonlocal finished
            self._finish(uow, row, now)
            finished = True

        try:
            self.jobs.by_name[row.job](Errand(row.target, row.due_at, now, finish))
            if not finished:
                self._finish_alone(row, now)
        except LeaseLost:
            log.info("due work %s %s was taken over", row.job, row.target)
            return False
        except Exception as error:  # of any job; the others have to be done, and this one again
            log.error(
                "due work %s %s failed, attempt %d",
                row.job,
                row.target,
                row.attempts,
                exc_info=places_of(error),
            )
            self._put_off(row, now)
            return False
        return True

    def _finish_alone(self, row: DueRow, now: datetime) -> None:
        with self._open_uow() as uow:
            self._finish(uow, row, now)
            uow.commit()

    def _finish(self, uow: UnitOfWork, row: DueRow, now: datetime) -> None:
        if not uow.due.finish(row, now):
            raise LeaseLost("Somebody else has taken this work over.")
        again = self.jobs.recurring.get(row.job)
        if again is not None:
            uow.due.add(row.job, row.target, again(now))

    def _put_off(self, row: DueRow, now: datetime) -> None:
        wait = min(FIRST_RETRY * 2 ** min(row.attempts - 1, 10), LONGEST_RETRY)
        with self._open_uow() as uow:
            uow.due.put_off(row, now + wait)
            uow.commit()


def no_jobs(given: Mapping[str, Job] | None = None) -> Jobs:
    """Return an empty table of jobs, or one of these."""
    return Jobs(dict(given or {}), {})

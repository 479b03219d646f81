"""The clock that looks for due work every few seconds. What is due, the database says."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.background import BackgroundScheduler

from rollbook.errors import RollbookError

EVERY = 5.0  # seconds
JOB = "look for due work"

log = logging.getLogger(__name__)


class SteadyScheduler(BackgroundScheduler):  # type: ignore[misc]
    """A scheduler that does not wait an hour when the machine's clock is set back by one."""

    def __init__(self, every: float) -> None:
        super().__init__(timezone=UTC)
        self._every = every

    def _process_jobs(self) -> float:
        self.mend()
        return min(super()._process_jobs() or 0.0, self._every)

    def mend(self) -> None:
        """Let a job run now whose next time is farther away than it can be."""
        now = datetime.now(UTC)
        far = now + timedelta(seconds=2 * self._every)
        for job in self.get_jobs():
            if job.next_run_time is not None and job.next_run_time > far:
                job.modify(next_run_time=now)


class DueClock:
    """Calls `run_due` every few seconds in a thread of its own, until it is stopped."""

    def __init__(self, run_due: Callable[[], object], every: float = EVERY) -> None:
        self._run_due = run_due
        self._scheduler = SteadyScheduler(every)
        self._scheduler.add_job(
            self._look,
            "interval",
            seconds=every,
            id=JOB,
            next_run_time=datetime.now(UTC),
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )

    def start(self) -> None:
        """Look for the first time at once."""
        self._scheduler.start()

    def stop(self) -> None:
        """Return when the work that goes on is done."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)

    def _look(self) -> None:
        try:
            self._run_due()
        except RollbookError as error:  # the disk is full, or the server is away: the next look
            log.warning("due work was not looked for: %s", error)

"""The facts of the whole register in memory, once a process, as the register is now.

The newest months are read first, so that a page of this month need not wait for three years. Later
only those sessions are read again that were written about since, or that are not over.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from rollbook.domain.facts import Facts, compacted, joined
from rollbook.domain.ports import Clock, OpenUnitOfWork, Progress
from rollbook.errors import RollbookError, StorageUnavailable
from rollbook.services.fact_book import FactBook, months_between

log = logging.getLogger(__name__)

FIRST = 2  # months that are read before all others
CALM = timedelta(seconds=5)  # between two looks for what is new
WAIT = 60.0  # seconds that a page waits for its months
SPARE = 5_000  # sessions that were replaced, before what is left of them is thrown away


@dataclass(frozen=True, slots=True)
class Known:
    """What is in memory: everything from a day on, as it was at an entry of the register."""

    facts: Facts
    first_day: date  # everything from here on is known
    today: date
    number: int  # of the newest entry that is in it
    at: datetime  # when that was


class LiveFacts:
    """Holds the facts of one process; threads may share it."""

    def __init__(
        self, book: FactBook, open_uow: OpenUnitOfWork, clock: Clock, today: Callable[[], date]
    ) -> None:
        self._book, self._open_uow = book, open_uow
        self._clock, self._today = clock, today
        self._known: Known | None = None
        self._changed = threading.Condition()
        self._reading: threading.Thread | None = None
        self._done = (0, 1)  # months that are read, of how many
        self._failed = False

    def open(self) -> None:
        """Begin to read, so that the first page has not to wait for it."""
        with self._changed:
            running = self._reading is not None and self._reading.is_alive()
            if running or (self._known is not None and self._known.today == self._today()):
                return
            self._failed, self._done = False, (0, 1)
            self._reading = threading.Thread(target=self._read_all, name="facts", daemon=True)
            self._reading.start()

    def between(
        self, first_day: date, last_day: date, progress: Progress | None = None
    ) -> tuple[int, Facts]:
        """Return the number of the newest entry that is considered, and the facts of these days.

        Raises:
            StorageUnavailable: the register could not be read, or not within a minute.
        """
        self.open()
        self._wait_for(first_day, progress)
        known = self._renewed()
        return known.number, known.facts.between(first_day, last_day)

    def first_day(self) -> date | None:
        """Return the day of the oldest session."""
        with self._open_uow() as uow:
            return uow.sessions.first_day()

    def _wait_for(self, first_day: date, progress: Progress | None) -> None:
        until = time.monotonic() + WAIT
        with self._changed:
            while self._known is None or self._known.first_day > first_day:
                if self._failed or time.monotonic() > until:
                    raise StorageUnavailable("The register could not be read. Try again.")
                self._changed.wait(0.2)
                if progress is not None:
                    progress(*self._done)

    def _renewed(self) -> Known:
        """Return what is known, with what was written since."""
        with self._changed:
            known, now = self._known, self._clock.now()
            assert known is not None  # noqa: S101 - it was waited for
            if abs(now - known.at) < CALM:  # clocks are set back, too
                return known
            facts, number = self._book.renewed(known.facts, known.number, known.first_day)
            if len(facts.sessions) > len(set(facts.session.tolist())) + SPARE:
                facts = compacted(facts)
            self._known = Known(facts, known.first_day, known.today, number, now)
            return self._known

    def _read_all(self) -> None:
        try:
            self._read()
        except RollbookError as error:
            log.warning("the facts could not be read: %s", type(error).__name__)
            self._fail()
        except BaseException:
            self._fail()
            raise

    def _fail(self) -> None:
        with self._changed:
            self._failed = True
            self._changed.notify_all()

    def _read(self) -> None:
        """Read month by month, the newest first."""
        today, now = self._today(), self._clock.now()
        with self._open_uow() as uow:
            number, oldest = uow.register.count(), uow.sessions.first_day()
        ahead = today + timedelta(days=1)  # where the site's day begins before the server's
        months = months_between(min(oldest or today, today), ahead)[::-1]
        parts: list[Facts] = []
        for done, month in enumerate(months, 1):
            parts.insert(0, self._book.read(month.first_day, month.last_day))
            if done in {FIRST, len(months)}:
                everything = done == len(months)
                first_day = date.min if everything else month.first_day
                known = Known(joined(parts), first_day, today, number, now)
                if everything or self._known is None:
                    self._publish(known)
            self._done = (done, len(months))

    def _publish(self, known: Known) -> None:
        with self._changed:
            self._known = known
            self._changed.notify_all()

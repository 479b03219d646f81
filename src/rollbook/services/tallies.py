"""Counts refusals and retries in memory, and writes them down every half minute.

Who counts never waits for the database. A process that is killed loses what it counted since.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date

from rollbook.domain.identification import Identified, Unidentified
from rollbook.domain.ports import OpenUnitOfWork
from rollbook.domain.tallies import RETRY, Tally
from rollbook.errors import StorageError
from rollbook.services.beside import beside
from rollbook.services.recognise import FrameResult, TrackState, TrackView

log = logging.getLogger(__name__)


class Tallies:
    """The one counter of a process; any thread may count."""

    def __init__(self, open_uow: OpenUnitOfWork, every: float = 30.0) -> None:
        """`every` is how many seconds lie between two writings."""
        self._open_uow = open_uow
        self._every = every
        self._counts: Counter[Tally] = Counter()
        self._lock = threading.Lock()

    def add(self, day: date, source: str, what: str) -> None:
        """Count one more; nothing is written here."""
        with self._lock:
            self._counts[Tally(day, source, what)] += 1

    def flush(self) -> None:
        """Write what was counted; what the database cannot take now is kept for the next time."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        if not counts:
            return
        try:
            with self._open_uow() as uow:
                uow.tallies.add(counts)
                uow.commit()
        except StorageError as error:
            log.warning("counts of refusals wait for the database: %s", error)
            with self._lock:
                self._counts.update(counts)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Write every half minute while the block runs, and what is left at its end."""
        try:
            with beside(self.flush, self._every, "tallies"):
                yield
        finally:
            self.flush()


class FaceCounts:
    """Counts each refusal and doubt once a face and reason, and each further try."""

    def __init__(self, count: Callable[[str], object]) -> None:
        """`count` gets what is counted; faces are those of one tracker."""
        self._count = count
        self._counted: dict[int, set[str]] = {}  # by track
        self._unknown: set[int] = set()

    def see(self, result: FrameResult) -> None:
        for view in result.tracks:
            self._note(view)
        for track_id in result.ended:
            self._counted.pop(track_id, None)
            self._unknown.discard(track_id)

    def _note(self, view: TrackView) -> None:
        if view.decision is not None and view.track_id in self._unknown:
            self._count(RETRY)
        match view.decision:
            case Identified():
                self._unknown.discard(view.track_id)
            case Unidentified(doubt=doubt):
                self._unknown.add(view.track_id)
                self._once(view.track_id, doubt.value)
        if view.state is TrackState.REFUSED and view.reason is not None:
            self._once(view.track_id, view.reason.value)

    def _once(self, track_id: int, what: str) -> None:
        counted = self._counted.setdefault(track_id, set())
        if what not in counted:
            counted.add(what)
            self._count(what)

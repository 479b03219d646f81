"""From decisions to the register, in order, also while the database is busy for a moment."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from rollbook.domain.attendance import Direction, Evidence, Ignored, Mark, Method, Session
from rollbook.domain.identification import Identified
from rollbook.errors import NotFound, SessionClosed, StorageUnavailable
from rollbook.services.watch_events import Marked, MarksWaiting, NotMarked, WatchEvent

Sight = Callable[
    [str, str, datetime, Method, Direction, str | None, Evidence | None], Mark | Ignored
]


@dataclass(frozen=True, slots=True)
class WatchRules:
    """How patient a watch is. Times in seconds."""

    tick: float = 0.2  # at the latest so often it is looked whether to stop
    gallery_every: float = 1.0
    first_retry: float = 0.1
    longest_retry: float = 5.0
    last_patience: float = 30.0  # at the end, for marks that are not written yet


@dataclass(frozen=True, slots=True)
class Post:
    """Which session is watched, from where."""

    session: Session
    camera_id: str
    direction: Direction = Direction.BOTH
    attack_detector: str | None = None


@dataclass(frozen=True, slots=True)
class Sighting:
    """A decision on its way to the register."""

    decision: Identified
    at: datetime
    evidence: Evidence


class MarkWriter:
    """Writes marks in the order of decisions; keeps those that cannot be written yet."""

    def __init__(
        self,
        sight: Sight,
        post: Post,
        rules: WatchRules,
        tell: Callable[[WatchEvent], None],
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sight = sight
        self._post = post
        self._rules = rules
        self._tell = tell
        self._stopwatch = stopwatch
        self._waiting: deque[Sighting] = deque()
        self._wait = rules.first_retry
        self._next_try = 0.0
        self.marks = 0

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def add(self, sighting: Sighting) -> None:
        self._waiting.append(sighting)

    def write(self) -> None:
        """Write what waits, unless the last failure was a moment ago.

        Raises:
            SessionClosed: the session takes no more marks; what waits was told as not marked.
        """
        while self._waiting and self._stopwatch() >= self._next_try:
            try:
                self._write_first()
            except StorageUnavailable as error:
                self._put_off(str(error))
                return
            except SessionClosed as error:
                self._give_up(str(error))
                raise

    def write_all(self) -> None:
        """Write what waits, however long that takes within the last patience.

        Raises:
            StorageUnavailable: some marks could not be written; the text says how many.
        """
        until = self._stopwatch() + self._rules.last_patience
        while self._waiting:
            self.write()
            if self._waiting and self._stopwatch() >= until:
                raise StorageUnavailable(
                    "%(count)s marks could not be written, since the database could not be "
                    "used. Mark these people by hand: rollbook mark",
                    count=len(self._waiting),
                )
            if self._waiting:
                time.sleep(min(0.05, self._rules.first_retry))

    def _write_first(self) -> None:
        first, post = self._waiting[0], self._post
        subject_id = first.decision.subject_id
        try:
            outcome = self._sight(
                post.session.session_id,
                subject_id,
                first.at,
                Method.FACE,
                post.direction,
                post.camera_id,
                first.evidence,
            )
        except NotFound as error:  # removed since the gallery was read
            outcome = Ignored(str(error))
        self._waiting.popleft()
        self._wait, self._next_try = self._rules.first_retry, 0.0
        if isinstance(outcome, Mark):
            self.marks += 1
            self._tell(Marked(outcome, first.decision))
        else:
            self._tell(NotMarked(subject_id, first.at, outcome.reason))

    def _put_off(self, reason: str) -> None:
        if self._wait == self._rules.first_retry:
            self._tell(MarksWaiting(len(self._waiting), reason))
        self._next_try = self._stopwatch() + self._wait
        self._wait = min(2 * self._wait, self._rules.longest_retry)

    def _give_up(self, reason: str) -> None:
        for sighting in self._waiting:
            self._tell(NotMarked(sighting.decision.subject_id, sighting.at, reason))
        self._waiting.clear()

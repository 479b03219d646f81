"""What can be told about a camera that runs, or does not: for a page, not for the register."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from rollbook.domain.cameras import CameraHealth

MINUTES = 5  # that a report looks back


class Running(StrEnum):
    """What is done with a camera at this moment."""

    OFF = "off"  # somebody switched it off
    WAITING = "waiting"  # none of its sessions takes marks now
    RUNNING = "running"
    ELSEWHERE = "elsewhere"  # another process of the site runs it
    TROUBLE = "trouble"  # it failed and is tried again
    ENDED = "ended"  # a clip or folder has no more pictures
    FACES_OFF = "faces off"  # the site uses no faces, so no camera watches anything
    NOT_RUN = "not run"  # this server runs no cameras


@dataclass(frozen=True, slots=True)
class CameraReport:
    """One camera. Counts are of the last minutes; `reasons` are codes of refusals and doubts."""

    running: Running
    sentence: str = ""  # of the last failure
    session_id: str | None = None
    health: CameraHealth | None = None
    frames: int = 0
    with_faces: int = 0
    marked: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class RecentCounts:
    """Counts by name in each of the last minutes."""

    span: timedelta = timedelta(minutes=MINUTES)
    _minutes: deque[tuple[datetime, Counter[str]]] = field(default_factory=deque)

    def add(self, what: str, at: datetime) -> None:
        minute = at.replace(second=0, microsecond=0)
        if not self._minutes or self._minutes[-1][0] < minute:
            self._minutes.append((minute, Counter()))
        self._minutes[-1][1][what] += 1
        self._forget(at)

    def total(self, now: datetime) -> Counter[str]:
        """Return what was counted within the span before now, to the minute.

        >>> from datetime import UTC
        >>> counts, noon = RecentCounts(), datetime(2026, 3, 2, 12, tzinfo=UTC)
        >>> counts.add("too_dark", noon)
        >>> counts.total(noon + timedelta(minutes=4)), counts.total(noon + timedelta(minutes=7))
        (Counter({'too_dark': 1}), Counter())
        """
        self._forget(now)
        return sum((counts for _, counts in self._minutes), Counter())

    def _forget(self, now: datetime) -> None:
        while self._minutes and self._minutes[0][0] <= now - self.span - timedelta(minutes=1):
            self._minutes.popleft()

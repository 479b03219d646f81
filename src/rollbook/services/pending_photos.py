"""Class photographs while a teacher looks at what was found: in memory, for minutes, then gone."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from rollbook.domain.ports import Clock
from rollbook.services.photo import PhotoResult

KEPT_FOR = timedelta(minutes=15)
PER_PERSON, IN_ALL = 2, 16  # reviews at once


@dataclass(frozen=True, slots=True, eq=False)
class ShownPhoto:
    """One photograph, made small for the screen; faces are told in pixels of the large one."""

    jpeg: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True, eq=False)
class PendingPhotos:
    """What a teacher was shown."""

    token: str
    by: str
    session_id: str
    result: PhotoResult  # without templates
    photos: tuple[ShownPhoto, ...]
    taken_at: datetime
    until: datetime


class PhotoShelf:
    """Keeps photographs for those who sent them, and for nobody else."""

    def __init__(self, clock: Clock, kept_for: timedelta = KEPT_FOR) -> None:
        self._clock = clock
        self._kept_for = kept_for
        self._lock = threading.Lock()
        self._kept: dict[str, PendingPhotos] = {}
        self._timer: threading.Timer | None = None

    def put(
        self,
        by: str,
        session_id: str,
        result: PhotoResult,
        photos: Sequence[ShownPhoto],
        taken_at: datetime,
    ) -> PendingPhotos:
        """Keep photographs for a while; the oldest make room where there are too many."""
        bare = replace(result, faces=tuple(replace(f, template=None) for f in result.faces))
        until = self._clock.now() + self._kept_for
        token = secrets.token_hex(16)
        pending = PendingPhotos(token, by, session_id, bare, tuple(photos), taken_at, until)
        with self._lock:
            self._drop_old()
            own = [kept.token for kept in self._kept.values() if kept.by == by]
            for old in own[: max(0, len(own) - PER_PERSON + 1)]:
                del self._kept[old]
            while len(self._kept) >= IN_ALL:
                del self._kept[next(iter(self._kept))]
            self._kept[token] = pending
            self._look_later()
        return pending

    def get(self, token: str, by: str, session_id: str) -> PendingPhotos | None:
        """Return what this person sent for this session, or None when it is gone."""
        with self._lock:
            self._drop_old()
            found = self._kept.get(token)
        if found is None or (found.by, found.session_id) != (by, session_id):
            return None
        return found

    def drop(self, token: str) -> None:
        """Forget photographs that were decided on."""
        with self._lock:
            self._kept.pop(token, None)

    def named(self) -> set[str]:
        """Return the subject ids of all whom the faces on kept photographs may be."""
        with self._lock:
            return {one for kept in self._kept.values() for one in _named(kept.result)}

    def forget(self, subject_id: str) -> int:
        """Drop photographs on which somebody was found; return how many."""
        with self._lock:
            named = [t for t, kept in self._kept.items() if subject_id in _named(kept.result)]
            for token in named:
                del self._kept[token]
        return len(named)

    def __len__(self) -> int:
        with self._lock:
            return len(self._kept)

    def close(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()
            if self._timer is not None:
                self._timer.cancel()

    def _drop_old(self) -> None:
        now = self._clock.now()
        for token in [t for t, kept in self._kept.items() if kept.until <= now]:
            del self._kept[token]

    def _look_later(self) -> None:
        """Forget photographs also when nobody asks for any more."""
        if self._timer is not None and self._timer.is_alive():
            return
        self._timer = threading.Timer(self._kept_for.total_seconds() + 1, self._tick)
        self._timer.daemon = True
        self._timer.start()

    def _tick(self) -> None:
        with self._lock:
            self._drop_old()
            self._timer = None
            if self._kept:
                self._look_later()


def _named(result: PhotoResult) -> set[str]:
    """Return who is proposed, or is among those whom a face may be."""
    decisions = [face.decision for face in result.faces]
    alike = {c.subject_id for d in decisions for c in getattr(d, "candidates", ())}
    return alike | {one.subject_id for one in result.proposals}

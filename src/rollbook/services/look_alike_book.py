"""Who looks like whom at this site, compared once for each state of the gallery."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date

from rollbook.domain.identification import LookAlikes
from rollbook.domain.ports import Clock, OpenUnitOfWork


class LookAlikeBook:
    """Remembers the pairs until a sample or a consent changes."""

    def __init__(
        self, open_uow: OpenUnitOfWork, clock: Clock, compare: Callable[[], LookAlikes]
    ) -> None:
        """`compare` compares everybody who agreed; it may take seconds at a large site."""
        self._open_uow = open_uow
        self._clock = clock
        self._compare = compare
        self._lock = threading.Lock()
        self._seen: tuple[int, date] | None = None  # version of the gallery, and the day (UTC)
        self._pairs: LookAlikes = frozenset()

    def pairs(self) -> LookAlikes:
        """Return the pairs of people who need a larger margin."""
        with self._lock:
            with self._open_uow() as uow:
                seen = (uow.gallery_version(), self._clock.now().date())
            if seen != self._seen:
                self._pairs = self._compare()
                self._seen = seen
            return self._pairs

    def like(self, subject_id: str) -> frozenset[str]:
        """Return whom one person looks like."""
        own = (pair for pair in self.pairs() if subject_id in pair)
        return frozenset(one for pair in own for one in pair) - {subject_id}

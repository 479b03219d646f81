"""Everybody's mean template in memory, for the question: is this person enrolled already?"""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt

from rollbook.domain.gallery import Candidate
from rollbook.domain.ports import Clock, UnitOfWork
from rollbook.domain.templates import TemplateSpace, unit_rows
from rollbook.services.galleries import who_agreed
from rollbook.services.lookalikes import fused_rows

Rows = npt.NDArray[np.float32]
ROOM = 64  # people; there is room for so many more, or for half as many again


class KnownFaces:
    """Follows the database by its gallery version; of those who agreed, and nobody else.

    What this process enrols itself is added without reading everything again.
    """

    def __init__(self, clock: Clock, space: TemplateSpace) -> None:
        self._clock = clock
        self._space = space
        self._version: int | None = None
        self._day: date | None = None  # UTC; consents end with a day
        self._places: dict[str, int] = {}
        self._owners: list[str] = []
        self._means: Rows = np.empty((0, space.dimension), dtype=np.float32)

    def __len__(self) -> int:
        return len(self._owners)

    def refresh(self, uow: UnitOfWork) -> None:
        """Read the templates of those who agreed, unless nothing has changed."""
        version, now = uow.gallery_version(), self._clock.now()
        if (version, now.date()) == (self._version, self._day):
            return
        owners, rows = uow.references.templates(self._space, who_agreed(uow, None, now))
        self._owners, self._means = fused_rows(owners, rows)
        self._places = {owner: place for place, owner in enumerate(self._owners)}
        self._version, self._day = version, now.date()

    def nearest(self, mean: Rows, level: float, but: str) -> list[Candidate]:
        """Return everybody except `but` who scores `level` or more, best first."""
        scores = self._means[: len(self._owners)] @ mean
        near = np.flatnonzero(scores >= level)
        found = [Candidate(self._owners[i], float(scores[i])) for i in near]
        return sorted((c for c in found if c.subject_id != but), key=lambda c: -c.score)

    def put(self, subject_id: str, rows: Rows, version: int) -> None:
        """Take in what was just committed as `version`: all of one person's rows."""
        place = self._places.setdefault(subject_id, len(self._owners))
        if place == len(self._owners):
            self._owners.append(subject_id)
        if place >= len(self._means):
            more = np.zeros((max(ROOM, place // 2), self._space.dimension), dtype=np.float32)
            self._means = np.concatenate([self._means, more])
        self._means[place] = unit_rows(rows.mean(axis=0, keepdims=True))[0]
        self._version = version

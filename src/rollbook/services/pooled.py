"""Making samples on the threads of the engines, one picture at a time, so that kiosks go first."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from rollbook.domain.subjects import EnrolmentRefused
from rollbook.domain.templates import TemplateSpace
from rollbook.errors import Busy
from rollbook.services.samples import Picture, PictureSampler, Sample

Result = TypeVar("Result")
RunOnEngine = Callable[[Callable[[PictureSampler], object]], object]
PAUSE = 0.1  # seconds until a pool that was full is asked again


class PooledSampler:
    """Asks the pool for each picture; waits while others fill it."""

    def __init__(self, run: RunOnEngine, check: Callable[[], None] = lambda: None) -> None:
        """`run` lets a function have the sampler of a free thread, or raises Busy; `check` is
        called before each picture, and may raise to end the work."""
        self._run = run
        self._check = check

    @cached_property
    def space(self) -> TemplateSpace:
        return self._patiently(lambda sampler: sampler.space)

    def examine(self, picture: Picture) -> Sample | EnrolmentRefused:
        return self._patiently(lambda sampler: sampler.examine(picture))

    def embed(self, samples: Sequence[Sample]) -> npt.NDArray[np.float32]:
        return self._patiently(lambda sampler: sampler.embed(samples))

    def _patiently(self, work: Callable[[PictureSampler], Result]) -> Result:
        while True:
            self._check()
            try:
                return self._run(work)  # type: ignore[return-value]
            except Busy:
                time.sleep(PAUSE)

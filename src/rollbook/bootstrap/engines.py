"""Networks and what is made of them, from the settings."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.settings import load_settings

if TYPE_CHECKING:
    from rollbook.domain.identification import Calibration, ProbeKind
    from rollbook.domain.templates import TemplateSpace
    from rollbook.services.recognise import RecogniserParts
    from rollbook.settings import Settings
    from rollbook.vision.engine import Engine

FULL_SEARCH_SIDE = 1280  # pixels; a frame is searched at most at this size


QUICK_SEARCH_SIDE = 320  # between full searches, to follow faces


def recogniser_parts(engine: Engine) -> RecogniserParts:
    """Return what a recogniser of one camera uses."""
    from rollbook.domain.quality import PROBE_RULES, judge
    from rollbook.services.recognise import RecogniserParts
    from rollbook.vision.quality import LandmarkQualityMeter
    from rollbook.vision.tracker import FaceFollower

    meter = LandmarkQualityMeter()
    return RecogniserParts(
        detect=partial(engine.detect_within, max_side=FULL_SEARCH_SIDE),
        embed=engine.embed,
        judge=lambda pixels, face: judge(meter.measure(pixels, face), PROBE_RULES),
        tracker=FaceFollower(),
        detect_quickly=partial(engine.detect_within, max_side=QUICK_SEARCH_SIDE),
    )


def engine_threads(threads: int | None, cores: int | None = None) -> tuple[int, int]:
    """Return how many engines work at once, and how many threads the networks of each use.

    Two faces at once take less time on two engines of one thread than one after the other.

    >>> engine_threads(None, cores=2), engine_threads(None, cores=8), engine_threads(3, cores=8)
    ((2, 1), (4, 2), (2, 3))
    """
    there = cores or os.cpu_count() or 1
    if threads is not None:
        return max(2, min(4, there // threads)), threads
    workers = max(2, min(4, there))
    return workers, max(1, there // workers)


def build_calibrations(settings: Settings, space: TemplateSpace) -> dict[ProbeKind, Calibration]:
    """Return the calibrations of this space, the site's own before those that ship.

    Raises:
        ModelUnavailable: a calibration is there and cannot be read.
    """
    from rollbook.vision.calibration import load_calibrations

    return load_calibrations(space, settings.models_dir)


def build_engine(settings: Settings, models_dir: Path | None = None) -> Engine:
    """Return detector, alignment and embedder as the settings name them."""
    from rollbook.vision.engine import Engine
    from rollbook.vision.registry import load_backend

    cache = models_dir or settings.models_dir
    detector = load_backend("detectors", settings.detector)(cache, threads=settings.threads)
    if settings.user_model is not None:
        from rollbook.vision.user_model import UserEmbedder

        own = UserEmbedder(settings.user_model, cache, threads=settings.threads)
        return Engine(detector, own)
    embedder = load_backend("embedders", settings.embedder)(cache, threads=settings.threads)
    return Engine(detector, embedder)


def open_engine(models_dir: Path | None = None) -> Engine:
    """Return the default engine without an installation; `models_dir` caches prepared files."""
    return build_engine(load_settings(), models_dir)

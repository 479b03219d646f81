"""The composition root: the only package that picks real parts.

`App` is one installation, made in layers: each module here adds the parts of one area to those
before it. A part is imported and made when it is first used.
"""

from __future__ import annotations

from rollbook.bootstrap.app import App, build
from rollbook.bootstrap.core import SystemClock, local_zone
from rollbook.bootstrap.engines import (
    build_calibrations,
    build_engine,
    engine_threads,
    open_engine,
    recogniser_parts,
)

__all__ = [
    "App",
    "SystemClock",
    "build",
    "build_calibrations",
    "build_engine",
    "engine_threads",
    "local_zone",
    "open_engine",
    "recogniser_parts",
]

"""Rollbook: the attendance book that knows people by their faces.

>>> import rollbook
>>> engine = rollbook.open_engine()              # doctest: +SKIP
>>> faces = engine.detect(image)                 # doctest: +SKIP
>>> templates = engine.embed(image, faces)       # doctest: +SKIP
"""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.errors import RollbookError

if TYPE_CHECKING:
    from rollbook.vision.engine import Engine

__all__ = ["RollbookError", "__version__", "open_engine"]
__version__ = version("rollbook")


def open_engine(models_dir: Path | None = None) -> Engine:
    """Return detector, alignment and embedder with the default networks; no database is needed.

    Prepared networks are kept in `models_dir`, by default in the home folder; where that cannot
    be written they are prepared in memory.
    """
    from rollbook.bootstrap import open_engine as build  # networks are slow to import

    return build(models_dir)

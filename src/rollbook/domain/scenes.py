"""Cuts: the moment at which a picture has nothing to do with the one before."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rollbook.domain.faces import Pixels

ROWS, COLUMNS = 24, 32
CUT_LEVEL = 19.0  # mean change of the thumbnail; films: cuts 25 and more, fast motion up to 13


def thumbnail(pixels: Pixels) -> npt.NDArray[np.float32]:
    """Return the picture as float32 (ROWS, COLUMNS) green, its mean brightness taken away.

    Without the mean a lamp that is switched on, or a camera that adapts, is no cut.
    """
    rows = np.linspace(0, pixels.shape[0] - 1, 2 * ROWS).astype(np.intp)
    columns = np.linspace(0, pixels.shape[1] - 1, 2 * COLUMNS).astype(np.intp)
    green = pixels[..., 1]  # most of the luma
    few = green[rows[:, None], columns].astype(np.float32)
    small = few.reshape(ROWS, 2, COLUMNS, 2).mean(axis=(1, 3))
    centred: npt.NDArray[np.float32] = small - small.mean()
    return centred


def change(before: npt.NDArray[np.float32], after: npt.NDArray[np.float32]) -> float:
    """Return the mean difference of two thumbnails, 0..255."""
    return float(np.abs(after - before).mean())


class SceneWatch:
    """Compares each picture with the one before."""

    def __init__(self, level: float = CUT_LEVEL) -> None:
        self._level = level
        self._before: npt.NDArray[np.float32] | None = None
        self._size: tuple[int, ...] | None = None

    def is_cut(self, pixels: Pixels) -> bool:
        """Return whether this picture begins another scene; false for the first one.

        A change of the picture's size is a cut as well, since places mean something else then.
        """
        now, size = thumbnail(pixels), pixels.shape[:2]
        before, self._before = self._before, now
        resized = self._size is not None and size != self._size
        self._size = size
        return resized or (before is not None and change(before, now) > self._level)

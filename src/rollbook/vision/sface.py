"""SFace: an upright face of 112x112 pixels to a 128-d template."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from rollbook.domain.faces import Alignment, Pixels
from rollbook.domain.templates import TemplateSpace, unit_rows
from rollbook.vision.align import ARCFACE_112
from rollbook.vision.centre import load_centre
from rollbook.vision.inference import Network
from rollbook.vision.models import SFACE, prepared

DIMENSION = 128
GIGA_MACS = 0.574  # multiplications and additions of one crop, in thousand millions
MAX_BATCH = 16  # larger batches are no faster on a CPU and cost memory
CENTRE = load_centre(SFACE)


class SFaceEmbedder:
    """Embeds aligned BGR crops; the network takes RGB 0..255 and scales them itself."""

    space = TemplateSpace("sface", CENTRE.version(SFACE), DIMENSION)
    alignment: Alignment = ARCFACE_112
    giga_macs = GIGA_MACS

    def __init__(self, cache: Path | None = None, *, threads: int | None = None) -> None:
        self._network = Network(
            prepared(SFACE, cache), (-1, 112, 112), rgb=True, cache=cache, threads=threads
        )

    def embed(self, crops: Pixels) -> npt.NDArray[np.float32]:
        """Return unit rows (n, 128) for uint8 BGR crops (n, 112, 112, 3); (0, 128) for none."""
        return CENTRE.remove(self.raw(crops))

    def raw(self, crops: Pixels) -> npt.NDArray[np.float32]:
        """Return unit rows as the network gives them, with what all faces have in common."""
        result = np.empty((len(crops), DIMENSION), dtype=np.float32)
        for start in range(0, len(crops), MAX_BATCH):
            batch = crops[start : start + MAX_BATCH]
            result[start : start + MAX_BATCH] = self._network(batch)[0]
        return unit_rows(result)

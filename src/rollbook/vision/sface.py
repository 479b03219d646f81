"""SFace: an upright face of 112x112 pixels to a 128-d template."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from rollbook.domain.faces import Alignment, Pixels
from rollbook.domain.templates import TemplateSpace, unit_rows
from rollbook.vision.align import ARCFACE_112
from rollbook.vision.inference import Network
from rollbook.vision.models import SFACE, prepared

MAX_BATCH = 16  # larger batches are no faster on a CPU and cost memory


class SFaceEmbedder:
    """Embeds aligned BGR crops; the network takes RGB 0..255 and scales them itself."""

    space = TemplateSpace("sface", SFACE.version, 128)
    alignment: Alignment = ARCFACE_112

    def __init__(self, cache: Path | None = None, *, threads: int | None = None) -> None:
        self._network = Network(
            prepared(SFACE, cache), (-1, 112, 112), rgb=True, cache=cache, threads=threads
        )

    def embed(self, crops: Pixels) -> npt.NDArray[np.float32]:
        """Return unit rows (n, 128) for uint8 BGR crops (n, 112, 112, 3); (0, 128) for none."""
        result = np.empty((len(crops), self.space.dimension), dtype=np.float32)
        for start in range(0, len(crops), MAX_BATCH):
            batch = crops[start : start + MAX_BATCH]
            result[start : start + MAX_BATCH] = self._network(batch)[0]
        return unit_rows(result)

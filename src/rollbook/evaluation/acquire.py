"""From picture files to templates, the way the product makes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from rollbook.domain.faces import DetectedFace, Pixels
from rollbook.domain.ports import Progress
from rollbook.domain.templates import Template, TemplateSpace
from rollbook.errors import InvalidInput

OpenImage = Callable[[Path], Pixels]
Warn = Callable[[str], None]


class TemplateMaker(Protocol):
    """The engine: detector, alignment and embedder."""

    @property
    def space(self) -> TemplateSpace: ...

    def detect(self, image: Pixels) -> list[DetectedFace]: ...

    def embed(
        self, image: Pixels, faces: list[DetectedFace], *, mirrored: bool = False
    ) -> npt.NDArray[np.float32]: ...


@dataclass
class Acquirer:
    """Makes one template of each picture; None where no face could be acquired.

    In a picture with several faces the one nearest to the middle counts. The quality gates of
    enrolment are left out, so that only a face that is not found fails.
    """

    engine: TemplateMaker
    open_image: OpenImage
    root: Path
    warn: Warn
    failures: list[str] = field(default_factory=list)

    def template(self, path: str, *, mirrored: bool) -> Template | None:
        """Return the template; `mirrored` makes it as enrolment does, else as for a probe."""
        row = self._row(path, mirrored)
        return None if row is None else Template(row, self.engine.space)

    def templates(
        self, paths: Sequence[str], *, mirrored: bool, progress: Progress
    ) -> list[Template | None]:
        """Return what `template` returns for each path, in order."""
        made = []
        for number, path in enumerate(paths, start=1):
            made.append(self.template(path, mirrored=mirrored))
            progress(number, len(paths))
        return made

    def _row(self, path: str, mirrored: bool) -> npt.NDArray[np.float32] | None:
        try:
            pixels = self.open_image(self.root / path)
        except (InvalidInput, OSError) as error:
            self._failed(path, f"it cannot be read ({error})")
            return None
        face = central_face(pixels, self.engine.detect(pixels))
        if face is None:
            self._failed(path, "no face was found in it")
            return None
        row: npt.NDArray[np.float32] = self.engine.embed(pixels, [face], mirrored=mirrored)[0]
        return row

    def _failed(self, path: str, why: str) -> None:
        self.failures.append(path)
        self.warn(f"{path} counts as not acquired: {why}")


def central_face(pixels: Pixels, faces: Sequence[DetectedFace]) -> DetectedFace | None:
    """Return the face whose middle is nearest to the middle of the picture."""
    height, width = pixels.shape[:2]

    def distance(face: DetectedFace) -> float:
        x, y = face.box.centre
        return float((x - width / 2) ** 2 + (y - height / 2) ** 2)

    return min(faces, key=distance, default=None)

"""Stand-ins for cameras, networks and the clock: for tests of plug-ins and of Rollbook itself.

People are colours. `paint` puts somebody's colour into a picture, `ColourDetector` finds it there,
and `ColourEmbedder` turns it into a template, so that whole pipelines run without networks.

>>> scene = picture()
>>> paint(scene, face_at(100, 80), RED)
>>> [round(face.box.left) for face in ColourDetector([RED]).detect(scene)]
[100]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from rollbook.domain.cameras import CameraHealth, CameraState
from rollbook.domain.faces import Alignment, DetectedFace, Frame, Pixels
from rollbook.domain.geometry import Box
from rollbook.domain.templates import Template, TemplateSpace, unit_rows
from rollbook.errors import StreamEnded

Colour = tuple[int, int, int]  # BGR

RED: Colour = (20, 20, 235)
GREEN: Colour = (20, 235, 20)
BLUE: Colour = (235, 20, 20)
YELLOW: Colour = (20, 235, 235)
MAGENTA: Colour = (235, 20, 235)
CYAN: Colour = (235, 235, 20)

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
COLOUR_SPACE = TemplateSpace("colour", "000000000000", 3)
_PLACES = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]], np.float32)


class FixedClock:
    """Tells the time that it was set to."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def picture(width: int = 640, height: int = 480, colour: Colour = (90, 90, 90)) -> Pixels:
    """Return a picture of one colour, uint8 (height, width, 3)."""
    return np.full((height, width, 3), colour, dtype=np.uint8)


def face_at(left: float, top: float, size: float = 60, score: float = 0.9) -> DetectedFace:
    """Return an upright face whose box is a square of `size` pixels."""
    corner = np.array([left, top], dtype=np.float32)
    landmarks = (corner + _PLACES * np.float32(size)).astype(np.float32)
    return DetectedFace(Box(left, top, left + size, top + size), landmarks, score)


def paint(pixels: Pixels, face: DetectedFace, colour: Colour, *, grain: int = 0) -> None:
    """Fill the face's box with somebody's colour.

    `grain`, up to 20, makes every other stripe of four pixels lighter and darker by so much,
    for quality gates that refuse what is flat.
    """
    height, width = pixels.shape[:2]
    area = pixels[face.box.clipped_to(width, height).to_slices()]
    area[:] = np.clip(colour, grain, 255 - grain)
    dark = (np.arange(area.shape[1]) // 4 % 2).astype(bool)
    area[:, ~dark] += np.uint8(grain)
    area[:, dark] -= np.uint8(grain)


def template_of(colour: Colour) -> Template:
    """Return the template that `ColourEmbedder` gives for this colour."""
    crop = np.full((1, 4, 4, 3), colour, dtype=np.uint8)
    return Template(ColourEmbedder().embed(crop)[0], COLOUR_SPACE)


class ColourDetector:
    """Finds one face for each given colour: the box around all pixels near it, to 2 pixels."""

    TOLERANCE = 40  # of each channel; video compression changes colours

    def __init__(self, colours: Iterable[Colour], min_side: int = 8) -> None:
        self._colours = [np.array(colour, dtype=np.int16) for colour in colours]
        self._min_side = min_side
        self.calls = 0

    def detect(self, pixels: Pixels) -> list[DetectedFace]:
        self.calls += 1
        found = (self._find(pixels, colour) for colour in self._colours)
        return [face for face in found if face is not None]

    def _find(self, pixels: Pixels, colour: npt.NDArray[np.int16]) -> DetectedFace | None:
        every_second = pixels[::2, ::2]
        low = np.clip(colour - self.TOLERANCE, 0, 255).astype(np.uint8)
        high = np.clip(colour + self.TOLERANCE, 0, 255).astype(np.uint8)
        near = np.all((every_second >= low) & (every_second <= high), axis=2)
        rows, columns = np.flatnonzero(near.any(axis=1)) * 2, np.flatnonzero(near.any(axis=0)) * 2
        if 2 * min(len(rows), len(columns)) < self._min_side:
            return None
        width, height = columns[-1] - columns[0] + 2, rows[-1] - rows[0] + 2
        corner = np.array([columns[0], rows[0]], dtype=np.float32)
        landmarks = corner + _PLACES * np.array([width, height], dtype=np.float32)
        left, top = float(columns[0]), float(rows[0])
        box = Box(left, top, left + float(width), top + float(height))
        return DetectedFace(box, landmarks.astype(np.float32), 0.9)


class ColourEmbedder:
    """Turns the middle of a crop into a unit vector: its mean colour, grey being the origin.

    `embedded` counts the crops, for tests of what following a face saves.
    """

    space = COLOUR_SPACE
    alignment = Alignment(16, _PLACES * np.float32(16))

    def __init__(self) -> None:
        self.embedded = 0
        self.batches = 0

    def embed(self, crops: Pixels) -> npt.NDArray[np.float32]:
        """Return unit rows (n, 3) for uint8 crops (n, s, s, 3); (0, 3) for none."""
        self.embedded += len(crops)
        self.batches += 1
        if len(crops) == 0:
            return np.empty((0, 3), dtype=np.float32)
        quarter = crops.shape[1] // 4
        middle = crops[:, quarter : crops.shape[1] - quarter, quarter : crops.shape[2] - quarter]
        return unit_rows(middle.mean(axis=(1, 2)) - 127.5)


class ListSource:
    """Plays a list of pictures as a camera would; None in the list is a moment without one."""

    def __init__(
        self,
        pictures: Iterable[Pixels | None],
        *,
        start: datetime = START,
        frames_a_second: float = 10.0,
        camera_id: str = "test camera",
    ) -> None:
        self._pictures = list(pictures)
        self._start = start
        self._step = timedelta(seconds=1 / frames_a_second)
        self._camera_id = camera_id
        self._next = 0
        self._given = 0
        self.closed = False

    def read(self, timeout: float) -> Frame | None:
        """Return the next picture; raises StreamEnded after the last one."""
        if self._next >= len(self._pictures):
            raise StreamEnded("The list has no more pictures.")
        index, self._next = self._next, self._next + 1
        pixels = self._pictures[index]
        if pixels is None:
            return None
        self._given += 1
        return Frame(pixels, self._start + index * self._step, self._camera_id, index)

    def frames(self) -> Iterator[Frame]:
        """Yield all pictures that are left."""
        while self._next < len(self._pictures):
            if (frame := self.read(0.0)) is not None:
                yield frame

    def health(self) -> CameraHealth:
        if self._next >= len(self._pictures):
            return CameraHealth(CameraState.ENDED, "All pictures were seen.", self._given)
        if self._next and self._pictures[self._next - 1] is None:
            return CameraHealth(CameraState.LOST, "The camera gives no picture.", self._given)
        return CameraHealth(CameraState.WORKING, "The camera works.", self._given)

    def close(self) -> None:
        self.closed = True

"""Films for Chromium's fake camera: people come before a wall, one after the other, and go."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import segno

Picture = npt.NDArray[np.uint8]

RATE = 10  # pictures a second
MARKER = 32  # pixels a side: this corner is white while somebody is there
FACE = 320
AWAY, THERE = 1.3, 2.2  # seconds


class Film:
    """A y4m file that is written picture by picture."""

    def __init__(self, file: Path, width: int = 640, height: int = 480) -> None:
        self._out = file.open("wb")
        self._size = (height, width)
        self._out.write(f"YUV4MPEG2 W{width} H{height} F{RATE}:1 Ip A1:1 C420jpeg\n".encode())

    def add(self, picture: Picture) -> None:
        planes = cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420)
        self._out.write(b"FRAME\n" + planes.tobytes())

    def close(self) -> None:
        self._out.close()


def wall(seed: int = 0) -> Picture:
    """Return an empty room, with a little noise as cameras give."""
    noise = np.random.default_rng(seed).integers(-4, 5, (480, 640, 1))
    return np.clip(np.full((480, 640, 3), (96, 100, 104)) + noise, 0, 255).astype(np.uint8)


def before_wall(face: Picture, step: int) -> Picture:
    """Return somebody before the wall, who moves a little from picture to picture."""
    picture = wall(step)
    left, top = 160 + 3 * (step % 5), 80 + 2 * (step % 3)
    picture[top : top + FACE, left : left + FACE] = cv2.resize(face, (FACE, FACE))
    picture[:MARKER, :MARKER] = 255
    return picture


def film_of(
    file: Path, faces: Sequence[Picture], *, away: float = AWAY, there: float = THERE
) -> None:
    """Write a film in which these people come and go; it plays again from the start."""
    film = Film(file)
    for face in faces:
        for step in range(round(away * RATE)):
            film.add(wall(step))
        for step in range(round(there * RATE)):
            film.add(before_wall(face, step))
    film.close()


def held_code(text: str) -> Picture:
    """Return a card with this code, as large as a face."""
    rows = segno.make(text, error="m").matrix_iter(scale=8, border=4)
    dark = np.array([list(row) for row in rows], dtype=np.uint8)
    return np.where(dark[:, :, None] > 0, 0, 255).repeat(3, axis=2).astype(np.uint8)


def read(path: Path) -> Picture:
    picture = cv2.imread(str(path))
    assert picture is not None, path
    return np.asarray(picture, dtype=np.uint8)

"""A clip for the demonstration: a public-domain portrait that moves, shrinks, dims and goes away.

The pictures come with scikit-image: `astronaut` (NASA portrait of Eileen Collins, public domain)
and `coffee`, which has no face.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from rollbook.domain.faces import Pixels
from rollbook.errors import ModelUnavailable
from rollbook.extras import how_to_add

WIDTH, HEIGHT = 640, 480
FRAMES_A_SECOND = 15
SECONDS = 12


def portrait() -> Pixels:
    """Return the public-domain portrait, BGR (512, 512, 3)."""
    return _picture("astronaut")


def _picture(name: str) -> Pixels:
    try:
        from skimage import data
    except ImportError as error:
        raise ModelUnavailable(
            "The demonstration needs the pictures of scikit-image. Install them with: %(command)s",
            command=how_to_add("demo"),
        ) from error
    loaded: Any = getattr(data, name)()
    return np.ascontiguousarray(loaded[..., ::-1], dtype=np.uint8)


def demo_frames() -> Iterator[Pixels]:
    """Yield BGR frames (480, 640, 3): nobody, the portrait coming nearer, a cup, the portrait."""
    face, cup = portrait(), cv2.resize(_picture("coffee"), (WIDTH, HEIGHT))
    total = SECONDS * FRAMES_A_SECOND
    for index in range(total):
        second = index / FRAMES_A_SECOND
        if second < 2:  # an empty room
            yield _background(index)
        elif second < 6:  # somebody walks in, from far to near, in changing light
            part = (second - 2) / 4
            yield _paste(face, index, 0.35 + 0.45 * part, light=0.55 + 0.45 * part)
        elif second < 8:  # something that is no face
            yield np.asarray(cup, dtype=np.uint8)
        elif second < 11:  # seen again, which must not be marked twice
            yield _paste(face, index, 0.7, light=0.8)
        else:
            yield _background(index)


def _background(index: int) -> Pixels:
    ramp = np.linspace(70, 110, WIDTH, dtype=np.float32)[None, :, None]
    flicker = 4 * math.sin(index / 5)
    return np.broadcast_to(ramp + flicker, (HEIGHT, WIDTH, 3)).astype(np.uint8)


def _paste(face: Pixels, index: int, scale: float, *, light: float) -> Pixels:
    side = int(HEIGHT * scale)
    small = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA)
    frame = _background(index).copy()
    left = int((WIDTH - side) * (0.5 + 0.35 * math.sin(index / 9)))
    top = (HEIGHT - side) // 2
    frame[top : top + side, left : left + side] = (small * light).astype(np.uint8)
    return frame


def write_demo_clip(file: Path) -> None:
    """Write the clip as a video file that any player opens."""
    with av.open(str(file), "w") as container:
        stream: Any = container.add_stream("mpeg4", rate=Fraction(FRAMES_A_SECOND))
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.bit_rate = 4_000_000
        for pixels in demo_frames():
            for packet in stream.encode(av.VideoFrame.from_ndarray(pixels, format="bgr24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)


def write_portrait(file: Path) -> None:
    """Write the portrait as a picture, as somebody would bring it for enrolment."""
    file.write_bytes(cv2.imencode(".png", portrait())[1].tobytes())

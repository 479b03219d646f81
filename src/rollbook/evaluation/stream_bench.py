"""How fast a stream is recognised: invented moving pictures of one public-domain portrait."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from rollbook.domain.faces import Frame, Pixels
from rollbook.domain.ports import Camera
from rollbook.errors import StreamEnded

WIDTH, HEIGHT = 640, 480
SIDES = (300, 220, 180, 150, 130)  # of the pasted portraits; their faces are a third as wide
MOST_FACES = len(SIDES)


@dataclass(frozen=True, slots=True)
class StreamFigures:
    """What a stream cost. Decoding runs beside recognition, in the capture process."""

    faces: int  # in the picture, most of the time
    frames: int
    frames_a_second: float  # end to end
    median_ms: float  # of recognising one frame
    p95_ms: float
    median_faces_found: float  # a frame
    embedded: int  # crops in all
    decisions: int


@dataclass(frozen=True, slots=True)
class FrameCost:
    """What recognising one frame came to."""

    followed: int
    embedded: int
    decisions: int


def moving_pictures(portrait: Pixels, faces: int, count: int, rate: int = 30) -> Iterator[Pixels]:
    """Yield `count` pictures (480, 640, 3) in which the portrait goes to and fro `faces` times.

    Each portrait keeps to its own size and path; now and then one is away for a second, so that
    there is always somebody new to recognise.
    """
    for index in range(count):
        seconds = index / rate
        scene = np.full((HEIGHT, WIDTH, 3), 96, dtype=np.uint8)
        for place, side in enumerate(SIDES[:faces]):
            if (seconds + 2.0 * place) % 10 < 9:
                _paste(scene, portrait, side, place, seconds)
        yield scene


def _paste(scene: Pixels, portrait: Pixels, side: int, place: int, seconds: float) -> None:
    small = cv2.resize(portrait, (side, side), interpolation=cv2.INTER_AREA)
    small = small[: side * 3 // 5, side // 5 : side * 4 // 5]  # head and shoulders
    height, width = small.shape[:2]
    columns, row = 3, place // 3
    sway = 14 * math.sin(0.9 * seconds + place)
    left = round((place % columns) * WIDTH / columns + 18 + sway)
    top = round(20 + row * 240 + 10 * math.cos(0.7 * seconds + place))
    left, top = min(max(left, 0), WIDTH - width), min(max(top, 0), HEIGHT - height)
    scene[top : top + height, left : left + width] = small


def write_clip(file: Path, pictures: Iterator[Pixels], rate: int = 30) -> None:
    """Write the pictures as a film of 640x480."""
    with av.open(str(file), "w") as container:
        stream: Any = container.add_stream("mpeg4", rate=Fraction(rate))
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.bit_rate = 6_000_000
        for pixels in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="bgr24")))
        container.mux(stream.encode())


def measure_stream(
    camera: Camera, process: Callable[[Frame], FrameCost], *, faces: int, warm_up: int = 20
) -> StreamFigures:
    """Recognise a whole clip as fast as it goes; the first `warm_up` frames do not count."""
    times: list[float] = []
    costs: list[FrameCost] = []
    began = time.perf_counter()
    for index, frame in enumerate(_all_frames(camera)):
        started = time.perf_counter()
        if index == warm_up:
            began, times, costs = started, [], []
        costs.append(process(frame))
        times.append(1000 * (time.perf_counter() - started))
    seconds = time.perf_counter() - began
    return StreamFigures(
        faces=faces,
        frames=len(times),
        frames_a_second=len(times) / seconds,
        median_ms=float(np.median(times)),
        p95_ms=float(np.percentile(times, 95)),
        median_faces_found=float(np.median([cost.followed for cost in costs])),
        embedded=sum(cost.embedded for cost in costs),
        decisions=sum(cost.decisions for cost in costs),
    )


def _all_frames(camera: Camera) -> Iterator[Frame]:
    while True:
        try:
            frame = camera.read(5.0)
        except StreamEnded:
            return
        if frame is not None:
            yield frame

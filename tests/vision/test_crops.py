"""The kept crop: small, with the face and its landmarks at the right places."""

from __future__ import annotations

import numpy as np
import pytest

from rollbook.domain.faces import DetectedFace
from rollbook.domain.geometry import Box
from rollbook.vision.crops import LONGEST, cut_crop, open_crop


def scene(left: float, top: float, side: float) -> tuple[np.ndarray, DetectedFace]:
    """A grey picture with a white dot at each of the face's landmarks."""
    pixels = np.full((900, 1200, 3), 90, dtype=np.uint8)
    places = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]])
    landmarks = (np.array([left, top]) + places * side).astype(np.float32)
    dot = max(2, int(side // 25))
    for x, y in landmarks.round().astype(int):
        pixels[max(0, y - dot) : y + dot + 1, max(0, x - dot) : x + dot + 1] = 255
    return pixels, DetectedFace(Box(left, top, left + side, top + side), landmarks, 0.9)


@pytest.mark.parametrize(
    ("left", "top", "side"), [(500, 300, 80), (400, 200, 500), (-20, -10, 200), (1100, 800, 150)]
)
def test_landmarks_lie_where_they_lay_in_the_picture(left: float, top: float, side: float) -> None:
    pixels, face = scene(left, top, side)
    small, landmarks = open_crop(cut_crop(pixels, face))
    assert max(small.shape) <= LONGEST
    for (x, y), (old_x, old_y) in zip(landmarks, face.landmarks, strict=True):
        if 0 <= old_x < 1195 and 0 <= old_y < 895:
            assert small[round(float(y)), round(float(x))].mean() > 190


def test_the_crop_has_a_margin_of_forty_per_cent() -> None:
    pixels, face = scene(500, 300, 100)
    small, _ = open_crop(cut_crop(pixels, face))
    assert small.shape == (180, 180, 3)


def test_a_large_face_is_made_smaller_and_never_a_small_one_larger() -> None:
    pixels, face = scene(300, 100, 600)
    assert max(open_crop(cut_crop(pixels, face))[0].shape) == LONGEST
    pixels, face = scene(500, 300, 40)
    assert open_crop(cut_crop(pixels, face))[0].shape == (72, 72, 3)

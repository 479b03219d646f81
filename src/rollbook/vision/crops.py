"""What is kept of a photograph: a small piece with one face, from which templates can be made."""

from __future__ import annotations

import cv2
import numpy as np

from rollbook.domain.faces import DetectedFace, Pixels, Points
from rollbook.domain.subjects import Crop
from rollbook.vision.images import encode_jpeg, read_image

MARGIN = 0.4  # of the face's box, on each side
LONGEST = 320  # pixels
QUALITY = 92


def cut_crop(pixels: Pixels, face: DetectedFace) -> Crop:
    """Return the face with 40 % margin, as far as the picture goes, at most 320 pixels long."""
    height, width = pixels.shape[:2]
    rows, columns = face.box.grown(MARGIN).clipped_to(width, height).to_slices()
    piece = pixels[rows, columns]
    moved = face.landmarks - np.array([columns.start, rows.start], dtype=np.float32)
    shrink = min(1.0, LONGEST / max(piece.shape[:2]))
    size = (max(1, round(piece.shape[1] * shrink)), max(1, round(piece.shape[0] * shrink)))
    small = cv2.resize(piece, size, interpolation=cv2.INTER_AREA)
    ratio = np.array([size[0] / piece.shape[1], size[1] / piece.shape[0]], dtype=np.float32)
    landmarks = (moved + 0.5) * ratio - 0.5  # 0.5: landmarks tell places of pixels' middles
    jpeg = encode_jpeg(np.asarray(small, dtype=np.uint8), QUALITY)
    return Crop(jpeg, landmarks.astype(np.float32))


def open_crop(crop: Crop) -> tuple[Pixels, Points]:
    """Return the crop's pixels and landmarks."""
    return read_image(crop.jpeg), crop.landmarks


def luma_of(crop: Crop) -> float:
    """Return the mean luma of a crop, 0..255."""
    pixels, _ = open_crop(crop)
    return float(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY).mean())

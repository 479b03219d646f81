"""Pictures for a screen: small, and never written to a file."""

from __future__ import annotations

import cv2
import numpy as np

from rollbook.domain.faces import Pixels


def to_jpeg(pixels: Pixels, *, max_side: int = 960, quality: int = 80) -> bytes:
    """Return a BGR picture as a JPEG whose longest side is at most `max_side` pixels."""
    height, width = pixels.shape[:2]
    scale = min(1.0, max_side / max(height, width))
    if scale < 1.0:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    _, encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return encoded.tobytes()

"""Pictures that browsers send several times a second: JPEG alone, small, opened fast."""

from __future__ import annotations

import cv2
import numpy as np

from rollbook.domain.faces import Pixels
from rollbook.errors import UnreadableImage

MAX_FRAME_PIXELS = 2_100_000  # 1920 x 1080
MAX_FRAME_BYTES = 1_000_000
_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # markers that tell the size
_BARE = frozenset({0x01, *range(0xD0, 0xD9)})  # markers without a length


def read_frame(data: bytes) -> Pixels:
    """Return a picture as uint8 (height, width, 3), BGR. Its size is known before it is opened.

    Raises:
        UnreadableImage: it is no JPEG picture, damaged, or too large for a frame.
    """
    width, height = _size_of(data)
    if len(data) > MAX_FRAME_BYTES or not 0 < width * height <= MAX_FRAME_PIXELS:
        raise UnreadableImage("The picture is too large for a kiosk. Send at most 1920x1080.")
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if pixels is None or pixels.shape[0] * pixels.shape[1] > MAX_FRAME_PIXELS:
        raise UnreadableImage("The picture is damaged or incomplete.")
    return np.asarray(pixels, dtype=np.uint8)


def _size_of(data: bytes) -> tuple[int, int]:
    """Return (width, height) as the file's head tells; (0, 0) when it tells nothing."""
    if data[:2] != b"\xff\xd8":
        raise UnreadableImage("A kiosk's picture must be a JPEG picture.")
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in _SIZES:
            height, width = data[at + 5 : at + 7], data[at + 7 : at + 9]
            return int.from_bytes(width, "big"), int.from_bytes(height, "big")
        bare = marker in _BARE or marker == 0xFF
        at += 1 if marker == 0xFF else 2
        at += 0 if bare else int.from_bytes(data[at : at + 2], "big")
    return 0, 0

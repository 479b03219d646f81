"""People's codes, found in a kiosk's picture."""

from __future__ import annotations

import cv2

from rollbook.domain.faces import Pixels


class CodeReader:
    """Reads the QR code in a picture. Use one in each thread."""

    def __init__(self) -> None:
        self._detector = cv2.QRCodeDetector()

    def __call__(self, pixels: Pixels) -> str | None:
        """Return what the code says, or None when there is none that can be read."""
        grey = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)
        try:
            text, _, _ = self._detector.detectAndDecode(grey)
        except (cv2.error, UnicodeDecodeError):  # damaged codes make the detector fail
            return None
        return text or None

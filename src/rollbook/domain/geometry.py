"""Rectangles in image pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Box:
    """Rectangle in image pixels; origin top-left; right and bottom are exclusive."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def area(self) -> float:
        """Pixels squared; 0 for an empty or inverted box."""
        return max(0.0, self.width) * max(0.0, self.height)

    @property
    def centre(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    def clipped_to(self, width: int, height: int) -> Box:
        """Return the part inside an image of this size, in pixels.

        >>> Box(-3.7, 2, 12, 50).clipped_to(10, 20)
        Box(left=0, top=2, right=10, bottom=20)
        """
        return Box(
            min(max(self.left, 0), width),
            min(max(self.top, 0), height),
            min(max(self.right, 0), width),
            min(max(self.bottom, 0), height),
        )

    def grown(self, margin: float) -> Box:
        """Return the box with `margin` times its width and height added on each side.

        >>> Box(10, 10, 20, 30).grown(0.5)
        Box(left=5.0, top=0.0, right=25.0, bottom=40.0)
        """
        dx, dy = self.width * margin, self.height * margin
        return Box(self.left - dx, self.top - dy, self.right + dx, self.bottom + dy)

    def scaled(self, factor: float) -> Box:
        return Box(self.left * factor, self.top * factor, self.right * factor, self.bottom * factor)

    def moved(self, dx: float, dy: float) -> Box:
        return Box(self.left + dx, self.top + dy, self.right + dx, self.bottom + dy)

    def to_slices(self) -> tuple[slice, slice]:
        """Return (rows, columns) that cover the box; clip it to the image first."""
        return (
            slice(math.floor(self.top), math.ceil(self.bottom)),
            slice(math.floor(self.left), math.ceil(self.right)),
        )

    def iou(self, other: Box) -> float:
        """Return intersection over union, 0..1; 0 when both are empty.

        >>> Box(0, 0, 2, 2).iou(Box(1, 0, 3, 2))
        0.3333333333333333
        """
        shared = Box(
            max(self.left, other.left),
            max(self.top, other.top),
            min(self.right, other.right),
            min(self.bottom, other.bottom),
        ).area
        union = self.area + other.area - shared
        return shared / union if union > 0 else 0.0

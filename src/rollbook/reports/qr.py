"""QR codes on a PDF page."""

from __future__ import annotations

import segno

from rollbook.reports.typesetting import Canvas


def draw_code(canvas: Canvas, left: float, top: float, side: float, text: str) -> None:
    """Draw a QR code `side` millimetres wide as runs of dark squares, each a few rectangles."""
    rows = [bytes(row) for row in segno.make(text, error="m", micro=False).matrix]
    unit = side / len(rows)
    canvas.set_fill_color(0)
    for y, row in enumerate(rows):
        start = None
        for x, dark in enumerate([*row, 0]):
            if dark and start is None:
                start = x
            elif not dark and start is not None:
                canvas.rect(
                    left + start * unit, top + y * unit, (x - start) * unit, unit, style="F"
                )
                start = None

"""Charts drawn as lines and boxes on a PDF page: sharp at any size, and readable in grey.

Colours are those of Okabe and Ito, which people tell apart who see few colours; every bar also
carries its value as text, so that no colour has to be told from another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rollbook.reports.typesetting import Typesetter

BLUE, VERMILLION = (0, 114, 178), (213, 94, 0)
GREY, PALE = 110, 225  # 0 black .. 255 white
TITLE, TEXT = 9.5, 6.5  # points
HEAD, FOOT = 8.0, 9.0  # millimetres above and below the bars
NARROWEST_TEXT = 4.4  # millimetres of a bar that its value fits above


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a chart stands, in millimetres from the top left corner."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One value, with what stands beside it."""

    label: str
    value: float | None  # None: nothing can be said
    text: str = ""
    warns: bool = False  # beyond a line of the rules


def column_chart(
    setter: Typesetter, frame: Frame, title: str, bars: Sequence[Bar], most: float, line: float = 0
) -> None:
    """Draw upright bars from 0 to `most`, and a dashed line where the rules have one."""
    _title(setter, frame, title)
    top, bottom = frame.y + HEAD, frame.y + frame.height - FOOT
    _scale(setter, frame, top, bottom, most)
    width = frame.width / max(1, len(bars))
    for index, bar in enumerate(bars):
        _column(setter, bar, frame.x + index * width, width, (top, bottom), most)
    _labels(setter, frame, bars, bottom + 3.4)
    if 0 < line < most:
        _dashed(setter, frame, bottom - (bottom - top) * line / most, setter.words.number(line))
    if width >= NARROWEST_TEXT:
        for index, bar in enumerate(bars):
            middle = frame.x + (index + 0.5) * width
            _value(setter, bar, middle, bottom - (bottom - top) * min(bar.value or 0, most) / most)


def _scale(setter: Typesetter, frame: Frame, top: float, bottom: float, most: float) -> None:
    canvas = setter.canvas
    canvas.set_line_width(0.1)
    for part in range(5):
        y = bottom - (bottom - top) * part / 4
        canvas.set_draw_color(GREY if part == 0 else PALE)
        canvas.line(frame.x, y, frame.x + frame.width, y)
        if part in (2, 4) and most * part % 4 == 0:
            setter.right(frame.x - 0.8, y + 0.8, setter.words.number(most * part / 4), TEXT)


def _column(
    setter: Typesetter,
    bar: Bar,
    left: float,
    width: float,
    span: tuple[float, float],
    most: float,
) -> None:
    top, bottom = span
    if bar.value is None:
        return
    height = (bottom - top) * min(bar.value, most) / most
    setter.canvas.set_fill_color(*(VERMILLION if bar.warns else BLUE))
    setter.canvas.rect(left + 0.15 * width, bottom - height, 0.7 * width, height, style="F")


def _value(setter: Typesetter, bar: Bar, middle: float, top: float) -> None:
    """Write the value above its bar, over whatever line runs there."""
    if bar.value is None or not bar.text:
        return
    width = setter.width(bar.text, 5.5) + 0.6
    setter.canvas.set_fill_color(255)
    setter.canvas.rect(middle - width / 2, top - 2.7, width, 2.4, style="F")
    setter.centred(middle, top - 0.8, bar.text, 5.5)


def _labels(setter: Typesetter, frame: Frame, bars: Sequence[Bar], baseline: float) -> None:
    """Write as many labels as fit, evenly."""
    width = frame.width / max(1, len(bars))
    widest = max((setter.width(bar.label, TEXT) for bar in bars), default=0) + 1.5
    step = max(1, int(-(-widest // width)))
    for index in range(0, len(bars), step):
        setter.centred(frame.x + (index + 0.5) * width, baseline, bars[index].label, TEXT)


def _dashed(setter: Typesetter, frame: Frame, y: float, text: str) -> None:
    canvas = setter.canvas
    canvas.set_draw_color(0)
    canvas.set_line_width(0.2)
    canvas.set_dash_pattern(dash=1.2, gap=0.8)
    canvas.line(frame.x, y, frame.x + frame.width, y)
    canvas.set_dash_pattern()
    setter.draw(frame.x + frame.width + 0.6, y + 0.8, text, TEXT)


def row_chart(
    setter: Typesetter, frame: Frame, title: str, bars: Sequence[Bar], most: float, label: float
) -> None:
    """Draw bars that lie; `label` millimetres of the width are for what they are called."""
    _title(setter, frame, title)
    height = min(6.5, (frame.height - HEAD) / max(1, len(bars)))
    room = frame.width - label - 18
    for index, bar in enumerate(bars):
        top = frame.y + HEAD + index * height
        baseline = top + height / 2 + 1
        setter.draw(frame.x, baseline, setter.shorten(bar.label, 7, label - 2), 7)
        length = room * min(bar.value or 0, most) / most if most else 0
        setter.canvas.set_fill_color(*(VERMILLION if bar.warns else BLUE))
        if length:
            setter.canvas.rect(frame.x + label, top + 0.12 * height, length, 0.76 * height, "F")
        setter.draw(frame.x + label + length + 1, baseline, bar.text, 7)


def _title(setter: Typesetter, frame: Frame, title: str) -> None:
    shown = setter.shorten(title, TITLE, frame.width, bold=True)
    setter.draw(frame.x, frame.y + 3.4, shown, TITLE, bold=True)

"""Class lists with boxes to tick, for when there is no power: PDF, A4 upright."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rollbook.reports.plan import split_rows
from rollbook.reports.typesetting import Canvas, Typesetter

# millimetres on A4, upright
LEFT, RIGHT, TOP, BOTTOM = 14.0, 196.0, 14.0, 276.0
ROW_MIN, ROW_MAX, HEAD, NUMBER, NAME, BOX = 6.0, 8.0, 34.0, 8.0, 62.0, 15.0
ROOM = BOTTOM - TOP - HEAD - 6  # for people
SIDE = 4.2  # of a box


@dataclass(frozen=True, slots=True)
class PaperWords:
    """The words on the page, in the reader's language."""

    name: str
    present: str
    late: str
    excused: str
    absent: str
    left_early: str
    remark: str
    signature: str
    hint: str
    made: str

    @property
    def statuses(self) -> tuple[str, ...]:
        return (self.present, self.late, self.excused, self.absent, self.left_early)


@dataclass(frozen=True, slots=True)
class PaperList:
    """One session's list."""

    title: str
    when: str
    names: tuple[str, ...]
    excused: frozenset[int] = frozenset()  # rows that are excused already: the box is ticked


def paper_pdf(lists: Sequence[PaperList], words: PaperWords, made_at: datetime) -> bytes:
    """Return the PDF file: each session begins on a page of its own."""
    with Canvas() as canvas:
        canvas.set_title("Register")
        canvas.set_creator("Rollbook")
        canvas.set_creation_date(made_at)
        setter = Typesetter(canvas)
        for one in lists:
            _session(setter, one, words)
        return bytes(canvas.output())


def _session(setter: Typesetter, one: PaperList, words: PaperWords) -> None:
    parts = split_rows(len(one.names), int(ROOM / ROW_MIN))
    for index, rows in enumerate(parts, 1):
        setter.canvas.add_page(orientation="portrait")
        _head(setter, one, words)
        top, height = TOP + HEAD, min(ROW_MAX, ROOM / max(1, len(rows)))
        for line, row in enumerate(rows):
            _person(setter, top + (line + 0.5) * height, row, one)
        _grid(setter, top, len(rows), height)
        _foot(setter, words, f"{index} / {len(parts)}")


def _head(setter: Typesetter, one: PaperList, words: PaperWords) -> None:
    title = setter.shorten(one.title, 16, RIGHT - LEFT, bold=True)
    setter.draw(LEFT, TOP + 5, title, 16, bold=True)
    setter.draw(LEFT, TOP + 12, setter.shorten(one.when, 11, RIGHT - LEFT), 11)
    setter.draw(LEFT, TOP + 19, setter.shorten(words.hint, 9, RIGHT - LEFT), 9)
    baseline = TOP + HEAD - 2
    setter.draw(LEFT + NUMBER, baseline, words.name, 9, bold=True)
    for index, word in enumerate(words.statuses):
        setter.centred(_middle(index), baseline, setter.shorten(word, 8, BOX - 1), 8, bold=True)
    setter.draw(_remark_x(), baseline, setter.shorten(words.remark, 8, 30), 8, bold=True)


def _person(setter: Typesetter, middle: float, row: int, one: PaperList) -> None:
    baseline = middle + 1.5
    setter.right(LEFT + NUMBER - 2, baseline, str(row + 1), 8)
    name = setter.shorten(one.names[row], 10.5, NAME - 2)
    setter.draw(LEFT + NUMBER, baseline, name, 10.5)
    for index in range(5):
        _box(setter, _middle(index), middle, ticked=index == 2 and row in one.excused)


def _box(setter: Typesetter, x: float, y: float, *, ticked: bool) -> None:
    canvas = setter.canvas
    canvas.set_draw_color(60)
    canvas.set_line_width(0.25)
    half = SIDE / 2
    canvas.rect(x - half, y - half, SIDE, SIDE)
    if ticked:
        canvas.line(x - half + 0.8, y, x - 0.4, y + half - 0.9)
        canvas.line(x - 0.4, y + half - 0.9, x + half - 0.5, y - half + 0.7)


def _grid(setter: Typesetter, top: float, rows: int, height: float) -> None:
    canvas = setter.canvas
    canvas.set_draw_color(190)
    canvas.set_line_width(0.15)
    for index in range(rows + 1):
        y = top + index * height
        canvas.line(LEFT, y, RIGHT, y)
    canvas.set_draw_color(0)


def _foot(setter: Typesetter, words: PaperWords, number: str) -> None:
    y = BOTTOM + 3
    setter.draw(LEFT, y, words.signature, 9)
    start = LEFT + setter.width(words.signature, 9) + 3
    setter.canvas.set_line_width(0.2)
    setter.canvas.line(start, y + 0.8, RIGHT - 20, y + 0.8)
    setter.draw(LEFT, y + 8, setter.shorten(words.made, 7, 120), 7)
    setter.right(RIGHT, y + 8, number, 8)


def _middle(index: int) -> float:
    return LEFT + NUMBER + NAME + (index + 0.5) * BOX


def _remark_x() -> float:
    return LEFT + NUMBER + NAME + 5 * BOX + 2

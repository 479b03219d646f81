"""Cards with people's codes, to be cut out: PDF, A4 upright, ten of a bank card's size a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from rollbook.reports.qr import draw_code
from rollbook.reports.typesetting import Canvas, Typesetter

# millimetres
WIDTH, HEIGHT = 85.6, 54.0
COLUMNS, ROWS = 2, 5
LEFT, TOP = (210 - COLUMNS * WIDTH) / 2, (297 - ROWS * HEIGHT) / 2
INSIDE, CODE = 5.0, 40.0
NAME_SIZE, NAME_LINES = 14.0, 4


@dataclass(frozen=True, slots=True)
class PrintedCard:
    """What stands on one card."""

    name: str
    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CardWords:
    """The words on each card, in the reader's language."""

    site: str
    hint: str  # what the card is for, and what to do when it is lost


def cards_pdf(cards: Sequence[PrintedCard], words: CardWords, made_at: datetime) -> bytes:
    """Return the PDF file; without cards it has one empty page."""
    with Canvas() as canvas:
        canvas.set_title("Cards")
        canvas.set_creator("Rollbook")
        canvas.set_creation_date(made_at)
        setter = Typesetter(canvas)
        for number, card in enumerate(cards):
            place = number % (COLUMNS * ROWS)
            if place == 0:
                canvas.add_page(orientation="portrait")
            left = LEFT + place % COLUMNS * WIDTH
            _card(setter, left, TOP + place // COLUMNS * HEIGHT, card, words)
        if not cards:
            canvas.add_page(orientation="portrait")
        return bytes(canvas.output())


def _card(setter: Typesetter, left: float, top: float, card: PrintedCard, words: CardWords) -> None:
    canvas = setter.canvas
    canvas.set_draw_color(170)
    canvas.set_line_width(0.15)
    canvas.rect(left, top, WIDTH, HEIGHT)
    room = WIDTH - CODE - 3 * INSIDE
    setter.draw(left + INSIDE, top + 8, setter.shorten(words.site, 8, room), 8)
    for index, line in enumerate(setter.wrap(card.name, NAME_SIZE, room)[:NAME_LINES]):
        setter.draw(left + INSIDE, top + 16 + index * 6, line, NAME_SIZE, bold=True)
    hint = setter.wrap(words.hint, 6, room)
    for index, line in enumerate(hint):
        baseline = top + HEIGHT - INSIDE - (len(hint) - 1 - index) * 2.6
        setter.draw(left + INSIDE, baseline, line, 6)
    draw_code(canvas, left + WIDTH - CODE - INSIDE, top + (HEIGHT - CODE) / 2, CODE, card.code)

"""The site key on paper: PDF, A4 upright, one page, black lines and letters only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from rollbook.reports.qr import draw_code
from rollbook.reports.typesetting import Canvas, Typesetter

# millimetres on A4, upright
LEFT, RIGHT, TOP = 20.0, 190.0, 20.0
WORDS_TOP, WORDS_PACE, WORDS_ROWS, WORDS_COLUMN = 101.0, 6.4, 11, 37.0
CODE = 52.0
STEPS_TOP = 187.0
BODY, LINE = 10.0, 5.0


@dataclass(frozen=True, slots=True)
class RecoverySheet:
    """What stands on one sheet."""

    site: str  # name of the site, empty where none was given
    check: str  # tells which key it is
    made_at: datetime  # in the site's time zone
    number: int
    needed: int
    of: int
    words: Sequence[str] = field(repr=False)

    @property
    def title(self) -> str:
        if self.of == 1:
            return "Recovery sheet"
        return f"Recovery share {self.number} of {self.of}"

    @property
    def warning(self) -> str:
        if self.of == 1:
            return (
                "Whoever has this sheet and a copy of the data can read everything about "
                "everybody. Without it, a lost key means that nobody can ever read them again."
            )
        others = self.needed - 1
        return (
            f"Any {self.needed} of these {self.of} shares give the key back; this one alone tells "
            f"nothing. Whoever has it, {others} other{'s' * (others > 1)} and a copy of the data "
            "can read everything about everybody."
        )


def sheet_pdf(sheet: RecoverySheet) -> bytes:
    """Return the PDF file, of one page."""
    with Canvas() as canvas:
        canvas.set_title(sheet.title)
        canvas.set_creator("Rollbook")
        canvas.set_creation_date(sheet.made_at)
        canvas.add_page(orientation="portrait")
        setter = Typesetter(canvas)
        _head(setter, sheet)
        _keep(setter, sheet)
        _words(setter, sheet.words)
        draw_code(canvas, RIGHT - CODE, WORDS_TOP, CODE, " ".join(sheet.words).upper())
        setter.draw(RIGHT - CODE, WORDS_TOP + CODE + 5, "The same words, for a scanner.", 8)
        _steps(setter, sheet)
        return bytes(canvas.output())


def _head(setter: Typesetter, sheet: RecoverySheet) -> None:
    setter.draw(LEFT, TOP + 4, sheet.title, 22, bold=True)
    if sheet.of > 1:
        told = f"{sheet.needed} of {sheet.of} are needed"
        setter.right(RIGHT, TOP + 4, told, 12, bold=True)
    rows = (
        ("Site", sheet.site or "(no name was given)"),
        ("Made on", f"{sheet.made_at:%Y-%m-%d %H:%M}"),
        ("Check value", sheet.check),
    )
    for index, (name, value) in enumerate(rows):
        baseline = TOP + 15 + index * 6
        setter.draw(LEFT, baseline, name, 11)
        shown = setter.shorten(value, 11, RIGHT - LEFT - 32, bold=True)
        setter.draw(LEFT + 32, baseline, shown, 11, bold=True)


def _keep(setter: Typesetter, sheet: RecoverySheet) -> None:
    """Draw the frame that says how to keep it."""
    top, canvas = TOP + 34, setter.canvas
    where = (
        "Lock it away, in a safe or with somebody you trust, not beside the computer. Do not "
        "photograph, copy or e-mail it. The check value is no secret: rollbook doctor shows it, "
        "and where it shows another one this sheet is out of date."
    )
    lines = setter.wrap(sheet.warning, BODY, RIGHT - LEFT - 8)
    lines += setter.wrap(where, BODY, RIGHT - LEFT - 8)
    canvas.set_draw_color(0)
    canvas.set_line_width(0.5)
    canvas.rect(LEFT, top, RIGHT - LEFT, len(lines) * LINE + 5)
    for index, line in enumerate(lines):
        setter.draw(LEFT + 4, top + 6 + index * LINE, line, BODY)


def _words(setter: Typesetter, words: Sequence[str]) -> None:
    setter.draw(LEFT, WORDS_TOP - 5, "The words, in this order", 12, bold=True)
    for index, word in enumerate(words):
        column, row = divmod(index, WORDS_ROWS)
        left, baseline = LEFT + column * WORDS_COLUMN, WORDS_TOP + 4 + row * WORDS_PACE
        setter.right(left + 6, baseline, str(index + 1), 8)
        setter.draw(left + 8.5, baseline, word, 12.5, bold=True)


def _steps(setter: Typesetter, sheet: RecoverySheet) -> None:
    setter.draw(LEFT, STEPS_TOP, "To bring the key back", 12, bold=True)
    baseline = STEPS_TOP + 8
    for number, step in enumerate(_instructions(sheet), start=1):
        setter.draw(LEFT, baseline, f"{number}.", BODY, bold=True)
        for line in setter.wrap(step, BODY, RIGHT - LEFT - 8):
            setter.draw(LEFT + 8, baseline, line, BODY)
            baseline += LINE
        baseline += 1.5
    technical = (
        "For an engineer: SLIP-39, 256 bits, no passphrase. The 32 bytes, as base64url, are the "
        "Fernet key in keys/site.key."
    )
    for index, line in enumerate(setter.wrap(technical, 8, RIGHT - LEFT)):
        setter.draw(LEFT, baseline + 4 + index * 4, line, 8)


def _instructions(sheet: RecoverySheet) -> tuple[str, ...]:
    more = "" if sheet.of == 1 else f" It asks for {sheet.needed} shares, in any order."
    return (
        "On the computer of Rollbook, or on a new one with Rollbook installed, end Rollbook where "
        "it runs and open a terminal (on Windows: PowerShell).",
        "Type: rollbook keys recover",
        "Type the words, with a blank between, and press Enter. The first four letters of each "
        f"are enough. A wrong word is told.{more}",
        "On a new computer bring the data back now: rollbook restore, with the folder or address "
        "of the backup.",
        "Type: rollbook verify. When it says that the register holds, start Rollbook again: "
        "rollbook up",
        "If the computer was stolen or the words were seen by others, exchange the key and make "
        "a new sheet: rollbook keys rotate, then rollbook keys escrow.",
    )

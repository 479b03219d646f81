"""Text in any script on a PDF page: measured, shortened and drawn run by run."""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Sequence
from typing import Self

from fpdf import FPDF
from fpdf.enums import TextDirection
from fpdf.fonts import TTFFont
from fpdf.line_break import Fragment

from rollbook.languages.writing import Words
from rollbook.reports.scripts import FONT_FOLDER, MAIN, Run, clusters, visual_runs

_MM_PER_POINT = 25.4 / 72
_BOX_WIDTH = 1.35  # of a code point box, in font sizes
_ELLIPSIS = "…"

logging.getLogger("fontTools").setLevel(logging.WARNING)  # it tells of each table it subsets


class Canvas(FPDF):
    """A landscape A4 page whose text is already split into runs when it is drawn."""

    def __init__(self) -> None:
        super().__init__(orientation="landscape", unit="mm", format="A4")
        self.set_auto_page_break(False)
        self.set_margin(0)
        self.c_margin = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close the font files, which fpdf2 leaves open."""
        for font in self.fonts.values():
            if isinstance(font, TTFFont):
                font.ttfont.close()

    def _preload_bidirectional_text(self, text: str, markdown: bool) -> Sequence[Fragment]:
        """Return the text as one piece.

        fpdf2 would cut a word at each vowel sign and joiner, which breaks Arabic and Indic words.
        """
        if self.text_shaping:
            self.text_shaping["fragment_direction"] = self.text_shaping["direction"]
        return (Fragment(text, self._get_current_graphics_state(), self.k),)


class Typesetter:
    """Draws lines of text; remembers which characters no shipped font can show."""

    def __init__(self, canvas: Canvas, words: Words | None = None) -> None:
        """`words`: the language of what the pages say by themselves."""
        self.canvas = canvas
        self.words = words or Words()
        self.unshown: dict[str, None] = {}  # characters in the order in which they were drawn
        self._widths: dict[tuple[str, bool], float] = {}
        self._run_widths: dict[tuple[Run, bool], float] = {}
        self._runs: dict[str, list[Run]] = {}
        canvas.set_text_shaping(True)

    def width(self, text: str, size: float, *, bold: bool = False) -> float:
        """Return the width in millimetres at a size in points."""
        key = text, bold
        if key not in self._widths:
            self._widths[key] = sum(self._run_width(run, bold) for run in self._line(text))
        return self._widths[key] * size

    def draw(
        self, x: float, baseline: float, text: str, size: float, *, bold: bool = False
    ) -> None:
        """Draw a line that begins at `x`; both in millimetres from the top left corner."""
        for run in self._line(text):
            if run.font is None:
                self._draw_box(x, baseline, run.text, size)
            else:
                self._draw_run(x, baseline, run, size, bold)
            x += self._run_width(run, bold) * size

    def centred(
        self, middle: float, baseline: float, text: str, size: float, *, bold: bool = False
    ) -> None:
        self.draw(middle - self.width(text, size, bold=bold) / 2, baseline, text, size, bold=bold)

    def right(
        self, edge: float, baseline: float, text: str, size: float, *, bold: bool = False
    ) -> None:
        self.draw(edge - self.width(text, size, bold=bold), baseline, text, size, bold=bold)

    def shorten(self, text: str, size: float, limit: float, *, bold: bool = False) -> str:
        """Return the text, or its beginning with an ellipsis, within `limit` millimetres."""
        if self.width(text, size, bold=bold) <= limit:
            return text
        parts = list(clusters(text))
        low, high = 0, len(parts)
        while high - low > 1:
            middle = (low + high) // 2
            tried = "".join(parts[:middle]).rstrip() + _ELLIPSIS
            fits = self.width(tried, size, bold=bold) <= limit
            low, high = (middle, high) if fits else (low, middle)
        return "".join(parts[:low]).rstrip() + _ELLIPSIS

    def wrap(self, text: str, size: float, limit: float) -> list[str]:
        """Return lines within `limit` millimetres; words that are longer are cut."""
        lines = [""]
        for word in text.split():
            longer = f"{lines[-1]} {word}".strip()
            if self.width(longer, size) <= limit:
                lines[-1] = longer
            elif self.width(word, size) <= limit:
                lines.append(word)
            else:
                lines.append("")
                for cluster in clusters(word):
                    if self.width(lines[-1] + cluster, size) > limit:
                        lines.append("")
                    lines[-1] += cluster
        return [line for line in lines if line]

    def _line(self, text: str) -> list[Run]:
        if text not in self._runs:
            self._runs[text] = visual_runs(text, self._covers)
        return self._runs[text]

    def _covers(self, font: str, code_point: int) -> bool:
        self._load(font, "")
        loaded = self.canvas.fonts[font.lower()]
        return isinstance(loaded, TTFFont) and code_point in loaded.cmap

    def _load(self, font: str, style: str) -> None:
        """Make a font known at its first use: most registers need one or two of them."""
        if font.lower() + style not in self.canvas.fonts:
            weight = {"": "-Regular", "B": "-Bold"}[style] if font == MAIN else ""
            self.canvas.add_font(font, style, FONT_FOLDER / f"{font}{weight}.ttf")

    def _select(self, run: Run, size: float, bold: bool) -> None:
        style = "B" if bold and run.font == MAIN else ""  # other scripts come in one weight
        self._load(run.font or MAIN, style)
        canvas = self.canvas
        if (canvas.font_family, canvas.font_style) != ((run.font or MAIN).lower(), style) or (
            canvas.font_size_pt != size
        ):  # asking is quicker than setting anew, and most letters of a grid are alike
            canvas.set_font(run.font, style, size)
        direction = TextDirection.RTL if run.right_to_left else TextDirection.LTR
        if canvas.text_shaping and canvas.text_shaping["direction"] is not direction:
            canvas.set_text_shaping(True, direction=direction)

    def _run_width(self, run: Run, bold: bool) -> float:
        """Return millimetres for each point of size."""
        if run.font is None:
            return _BOX_WIDTH * _MM_PER_POINT
        key = run, bold
        if key not in self._run_widths:
            self._select(run, 100, bold)
            self._run_widths[key] = self.canvas.get_string_width(run.text) / 100
        return self._run_widths[key]

    def _draw_run(self, x: float, baseline: float, run: Run, size: float, bold: bool) -> None:
        width = self._run_width(run, bold) * size
        self._select(run, size, bold)
        if _is_plain(run):
            self.canvas.text(x, baseline, run.text)
            return
        height = size * _MM_PER_POINT
        self.canvas.set_xy(x, baseline - 0.8 * height)  # where a cell puts its baseline
        self.canvas.cell(w=width, h=height, text=run.text)

    def _draw_box(self, x: float, baseline: float, character: str, size: float) -> None:
        """Draw a frame with the character's code point in two rows of hexadecimal digits."""
        self.unshown.setdefault(character)
        unit = size * _MM_PER_POINT
        self.canvas.set_line_width(0.1)
        self.canvas.rect(x + 0.08 * unit, baseline - 0.85 * unit, 1.19 * unit, 1.0 * unit)
        digits = f"{ord(character):06X}" if ord(character) > 0xFFFF else f"{ord(character):04X}"
        half = len(digits) // 2
        for row, part in enumerate((digits[:half], digits[half:])):
            self.centred(
                x + _BOX_WIDTH * unit / 2, baseline - (0.43 - 0.47 * row) * unit, part, size * 0.52
            )


def _is_plain(run: Run) -> bool:
    """Return whether shaping changes nothing: letters of the grid and numbers, most of a page."""
    return run.font == MAIN and (len(run.text) == 1 or run.text.isdigit()) and run.text.isascii()


def code_point_name(character: str) -> str:
    """Return a character's code point and Unicode name.

    >>> code_point_name("😀")
    'U+1F600 GRINNING FACE'
    """
    return f"U+{ord(character):04X} {unicodedata.name(character, 'without a name')}"

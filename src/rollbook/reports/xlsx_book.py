"""A workbook in memory, whose texts are texts.

Every text is written as text, never as a formula; one that would become a formula when somebody
edits the cell also carries Excel's "quote prefix".
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from itertools import islice
from typing import Any

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from rollbook.domain.progress import WHOLE, part_of
from rollbook.reports.letters import invented
from rollbook.reports.making import Making
from rollbook.reports.rows import runs_as_formula

_ILLEGAL = re.compile("[\ufffe\uffff\ud800-\udfff]")
TEXT_LIMIT = 32_000  # characters; Excel ends at 32,767


class _Sheet(Worksheet):  # type: ignore[misc] - XlsxWriter has no types
    """A sheet that tells when it is written, and then lets go of its cells."""

    finished: Callable[[int], None]

    def _assemble_xml_file(self) -> None:
        super()._assemble_xml_file()
        self.table.clear()
        self.finished(self.index)


class Book:
    """A workbook in memory; nothing of it is ever written to a temporary file."""

    def __init__(self, making: Making, written: int, closed: int = WHOLE) -> None:
        """Percent of the work that is done when the sheets are filled, and when it is closed."""
        self.words = making.words
        self._tell = part_of(making.progress, written, closed)
        self.buffer = io.BytesIO()
        self.workbook = xlsxwriter.Workbook(
            self.buffer,
            {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False},
        )
        self._formats: dict[tuple[tuple[str, Any], ...], Any] = {}

    def sheet(self, name: str) -> Any:
        """Return a new sheet."""
        made = self.workbook.add_worksheet(name, worksheet_class=_Sheet)
        made.finished = self._finished
        return made

    def _finished(self, index: int) -> None:
        self._tell(index + 1, len(self.workbook.worksheets()))

    def format(self, **properties: Any) -> Any:
        """Return the format with these properties, made once."""
        key = tuple(sorted(properties.items()))
        if key not in self._formats:
            self._formats[key] = self.workbook.add_format(properties)
        return self._formats[key]

    def text(self, sheet: Any, row: int, column: int, text: str, **properties: Any) -> None:
        """Write text that stays text."""
        if runs_as_formula(text):
            properties["quote_prefix"] = True
        sheet.write_string(row, column, legal(text), self.format(**properties))

    def dates(self) -> str:
        """Return how dates are shown."""
        return self.words.gettext("yyyy-mm-dd")

    def moments(self, seconds: str = "") -> str:
        """Return how dates with their time are shown."""
        return f"{self.dates()} hh:mm{seconds}"

    def close(self) -> bytes:
        self.workbook.close()
        return self.buffer.getvalue()


def legal(text: str) -> str:
    """Return the text without what XML cannot hold, within Excel's limit."""
    if len(text) <= TEXT_LIMIT and _ILLEGAL.search(text) is None:
        return text
    bad = {"\ufffe", "\uffff"}
    legal = ("\ufffd" if c in bad or "\ud800" <= c <= "\udfff" else c for c in text)
    return "".join(islice(legal, TEXT_LIMIT))


def print_set_up(book: Book, sheet: Any, *, is_invented: bool) -> None:
    """Set A4 landscape, one page wide, with page numbers, and the note on invented data."""
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
    sheet.set_header(f"&C{invented(book.words)}" if is_invented else "")
    sheet.set_footer("&L&A&R&P / &N")

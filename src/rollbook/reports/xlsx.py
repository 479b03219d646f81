"""The month as a workbook: a grid a group, all rows, and what the file is.

Totals are formulas, so that they follow when a letter is changed; their results are in the file
as well, for programs that do not compute.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from rollbook.domain.month import Month, MonthRegister
from rollbook.domain.totals import RULE
from rollbook.languages.writing import Words
from rollbook.reports.letters import invented, legend_line, made_line, no_sessions_in
from rollbook.reports.making import Making
from rollbook.reports.rows import headings, said
from rollbook.reports.sheet_names import sheet_names
from rollbook.reports.xlsx_book import Book, print_set_up
from rollbook.reports.xlsx_grid import write_grid
from rollbook.reports.xlsx_rows import filled, write_sample

GRIDS, CLOSED = 30, 50  # percent of the work after the grids, and after all but the rows
ROWS_A_SHEET = 1_000_000  # Excel ends at 1,048,576


def month_xlsx(register: MonthRegister, making: Making | None = None) -> bytes:
    """Return the XLSX file of a month."""
    making = making or Making()
    book, _ = Book(making, GRIDS, CLOSED), making.words.gettext
    book.workbook.set_properties(
        {
            "title": f"{_('Attendance register')} {register.period}",
            "author": "Rollbook",
            "created": register.made_at.replace(tzinfo=None),
        }
    )
    own = (_("All rows"), _("About"))
    names = sheet_names((group.group.name for group in register.groups), taken=own)
    named = list(zip(names, register.groups, strict=True))
    for name, group in making.telling(named, 0, GRIDS):
        write_grid(book, book.sheet(name), register, group)
    parts = _row_sheets(book, register)
    _write_about(book, register)
    groups = making.telling(register.groups, CLOSED)
    rows = (said(register, row, book.words) for group in groups for row in group.rows())
    return filled(book.close(), {part: islice(rows, ROWS_A_SHEET) for part in parts})


def _row_sheets(book: Book, register: MonthRegister) -> list[str]:
    """Make the sheets for all rows; return which parts of the workbook they are."""
    count, every = sum(1 for _ in register.rows()), book.words.gettext("All rows")
    parts = []
    for number in range(max(1, -(-count // ROWS_A_SHEET))):
        sheet = book.sheet(f"{every} {number + 1}" if number else every)
        here = min(ROWS_A_SHEET, count - number * ROWS_A_SHEET)
        _set_up_rows(book, sheet, register, here)
        if here:
            write_sample(book, sheet, book.moments(":ss"))
            parts.append(f"xl/worksheets/sheet{sheet.index + 1}.xml")
    return parts


def _set_up_rows(book: Book, sheet: Any, register: MonthRegister, count: int) -> None:
    heads = headings(book.words)
    for column, heading in enumerate(heads):
        book.text(sheet, 0, column, heading, bold=True, bottom=1)
    widths = (11, 11, 16, 24, 19, 19, 13, 32, 16, 19, 19, 24, 38, 28, 9)
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(1, count), len(heads) - 1)
    print_set_up(book, sheet, is_invented=register.invented)
    sheet.repeat_rows(0)


def _write_about(book: Book, register: MonthRegister) -> None:
    sheet = book.sheet(book.words.gettext("About"))
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 1, 100)
    for row, (what, text) in enumerate(_about(register, book.words)):
        book.text(sheet, row, 0, what, bold=True, valign="top")
        book.text(sheet, row, 1, text, text_wrap=True)
    print_set_up(book, sheet, is_invented=register.invented)
    if not register.groups:
        sheet.activate()


def _about(register: MonthRegister, words: Words) -> Iterator[tuple[str, str]]:
    _, days = words.gettext, words.period(register.period)
    yield _("Site"), register.site
    yield _("Month") if isinstance(register.period, Month) else _("Days"), days
    yield _("Made"), made_line(register, words)
    if register.invented:
        yield _("Invented"), invented(words)
    if not register.groups:
        yield _("Sessions"), no_sessions_in(days, words)
    if register.idle_groups:
        yield _("Without sessions"), ", ".join(group.name for group in register.idle_groups)
    yield _("Letters"), legend_line(words)
    yield _("Rule"), _(RULE)
    yield (
        _("Texts"),
        _("Names that begin with = + - @ are texts, and stay texts when they are edited."),
    )

"""The month as a workbook: a grid a group, all rows, and what the file is.

Totals are formulas, so that they follow when a letter is changed; their results are in the file
as well, for programs that do not compute.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from itertools import islice
from typing import Any

from rollbook.domain.month import Month, MonthRegister
from rollbook.domain.totals import RULE
from rollbook.reports.letters import INVENTED, LETTERS, WORDS
from rollbook.reports.rows import HEADINGS, Value, values
from rollbook.reports.sheet_names import sheet_names
from rollbook.reports.xlsx_book import Book, print_set_up
from rollbook.reports.xlsx_grid import write_grid

ROWS_A_SHEET = 1_000_000  # Excel ends at 1,048,576
_OWN_SHEETS = ("All rows", "About")


def month_xlsx(register: MonthRegister) -> bytes:
    """Return the XLSX file of a month."""
    book = Book()
    book.workbook.set_properties(
        {
            "title": f"Attendance {register.period}",
            "author": "Rollbook",
            "created": register.made_at.replace(tzinfo=None),
        }
    )
    names = sheet_names((group.group.name for group in register.groups), taken=_OWN_SHEETS)
    for name, group in zip(names, register.groups, strict=True):
        write_grid(book, book.workbook.add_worksheet(name), register, group)
    _write_rows(book, register)
    _write_about(book, register)
    return book.close()


def _write_rows(book: Book, register: MonthRegister) -> None:
    rows = (values(register, row) for row in register.rows())
    number = 1
    chunk = list(islice(rows, ROWS_A_SHEET))
    while chunk or number == 1:
        name = "All rows" if number == 1 else f"All rows {number}"
        sheet = book.workbook.add_worksheet(name)
        _set_up_rows(book, sheet, register, len(chunk))
        for index, row in enumerate(chunk, 1):
            for column, value in enumerate(row):
                _write(book, sheet, index, column, value)
        chunk, number = list(islice(rows, ROWS_A_SHEET)), number + 1


def _set_up_rows(book: Book, sheet: Any, register: MonthRegister, count: int) -> None:
    for column, heading in enumerate(HEADINGS):
        book.text(sheet, 0, column, heading, bold=True, bottom=1)
    widths = (11, 11, 16, 24, 19, 19, 13, 32, 11, 19, 19, 10, 38, 28, 9)
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(1, count), len(HEADINGS) - 1)
    print_set_up(sheet, invented=register.invented)
    sheet.repeat_rows(0)


def _write(book: Book, sheet: Any, row: int, column: int, value: Value) -> None:
    if isinstance(value, datetime):
        moment = value.replace(tzinfo=None)
        sheet.write_datetime(row, column, moment, book.once("yyyy-mm-dd hh:mm:ss"))
    elif isinstance(value, date):
        sheet.write_datetime(row, column, value, book.once("yyyy-mm-dd"))
    elif value:
        book.plain(sheet, row, column, value)


def _write_about(book: Book, register: MonthRegister) -> None:
    sheet = book.workbook.add_worksheet("About")
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 1, 100)
    for row, (what, text) in enumerate(_about(register)):
        book.text(sheet, row, 0, what, bold=True, valign="top")
        book.text(sheet, row, 1, text, text_wrap=True)
    print_set_up(sheet, invented=register.invented)
    if not register.groups:
        sheet.activate()


def _about(register: MonthRegister) -> Iterator[tuple[str, str]]:
    made = register.local(register.made_at)
    yield "Site", register.site
    yield "Month" if isinstance(register.period, Month) else "Days", register.period.title
    yield "Made", f"{made:%Y-%m-%d %H:%M} by Rollbook; all times in {register.zone.key}"
    if register.invented:
        yield "Invented", INVENTED
    if not register.groups:
        yield "Sessions", f"There were no sessions in {register.period.title}."
    if register.idle_groups:
        yield "Without sessions", ", ".join(group.name for group in register.idle_groups)
    yield "Letters", ", ".join(f"{LETTERS[status]} = {word}" for status, word in WORDS.items())
    yield "Rule", RULE
    yield "Texts", "Names that begin with = + - @ are texts, and stay texts when they are edited."

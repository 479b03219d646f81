"""Hours as a workbook: sums by formula, every day, and what the file is."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from xlsxwriter.utility import quote_sheetname, xl_range_abs

from rollbook.domain.hours import HoursBook
from rollbook.languages.writing import Words
from rollbook.reports.hours_rows import RULE, Line, lines
from rollbook.reports.letters import invented, made_line
from rollbook.reports.making import Making
from rollbook.reports.xlsx_book import Book, print_set_up

HOURS = "[h]:mm"
SUM_WIDTHS = (5, 34, 12, 8, 10, 10)
DAY_WIDTHS = (5, 34, 12, 12, 12, 17, 17, 9, 40, 34, 10)
WRITTEN = 70  # percent of the work after the sheets are filled
NUMBER, WORKED, LOOSE = 0, 7, 10  # columns of the sheet of days


def hours_xlsx(book: HoursBook, making: Making | None = None) -> bytes:
    """Return the XLSX file. People are told apart by their number, for names may be the same."""
    making = making or Making()
    made, _ = Book(making, WRITTEN), making.words.gettext
    made.workbook.set_properties(
        {"title": f"{_('Hours')} {book.period}", "author": "Rollbook",
         "created": book.made_at.replace(tzinfo=None)}
    )  # fmt: skip
    sums, days = (made.sheet(name) for name in (_("Hours"), _("Days")))
    _heads(made, sums, zip(_sum_heads(made.words), SUM_WIDTHS, strict=True), book)
    _heads(made, days, zip(_day_heads(made.words), DAY_WIDTHS, strict=True), book)
    _write_sums(made, sums, book, _write_days(made, days, book, making))
    _write_about(made, book)
    return made.close()


def _sum_heads(words: Words) -> tuple[str, ...]:
    _ = words.gettext
    return (_("No."), _("Name"), _("External id"), _("Days"), _("Hours"), _("Unpaired"))


def _day_heads(words: Words) -> tuple[str, ...]:
    _ = words.gettext
    return (
        _("No."), _("Name"), _("External id"), _("Date"), _("Weekday"), _("Came"), _("Went"),
        _("Hours"), _("Times"), _("Unpaired times"), _("Unpaired"),
    )  # fmt: skip


def _heads(made: Book, sheet: Any, heads: Iterable[tuple[str, int]], book: HoursBook) -> None:
    for column, (head, width) in enumerate(heads):
        made.text(sheet, 0, column, head, bold=True, bottom=1)
        sheet.set_column(column, column, width)
    sheet.freeze_panes(1, 2)
    sheet.repeat_rows(0)
    print_set_up(made, sheet, is_invented=book.invented)


def _write_days(made: Book, sheet: Any, book: HoursBook, making: Making) -> int:
    """Write every day; return the last row that has one."""
    row = 0
    for number, one in enumerate(making.telling(book.people, 0, WRITTEN), 1):
        for line in lines(book, one, made.words):
            row += 1
            sheet.write_number(row, NUMBER, number)
            _write_day(made, sheet, row, line)
            sheet.write_number(row, LOOSE, line.unpaired.count(",") + bool(line.unpaired))
    sheet.autofilter(0, 0, max(1, row), len(DAY_WIDTHS) - 1)
    return row


def _write_day(made: Book, sheet: Any, row: int, line: Line) -> None:
    made.text(sheet, row, 1, line.person.name)
    made.text(sheet, row, 2, line.person.external_id or "")
    sheet.write_datetime(row, 3, line.day, made.format(num_format=made.dates(), align="left"))
    made.text(sheet, row, 4, made.words.weekday(line.day))
    moment = made.format(num_format=made.moments(), align="left")
    for column, instant in ((5, line.came), (6, line.went)):
        if instant is not None:
            sheet.write_datetime(row, column, instant.replace(tzinfo=None), moment)
    sheet.write_number(row, WORKED, _days(line.worked), made.format(num_format=HOURS))
    made.text(sheet, row, 8, line.times, text_wrap=True)
    made.text(sheet, row, 9, line.unpaired, text_wrap=True, bold=True)


def _write_sums(made: Book, sheet: Any, book: HoursBook, last: int) -> None:
    days = quote_sheetname(made.words.gettext("Days"))
    numbers, worked, loose = (
        f"{days}!{xl_range_abs(1, column, max(1, last), column)}"
        for column in (NUMBER, WORKED, LOOSE)
    )
    hours = made.format(num_format=HOURS)
    for row, one in enumerate(book.people, 1):
        sheet.write_number(row, 0, row)
        made.text(sheet, row, 1, one.person.name)
        made.text(sheet, row, 2, one.person.external_id or "")
        sheet.write_formula(row, 3, f"=COUNTIF({numbers},A{row + 1})", None, len(one.days))
        worked_by = f"=SUMIF({numbers},A{row + 1},{worked})"
        sheet.write_formula(row, 4, worked_by, hours, _days(one.worked))
        sheet.write_formula(row, 5, f"=SUMIF({numbers},A{row + 1},{loose})", None, one.unpaired)
    if book.people:
        _write_total(made, sheet, book)


def _write_total(made: Book, sheet: Any, book: HoursBook) -> None:
    end = len(book.people) + 1
    total = sum((one.worked for one in book.people), timedelta(0))
    made.text(sheet, end, 1, made.words.gettext("Together"), bold=True, top=1)
    style = made.format(num_format=HOURS, bold=True, top=1)
    sheet.write_formula(end, 4, f"=SUM(E2:E{end})", style, _days(total))
    loose = sum(one.unpaired for one in book.people)
    style = made.format(bold=True, top=1)
    sheet.write_formula(end, 5, f"=SUM(F2:F{end})", style, loose)


def _write_about(made: Book, book: HoursBook) -> None:
    _ = made.words.gettext
    sheet = made.sheet(_("About"))
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 1, 100)
    told = [
        (_("Site"), book.site),
        (_("Days"), made.words.period(book.period)),
        (_("Made"), made_line(book, made.words)),
        (_("Rule"), _(RULE)),
    ]
    told += [(_("Invented"), invented(made.words))] if book.invented else []
    for row, (what, text) in enumerate(told):
        made.text(sheet, row, 0, what, bold=True, valign="top")
        made.text(sheet, row, 1, text, text_wrap=True)
    print_set_up(made, sheet, is_invented=book.invented)


def _days(length: timedelta) -> float:
    """Return a length as spreadsheets count it: in days."""
    return length / timedelta(days=1)

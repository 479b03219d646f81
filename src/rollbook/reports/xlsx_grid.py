"""A group's sheet of the workbook: people by days, totals by formula."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xlsxwriter.utility import xl_range, xl_rowcol_to_cell

from rollbook.domain.attendance import Status
from rollbook.domain.month import GroupMonth, Month, MonthRegister
from rollbook.domain.totals import RULE, Totals
from rollbook.reports.grid import sum_labels
from rollbook.reports.letters import empty_cell, guest, invented, legend_line, letter_of
from rollbook.reports.plan import Column, month_columns
from rollbook.reports.xlsx_book import Book, print_set_up

HEAD = 6  # rows above the people: title, facts, blank, weekday, day, time
FIRST = 3  # columns before the days: number, name, external id
STATUSES = tuple(Status)
_GREY, _QUIET = "#BFBFBF", "#EEEEEE"
_SHADES: dict[Status, dict[str, object]] = {
    Status.LATE: {"bg_color": "#DEDEDE"},
    Status.LEFT_EARLY: {"bg_color": "#BEBEBE"},
    Status.ABSENT: {"bg_color": "#282828", "font_color": "#FFFFFF"},
    Status.EXCUSED: {"pattern": 8, "fg_color": "#A0A0A0", "bg_color": "#FFFFFF"},
}


def write_grid(book: Book, sheet: Any, register: MonthRegister, group: GroupMonth) -> None:
    """Write one group."""
    _Grid(book, sheet, register, group).write()


class _Grid:
    def __init__(self, book: Book, sheet: Any, register: MonthRegister, group: GroupMonth) -> None:
        self.book, self.sheet, self.register, self.group = book, sheet, register, group
        self.words = book.words
        self.columns: Sequence[Column] = month_columns(register.period, group.sessions)
        self.end = FIRST + len(self.columns)  # first column of the totals
        self.bottom = HEAD + len(group.people)  # first row of the sums

    def write(self) -> None:
        self._head()
        for row, (label, person) in enumerate(
            zip(self.group.labels(), self.group.people, strict=True), HEAD
        ):
            self._person(row, label + ("" if person.on_roster else " *"))
        self._sums()
        self._shading()
        self._legend()
        self._set_up()

    def _head(self) -> None:
        register, group = self.register, self.group
        self.book.text(self.sheet, 0, 0, group.group.name, bold=True, font_size=15)
        _ = self.words.gettext
        facts = f"{register.site} · {self.words.period(register.period)}"
        facts += f" · {invented(self.words)}" if group.invented else ""
        self.book.text(self.sheet, 1, 0, facts)
        for column, text in enumerate((_("No."), _("Name"), _("External id"))):
            self.book.text(self.sheet, HEAD - 1, column, text, bold=True, bottom=1)
        for index, column_plan in enumerate(self.columns, FIRST):
            self._day(index, column_plan)
        self._months()
        for index, status in enumerate(STATUSES):
            self._heading(HEAD - 1, self.end + index, letter_of(status, self.words))
        self._heading(HEAD - 1, self.end + len(STATUSES), "%")

    def _months(self) -> None:
        """Name each month above its first day, where there are several."""
        found: dict[Month, int] = {}
        for index, column in enumerate(self.columns, FIRST):
            found.setdefault(Month(column.day.year, column.day.month), index)
        for month, index in found.items() if len(found) > 1 else ():
            self.book.text(self.sheet, HEAD - 4, index, self.words.period(month), bold=True)

    def _day(self, index: int, column: Column) -> None:
        clock = ""
        if column.session is not None:
            starts_at = self.group.sessions[column.session].starts_at
            clock = self.register.local(starts_at).strftime("%H:%M")
        shade = {} if column.session is not None else {"bg_color": _QUIET}
        self._heading(HEAD - 3, index, self.words.initials(column.day), **shade)
        style = self.book.format(bold=True, align="center", **shade)
        self.sheet.write_number(HEAD - 2, index, column.day.day, style)
        self._heading(HEAD - 1, index, clock, rotation=90, bottom=1, font_size=8, **shade)

    def _heading(self, row: int, column: int, text: str, **more: Any) -> None:
        self.book.text(self.sheet, row, column, text, **{"bold": True, "align": "center", **more})

    def _person(self, row: int, label: str) -> None:
        person = self.group.people[row - HEAD]
        line = {"bottom": 4, "bottom_color": _GREY}
        self.sheet.write_number(row, 0, row - HEAD + 1, self.book.format(**line))
        self.book.text(self.sheet, row, 1, label, **line)
        self.book.text(self.sheet, row, 2, person.person.external_id or "", **line)
        for index, column in enumerate(self.columns, FIRST):
            record = person.cells[column.session] if column.session is not None else None
            shade = {} if column.session is not None else {"bg_color": _QUIET}
            letter = letter_of(record.status, self.words) if record else ""
            self._letter(row, index, letter, {"align": "center", **line, **shade})
        cells = xl_range(row, FIRST, row, self.end - 1)
        self._totals(row, person.totals, [f"={self._count(cells, status)}" for status in STATUSES])

    def _count(self, cells: str, status: Status) -> str:
        return f'COUNTIF({cells},"{_pattern(letter_of(status, self.words))}")'

    def _letter(self, row: int, column: int, letter: str, style: dict[str, Any]) -> None:
        if letter:
            self.book.text(self.sheet, row, column, letter, **style)
        else:
            self.sheet.write_blank(row, column, None, self.book.format(**style))

    def _totals(self, row: int, totals: Totals, formulas: Sequence[str], **style: Any) -> None:
        """Write how often each status occurs in a row, and the percentage that follows."""
        for index, (status, formula) in enumerate(zip(STATUSES, formulas, strict=True)):
            count = getattr(totals, status.value)
            self._formula(row, self.end + index, formula, count, align="center", **style)
        self._percentage(row, self.end + len(STATUSES), totals, **style)

    def _percentage(self, row: int, column: int, totals: Totals, **style: Any) -> None:
        at = {s: xl_rowcol_to_cell(row, self.end + i) for i, s in enumerate(STATUSES)}
        attended = "+".join(at[s] for s in (Status.PRESENT, Status.LATE, Status.LEFT_EARLY))
        self._share(row, column, attended, at[Status.ABSENT], totals, bold=True, **style)

    def _share(
        self, row: int, column: int, attended: str, absent: str, totals: Totals, **style: Any
    ) -> None:
        formula = f'=IF({attended}+{absent}=0,"",({attended})/({attended}+{absent}))'
        share = totals.attended / totals.counted if totals.counted else ""
        self._formula(row, column, formula, share, num_format="0.0%", **style)

    def _formula(self, row: int, column: int, formula: str, result: Any, **style: Any) -> None:
        self.sheet.write_formula(row, column, formula, self.book.format(**style), result)

    def _sums(self) -> None:
        for index, label in enumerate(sum_labels(self.words)):
            top = {"top": 1} if index == 0 else {}
            self.book.text(self.sheet, self.bottom + index, 1, label, bold=True, **top)
        if not self.group.people:
            return
        for index, column in enumerate(self.columns, FIRST):
            if column.session is not None:
                self._column_sums(index, self.group.session_totals(column.session))
        sums = [
            f"=SUM({xl_range(HEAD, self.end + index, self.bottom - 1, self.end + index)})"
            for index in range(len(STATUSES))
        ]
        self._totals(self.bottom, self.group.totals, sums, top=1)

    def _column_sums(self, column: int, totals: Totals) -> None:
        cells = xl_range(HEAD, column, self.bottom - 1, column)
        came = (Status.PRESENT, Status.LATE, Status.LEFT_EARLY)
        attended = "+".join(self._count(cells, status) for status in came)
        self._formula(self.bottom, column, f"={attended}", totals.attended, align="center", top=1)
        absent = f"={self._count(cells, Status.ABSENT)}"
        self._formula(self.bottom + 1, column, absent, totals.absent, align="center")
        came, missed = (xl_rowcol_to_cell(self.bottom + index, column) for index in (0, 1))
        style = {"align": "center", "font_size": 7}
        self._share(self.bottom + 2, column, came, missed, totals, **style)

    def _shading(self) -> None:
        """Shade by rule, so that a letter that is changed by hand also changes its shade."""
        if not self.group.people:
            return
        for status, shade in _SHADES.items():
            self.sheet.conditional_format(
                HEAD,
                FIRST,
                self.bottom - 1,
                self.end - 1,
                {
                    "type": "cell",
                    "criteria": "==",
                    "value": f'"{letter_of(status, self.words)}"',
                    "format": self.book.format(**shade),
                },
            )

    def _legend(self) -> None:
        row = self.bottom + 4
        words = self.words
        lines = [f"{legend_line(words)}; {empty_cell(words)}", words.gettext(RULE)]
        if any(not person.on_roster for person in self.group.people):
            lines.append(guest(words))
        for index, line in enumerate(lines):
            self.book.text(self.sheet, row + index, 1, line)

    def _set_up(self) -> None:
        self.sheet.set_column(0, 0, 4)
        self.sheet.set_column(1, 1, 34)
        self.sheet.set_column(2, 2, 12)
        self.sheet.set_column(FIRST, self.end - 1, 4.2)
        self.sheet.set_column(self.end, self.end + len(STATUSES) - 1, 4.5)
        self.sheet.set_column(self.end + len(STATUSES), self.end + len(STATUSES), 8)
        self.sheet.freeze_panes(HEAD, FIRST)
        print_set_up(self.book, self.sheet, is_invented=self.group.invented)
        self.sheet.repeat_rows(HEAD - 3, HEAD - 1)
        self.sheet.repeat_columns(0, FIRST - 1)


def _pattern(letter: str) -> str:
    """Return what COUNTIF looks for: a question mark alone would stand for any letter."""
    return letter.replace("?", "~?")

"""Hours as PDF: everybody's sums, then each person's days."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rollbook.domain.hours import HoursBook, PersonHours, as_hours
from rollbook.languages.writing import Words
from rollbook.reports.grid import BOTTOM, LEFT, RIGHT, TOP
from rollbook.reports.hours_rows import RULE, Line, lines
from rollbook.reports.letters import counted_people
from rollbook.reports.making import LAID_OUT, Making
from rollbook.reports.plan import split_rows
from rollbook.reports.scripts import isolated
from rollbook.reports.typesetting import Typesetter

ROW, HEAD = 5.0, 20.0
ROWS = int((BOTTOM - TOP - HEAD - 14) / ROW)
SUMS = (LEFT, 20.0, 150.0, 190.0, 220.0, 250.0)  # where each column begins, in millimetres
DAYS = (LEFT, 50.0, 170.0, 190.0)


@dataclass(frozen=True)
class TablePage:
    """A heading, a table, and a line below it."""

    book: HoursBook
    title: str
    facts: str
    columns: Sequence[tuple[float, str]]  # where each begins, in millimetres
    rows: Sequence[Sequence[str]]
    last: str

    @property
    def invented(self) -> bool:
        return self.book.invented

    def draw(self, setter: Typesetter) -> None:
        period = setter.words.period(self.book.period)
        setter.draw(LEFT, TOP + 4.2, setter.shorten(self.title, 15, 190, bold=True), 15, bold=True)
        setter.right(RIGHT, TOP + 4.2, setter.shorten(period, 11, 85), 11)
        setter.draw(LEFT, TOP + 10, setter.shorten(self.facts, 8.5, RIGHT - LEFT), 8.5)
        self._row(setter, TOP + HEAD - 2, [name for _, name in self.columns], bold=True)
        for index, row in enumerate(self.rows):
            self._row(setter, TOP + HEAD + (index + 1) * ROW - 1.4, row)
            self._rule(setter, TOP + HEAD + index * ROW, 190)
        end = TOP + HEAD + len(self.rows) * ROW
        self._rule(setter, end, 0)
        setter.draw(LEFT, end + 5, self.last, 9, bold=True)
        for index, line in enumerate(setter.wrap(setter.words.gettext(RULE), 7, RIGHT - LEFT)):
            setter.draw(LEFT, BOTTOM - 6 + index * 3.4, line, 7)

    def _row(
        self, setter: Typesetter, baseline: float, cells: Sequence[str], *, bold: bool = False
    ) -> None:
        edges = [x for x, _ in self.columns[1:]] + [RIGHT]
        for (x, _), edge, text in zip(self.columns, edges, cells, strict=True):
            shown = setter.shorten(text, 8.5, edge - x - 2, bold=bold)
            setter.draw(x, baseline, shown, 8.5, bold=bold)

    def _rule(self, setter: Typesetter, y: float, grey: int) -> None:
        setter.canvas.set_draw_color(grey)
        setter.canvas.set_line_width(0.15)
        setter.canvas.line(LEFT, y, RIGHT, y)


def hours_pages(book: HoursBook, making: Making) -> list[TablePage]:
    """Return the sums of all people, then the days of each who has some."""
    words = making.words
    pages = list(_sums(book, words))
    for one in making.telling(book.people, 0, LAID_OUT):
        pages += _person(book, one, words) if one.days else ()
    return pages


def _sums(book: HoursBook, words: Words) -> Iterator[TablePage]:
    _ = words.gettext
    heads = (_("No."), _("Name"), _("Id"), _("Days"), _("Hours"), _("Unpaired"))
    columns = tuple(zip(SUMS, heads, strict=True))
    rows = [
        (str(number), one.person.name, one.person.external_id or "", str(len(one.days)),
         as_hours(one.worked), str(one.unpaired or ""))
        for number, one in enumerate(book.people, 1)
    ]  # fmt: skip
    loose = sum(one.unpaired for one in book.people)
    last = _loose(loose, words)
    for part in split_rows(len(rows), ROWS):
        facts = f"{isolated(book.site)} · {counted_people(len(book.people), words)}"
        yield TablePage(book, _("Hours"), facts, columns, rows[part.start : part.stop], last)


def _person(book: HoursBook, one: PersonHours, words: Words) -> list[TablePage]:
    _ = words.gettext
    heads = (_("Day"), _("In and out"), _("Hours"), _("Unpaired"))
    columns = tuple(zip(DAYS, heads, strict=True))
    rows = [_cells(line, words) for line in lines(book, one, words)]
    together = words.ngettext(
        "Together %(hours)s hours on %(num)s day.",
        "Together %(hours)s hours on %(num)s days.",
        len(one.days),
        hours=as_hours(one.worked),
    )
    last = f"{together} {_loose(one.unpaired, words)}"
    facts = isolated(book.site)
    if one.person.external_id:
        facts += " · " + _("id %(number)s", number=one.person.external_id)
    return [
        TablePage(book, one.person.name, facts, columns, rows[p.start : p.stop],
                  last if p.stop == len(rows) else "")
        for p in split_rows(len(rows), ROWS)
    ]  # fmt: skip


def _cells(line: Line, words: Words) -> tuple[str, ...]:
    return (words.full_day(line.day), line.times, as_hours(line.worked), line.unpaired)


def _loose(number: int, words: Words) -> str:
    if not number:
        return words.gettext("Every time has its partner.")
    return words.ngettext("%(num)s time has no partner.", "%(num)s times have no partner.", number)

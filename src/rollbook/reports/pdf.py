"""A register as PDF, A4 landscape: a cover with charts, a grid a group, a page a person at risk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Protocol

from rollbook.domain.facts import Facts
from rollbook.domain.figures import AtRisk, RiskRules, at_risk
from rollbook.domain.hours import HoursBook
from rollbook.domain.month import GroupMonth, MonthRegister, Row
from rollbook.languages.writing import Words
from rollbook.reports import grid
from rollbook.reports.cover import CoverPage
from rollbook.reports.grid import BOTTOM, LEFT, NOTE_HEIGHT, NOTE_SIZE, RIGHT, TOP, GridPage
from rollbook.reports.hours_pdf import hours_pages
from rollbook.reports.letters import invented, no_sessions_in
from rollbook.reports.making import LAID_OUT, Making
from rollbook.reports.person_page import PersonPage
from rollbook.reports.plan import Column, month_columns, split_columns, split_rows
from rollbook.reports.scripts import isolated
from rollbook.reports.typesetting import Canvas, Typesetter, code_point_name


class Page(Protocol):
    """What can be drawn on a sheet of its own."""

    @property
    def invented(self) -> bool: ...

    def draw(self, setter: Typesetter) -> None: ...


PagesOf = Callable[[Typesetter, Making], Sequence[Page]]


@dataclass(frozen=True)
class TextPage:
    """A heading and lines below it."""

    title: str
    lines: Sequence[str]
    invented: bool

    def draw(self, setter: Typesetter) -> None:
        title = setter.shorten(self.title, 15, RIGHT - LEFT, bold=True)
        setter.draw(LEFT, TOP + 4.2, title, 15, bold=True)
        for index, line in enumerate(self.lines):
            setter.draw(LEFT, TOP + 14 + index * NOTE_HEIGHT, line, NOTE_SIZE)


def month_pdf(
    register: MonthRegister, making: Making | None = None, *, cover: bool = True
) -> bytes:
    """Return the PDF file of a register; without `cover` the grids alone, to hang on the wall."""
    made = making or Making()
    title = f"{made.words.gettext('Attendance register')} {register.period}"
    return _document(register, title, made, _pages_of(register, cover))


def hours_pdf(book: HoursBook, making: Making | None = None) -> bytes:
    """Return the PDF file of hours."""
    made = making or Making()
    title = f"{made.words.gettext('Hours')} {book.period}"
    return _document(book, title, made, lambda _setter, making: hours_pages(book, making))


def _pages_of(register: MonthRegister, cover: bool) -> PagesOf:
    def pages(setter: Typesetter, making: Making) -> Sequence[Page]:
        grids = _pages(register, setter, making)
        return _with_figures(register, grids) if cover and register.groups else grids

    return pages


def _document(
    made: MonthRegister | HoursBook,
    title: str,
    making: Making,
    pages_of: PagesOf,
) -> bytes:
    with Canvas() as canvas:
        canvas.set_title(title)
        canvas.set_lang(making.words.language)
        canvas.set_creator("Rollbook")
        canvas.set_creation_date(made.made_at)
        setter = Typesetter(canvas, making.words)
        pages = pages_of(setter, making)
        for number, page in enumerate(making.telling(pages, LAID_OUT), 1):
            canvas.add_page()
            setter.unshown.clear()
            page.draw(setter)
            if page.invented:
                _banner(setter)
            _foot(setter, made, f"{number} / {len(pages)}")
        return bytes(canvas.output())


def _pages(register: MonthRegister, setter: Typesetter, making: Making) -> list[Page]:
    pages: list[Page] = []
    for group in making.telling(register.groups, 0, LAID_OUT):
        pages += _group_pages(register, group, setter)
    idle = ", ".join(isolated(group.name) for group in register.idle_groups)
    _, days = setter.words.gettext, setter.words.period(register.period)
    if not pages:
        said = [no_sessions_in(days, setter.words)]
        said += [_("Groups: %(names)s", names=idle)] if idle else []
        return list(_text_pages(f"{isolated(register.site)} · {days}", said, False, setter))
    if idle:
        said = [_("No sessions in %(days)s: %(names)s", days=days, names=idle)]
        title = _("Groups without sessions")
        pages += _text_pages(title, said, register.invented, setter)
    return pages


def _with_figures(register: MonthRegister, grids: Sequence[Page]) -> list[Page]:
    """Put the cover before the grids, and behind them a page for each person at risk."""
    rules, facts = RiskRules(), register.facts
    today = min(register.local(register.made_at).date(), register.period.last_day)
    found = at_risk(facts, rules, today)
    pages = [CoverPage(register, facts, found, rules), *grids]
    return pages + _person_pages(register, facts, found, rules)


def _person_pages(
    register: MonthRegister, facts: Facts, found: Sequence[AtRisk], rules: RiskRules
) -> list[Page]:
    """Return the pages of people at risk; a register of one person has theirs in any case."""
    risks: dict[str, AtRisk | None] = {one.subject_id: one for one in found}
    if len(facts.subjects) == 1:
        risks.setdefault(facts.subjects[0], None)
    rows: dict[str, list[Row]] = {subject_id: [] for subject_id in risks}
    for row in register.rows():
        if row.person.subject_id in rows:
            rows[row.person.subject_id].append(row)
    return [
        PersonPage(
            register,
            facts.of_subject(subject_id),
            sorted(rows[subject_id], key=lambda row: row.session.starts_at),
            risk,
            rules,
        )
        for subject_id, risk in risks.items()
    ]


def _group_pages(register: MonthRegister, group: GroupMonth, setter: Typesetter) -> list[Page]:
    columns = month_columns(register.period, group.sessions)
    several = len({column.day for column in columns}) < len(columns)
    totals = len(grid.COUNTED) + bool(group.totals.open)
    parts = _parts(columns, grid.grid_width(totals) / grid.COLUMN_MIN)
    capacity = int(grid.rows_height(several, sums=True) / grid.ROW_MIN)
    ranges = split_rows(len(group.people), capacity)
    labels = group.labels()
    drafts = [
        GridPage(
            register,
            group,
            labels,
            part,
            rows,
            _part_name(parts, part, ranges, rows, setter.words),
            several,
            last_rows=rows is ranges[-1],
        )
        for part in parts
        for rows in ranges
    ]
    return _with_notes(drafts, _full_names(group.group.name, labels, setter), setter)


def _parts(columns: Sequence[Column], capacity: float) -> list[list[Column]]:
    """Return what fits side by side on a page, never of two months."""
    months = groupby(columns, key=lambda column: (column.day.year, column.day.month))
    return [part for _, month in months for part in split_columns(list(month), capacity)]


def _part_name(
    parts: Sequence[Sequence[Column]],
    part: Sequence[Column],
    ranges: Sequence[range],
    rows: range,
    words: Words,
) -> str:
    _, said = words.gettext, []
    if len(parts) > 1:
        first, last = part[0].day.day, part[-1].day.day
        if len({(p[0].day.year, p[0].day.month) for p in parts}) > 1:
            said.append(words.month(part[0].day))
        one_day = first == last
        said.append(
            _("day %(day)s", day=first)
            if one_day
            else _("days %(first)s–%(last)s", first=first, last=last)
        )
    if len(ranges) > 1:
        first, last, every = rows.start + 1, rows.stop, ranges[-1].stop
        said.append(_("people %(first)s–%(last)s of %(all)s", first=first, last=last, all=every))
    return " · ".join(said)


def _full_names(title: str, labels: Sequence[str], setter: Typesetter) -> list[str]:
    """Return the names that a grid shortens, people's with their numbers."""
    room = grid.NAME_WIDTH - 3.5
    shortened = setter.width(title, grid.TITLE_SIZE, bold=True) > grid.TITLE_WIDTH
    long = [title] if shortened else []
    long += [
        f"{number} = {isolated(label)}"
        for number, label in enumerate(labels, 1)
        if setter.width(label, grid.NAME_SIZE) > room
    ]
    return [line for entry in long for line in setter.wrap(entry, NOTE_SIZE, RIGHT - LEFT)]


def _with_notes(drafts: Sequence[GridPage], names: Sequence[str], setter: Typesetter) -> list[Page]:
    """Put full names below the last grid where they fit, else on pages of their own."""
    pages: list[Page] = list(drafts)
    if not names:
        return pages
    last = drafts[-1]
    space = grid.rows_height(last.several, sums=True) - len(last.rows) * grid.ROW_MIN
    notes = [setter.words.gettext("Names in full:"), *names]
    if len(notes) * NOTE_HEIGHT <= space:
        return [*pages[:-1], replace(last, notes=notes)]
    days = setter.words.period(last.register.period)
    title = f"{isolated(last.group.group.name)} · {days} · {setter.words.gettext('names in full')}"
    return pages + list(_text_pages(title, names, last.invented, setter))


def _text_pages(
    title: str, paragraphs: Sequence[str], invented: bool, setter: Typesetter
) -> list[TextPage]:
    lines = [line for text in paragraphs for line in setter.wrap(text, NOTE_SIZE, RIGHT - LEFT)]
    ranges = split_rows(len(lines), int((BOTTOM - TOP - 16) / NOTE_HEIGHT))
    return [TextPage(title, lines[rows.start : rows.stop], invented) for rows in ranges]


def _banner(setter: Typesetter) -> None:
    note = invented(setter.words)
    width = setter.width(note, 7.5, bold=True) + 4
    left = (LEFT + RIGHT - width) / 2
    setter.canvas.set_fill_color(0)
    setter.canvas.rect(left, 3, width, 4.6, style="F")
    setter.canvas.set_text_color(255)
    setter.draw(left + 2, 6.2, note, 7.5, bold=True)
    setter.canvas.set_text_color(0)


def _foot(setter: Typesetter, register: MonthRegister | HoursBook, number: str) -> None:
    unshown = _unshown(list(setter.unshown), setter)
    if unshown:
        setter.draw(LEFT, BOTTOM + 2.6, unshown, 6.5)
    at = register.local(register.made_at)
    made = setter.words.gettext(
        "Rollbook · made on %(day)s at %(at)s (%(zone)s)",
        day=setter.words.day(at.date()),
        at=f"{at:%H:%M}",
        zone=register.zone.key,
    )
    setter.draw(LEFT, BOTTOM + 6.5, made, 6.5)
    setter.right(RIGHT, BOTTOM + 6.5, number, 8)


def _unshown(characters: Sequence[str], setter: Typesetter) -> str:
    """Return which characters stand as boxes on this page, in words, on one line."""
    _ = setter.words.gettext
    said = _("Drawn as boxes, because no font here has them:") + " "
    for index, character in enumerate(characters):
        rest = len(characters) - index
        longer = said + (", " if index else "") + code_point_name(character)
        whole = _("%(some)s and %(rest)s more", some=longer, rest=rest)
        if setter.width(whole, 6.5) > RIGHT - LEFT:
            return _("%(some)s and %(rest)s more", some=said, rest=rest)
        said = longer
    return said if characters else ""

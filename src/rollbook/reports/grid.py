"""One page of a group's register: people by days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

from rollbook.domain.attendance import Status
from rollbook.domain.month import GroupMonth, Month, MonthRegister
from rollbook.domain.totals import Totals
from rollbook.languages.writing import Words
from rollbook.reports.letters import (
    counted_people,
    counted_sessions,
    empty_cell,
    guest,
    legend,
    letter_of,
)
from rollbook.reports.plan import Column
from rollbook.reports.typesetting import Typesetter

# millimetres on A4, landscape
LEFT, RIGHT, TOP, BOTTOM = 9.0, 288.0, 9.0, 197.0
TITLE_HEIGHT = 11.5
NUMBER_WIDTH, NAME_WIDTH, TOTAL_WIDTH, PERCENT_WIDTH = 6.0, 52.0, 6.6, 10.5
COLUMN_MIN, COLUMN_MAX = 4.9, 7.0
ROW_MIN, ROW_MAX = 4.55, 6.2
SUM_HEIGHT, LEGEND_HEIGHT, NOTE_HEIGHT = 4.0, 9.5, 4.0
TITLE_SIZE, NAME_SIZE, NOTE_SIZE = 15.0, 8.0, 7.5  # points
TITLE_WIDTH = 215.0  # leaves room for the month

QUIET, LINE, STRONG_LINE = 236, 190, 90  # grey, 0 black .. 255 white
COUNTED = (Status.PRESENT, Status.LATE, Status.LEFT_EARLY, Status.ABSENT, Status.EXCUSED)


def grid_width(totals: int) -> float:
    """Return the width that is left for days beside the names and so many columns of totals."""
    return RIGHT - LEFT - NUMBER_WIDTH - NAME_WIDTH - totals * TOTAL_WIDTH - PERCENT_WIDTH


def head_height(several: bool) -> float:
    return 15.5 if several else 8.0


def rows_height(several: bool, *, sums: bool) -> float:
    """Return the height that is left for people."""
    below = LEGEND_HEIGHT + (3 * SUM_HEIGHT if sums else 0)
    return BOTTOM - TOP - TITLE_HEIGHT - head_height(several) - below


@dataclass(frozen=True)
class GridPage:
    """Some people and some days of one group."""

    register: MonthRegister
    group: GroupMonth
    labels: Sequence[str]  # of all people of the group
    columns: Sequence[Column]
    rows: range
    part: str  # "days 1-15 · people 1-30 of 60", or empty; in the language of the report
    several: bool  # several sessions on some day: their times stand below the day
    last_rows: bool  # the sums of all people stand below
    notes: Sequence[str] = ()  # lines below the legend

    @property
    def invented(self) -> bool:
        return self.group.invented

    def draw(self, setter: Typesetter) -> None:
        _Drawing(self, setter).draw()


class _Drawing:
    """Draws a `GridPage` from top to bottom."""

    def __init__(self, page: GridPage, setter: Typesetter) -> None:
        self.page = page
        self.setter = setter
        self.canvas = setter.canvas
        self.words = setter.words
        self.unit = min(COLUMN_MAX, grid_width(len(self.counted)) / self._columns_width)
        self.name_width = (
            NAME_WIDTH + grid_width(len(self.counted)) - self.unit * self._columns_width
        )
        self.first_x = LEFT + NUMBER_WIDTH + self.name_width
        self.totals_x = self.first_x + self.unit * self._columns_width

    @property
    def _span(self) -> str:
        _ = self.words.gettext
        whole = isinstance(self.page.register.period, Month)
        return _("whole month") if whole else _("all days")

    @property
    def _columns_width(self) -> float:
        return sum(column.width for column in self.page.columns)

    @cached_property
    def counted(self) -> tuple[Status, ...]:
        return COUNTED + ((Status.OPEN,) if self.page.group.totals.open else ())

    @cached_property
    def edges(self) -> list[float]:
        edges = [self.first_x]
        for column in self.page.columns:
            edges.append(edges[-1] + column.width * self.unit)
        return edges

    @cached_property
    def row_height(self) -> float:
        space = rows_height(self.page.several, sums=self.page.last_rows)
        space -= len(self.page.notes) * NOTE_HEIGHT
        return max(ROW_MIN, min(ROW_MAX, space / max(1, len(self.page.rows))))

    def draw(self) -> None:
        self._title()
        top = TOP + TITLE_HEIGHT
        body = top + head_height(self.page.several)
        end = body + self.row_height * len(self.page.rows)
        bottom = end + (3 * SUM_HEIGHT if self.page.last_rows else 0)
        self._quiet_days(top, bottom)
        self._column_heads(top)
        for index, row in enumerate(self.page.rows):
            self._person(body + index * self.row_height, row)
        if self.page.last_rows:
            self._sums(end)
        self._lines(top, body, end, bottom)
        self._legend(bottom)
        for index, note in enumerate(self.page.notes):
            self._text(LEFT, bottom + LEGEND_HEIGHT + (index + 0.8) * NOTE_HEIGHT, note, NOTE_SIZE)

    def _title(self) -> None:
        group, register = self.page.group, self.page.register
        name = self.setter.shorten(group.group.name, TITLE_SIZE, TITLE_WIDTH, bold=True)
        self._text(LEFT, TOP + 4.2, name, TITLE_SIZE, bold=True)
        self._period(self.words.period(register.period))
        members = sum(person.on_roster for person in group.people)
        facts = [counted_people(members, self.words)]
        facts.append(counted_sessions(len(group.sessions), self.words))
        if group.totals.percent:
            share = self.words.share(group.totals.percent)
            facts.append(self.words.gettext("attendance %(share)s", share=share))
        facts += [self.page.part] if self.page.part else []
        summary = " · ".join(facts)
        room = RIGHT - LEFT - self.setter.width(summary, 8.5) - 6
        self._text(LEFT, TOP + 9, self.setter.shorten(register.site, 8.5, room), 8.5)
        self.setter.right(RIGHT, TOP + 9, summary, 8.5)

    def _period(self, title: str) -> None:
        """Write which days these are, smaller where they need more room than a month."""
        room = RIGHT - LEFT - TITLE_WIDTH - 2
        width = self.setter.width(title, TITLE_SIZE, bold=True)
        size = max(7.0, min(TITLE_SIZE, TITLE_SIZE * room / width))
        shown = self.setter.shorten(title, size, room, bold=True)
        self.setter.right(RIGHT, TOP + 4.2, shown, size, bold=True)

    def _quiet_days(self, top: float, bottom: float) -> None:
        self.canvas.set_fill_color(QUIET)
        for column, left, right in self._each_column():
            if column.session is None:
                self.canvas.rect(left, top, right - left, bottom - top, style="F")

    def _each_column(self) -> zip[tuple[Column, float, float]]:
        return zip(self.page.columns, self.edges, self.edges[1:], strict=False)

    def _column_heads(self, top: float) -> None:
        for day, group in groupby(self._each_column(), key=lambda item: item[0].day):
            cells = list(group)
            left, right = cells[0][1], cells[-1][2]
            if right - left < 4:
                continue  # a narrow quiet day between days with several sessions
            middle = (left + right) / 2
            self.setter.centred(middle, top + 3.1, self.words.initials(day), 6)
            self.setter.centred(middle, top + 6.9, str(day.day), 8.5, bold=True)
            if self.page.several:
                for column, cell_left, cell_right in cells:
                    self._session_time(column, (cell_left + cell_right) / 2, top + 15)
        self._text(LEFT + NUMBER_WIDTH + 1, top + 6.9, self.words.gettext("Name"), 7, bold=True)
        self.setter.centred((self.totals_x + RIGHT) / 2, top + 3.1, self._span, 6)
        for index, status in enumerate(self.counted):
            self._total(top + 6.9, index, letter_of(status, self.words), bold=True)
        self._percent(top + 6.9, "%", bold=True)

    def _session_time(self, column: Column, middle: float, bottom: float) -> None:
        if column.session is None:
            return
        session = self.page.group.sessions[column.session]
        clock = self.page.register.local(session.starts_at).strftime("%H:%M")
        with self.canvas.rotation(90, middle, bottom):
            self._text(middle, bottom + 0.85, clock, 6)

    def _person(self, top: float, row: int) -> None:
        person = self.page.group.people[row]
        baseline = top + self.row_height / 2 + 1.0
        self.setter.right(LEFT + NUMBER_WIDTH - 0.8, baseline, str(row + 1), 6.5)
        label = self.page.labels[row] + ("" if person.on_roster else " *")
        room = self.name_width - 1.5
        name = self.setter.shorten(label, NAME_SIZE, room)
        self._text(LEFT + NUMBER_WIDTH + 1, baseline, name, NAME_SIZE)
        for column, left, right in self._each_column():
            record = person.cells[column.session] if column.session is not None else None
            if record is not None:
                paint_status(self.setter, left, top, right - left, self.row_height, record.status)
        self._totals(baseline, person.totals)

    def _totals(self, baseline: float, totals: Totals, *, bold: bool = False) -> None:
        for index, status in enumerate(self.counted):
            self._total(baseline, index, str(getattr(totals, status.value)), bold=bold)
        self._percent(baseline, self.words.decimal(totals.percent), bold=True)

    def _total(self, baseline: float, index: int, text: str, *, bold: bool = False) -> None:
        middle = self.totals_x + (index + 0.5) * TOTAL_WIDTH
        self.setter.centred(middle, baseline, text, 7 if len(text) < 4 else 5.8, bold=bold)

    def _percent(self, baseline: float, text: str, *, bold: bool) -> None:
        self.setter.right(RIGHT - 0.8, baseline, text, 7, bold=bold)

    def _sums(self, top: float) -> None:
        group = self.page.group
        for index, label in enumerate(sum_labels(self.words)):
            baseline = top + index * SUM_HEIGHT + 2.9
            self._text(LEFT + NUMBER_WIDTH + 1, baseline, label, 7, bold=index == 2)
        for column, left, right in self._each_column():
            if column.session is None:
                continue
            totals = group.session_totals(column.session)
            percent = "100" if totals.percent == "100.0" else self.words.decimal(totals.percent)
            for index, text in enumerate((str(totals.attended), str(totals.absent), percent)):
                baseline = top + index * SUM_HEIGHT + 2.9
                self.setter.centred((left + right) / 2, baseline, text, 5.6 if index == 2 else 6.5)
        self._totals(top + 2.9, group.totals, bold=True)

    def _lines(self, top: float, body: float, end: float, bottom: float) -> None:
        self.canvas.set_line_width(0.1)
        for index in range(len(self.page.rows)):
            self.canvas.set_draw_color(STRONG_LINE if index % 5 == 0 else LINE)
            y = body + index * self.row_height
            self.canvas.line(LEFT, y, RIGHT, y)
        before = None
        for column, left, _ in self._each_column():
            same_day = before is not None and column.day == before.day
            both_quiet = before is not None and column.session is before.session is None
            self.canvas.set_draw_color(LINE if same_day or both_quiet else STRONG_LINE)
            self.canvas.line(left, top + 8 if same_day else top, left, bottom)
            before = column
        self.canvas.set_draw_color(0)
        self.canvas.set_line_width(0.3)
        for y in {top, body, end, bottom}:
            self.canvas.line(LEFT, y, RIGHT, y)
        self.canvas.line(self.totals_x, top, self.totals_x, bottom)

    def _legend(self, top: float) -> None:
        x, y = LEFT, top + 1.6
        for status in self.counted:
            paint_status(self.setter, x, y, 4.5, 3.6, status)
            self.canvas.set_draw_color(STRONG_LINE)
            self.canvas.set_line_width(0.1)
            self.canvas.rect(x, y, 4.5, 3.6)
            word = legend(self.words)[status].word
            self._text(x + 5.5, y + 2.7, word, 7)
            x += 9.5 + self.setter.width(word, 7)
        self._text(x, y + 2.7, empty_cell(self.words), 7)
        rule = _rule(self.words, is_open=Status.OPEN in self.counted)
        if any(not person.on_roster for person in self.page.group.people):
            rule += f"   {guest(self.words)}"
        self._text(LEFT, y + 7, rule, 7)

    def _text(self, x: float, y: float, text: str, size: float, *, bold: bool = False) -> None:
        self.setter.draw(x, y, text, size, bold=bold)


def sum_labels(words: Words) -> tuple[str, str, str]:
    """Return what the three lines of sums below a grid are called."""
    _ = words.gettext
    return _("Attended"), _("Absent"), _("Attendance in %")


def _rule(words: Words, *, is_open: bool) -> str:
    """Return how the percentage is computed, in the letters of the report."""
    _ = words.gettext
    attended = (Status.PRESENT, Status.LATE, Status.LEFT_EARLY)
    came = " + ".join(letter_of(status, words) for status in attended)
    missed = letter_of(Status.ABSENT, words)
    if is_open:
        return _(
            "Attendance = (%(came)s) / (%(came)s + %(missed)s): excused and open sessions do not "
            "count.",
            came=came,
            missed=missed,
        )
    return _(
        "Attendance = (%(came)s) / (%(came)s + %(missed)s): excused sessions do not count.",
        came=came,
        missed=missed,
    )


def paint_status(
    setter: Typesetter, x: float, y: float, width: float, height: float, status: Status
) -> None:
    """Paint one cell: letter and shade both tell the status, so it survives black and white."""
    canvas = setter.canvas
    shade = {Status.LATE: 222, Status.LEFT_EARLY: 190, Status.ABSENT: 40}.get(status)
    if shade is not None:
        canvas.set_fill_color(shade)
        canvas.rect(x, y, width, height, style="F")
    if status is Status.EXCUSED:
        canvas.set_draw_color(150)
        canvas.set_line_width(0.12)
        canvas.line(x, y + height, x + width, y)
    canvas.set_text_color({Status.ABSENT: 255, Status.PRESENT: 90}.get(status, 0))
    size = min(7.5, height * 1.7)
    setter.centred(
        x + width / 2,
        y + height / 2 + size * 0.126,
        letter_of(status, setter.words),
        size,
        bold=status is not Status.PRESENT,
    )
    canvas.set_text_color(0)

"""A page about one person: why somebody should look, and when they were not there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rollbook.domain import figures
from rollbook.domain.attendance import Status
from rollbook.domain.facts import Facts
from rollbook.domain.figures import AtRisk, RiskRules
from rollbook.domain.month import MonthRegister, Row
from rollbook.domain.totals import Totals
from rollbook.reports.charts import Bar, Frame, column_chart
from rollbook.reports.grid import COUNTED, LEFT, RIGHT, TOP, paint_status
from rollbook.reports.letters import WEEKDAYS, WORDS
from rollbook.reports.typesetting import Typesetter

LINE, LIST_TOP, LIST_ROWS, LIST_COLUMNS = 4.3, 118.0, 17, 2
TOLD = (Status.ABSENT, Status.LATE, Status.LEFT_EARLY, Status.EXCUSED)


@dataclass(frozen=True)
class PersonPage:
    """One person's figures over all groups of the register."""

    register: MonthRegister
    facts: Facts  # of the person alone
    rows: Sequence[Row]  # the person's, by session
    risk: AtRisk | None
    rules: RiskRules

    @property
    def invented(self) -> bool:
        return any(row.invented for row in self.rows)

    def draw(self, setter: Typesetter) -> None:
        self._title(setter)
        top = self._reasons(setter, TOP + 24)
        self._totals(setter, top + 4)
        weeks = figures.by_week(self.facts)
        bars = [_share(f"{day:%d.%m.}", totals, self.rules) for day, totals in weeks.items()]
        title = (
            f"Attendance in % by week (day of its Monday); the line is at {self.rules.below:g} %"
        )
        column_chart(setter, Frame(LEFT + 6, 66, 200, 44), title, bars, 100, self.rules.below)
        self._list(setter)

    def _title(self, setter: Typesetter) -> None:
        person = self.rows[0].person
        name = setter.shorten(person.name, 15, 180, bold=True)
        setter.draw(LEFT, TOP + 5, name, 15, bold=True)
        setter.right(RIGHT, TOP + 5, setter.shorten(self.register.period.title, 11, 90), 11)
        groups = dict.fromkeys(row.group.name for row in self.rows)
        facts = [", ".join(groups)] + ([f"id {person.external_id}"] if person.external_id else [])
        line = " · ".join([self.register.site, *facts])
        setter.draw(LEFT, TOP + 11, setter.shorten(line, 8.5, RIGHT - LEFT), 8.5)

    def _reasons(self, setter: Typesetter, top: float) -> float:
        """Write the reasons; return where the next thing can stand."""
        said = [] if self.risk is None else list(reasons(self.risk, self.rules))
        if said:
            setter.draw(LEFT, top - 5, "Why somebody should look", 9.5, bold=True)
        for index, reason in enumerate(said):
            setter.draw(LEFT + 2, top + index * 4.6, f"• {reason}", 9)
        return top + len(said) * 4.6

    def _totals(self, setter: Typesetter, top: float) -> None:
        totals, x = self.facts.totals, LEFT
        for status in (*COUNTED, *((Status.OPEN,) if self.facts.totals.open else ())):
            paint_status(setter, x, top - 3.4, 4.8, 4.6, status)
            word = WORDS[status].partition(":")[0]
            said = f"{getattr(totals, status.value)} {word}"
            setter.draw(x + 6, top, said, 9)
            x += 12 + setter.width(said, 9)
        setter.draw(x, top, f"attendance {totals.percent or '–'} %", 9, bold=True)

    def _list(self, setter: Typesetter) -> None:
        told = [row for row in self.rows if row.record.status in TOLD]
        setter.draw(LEFT, LIST_TOP, "Absent, late, left early or excused", 9.5, bold=True)
        if not told:
            setter.draw(LEFT, LIST_TOP + 6, "Never in these days.", 8)
        room = LIST_ROWS * LIST_COLUMNS
        shown = told if len(told) <= room else told[-room:]
        width = (RIGHT - LEFT) / LIST_COLUMNS
        for index, row in enumerate(shown):
            column, line = divmod(index, LIST_ROWS)
            x, y = LEFT + column * width, LIST_TOP + 6 + line * LINE
            paint_status(setter, x, y - 3, 4.5, 3.8, row.record.status)
            setter.draw(x + 6, y, setter.shorten(self._line(row), 8, width - 9), 8)
        if len(told) > room:
            y = LIST_TOP + 6 + LIST_ROWS * LINE
            setter.draw(LEFT, y, f"The newest {room} of {len(told)} are listed.", 7)

    def _line(self, row: Row) -> str:
        session, record = row.session, row.record
        local = self.register.local(session.starts_at)
        said = f"{WEEKDAYS[session.business_date.weekday()][:2]} {session.business_date} "
        said += f"{local:%H:%M} {row.group.name}, {session.title}"
        if record.status is Status.LATE and record.arrived_at is not None:
            said += f", came {self.register.local(record.arrived_at):%H:%M}"
        if record.status is Status.LEFT_EARLY and record.left_at is not None:
            said += f", left {self.register.local(record.left_at):%H:%M}"
        return said + (f" ({record.reason})" if record.reason else "")


def reasons(risk: AtRisk, rules: RiskRules) -> Iterator[str]:
    """Yield why somebody is at risk, in words."""
    if risk.low is not None:
        yield (
            f"Attendance is {risk.totals.percent} %, below {rules.below:g} %: "
            f"{risk.totals.absent} of {risk.totals.counted} sessions were missed without an excuse."
        )
    if risk.in_a_row is not None:
        yield f"The last {risk.in_a_row} sessions in a row were missed without an excuse."
    if risk.fell is not None:
        was, is_now = risk.fell
        yield (
            f"Attendance fell from {was:.0f} % to {is_now:.0f} % in the last "
            f"{rules.recent.days // 7} weeks of these days."
        )


def _share(label: str, totals: Totals, rules: RiskRules) -> Bar:
    value = totals.percentage
    return Bar(label, value, totals.percent, warns=value is not None and value < rules.below)

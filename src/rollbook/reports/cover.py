"""The first page of a PDF register: what it is of, how it went, and who needs a look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from rollbook.domain import figures
from rollbook.domain.attendance import Status
from rollbook.domain.facts import NO_ARRIVAL, Facts
from rollbook.domain.figures import AtRisk, RiskRules
from rollbook.domain.month import MonthRegister
from rollbook.domain.totals import Totals
from rollbook.reports.charts import Bar, Frame, column_chart, row_chart
from rollbook.reports.grid import LEFT, RIGHT, TOP
from rollbook.reports.letters import LETTERS, WORDS
from rollbook.reports.typesetting import Typesetter

DAYS_ONE_BY_ONE = 45  # longer registers show weeks
MOST_GROUPS = 14
FURTHEST = 30  # minutes around the start that are told apart
TILE, TILE_HEIGHT = 53.0, 17.0
UPPER, LOWER, CHART = 58.0, 126.0, 60.0


@dataclass(frozen=True)
class CoverPage:
    """Figures of the whole register."""

    register: MonthRegister
    facts: Facts
    at_risk: Sequence[AtRisk]
    rules: RiskRules

    @property
    def invented(self) -> bool:
        return self.register.invented

    def draw(self, setter: Typesetter) -> None:
        self._title(setter)
        self._tiles(setter)
        line = self.rules.below
        left, right = Frame(LEFT + 6, UPPER, 166, CHART), Frame(198, UPPER, RIGHT - 198, CHART)
        what, bars = self._course()
        column_chart(setter, left, what, bars, 100, line)
        row_chart(setter, right, "Marks by status", *self._statuses(), label=26)
        left, right = Frame(LEFT, LOWER, 172, CHART), Frame(198, LOWER, RIGHT - 198, CHART)
        row_chart(setter, left, *self._groups(), 100, label=46)
        arrivals = self._arrivals()
        most = max((bar.value or 0 for bar in arrivals), default=0)
        title = "Arrivals: minutes before (-) and after the start"
        column_chart(setter, right, title, arrivals, most or 1)

    @cached_property
    def totals(self) -> Totals:
        return self.facts.totals

    def _title(self, setter: Typesetter) -> None:
        register = self.register
        setter.draw(LEFT, TOP + 8, "Attendance register", 20, bold=True)
        site = setter.shorten(register.site, 13, RIGHT - LEFT - 140)
        setter.draw(LEFT, TOP + 16, site, 13)
        setter.right(RIGHT, TOP + 8, setter.shorten(register.period.title, 15, 150), 15)
        setter.right(RIGHT, TOP + 16, self._of_whom(setter), 9)

    def _of_whom(self, setter: Typesetter) -> str:
        names = ", ".join(group.group.name for group in self.register.groups)
        return setter.shorten(names, 9, 135)

    def _tiles(self, setter: Typesetter) -> None:
        register = self.register
        sessions = sum(len(group.sessions) for group in register.groups)
        people = {p.person.subject_id for group in register.groups for p in group.people}
        told = (
            (f"{self.totals.percent} %" if self.totals.percent else "–", "attendance"),
            _counted(len(register.groups), "group", "groups"),
            _counted(len(people), "person", "people"),
            _counted(sessions, "session", "sessions"),
            _counted(len(self.at_risk), "person who needs a look", "people who need a look"),
        )
        for index, (value, what) in enumerate(told):
            x = LEFT + index * (TILE + 3.5)
            setter.canvas.set_fill_color(240)
            setter.canvas.rect(x, TOP + 23, TILE, TILE_HEIGHT, style="F")
            setter.draw(x + 3, TOP + 32, value, 17, bold=True)
            setter.draw(x + 3, TOP + 37.5, what, 8)

    def _course(self) -> tuple[str, list[Bar]]:
        """Return the title and the bars of days, or of weeks where there are many."""
        rule = f"the dashed line is at {self.rules.below:g} %"
        if len(self.register.period.days) > DAYS_ONE_BY_ONE:
            weeks = figures.by_week(self.facts)
            bars = [self._share(f"{day:%d.%m.}", totals) for day, totals in weeks.items()]
            return f"Attendance in % by week (day of its Monday); {rule}", bars
        days = figures.by_day(self.facts)
        bars = [self._share(str(day.day), totals) for day, totals in days.items()]
        return f"Attendance in % by day; {rule}", bars

    def _share(self, label: str, totals: Totals) -> Bar:
        value = totals.percentage
        low = value is not None and value < self.rules.below
        return Bar(label, value, totals.percent, warns=low)

    def _statuses(self) -> tuple[list[Bar], float]:
        counts = {status: getattr(self.totals, status.value) for status in LETTERS}
        shown = [s for s in LETTERS if s is not Status.OPEN or counts[s]]
        bars = [
            Bar(f"{LETTERS[s]}  {WORDS[s].partition(':')[0]}", counts[s], str(counts[s]))
            for s in shown
        ]
        return bars, max(counts.values(), default=0)

    def _groups(self) -> tuple[str, list[Bar]]:
        names = {group.group.group_id: group.group.name for group in self.register.groups}
        found = figures.by_group(self.facts)
        order = sorted(found, key=lambda one: (_percentage(found[one]), names[one]))
        bars = []
        for one in order[:MOST_GROUPS]:
            share = self._share(names[one], found[one])
            text = f"{found[one].percent} %" if found[one].percent else "nothing counts yet"
            bars.append(Bar(share.label, share.value, text, share.warns))
        if len(order) > MOST_GROUPS:
            return f"Attendance by group: the {MOST_GROUPS} lowest of {len(order)}", bars
        return "Attendance by group, the lowest first", bars

    def _arrivals(self) -> list[Bar]:
        if not (self.facts.arrival != NO_ARRIVAL).any():
            return []
        found = figures.punctuality(self.facts, furthest=FURTHEST)
        return [Bar(str(bar.first_minute), bar.arrivals, str(bar.arrivals or "")) for bar in found]


def _counted(number: int, one: str, many: str) -> tuple[str, str]:
    return str(number), one if number == 1 else many


def _percentage(totals: Totals) -> float:
    return 101.0 if totals.percentage is None else totals.percentage

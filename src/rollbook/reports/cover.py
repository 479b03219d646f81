"""The first page of a PDF register: what it is of, how it went, and who needs a look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from rollbook.domain import figures
from rollbook.domain.attendance import Status
from rollbook.domain.facts import NO_ARRIVAL, Facts
from rollbook.domain.figures import AtRisk, RiskRules
from rollbook.domain.month import MonthRegister
from rollbook.domain.totals import Totals
from rollbook.languages.writing import Words
from rollbook.reports.charts import Bar, Frame, column_chart, row_chart
from rollbook.reports.grid import LEFT, RIGHT, TOP
from rollbook.reports.letters import counted_people, counted_sessions, legend
from rollbook.reports.scripts import isolated
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
        words = setter.words
        _ = words.gettext
        what, bars = self._course(words)
        column_chart(setter, left, what, bars, 100, line)
        row_chart(setter, right, _("Marks by status"), *self._statuses(words), label=32)
        left, right = Frame(LEFT, LOWER, 172, CHART), Frame(198, LOWER, RIGHT - 198, CHART)
        row_chart(setter, left, *self._groups(words), 100, label=46)
        arrivals = self._arrivals(words)
        most = max((bar.value or 0 for bar in arrivals), default=0)
        title = _("Arrivals: minutes before (-) and after the start")
        column_chart(setter, right, title, arrivals, most or 1)

    @cached_property
    def totals(self) -> Totals:
        return self.facts.totals

    def _title(self, setter: Typesetter) -> None:
        register = self.register
        title = setter.words.gettext("Attendance register")
        setter.draw(LEFT, TOP + 8, title, 20, bold=True)
        site = setter.shorten(register.site, 13, RIGHT - LEFT - 140)
        setter.draw(LEFT, TOP + 16, site, 13)
        days = setter.words.period(register.period)
        setter.right(RIGHT, TOP + 8, setter.shorten(days, 15, 150), 15)
        setter.right(RIGHT, TOP + 16, self._of_whom(setter), 9)

    def _of_whom(self, setter: Typesetter) -> str:
        names = ", ".join(isolated(group.group.name) for group in self.register.groups)
        return setter.shorten(names, 9, 135)

    def _tiles(self, setter: Typesetter) -> None:
        register, words = self.register, setter.words
        sessions = sum(len(group.sessions) for group in register.groups)
        people = {p.person.subject_id for group in register.groups for p in group.people}
        told = (
            (words.share(self.totals.percent), words.gettext("attendance")),
            _parted(words.ngettext("%(num)s group", "%(num)s groups", len(register.groups))),
            _parted(counted_people(len(people), words)),
            _parted(counted_sessions(sessions, words)),
            _parted(
                words.ngettext(
                    "%(num)s person who needs a look",
                    "%(num)s people who need a look",
                    len(self.at_risk),
                )
            ),
        )
        for index, (value, what) in enumerate(told):
            x = LEFT + index * (TILE + 3.5)
            setter.canvas.set_fill_color(240)
            setter.canvas.rect(x, TOP + 23, TILE, TILE_HEIGHT, style="F")
            setter.draw(x + 3, TOP + 32, value, 17, bold=True)
            setter.draw(x + 3, TOP + 37.5, setter.shorten(what, 8, TILE - 6), 8)

    def _course(self, words: Words) -> tuple[str, list[Bar]]:
        """Return the title and the bars of days, or of weeks where there are many."""
        _, line = words.gettext, words.percent(self.rules.below)
        if len(self.register.period.days) > DAYS_ONE_BY_ONE:
            weeks = figures.by_week(self.facts)
            bars = [share_bar(words.day_and_month(d), t, self.rules, words)
                    for d, t in weeks.items()]  # fmt: skip
            return by_week_title(line, words), bars
        days = figures.by_day(self.facts)
        bars = [share_bar(str(d.day), t, self.rules, words) for d, t in days.items()]
        return _("Attendance in %% by day; the dashed line is at %(line)s", line=line), bars

    def _statuses(self, words: Words) -> tuple[list[Bar], float]:
        counts = {status: getattr(self.totals, status.value) for status in Status}
        bars = [
            Bar(f"{one.letter}  {one.short}", counts[s], words.number(counts[s]))
            for s, one in legend(words).items()
            if s is not Status.OPEN or counts[s]
        ]
        return bars, max(counts.values(), default=0)

    def _groups(self, words: Words) -> tuple[str, list[Bar]]:
        _ = words.gettext
        names = {group.group.group_id: group.group.name for group in self.register.groups}
        found = figures.by_group(self.facts)
        order = sorted(found, key=lambda one: (_percentage(found[one]), names[one]))
        bars = []
        for one in order[:MOST_GROUPS]:
            share = share_bar(names[one], found[one], self.rules, words)
            percent = found[one].percent
            text = words.share(percent) if percent else _("nothing counts yet")
            bars.append(replace(share, text=text))
        if len(order) > MOST_GROUPS:
            return _(
                "Attendance by group: the %(shown)s lowest of %(all)s",
                shown=MOST_GROUPS,
                all=words.number(len(order)),
            ), bars
        return _("Attendance by group, the lowest first"), bars

    def _arrivals(self, words: Words) -> list[Bar]:
        if not (self.facts.arrival != NO_ARRIVAL).any():
            return []
        found = figures.punctuality(self.facts, furthest=FURTHEST)
        return [
            Bar(
                str(bar.first_minute),
                bar.arrivals,
                words.number(bar.arrivals) if bar.arrivals else "",
            )
            for bar in found
        ]


def by_week_title(line: str, words: Words) -> str:
    """Return what stands above weeks; `line` is the percentage that the rules ask for."""
    return words.gettext(
        "Attendance in %% by week (day of its Monday); the dashed line is at %(line)s", line=line
    )


def share_bar(label: str, totals: Totals, rules: RiskRules, words: Words) -> Bar:
    """Return a percentage as a bar, which warns where it is below what the rules ask for."""
    value = totals.percentage
    low = value is not None and value < rules.below
    return Bar(label, value, words.decimal(totals.percent), warns=low)


def _parted(counted: str) -> tuple[str, str]:
    """Return the number and what it counts: the one is written larger."""
    number, _space, what = counted.partition(" ")
    return number, what


def _percentage(totals: Totals) -> float:
    return 101.0 if totals.percentage is None else totals.percentage

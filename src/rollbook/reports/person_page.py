"""A page about one person: why somebody should look, and when they were not there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rollbook.domain import figures
from rollbook.domain.attendance import Status
from rollbook.domain.facts import Facts
from rollbook.domain.figures import AtRisk, RiskRules
from rollbook.domain.month import MonthRegister, Row
from rollbook.languages.register_words import remark_word, risk_reasons
from rollbook.languages.writing import Words
from rollbook.reports.charts import Frame, column_chart
from rollbook.reports.cover import by_week_title, share_bar
from rollbook.reports.grid import COUNTED, LEFT, RIGHT, TOP, paint_status
from rollbook.reports.letters import legend
from rollbook.reports.scripts import isolated
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
        words = setter.words
        bars = [share_bar(words.day_and_month(day), totals, self.rules, words)
                for day, totals in weeks.items()]  # fmt: skip
        title = by_week_title(words.percent(self.rules.below), words)
        column_chart(setter, Frame(LEFT + 6, 66, 200, 44), title, bars, 100, self.rules.below)
        self._list(setter)

    def _title(self, setter: Typesetter) -> None:
        person, words = self.rows[0].person, setter.words
        period = words.period(self.register.period)
        name = setter.shorten(person.name, 15, 180, bold=True)
        setter.draw(LEFT, TOP + 5, name, 15, bold=True)
        setter.right(RIGHT, TOP + 5, setter.shorten(period, 11, 90), 11)
        groups = dict.fromkeys(row.group.name for row in self.rows)
        facts = [", ".join(map(isolated, groups))]
        if person.external_id:
            facts.append(words.gettext("id %(number)s", number=person.external_id))
        line = " · ".join([isolated(self.register.site), *facts])
        setter.draw(LEFT, TOP + 11, setter.shorten(line, 8.5, RIGHT - LEFT), 8.5)

    def _reasons(self, setter: Typesetter, top: float) -> float:
        """Write the reasons; return where the next thing can stand."""
        said = [] if self.risk is None else list(risk_reasons(self.risk, self.rules, setter.words))
        if said:
            title = setter.words.gettext("Why somebody should look")
            setter.draw(LEFT, top - 5, title, 9.5, bold=True)
        for index, reason in enumerate(said):
            setter.draw(LEFT + 2, top + index * 4.6, f"• {reason}", 9)
        return top + len(said) * 4.6

    def _totals(self, setter: Typesetter, top: float) -> None:
        totals, x, words = self.facts.totals, LEFT, setter.words
        for status in (*COUNTED, *((Status.OPEN,) if self.facts.totals.open else ())):
            paint_status(setter, x, top - 3.4, 4.8, 4.6, status)
            word = legend(words)[status].short
            said = f"{words.number(getattr(totals, status.value))} {word}"
            setter.draw(x + 6, top, said, 9)
            x += 12 + setter.width(said, 9)
        share = words.gettext("attendance %(share)s", share=words.share(totals.percent))
        setter.draw(x, top, share, 9, bold=True)

    def _list(self, setter: Typesetter) -> None:
        told = [row for row in self.rows if row.record.status in TOLD]
        _ = setter.words.gettext
        setter.draw(LEFT, LIST_TOP, _("Absent, late, left early or excused"), 9.5, bold=True)
        if not told:
            setter.draw(LEFT, LIST_TOP + 6, _("Never in these days."), 8)
        room = LIST_ROWS * LIST_COLUMNS
        shown = told if len(told) <= room else told[-room:]
        width = (RIGHT - LEFT) / LIST_COLUMNS
        for index, row in enumerate(shown):
            column, line = divmod(index, LIST_ROWS)
            x, y = LEFT + column * width, LIST_TOP + 6 + line * LINE
            paint_status(setter, x, y - 3, 4.5, 3.8, row.record.status)
            setter.draw(x + 6, y, setter.shorten(self._line(row, setter.words), 8, width - 9), 8)
        if len(told) > room:
            y = LIST_TOP + 6 + LIST_ROWS * LINE
            said = _("The newest %(shown)s of %(all)s are listed.", shown=room, all=len(told))
            setter.draw(LEFT, y, said, 7)

    def _line(self, row: Row, words: Words) -> str:
        session, record, _ = row.session, row.record, words.gettext
        day, at = words.full_day(session.business_date), self._clock(session.starts_at)
        said = f"{day} {at} {isolated(row.group.name)}, {isolated(session.title)}"
        if record.status is Status.LATE and record.arrived_at is not None:
            said += ", " + _("came %(at)s", at=self._clock(record.arrived_at))
        if record.status is Status.LEFT_EARLY and record.left_at is not None:
            said += ", " + _("left %(at)s", at=self._clock(record.left_at))
        return said + (f" ({isolated(remark_word(record.reason, _))})" if record.reason else "")

    def _clock(self, at: datetime) -> str:
        return f"{self.register.local(at):%H:%M}"

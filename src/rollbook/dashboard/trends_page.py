"""Trends: attendance by day, week, month and term, against the line that a policy draws."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import altair as alt
import pandas as pd
import streamlit as st

from rollbook.dashboard import charts
from rollbook.dashboard.filters import Filters
from rollbook.dashboard.seen import Seen
from rollbook.dashboard.words import _, percent, status_word
from rollbook.domain import figures
from rollbook.domain.attendance import Status
from rollbook.domain.facts import Facts
from rollbook.domain.totals import Totals
from rollbook.services.calendars import read_calendar

STEP, LINE = "step", "line"
DOTS = 80  # points of a line that are drawn as such
DAY, WEEK, MONTH, TERM = "day", "week", "month", "term"
COUNTED = (Status.PRESENT, Status.LATE, Status.LEFT_EARLY, Status.ABSENT, Status.EXCUSED)


def show(seen: Seen, filters: Filters) -> None:
    words = {DAY: _("Day"), WEEK: _("Week"), MONTH: _("Month"), TERM: _("Term")}
    left, right = st.columns(2)
    step = left.segmented_control(
        _("By"), list(words), format_func=words.__getitem__, default=WEEK, key=STEP
    )
    line = right.slider(_("Line that attendance should not fall below (%)"), 50, 100, 85, key=LINE)
    facts = filters.cut(seen.facts(filters.first_day, filters.last_day))
    found = _figures(seen, facts, str(step or WEEK))
    rows = _rows(found)
    if rows.empty:
        charts.empty(_("In these days there was no session of these groups."))
        return
    totals = facts.totals
    told = _("Attendance is %(percent)s over all.", percent=percent(totals.percentage))
    st.metric(_("Attendance over all"), percent(totals.percentage))
    by_name = step == TERM
    charts.show(_percentages(rows, line, by_name), rows, _("Attendance over time"), told)
    long = _long(found)
    charts.show(_counts(long), long, _("Who was what over time"), told)


def _figures(seen: Seen, facts: Facts, step: str) -> Mapping[date | str, Totals]:
    if step == TERM:
        with seen.parts.uow() as uow:
            terms = read_calendar(uow, seen.parts.today()).terms
        spans = [(one.days.name, one.days.first_day, one.days.last_day) for one in terms]
        return dict(figures.by_span(facts, spans))
    by = {DAY: figures.by_day, WEEK: figures.by_week, MONTH: figures.by_month}[step]
    return dict(by(facts))


def _rows(found: Mapping[date | str, Totals]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                _("Days"): _key(key),
                _("Attendance (%)"): round(totals.percentage, 1),
                _("attended"): totals.attended,
                _("counted"): totals.counted,
            }
            for key, totals in found.items()
            if totals.percentage is not None
        ]
    )


def _long(found: Mapping[date | str, Totals]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {_("Days"): _key(key), _("Status"): status_word(one), _("How many"): count}
            for key, totals in found.items()
            for one in COUNTED
            if (count := getattr(totals, one.value))
        ]
    )


def _key(key: date | str) -> str:
    return key if isinstance(key, str) else key.isoformat()


def _x(*, gaps: bool) -> alt.X:
    """Return the axis of days; with gaps, days without sessions take their room as well."""
    kind = "temporal" if gaps else "ordinal"
    axis = alt.Axis(labelAngle=-45, labelOverlap=True, **({"format": "%Y-%m-%d"} if gaps else {}))
    return alt.X(charts.field(_("Days")), type=kind, title=None, sort=None, axis=axis)


def _percentages(rows: pd.DataFrame, line: int, by_name: bool) -> alt.LayerChart:
    title = _("Attendance (%)")
    scale = alt.Scale(domain=[0, 100])
    drawn = alt.Chart(rows).encode(
        x=_x(gaps=not by_name),
        y=alt.Y(charts.field(title), type="quantitative", scale=scale, title=title),
        tooltip=charts.tooltip(rows),
    )
    shown = (
        drawn.mark_bar(color=charts.BLUE)
        if by_name
        else drawn.mark_line(color=charts.BLUE, point=len(rows) < DOTS)
    )
    limit = alt.Chart(pd.DataFrame({"limit": [line]}))
    rule = limit.mark_rule(color=charts.VERMILION, strokeDash=[6, 4], strokeWidth=2)
    return alt.layer(shown, rule.encode(y=alt.Y("limit:Q", title=title))).properties(height=320)


def _counts(rows: pd.DataFrame) -> alt.Chart:
    legend = alt.Legend(orient="bottom")
    scale = charts.status_scale(COUNTED)
    return (
        alt.Chart(rows)
        .mark_bar()
        .encode(
            x=_x(gaps=False),
            y=alt.Y(charts.field(_("How many")), type="quantitative", stack=True),
            color=alt.Color(
                charts.field(_("Status")), type="nominal", scale=scale, title=None, legend=legend
            ),
            tooltip=charts.tooltip(rows),
        )
        .properties(height=280)
    )

"""Trends: attendance by day, week, month and term, against the line that a policy draws."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import altair as alt
import pandas as pd
import streamlit as st

from rollbook.dashboard import charts
from rollbook.dashboard.filters import Filters, offer, one_of, whole
from rollbook.dashboard.seen import Seen
from rollbook.dashboard.words import _, day, percent, status_word
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
    offer(STEP, WEEK, one_of(words))
    step = left.segmented_control(
        _("By"), list(words), format_func=words.__getitem__, required=True, key=STEP
    )
    offer(LINE, 85, whole(50, 100))
    line = right.slider(_("Line that attendance should not fall below (%)"), 50, 100, key=LINE)
    facts = filters.cut(seen.facts(filters.first_day, filters.last_day))
    found = _figures(seen, facts, str(step or WEEK))
    rows = _rows(found)
    if rows.empty:
        charts.empty(_("In these days there was no session of these groups."))
        return
    totals = facts.totals
    told = _("Attendance is %(percent)s over all.", percent=percent(totals.percentage))
    st.metric(_("Attendance over all"), percent(totals.percentage))
    labels = _labels(found, str(step or WEEK))
    over_time = _percentages(rows, line, labels, str(step or WEEK))
    charts.show(over_time, rows, _("Attendance over time"), told)
    long, key = _long(found), charts.status_key(COUNTED)
    charts.show(_counts(long, labels), long, _("Who was what over time"), told, key)


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


def _labels(found: Mapping[date | str, Totals], step: str) -> dict[str, str]:
    """Return how the days of the files are written for people."""
    style = "LLL y" if step == MONTH else "medium"
    return {_key(one): one if isinstance(one, str) else day(one, style) for one in found}


def _named(labels: Mapping[str, str]) -> alt.X:
    """Return an axis on which what has sessions stands side by side."""
    axis = charts.axis(labels)
    return alt.X(charts.field(_("Days")), type="ordinal", title=None, sort=None, axis=axis)


def _timed(labels: Mapping[str, str]) -> alt.X:
    """Return an axis on which days without sessions take their room as well.

    A day is a day: it is read and written as of UTC, wherever the browser stands.
    """
    days = [date.fromisoformat(one) for one in labels]
    at = [alt.DateTime(year=one.year, month=one.month, date=one.day, utc=True) for one in days]
    return alt.X(
        charts.field(_("Days")),
        type="temporal",
        title=None,
        scale=alt.Scale(type="utc"),
        axis=charts.axis(labels, "utcFormat(datum.value, '%Y-%m-%d')", values=at),
    )


def _percentages(
    rows: pd.DataFrame, line: int, labels: Mapping[str, str], step: str
) -> alt.LayerChart:
    title = _("Attendance (%)")
    by_name = step == TERM
    scale = alt.Scale(domain=[0, 100])
    drawn = alt.Chart(rows).encode(
        x=_named(labels) if by_name else _timed(labels),
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


def _counts(rows: pd.DataFrame, labels: Mapping[str, str]) -> alt.Chart:
    scale = charts.status_scale(COUNTED)
    return (
        alt.Chart(rows)
        .mark_bar()
        .encode(
            x=_named(labels),
            y=alt.Y(
                charts.field(_("How many")),
                type="quantitative",
                stack=True,
                axis=charts.whole_numbers(),
            ),
            color=alt.Color(charts.field(_("Status")), type="nominal", scale=scale, legend=None),
            tooltip=charts.tooltip(rows),
        )
        .properties(height=280)
    )

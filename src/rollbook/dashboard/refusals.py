"""What was refused and tried again: why, when and where. Of whom is kept nowhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta

import altair as alt
import pandas as pd
import streamlit as st

from rollbook.dashboard import charts
from rollbook.dashboard.filters import Filters
from rollbook.dashboard.seen import Seen
from rollbook.dashboard.words import _, day, number, short_reason
from rollbook.domain.access import Permission
from rollbook.domain.figures import monday_of
from rollbook.domain.tallies import (
    PHOTOGRAPHED,
    RETRY,
    WATCHED,
    Tally,
    refusals,
    retries,
    summed,
)

WEEKS = timedelta(weeks=14)  # days that are shown by week; more of them by month
Step = Callable[[date], date]  # returns the first day of a week or month


def show(seen: Seen, filters: Filters) -> None:
    """Show the counts of the whole site to those who see all of it."""
    st.header(_("Refusals and retries"))
    counts = seen.tallies(filters.first_day, filters.last_day)
    if counts is None:
        charts.empty(_("These are counts of the whole site, for those who see all groups."))
        return
    charts.remark(
        _(
            "Each face is counted once for each reason, each code and PIN once for each try. These "
            "are counts of the whole site, whatever groups are chosen; of whom they are is kept "
            "nowhere. The last half minute is not among them yet."
        )
    )
    if not counts:
        charts.empty(_("In these days nothing was refused, or nothing was counted."))
        return
    by_week = filters.last_day - filters.first_day < WEEKS
    step = monday_of if by_week else _first_of_month
    style = "medium" if by_week else "LLL y"
    labels = {one.isoformat(): day(one, style) for one in _days(counts, step)}
    if refused := refusals(counts):
        _by_reason(refused)
        _over_time(refused, step, labels, by_week=by_week)
    if tried := retries(counts):
        _retries(tried, step, labels, by_week=by_week)
    _places(seen, counts)


def _first_of_month(one: date) -> date:
    return one.replace(day=1)


def _days(counts: Mapping[Tally, int], step: Step) -> list[date]:
    """Return the first days of all weeks or months from the first count to the last."""
    one, last = step(min(counts).day), step(max(counts).day)
    found = [one]
    while one < last:
        one = step(one + timedelta(days=31 if step is _first_of_month else 7))
        found.append(one)
    return found


def _by_reason(refused: Mapping[Tally, int]) -> None:
    found = summed(refused, lambda one: one.what)
    rows = pd.DataFrame(
        [{_("Reason"): short_reason(code), _("How many"): n} for code, n in found.items()]
    )
    chart = (
        alt.Chart(rows)
        .mark_bar(color=charts.VERMILION)
        .encode(
            x=alt.X(charts.field(_("How many")), type="quantitative", axis=charts.whole_numbers()),
            y=_reasons(rows),
            tooltip=charts.tooltip(rows),
        )
        .properties(height=60 + 30 * len(rows))
    )
    told = ", ".join(f"{short_reason(code)}: {number(n)}" for code, n in found.items())
    charts.show(chart, rows, _("Refusals by reason"), told)


def _reasons(rows: pd.DataFrame) -> alt.Y:
    axis = alt.Axis(labelLimit=240)
    reasons = list(dict.fromkeys(rows[_("Reason")]))
    return alt.Y(charts.field(_("Reason")), type="nominal", sort=reasons, title=None, axis=axis)


def _over_time(
    refused: Mapping[Tally, int], step: Step, labels: Mapping[str, str], *, by_week: bool
) -> None:
    """Show reasons by weeks or months as cells: there are more reasons than colours."""
    found = summed(refused, lambda one: (one.what, step(one.day).isoformat()))
    order = list(summed(refused, lambda one: one.what))
    rows = pd.DataFrame(
        [
            {_("Days"): begin, _("Reason"): short_reason(code), _("How many"): n}
            for (code, begin), n in sorted(
                found.items(), key=lambda item: (order.index(item[0][0]), item[0][1])
            )
        ]
    )
    many = charts.field(_("How many"))
    base = alt.Chart(rows).encode(x=_begins(labels), y=_reasons(rows), tooltip=charts.tooltip(rows))
    scale = alt.Scale(scheme="viridis", domain=[0, max(found.values())])
    cells = base.mark_rect().encode(
        color=alt.Color(many, type="quantitative", scale=scale, legend=None)
    )
    light = alt.datum[_("How many")] > max(found.values()) / 2
    widest = len(f"{max(found.values()):,}") * len(labels)  # digits beside each other
    texts = base.mark_text(fontSize=alt.ExprRef(f"min(11, 1.5 * width / {widest})")).encode(
        text=alt.Text(many, type="quantitative", format=",d"),
        color=alt.condition(light, alt.value("black"), alt.value("white")),
    )
    title = _("Refusals by reason, by week") if by_week else _("Refusals by reason, by month")
    told = _("%(count)s refusals.", count=number(sum(found.values())))
    drawn = alt.layer(cells, texts).properties(height=100 + 30 * len(order))
    charts.show(drawn, rows, title, told)


def _begins(labels: Mapping[str, str]) -> alt.X:
    """Return an axis of all weeks or months, also of those in which there was nothing."""
    return alt.X(
        charts.field(_("Days")),
        type="ordinal",
        title=None,
        scale=alt.Scale(domain=list(labels)),
        axis=charts.axis(labels),
    )


def _retries(
    tried: Mapping[Tally, int], step: Step, labels: Mapping[str, str], *, by_week: bool
) -> None:
    found = summed(tried, lambda one: step(one.day).isoformat())
    rows = pd.DataFrame([{_("Days"): begin, _("Retries"): found.get(begin, 0)} for begin in labels])
    chart = (
        alt.Chart(rows)
        .mark_bar(color=charts.ORANGE)
        .encode(
            x=_begins(labels),
            y=alt.Y(charts.field(_("Retries")), type="quantitative", axis=charts.whole_numbers()),
            tooltip=charts.tooltip(rows),
        )
        .properties(height=220)
    )
    title = _("Retries by week") if by_week else _("Retries by month")
    told = _("%(count)s retries.", count=number(sum(found.values())))
    charts.show(chart, rows, title, told)


def _places(seen: Seen, counts: Mapping[Tally, int]) -> None:
    names = _names(seen)
    otherwise = _("another camera or kiosk")
    found = summed(counts, lambda one: (names.get(one.source, otherwise), one.what == RETRY))
    rows = pd.DataFrame(
        [
            {
                _("Where"): name,
                _("Refusals"): found.get((name, False), 0),
                _("Retries"): found.get((name, True), 0),
            }
            for name in dict.fromkeys(name for name, _is_retry in found)
        ]
    )
    st.header(_("Where it was"))
    charts.table(rows, _("Where it was"))


def _names(seen: Seen) -> dict[str, str]:
    """Return what the sources are called, as far as the visitor may know."""
    names = {WATCHED: "rollbook watch", PHOTOGRAPHED: _("class photograph")}
    if seen.actor.may(Permission.CAMERAS_READ):
        names |= {one.camera_id: one.name for one in seen.parts.cameras.seen_by(seen.actor)}
    if seen.actor.may(Permission.DEVICES_EDIT):
        names |= {one.device_id: one.name for one in seen.parts.devices.all()}
    return names

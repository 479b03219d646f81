"""How well people are recognised: ways of arriving, scores, doubts, cameras."""

from __future__ import annotations

import altair as alt
import pandas as pd
import streamlit as st

from rollbook.dashboard import charts, refusals
from rollbook.dashboard.filters import Filters
from rollbook.dashboard.seen import Seen
from rollbook.dashboard.words import (
    _,
    camera_word,
    day,
    method_word,
    number,
    percent,
    reason_word,
)
from rollbook.domain import figures
from rollbook.domain.access import Permission
from rollbook.domain.attendance import Method
from rollbook.domain.camera_reports import MINUTES
from rollbook.domain.facts import Facts


def show(seen: Seen, filters: Filters) -> None:
    facts = filters.cut(seen.facts(filters.first_day, filters.last_day))
    if counts := figures.by_method(facts):
        _shares(counts)
        _over_time(facts)
        _scores(facts)
    else:
        charts.empty(_("Nobody arrived in these days, or nothing is known of when."))
    refusals.show(seen, filters)
    _cameras(seen)


def _shares(counts: dict[Method, int]) -> None:
    shares = figures.shares(counts)
    rows = pd.DataFrame(
        [
            {
                _("Way"): method_word(method),
                _("Arrivals"): count,
                _("Share (%)"): round(shares[method], 1),
            }
            for method, count in counts.items()
        ]
    )
    chart = (
        alt.Chart(rows)
        .mark_bar()
        .encode(
            x=alt.X(charts.field(_("Arrivals")), type="quantitative", axis=charts.whole_numbers()),
            y=alt.Y(
                charts.field(_("Way")),
                type="nominal",
                sort=None,
                title=None,
                axis=alt.Axis(labelLimit=240),
            ),
            color=_colour(),
            tooltip=charts.tooltip(rows),
        )
        .properties(height=60 + 36 * len(rows))
    )
    told = ", ".join(f"{method_word(one)}: {percent(share)}" for one, share in shares.items())
    charts.show(chart, rows, _("How people arrived"), told)


def _colour() -> alt.Color:
    scale = alt.Scale(
        domain=[method_word(one) for one in charts.METHOD_COLOURS],
        range=list(charts.METHOD_COLOURS.values()),
    )
    return alt.Color(charts.field(_("Way")), type="nominal", scale=scale, title=None, legend=None)


def _over_time(facts: Facts) -> None:
    found = figures.by_month_and_method(facts)
    rows = pd.DataFrame(
        [
            {
                _("Month"): month.strftime("%Y-%m"),
                _("Way"): method_word(method),
                _("Arrivals"): count,
                _("Share (%)"): round(figures.shares(counts)[method], 1),
            }
            for month, counts in found.items()
            for method, count in counts.items()
        ]
    )
    labels = {month.strftime("%Y-%m"): day(month, "LLL y") for month in found}
    chart = (
        alt.Chart(rows)
        .mark_bar()
        .encode(
            x=alt.X(charts.field(_("Month")), type="ordinal", title=None, axis=charts.axis(labels)),
            y=alt.Y(charts.field(_("Share (%)")), type="quantitative", stack=True),
            color=_colour().copy(deep=True),
            tooltip=charts.tooltip(rows),
        )
        .properties(height=260)
    )
    told = _("%(count)s months.", count=number(len(found)))
    ways = dict.fromkeys(method for counts in found.values() for method in counts)
    charts.show(chart, rows, _("How people arrived, by month"), told, charts.method_key(ways))


def _scores(facts: Facts) -> None:
    found = figures.score_bars(facts)
    if not found:
        st.header(_("Scores against their thresholds"))
        charts.empty(_("In these days nobody arrived by a face, so there are no scores."))
        return
    rows = pd.DataFrame(
        {_("Above the threshold by"): list(found), _("Arrivals"): list(found.values())}
    )
    chart = (
        alt.Chart(rows)
        .mark_bar(color=charts.BLUE)
        .encode(
            x=alt.X(
                charts.field(_("Above the threshold by")),
                type="ordinal",
                axis=alt.Axis(labelAngle=0, labelExpr="format(datum.value, '.2f')"),
            ),
            y=alt.Y(charts.field(_("Arrivals")), type="quantitative", axis=charts.whole_numbers()),
            tooltip=charts.tooltip(rows),
        )
        .properties(height=260)
    )
    told = _("%(count)s arrivals by a face.", count=number(sum(found.values())))
    charts.show(chart, rows, _("Scores against their thresholds"), told)


def _cameras(seen: Seen) -> None:
    """Show what cameras do now, and what they refused in the last minutes."""
    st.header(_("Cameras, the last %(count)s minutes", count=MINUTES))
    if not seen.actor.may(Permission.CAMERAS_READ):
        charts.empty(_("Cameras are shown to those who may read them."))
        return
    reports = [
        (camera, seen.parts.camera_watch.report(camera))
        for camera in seen.parts.cameras.seen_by(seen.actor)
    ]
    if not reports:
        charts.empty(_("There are no cameras of your groups."))
        return
    rows = pd.DataFrame(
        [
            {
                _("Camera"): camera.name,
                _("State"): camera_word(report.running),
                _("Pictures"): report.frames,
                _("with faces"): report.with_faces,
                _("Marks"): report.marked,
                _("Refused or unsure"): sum(report.reasons.values()),
            }
            for camera, report in reports
        ]
    )
    charts.table(rows, _("Cameras"))
    reasons = figures.added([report.reasons for _camera, report in reports])
    if reasons:
        told = pd.DataFrame(
            [{_("Reason"): reason_word(code), _("How many"): n} for code, n in reasons.items()]
        )
        charts.table(told, _("Why cameras refused faces just now"))

"""People at risk, with the reason in words."""

from __future__ import annotations

import altair as alt
import pandas as pd
import streamlit as st

from rollbook.dashboard import charts
from rollbook.dashboard.filters import Filters, offer, whole
from rollbook.dashboard.seen import Seen
from rollbook.dashboard.words import _, number, rounded, words
from rollbook.domain import figures
from rollbook.domain.figures import AtRisk, RiskRules
from rollbook.languages.register_words import risk_reasons

BELOW, IN_A_ROW, DROP = "below", "row", "drop"
MOST = 500  # people that a table shows


def show(seen: Seen, filters: Filters) -> None:
    rules = _rules()
    facts = filters.cut(seen.facts(filters.first_day, filters.last_day))
    found = figures.at_risk(facts, rules, seen.parts.today())
    if not found:
        charts.empty(_("Nobody is at risk by these rules in these days."))
        return
    st.metric(_("People at risk"), number(len(found)))
    if len(found) > MOST:
        charts.remark(_("The %(count)s who need a look most are shown.", count=MOST))
    names = seen.names()
    rows = pd.DataFrame(
        [
            {
                _("Name"): names.get(one.subject_id, _("erased person")),
                _("Attendance (%)"): rounded(one.totals.percentage),
                _("Absences"): one.totals.absent,
                _("Why"): " ".join(risk_reasons(one, rules, words())),
            }
            for one in found[:MOST]
        ]
    )
    st.header(_("Who needs a look"))
    st.table(rows.drop(columns=_("Absences")).map(_cell))  # whose lines wrap, on phones as well
    charts.download(rows, _("People at risk"))
    _show_reasons(found)


def _cell(value: str | float) -> str:
    return charts.literal(value if isinstance(value, str) else words().number(value))


def _rules() -> RiskRules:
    usual = RiskRules()
    first, second, third = st.columns(3)
    offer(BELOW, int(usual.below), whole(50, 100))
    below = first.slider(_("Attendance below (%)"), 50, 100, key=BELOW)
    offer(IN_A_ROW, usual.in_a_row, whole(1, 10))
    row = second.slider(_("Absences in a row"), 1, 10, key=IN_A_ROW)
    offer(DROP, int(usual.drop), whole(5, 60))
    drop = third.slider(_("Fall against before (points)"), 5, 60, key=DROP)
    return RiskRules(below=below, in_a_row=row, drop=drop)


def _show_reasons(found: list[AtRisk]) -> None:
    counts = {
        _("low attendance"): sum(one.low is not None for one in found),
        _("absences in a row"): sum(one.in_a_row is not None for one in found),
        _("sudden change"): sum(one.fell is not None for one in found),
    }
    rows = pd.DataFrame({_("Reason"): list(counts), _("People"): list(counts.values())})
    chart = (
        alt.Chart(rows)
        .mark_bar(color=charts.ORANGE)
        .encode(
            x=alt.X(charts.field(_("People")), type="quantitative", axis=charts.whole_numbers()),
            y=alt.Y(
                charts.field(_("Reason")),
                type="nominal",
                sort=None,
                title=None,
                axis=alt.Axis(labelLimit=240),
            ),
            tooltip=charts.tooltip(rows),
        )
        .properties(height=160)
    )
    told = ", ".join(f"{reason}: {number(count)}" for reason, count in counts.items())
    charts.show(chart, rows, _("Reasons"), told)

"""Punctuality: when people come, against the start of their sessions."""

from __future__ import annotations

import altair as alt
import pandas as pd
import streamlit as st

from rollbook.dashboard import charts
from rollbook.dashboard.filters import Filters, offer, one_of
from rollbook.dashboard.seen import Seen
from rollbook.dashboard.words import _, number, percent
from rollbook.domain import figures
from rollbook.domain.facts import Facts

WIDTHS = (1, 5, 10)  # minutes
WIDTH = "width"


def show(seen: Seen, filters: Filters) -> None:
    facts = filters.cut(seen.facts(filters.first_day, filters.last_day))
    words = {width: _("%(minutes)s min", minutes=width) for width in WIDTHS}
    offer(WIDTH, 5, one_of(WIDTHS))
    width = st.segmented_control(
        _("A bar stands for"), WIDTHS, format_func=words.__getitem__, required=True, key=WIDTH
    )
    rows = _rows(facts, width or 5)
    arrivals = int(rows[_("Arrivals")].sum())
    if not arrivals:
        charts.empty(_("Nobody arrived in these days, or nothing is known of when."))
        return
    totals = facts.totals
    late = percent(figures.share_late(totals))
    charts.numbers([(_("Arrivals"), number(arrivals)), (_("Late, of those who came"), late)])
    told = _("%(count)s arrivals; the line is the start.", count=number(arrivals))
    charts.show(_chart(rows), rows, _("Arrivals against the start"), told)


def _rows(facts: Facts, width: int) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                _("From minute"): bar.first_minute,
                _("To minute"): bar.last_minute,
                _("Arrivals"): bar.arrivals,
            }
            for bar in figures.punctuality(facts, width)
        ]
    )


def _chart(rows: pd.DataFrame) -> alt.LayerChart:
    drawn = rows.assign(end=rows[_("To minute")] + 1)
    bars = (
        alt.Chart(drawn)
        .mark_bar(color=charts.BLUE)
        .encode(
            x=alt.X(
                charts.field(_("From minute")),
                type="quantitative",
                bin="binned",
                title=_("Minutes after the start (before it: negative)"),
            ),
            x2="end",
            y=alt.Y(charts.field(_("Arrivals")), type="quantitative", axis=charts.whole_numbers()),
            tooltip=charts.tooltip(rows),
        )
    )
    start = pd.DataFrame({"start": [0]})
    rule = alt.Chart(start).mark_rule(color=charts.VERMILION, strokeWidth=2).encode(x="start:Q")
    return alt.layer(bars, rule).properties(height=320)

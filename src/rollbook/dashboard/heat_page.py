"""Heat map of one group: people by sessions, told apart by colour and by sign."""

from __future__ import annotations

from collections.abc import Mapping

import altair as alt
import pandas as pd
import streamlit as st

from rollbook.dashboard import charts
from rollbook.dashboard.filters import GROUP, Filters
from rollbook.dashboard.seen import SHORT, Seen
from rollbook.dashboard.words import _, clock, status_word
from rollbook.domain import figures
from rollbook.domain.attendance import Status
from rollbook.domain.facts import STATUSES, Facts
from rollbook.domain.figures import NOT_THERE, HeatMap

NEWEST = 60  # sessions that fit beside each other
ROW = 20  # pixels of a person
SIGNS = {
    Status.PRESENT: "✓",
    Status.LATE: "→",
    Status.LEFT_EARLY: "←",
    Status.ABSENT: "✗",
    Status.EXCUSED: "○",
    Status.OPEN: "?",
}


def show(seen: Seen, filters: Filters) -> None:
    groups = seen.groups()
    wanted = [one for one in filters.group_ids or groups if one in groups]
    chosen = wanted[0]
    if len(wanted) > 1:
        chosen = st.selectbox(
            _("Group"), wanted, format_func=lambda one: groups[one], key=f"{GROUP} of map"
        )
    facts = seen.facts(filters.first_day, filters.last_day).of_groups([chosen])
    if not len(facts):
        charts.empty(_("In these days there was no session of these groups."))
        return
    found = figures.heat_map(facts)
    rows = _rows(found, seen.names())
    if len(found.sessions) > NEWEST:
        st.caption(_("The newest %(count)s sessions are shown.", count=NEWEST))
    title = _("%(group)s: people by sessions", group=groups[chosen])
    charts.show(_chart(rows), rows, title, _told(facts))
    st.caption(" · ".join(f"{SIGNS[one]} {status_word(one)}" for one in STATUSES))


def _told(facts: Facts) -> str:
    totals = facts.totals
    return _(
        "%(attended)s of %(counted)s attended.", attended=totals.attended, counted=totals.counted
    )


def _rows(found: HeatMap, names: Mapping[str, str]) -> pd.DataFrame:
    first = max(0, len(found.sessions) - NEWEST)
    shown = list(enumerate(found.sessions))[first:]
    erased = _("erased person")
    people = [
        (names[one] if one in names else f"{erased} ({one[:SHORT]})", n)
        for n, one in enumerate(found.subjects)
    ]
    rows = []
    for name, n in sorted(people):
        for place, session in shown:
            if found.cells[n, place] != NOT_THERE:
                status = STATUSES[found.cells[n, place]]
                at = f"{session.day.isoformat()} {clock(session.starts_at)}"
                rows.append(
                    {
                        _("Name"): name,
                        _("Session"): at,
                        _("Title"): session.title,
                        _("Status"): status_word(status),
                        _("Sign"): SIGNS[status],
                    }
                )
    return pd.DataFrame(rows)


def _chart(rows: pd.DataFrame) -> alt.LayerChart:
    field = charts.field
    names = alt.Axis(labelOverlap=False, labelLimit=220)
    base = alt.Chart(rows).encode(
        x=alt.X(
            field(_("Session")),
            type="nominal",
            title=None,
            axis=alt.Axis(labelAngle=-60, labelLimit=200, labelOverlap=True),
        ),
        y=alt.Y(field(_("Name")), type="nominal", title=None, sort=None, axis=names),
        tooltip=charts.tooltip(rows.drop(columns=_("Sign"))),
    )
    cells = base.mark_rect(stroke="white", strokeWidth=1).encode(
        color=alt.Color(
            field(_("Status")),
            type="nominal",
            scale=charts.status_scale(STATUSES),
            title=None,
            legend=alt.Legend(orient="top", columns=3),
        )
    )
    signs = base.mark_text(color="white", fontSize=12).encode(text=field(_("Sign")))
    people = rows[_("Name")].nunique()
    return alt.layer(cells, signs).properties(height=max(160, ROW * people + 220))

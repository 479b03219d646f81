"""Heat map of one group: people by sessions, told apart by colour and by sign."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd
import streamlit as st

from rollbook.dashboard import charts
from rollbook.dashboard.filters import Filters, offer, one_of
from rollbook.dashboard.seen import SHORT, Seen
from rollbook.dashboard.words import _, clock, day, status_word
from rollbook.domain import figures
from rollbook.domain.facts import STATUSES, Facts, SessionFact
from rollbook.domain.figures import NOT_THERE, HeatMap
from rollbook.services.folding import folded

MAP = "map"  # name of the field: the group whose map is shown
NEWEST = 60  # sessions that fit beside each other
ROW = 20  # pixels of a person


def show(seen: Seen, filters: Filters) -> None:
    groups = seen.groups()
    wanted = [one for one in filters.group_ids or groups if one in groups]
    offer(MAP, wanted[0], one_of(wanted), always=True)  # others may see other groups first
    chosen = st.session_state[MAP]
    if len(wanted) > 1:
        chosen = st.selectbox(_("Group"), wanted, format_func=groups.__getitem__, key=MAP)
    facts = seen.facts(filters.first_day, filters.last_day).of_groups([chosen])
    if not len(facts):
        charts.empty(_("In these days there was no session of these groups."))
        return
    found = figures.heat_map(facts)
    rows = _rows(found, seen.names())
    if len(found.sessions) > NEWEST:
        charts.remark(_("The newest %(count)s sessions are shown.", count=NEWEST))
    title = _("%(group)s: people by sessions", group=groups[chosen])
    drawn = _chart(rows, found.sessions[-NEWEST:])
    charts.show(drawn, rows, title, _told(facts), charts.status_key(STATUSES))


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
    for name, n in sorted(people, key=lambda one: (folded(one[0]), one)):
        for place, session in shown:
            if found.cells[n, place] != NOT_THERE:
                status = STATUSES[found.cells[n, place]]
                rows.append(
                    {
                        _("Name"): name,
                        _("Session"): _at(session),
                        _("Title"): session.title,
                        _("Status"): status_word(status),
                        _("Sign"): charts.SIGNS[status],
                    }
                )
    return pd.DataFrame(rows)


def _at(session: SessionFact) -> str:
    return f"{session.day.isoformat()} {clock(session.starts_at)}"


def _chart(rows: pd.DataFrame, sessions: Sequence[SessionFact]) -> alt.LayerChart:
    field = charts.field
    names = alt.Axis(labelOverlap=False, labelLimit=160)
    labels = {_at(one): f"{day(one.day)} {clock(one.starts_at)}" for one in sessions}
    base = alt.Chart(rows).encode(
        x=charts.cells(_("Session"), labels, labelLimit=200),
        y=alt.Y(
            field(_("Name")),
            type="nominal",
            title=None,
            sort=None,
            scale=alt.Scale(paddingInner=charts.GAP),
            axis=names,
        ),
        tooltip=charts.tooltip(rows.drop(columns=_("Sign"))),
    )
    cells = base.mark_rect().encode(
        color=alt.Color(
            field(_("Status")),
            type="nominal",
            scale=charts.status_scale(STATUSES),
            legend=None,
        )
    )
    signs = charts.signs(base, _("Sign"), len(labels))
    people = rows[_("Name")].nunique()
    return (
        alt.layer(cells, signs)
        .resolve_scale(color="independent")
        .properties(height=max(160, ROW * people + 160))
    )

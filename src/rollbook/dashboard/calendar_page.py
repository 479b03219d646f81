"""One person's calendar: a square a session, month by month."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import altair as alt
import pandas as pd
import streamlit as st

from rollbook.dashboard import charts
from rollbook.dashboard.filters import Filters, offer, one_of
from rollbook.dashboard.seen import Seen
from rollbook.dashboard.words import _, clock, day, number, percent, status_word
from rollbook.domain import figures
from rollbook.domain.attendance import Status
from rollbook.domain.facts import STATUSES, SessionFact
from rollbook.domain.totals import Totals

PERSON = "person"
MANY = 400  # people in one field to choose from
ROW = 30  # pixels
AROUND = 100  # pixels of the axis, which the height includes

Row = tuple[SessionFact, Status, int | None]


def show(seen: Seen, filters: Filters) -> None:
    facts = filters.cut(seen.facts(filters.first_day, filters.last_day))
    chosen = seen.actor.subject_id if seen.only_self else _choose(seen, filters)
    if chosen is None:
        return
    found = figures.own_days(facts, chosen)
    if not found:
        charts.empty(_("In these days there was no session of this person."))
        return
    totals = facts.of_subject(chosen).totals
    _sums(totals)
    rows = _rows(found)
    told = _("Attendance is %(percent)s over all.", percent=percent(totals.percentage))
    charts.show(_chart(found), rows, _("Calendar"), told, charts.status_key(STATUSES))
    st.dataframe(charts.written(rows), hide_index=True, width="stretch")


def _choose(seen: Seen, filters: Filters) -> str | None:
    """Return who was chosen; people of the chosen groups only, and of those that may be seen."""
    people = _people(seen, filters)
    offer(PERSON, None, one_of(people))
    if len(people) > MANY and not filters.group_ids:
        held = st.session_state[PERSON]
        if held is None:
            charts.empty(_("Choose a group beside this page; then its people can be chosen."))
            return None
        people = {held: people[held]}
    return st.selectbox(
        _("Person"),
        list(people),
        format_func=lambda one: people.get(one, ""),
        index=None,
        key=PERSON,
        placeholder=_("Choose a person"),
    )


def _people(seen: Seen, filters: Filters) -> dict[str, str]:
    """Return subject id -> name of the people of groups, by name."""
    groups = set(filters.group_ids) or seen.actor.group_ids
    names = seen.names()
    view = seen.parts.people_index.current()
    if view is None:
        return {}
    return {
        known.subject_id: names[known.subject_id]
        for known in view.ordered
        if groups is None or known.group_ids & groups
    }


def _sums(totals: Totals) -> None:
    figures_shown = (
        (_("Attendance"), percent(totals.percentage)),
        (_("Sessions"), number(totals.counted)),
        (_("late"), number(totals.late)),
        (_("absent"), number(totals.absent)),
        (_("excused"), number(totals.excused)),
    )
    charts.numbers(figures_shown)


def _rows(found: list[Row]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                _("Day"): session.day.isoformat(),
                _("Start"): clock(session.starts_at),
                _("Session"): session.title,
                _("Status"): status_word(status),
                _("Minutes after the start"): minutes,
            }
            for session, status, minutes in found
        ]
    ).astype({_("Minutes after the start"): "Int64"})  # whole, also where some have none


def _chart(found: list[Row]) -> alt.LayerChart:
    """Weeks from left to right, weekdays from top to bottom.

    Where days have several sessions, each has a row: the day's first, its second, and so on.
    """
    placed = _placed(found)
    several = any(place for _session, _status, place in placed)
    rows = pd.DataFrame(
        [
            {
                "week": figures.monday_of(session.day).isoformat(),
                "row": _row_name(session, place, several=several),
                _("Day"): day(session.day),
                _("Session"): session.title,
                _("Status"): status_word(status),
                "sign": charts.SIGNS[status],
            }
            for session, status, place in placed
        ]
    )
    order = sorted({(session.day.weekday(), place) for session, _status, place in placed})
    by_place = {
        (session.day.weekday(), place): _row_name(session, place, several=several)
        for session, _status, place in placed
    }
    weeks = {one.isoformat(): day(one) for one in _weeks(found)}
    names = alt.Axis(labelOverlap=False)
    base = alt.Chart(rows).encode(
        x=charts.cells("week", weeks),
        y=alt.Y(
            "row:N",
            sort=[by_place[one] for one in order],
            title=None,
            scale=alt.Scale(paddingInner=charts.GAP),
            axis=names,
        ),
        tooltip=charts.tooltip(rows[[_("Day"), _("Session"), _("Status")]]),
    )
    cells = base.mark_rect().encode(
        color=alt.Color(
            charts.field(_("Status")),
            type="nominal",
            scale=charts.status_scale(STATUSES),
            legend=None,
        )
    )
    signs = charts.signs(base, "sign", len(weeks))
    return (
        alt.layer(cells, signs)
        .resolve_scale(color="independent")
        .properties(height=ROW * len(order) + AROUND)
    )


def _weeks(found: list[Row]) -> list[date]:
    """Return the Mondays from the first session to the last, also of weeks without one."""
    first, last = (figures.monday_of(found[place][0].day) for place in (0, -1))
    return [first + timedelta(weeks=n) for n in range((last - first).days // 7 + 1)]


def _placed(found: list[Row]) -> list[tuple[SessionFact, Status, int]]:
    """Return each session with its place among those of its day, from 0."""
    seen: Counter[date] = Counter()
    placed = []
    for session, status, _minutes in found:
        placed.append((session, status, seen[session.day]))
        seen[session.day] += 1
    return placed


def _row_name(session: SessionFact, place: int, *, several: bool) -> str:
    name = day(session.day, "EEE")
    return f"{name} {place + 1}" if several else name

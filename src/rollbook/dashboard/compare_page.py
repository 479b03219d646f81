"""Comparison of groups."""

from __future__ import annotations

import altair as alt
import pandas as pd

from rollbook.dashboard import charts
from rollbook.dashboard.filters import Filters
from rollbook.dashboard.seen import Seen
from rollbook.dashboard.words import _, percent
from rollbook.domain import figures

ROW = 28  # pixels of a group


def show(seen: Seen, filters: Filters) -> None:
    facts = filters.cut(seen.facts(filters.first_day, filters.last_day))
    names = seen.groups()
    rows = pd.DataFrame(
        [
            {
                _("Group"): names.get(group_id, ""),
                _("Attendance (%)"): round(totals.percentage, 1),
                _("present"): totals.present,
                _("late"): totals.late,
                _("left early"): totals.left_early,
                _("absent"): totals.absent,
                _("excused"): totals.excused,
            }
            for group_id, totals in figures.by_group(facts).items()
            if totals.percentage is not None
        ]
    )
    if rows.empty:
        charts.empty(_("In these days there was no session of these groups."))
        return
    rows = rows.sort_values(_("Attendance (%)"), ignore_index=True)
    told = _(
        "The lowest is %(group)s with %(percent)s.",
        group=rows[_("Group")][0],
        percent=percent(float(rows[_("Attendance (%)")][0])),
    )
    charts.show(_chart(rows), rows, _("Attendance of the groups"), told)


def _chart(rows: pd.DataFrame) -> alt.Chart:
    percentage = charts.field(_("Attendance (%)"))
    names = alt.Axis(labelOverlap=False, labelLimit=160)
    return (
        alt.Chart(rows)
        .mark_bar(color=charts.BLUE)
        .encode(
            x=alt.X(percentage, type="quantitative", scale=alt.Scale(domain=[0, 100])),
            y=alt.Y(charts.field(_("Group")), type="nominal", sort=None, title=None, axis=names),
            tooltip=charts.tooltip(rows),
        )
        .properties(height=max(120, ROW * len(rows) + 60))
    )

"""The timetable of a week."""

from __future__ import annotations

from datetime import timedelta

from flask import render_template

from rollbook.domain.access import Permission
from rollbook.services.timetable import WeekView
from rollbook.web.access import permit
from rollbook.web.parts import parts
from rollbook.web.timetable.blueprint import (
    TOGETHER,
    asked_day,
    asked_group,
    blueprint,
    groups_seen,
)

WEEK = timedelta(weeks=1)
WORKDAYS = 5


@blueprint.get("/timetable")
@permit(Permission.TIMETABLE_READ)
def week() -> str:
    """Show a week of the groups that the actor sees, or of one."""
    day, groups = asked_day(), groups_seen()
    chosen = asked_group(groups)
    shown = [group_id for group_id in groups if chosen in ("", group_id)]
    view = parts().timetable.week(day, shown)
    return render_template(
        "timetable/week.html",
        view=view,
        days=_days(view),
        today=parts().today(),
        day=day,
        before=day - WEEK,
        after=day + WEEK,
        groups=groups,
        chosen=chosen,
        together=len(groups) <= TOGETHER,
        number=view.days[0].isocalendar().week,
        single_group=len(shown) == 1,
    )


def _days(view: WeekView) -> list[object]:
    """Return the days to show: a weekend without sessions is left out."""
    weekend = any(view.entries[day] for day in view.days[WORKDAYS:])
    return list(view.days if weekend else view.days[:WORKDAYS])

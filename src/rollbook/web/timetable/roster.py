"""A group with its roster on a day: who belongs to it, who joins, who leaves."""

from __future__ import annotations

from datetime import timedelta

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from rollbook.domain.access import Permission
from rollbook.services.people_index import Known
from rollbook.services.people_search import Query, search
from rollbook.web.access import actor, permit, require_group
from rollbook.web.parts import parts
from rollbook.web.timetable.blueprint import asked_day, blueprint
from rollbook.web.timetable.forms import Form

DAY = timedelta(days=1)
PROPOSED = 40  # people found for joining


@blueprint.get("/groups/<group_id>")
@permit(Permission.GROUPS_READ)
def group(group_id: str) -> str:
    """Show a group with its people on a day."""
    return _page(group_id, Form({}))


@blueprint.post("/groups/<group_id>/join")
@permit(Permission.GROUPS_EDIT)
def join(group_id: str) -> Response | tuple[str, int]:
    """Let people belong to the group from a day on."""
    require_group(group_id)
    form = Form.sent()
    since = form.day("since", required=True)
    people = form.many("subject")
    if not people:
        form.errors["q"] = _("Tick at least one person.")
    if form.errors or since is None:
        return _page(group_id, form), 422
    count = parts().groups.join(group_id, people, since, actor().by)
    flash(ngettext("%(num)s person joins.", "%(num)s people join.", count), "good")
    return redirect(url_for("timetable.group", group_id=group_id, day=since))


@blueprint.post("/groups/<group_id>/leave")
@permit(Permission.GROUPS_EDIT)
def leave(group_id: str) -> Response | tuple[str, int]:
    """Let people belong to the group for the last time on a day."""
    require_group(group_id)
    form = Form.sent()
    last = form.day("last_day", required=True)
    people = form.many("subject")
    if not people:
        form.errors["last_day"] = _("Tick at least one person.")
    if form.errors or last is None:
        return _page(group_id, form), 422
    count = parts().groups.leave(group_id, people, last, actor().by)
    flash(ngettext("%(num)s person leaves.", "%(num)s people leave.", count), "good")
    return redirect(url_for("timetable.group", group_id=group_id))


def _page(group_id: str, form: Form) -> str:
    found, day = require_group(group_id), asked_day()
    lines = parts().groups.roster(group_id, day)
    today = parts().today()
    query = (request.args.get("q") or form.values.get("q", ""))[:100]
    editing = actor().may(Permission.GROUPS_EDIT)
    names = actor().may(Permission.PEOPLE_READ)
    return render_template(
        "timetable/group.html",
        form=form,
        group=found,
        day=day,
        today=today,
        lines=lines if names else [],
        count=len(lines),
        names=names,
        coming=parts().groups.coming(group_id, day) if names else [],
        staff=[one for one in parts().groups.staff(group_id) if one.staff.holds_on(today)],
        editing=editing,
        query=query,
        proposed=_proposed(query, {one.membership.subject_id for one in lines}) if editing else [],
        tomorrow=today + DAY,
    )


def _proposed(query: str, members: set[str]) -> list[Known]:
    """Return people of that name who do not belong to the group yet."""
    if not query.strip():
        return []
    snapshot = parts().people_index.current()
    if snapshot is None:
        return []
    found = search(snapshot, Query(text=query), actor().group_ids, size=PROPOSED)
    return [known for known in found.people if known.subject_id not in members]

"""One person joins or leaves a group."""

from __future__ import annotations

from flask import flash, redirect, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from rollbook.domain.access import Permission
from rollbook.web.access import actor, permit, require_group, require_subject
from rollbook.web.parts import parts
from rollbook.web.people.area import blueprint
from rollbook.web.people.forms import Form
from rollbook.web.times import day


@blueprint.post("/<subject_id>/groups")
@permit(Permission.GROUPS_EDIT)
def join_group(subject_id: str) -> Response:
    """Let somebody belong to a group from a day on."""
    person, form = require_subject(subject_id), Form.sent()
    group, since = require_group(form.text("group_id")), form.day("since", required=True)
    back = redirect(url_for("people.person", subject_id=subject_id), 303)
    if since is None:
        flash(form.errors["since"], "bad")
        return back
    people = parts().people.acting(actor().by)
    if people.join(group.group_id, [subject_id], since):
        told = _(
            "%(name)s belongs to %(group)s from %(day)s on.",
            name=person.name,
            group=group.name,
            day=day(since),
        )
        flash(told, "good")
    else:
        flash(_("They belong to this group on that day already."), "warn")
    return back


@blueprint.post("/<subject_id>/groups/<group_id>/leave")
@permit(Permission.GROUPS_EDIT)
def leave_group(subject_id: str, group_id: str) -> Response:
    """Let somebody belong to a group for the last time today."""
    person, group = require_subject(subject_id), require_group(group_id)
    parts().people.acting(actor().by).leave(group_id, [subject_id])
    told = _(
        "%(name)s belongs to %(group)s for the last time today.",
        name=person.name,
        group=group.name,
    )
    flash(told, "good")
    return redirect(url_for("people.person", subject_id=subject_id), 303)

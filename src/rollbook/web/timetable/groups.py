"""Groups: which there are, what they are called, and who teaches them."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from rollbook.domain.access import Permission
from rollbook.errors import AlreadyExists, InvalidInput
from rollbook.web.access import actor, permit, require_group
from rollbook.web.errors import sentence
from rollbook.web.parts import parts
from rollbook.web.timetable.blueprint import asked_day, blueprint, require_id
from rollbook.web.timetable.forms import Form


@blueprint.get("/groups")
@permit(Permission.GROUPS_READ)
def groups() -> str:
    """List the groups that the actor sees."""
    return _list(Form({}))


@blueprint.post("/groups")
@permit(Permission.GROUPS_EDIT)
def add_group() -> Response | tuple[str, int]:
    """Add a group."""
    form = Form.sent()
    try:
        group = parts().groups.add(form.text("name"), actor().by)
    except (AlreadyExists, InvalidInput) as error:
        form.errors["name"] = sentence(error)
        return _list(form), 422
    flash(_("%(name)s was added.", name=group.name), "good")
    return redirect(url_for("timetable.group", group_id=group.group_id))


@blueprint.post("/groups/<group_id>/rename")
@permit(Permission.GROUPS_EDIT)
def rename_group(group_id: str) -> Response | tuple[str, int]:
    """Give a group another name."""
    require_group(group_id)
    form = Form.sent()
    try:
        parts().groups.rename(group_id, form.text("name"), actor().by)
    except (AlreadyExists, InvalidInput) as error:
        form.errors["name"] = sentence(error)
        return edit_page(group_id, form), 422
    flash(_("Saved."), "good")
    return redirect(url_for("timetable.group", group_id=group_id))


@blueprint.get("/groups/<group_id>/edit")
@permit(Permission.GROUPS_EDIT)
def edit_group(group_id: str) -> str:
    """Show the group's name and who teaches it, to be changed."""
    require_group(group_id)
    return edit_page(group_id, Form({}))


@blueprint.post("/groups/<group_id>/staff")
@permit(Permission.GROUPS_EDIT)
def add_staff(group_id: str) -> Response | tuple[str, int]:
    """Let somebody teach the group, a substitute until a day."""
    require_group(group_id)
    form = Form.sent()
    since = form.day("since") or parts().today()
    until = form.day("until")
    if form.text("user") not in parts().groups.teachers():
        form.errors["user"] = _("Please choose who teaches the group.")
    if form.errors:
        return edit_page(group_id, form), 422
    try:
        parts().groups.put_in_charge(group_id, form.text("user"), since, until, actor().by)
    except InvalidInput as error:
        form.errors["until"] = sentence(error)
        return edit_page(group_id, form), 422
    flash(_("Saved."), "good")
    return redirect(url_for("timetable.edit_group", group_id=group_id))


@blueprint.post("/groups/<group_id>/staff/<user_id>/end")
@permit(Permission.GROUPS_EDIT)
def end_staff(group_id: str, user_id: str) -> Response | tuple[str, int]:
    """Let somebody teach the group for the last time."""
    require_group(group_id)
    form = Form.sent()
    last = form.day("last_day", required=True)
    if last is None:
        form.errors["user"] = form.errors.pop("last_day")
        return edit_page(group_id, form), 422
    parts().groups.relieve(group_id, require_id(user_id), last, actor().by)
    flash(_("Saved."), "good")
    return redirect(url_for("timetable.edit_group", group_id=group_id))


def edit_page(group_id: str, form: Form) -> str:
    """Return the page on which name and staff are changed."""
    today = parts().today()
    lines = parts().groups.staff(group_id)
    return render_template(
        "timetable/group_edit.html",
        form=form,
        group=require_group(group_id),
        staff=[one for one in lines if one.staff.until is None or one.staff.until >= today],
        former=[one for one in lines if one.staff.until is not None and one.staff.until < today],
        teachers=[("", _("Please choose")), *parts().groups.teachers().items()],
        today=today,
    )


def _list(form: Form) -> str:
    return render_template(
        "timetable/groups.html",
        form=form,
        rows=parts().groups.rows(actor().group_ids),
        day=asked_day(),
    )

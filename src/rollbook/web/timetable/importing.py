"""A calendar file is shown first, and taken over when it is right."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from rollbook.domain.access import Permission
from rollbook.errors import InvalidInput
from rollbook.services.calendar_file import LARGEST
from rollbook.services.calendar_import import ImportChoices
from rollbook.web.access import actor, permit
from rollbook.web.errors import sentence
from rollbook.web.parts import parts
from rollbook.web.timetable.blueprint import blueprint, groups_seen, require_id
from rollbook.web.timetable.forms import Form
from rollbook.web.timetable.policies import policy_options
from rollbook.web.timetable.series import weekday_options


@blueprint.get("/timetable/import")
@permit(Permission.TIMETABLE_EDIT)
def import_form() -> str:
    """Ask for a calendar file."""
    return _form(Form({}))


@blueprint.post("/timetable/import")
@permit(Permission.TIMETABLE_EDIT)
def import_file() -> Response | tuple[str, int]:
    """Read a file and keep it for the preview."""
    form = Form.sent()
    sent = request.files.get("file")
    data = sent.stream.read(LARGEST + 1) if sent is not None else b""
    if not data:
        form.errors["file"] = _("Please choose a file.")
        return _form(form), 422
    try:
        choices = ImportChoices(form.text("group"), form.text("policy"))
        key = parts().calendar_import.keep(data, choices, actor().by)
    except InvalidInput as error:
        form.errors["file"] = sentence(error)
        return _form(form), 422
    return redirect(url_for("timetable.import_preview", key=key))


@blueprint.get("/timetable/import/<key>")
@permit(Permission.TIMETABLE_EDIT)
def import_preview(key: str) -> str:
    """Show what would become of each event."""
    lines = parts().calendar_import.preview(require_id(key), actor().by)
    return render_template(
        "timetable/import_preview.html",
        key=key,
        usable=[line for line in lines if line.problem is None],
        unusable=[line for line in lines if line.problem is not None],
        groups=groups_seen(),
        weekdays=dict(weekday_options()),
    )


@blueprint.post("/timetable/import/<key>")
@permit(Permission.TIMETABLE_EDIT)
def import_apply(key: str) -> Response:
    """Take over the events that were left ticked."""
    numbers = {int(one) for one in Form.sent().many("take") if one.isascii() and one.isdigit()}
    done = parts().calendar_import.apply(require_id(key), numbers, actor().by)
    flash(
        _(
            "Taken over: %(series)s new, %(changed)s changed, %(holidays)s holidays.",
            series=done.series,
            changed=done.changed,
            holidays=done.holidays,
        ),
        "good",
    )
    return redirect(url_for("timetable.series_list"))


def _form(form: Form) -> str:
    return render_template(
        "timetable/import.html",
        form=form,
        groups=[(one, group.name) for one, group in groups_seen().items()],
        policies=policy_options(),
    )

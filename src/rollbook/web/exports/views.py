"""A month's register as a file: PDF, workbook or CSV, on request encrypted."""

from __future__ import annotations

from datetime import date

from flask import (
    Blueprint,
    Response,
    flash,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from rollbook.domain.access import Permission
from rollbook.domain.month import Month
from rollbook.domain.subjects import Group
from rollbook.domain.task_ports import Task
from rollbook.errors import InvalidInput
from rollbook.services.export_jobs import KEPT_DAYS, ExportOrder
from rollbook.web.access import actor, permit
from rollbook.web.accounts.security import fresh
from rollbook.web.errors import sentence
from rollbook.web.parts import parts

blueprint = Blueprint("exports", __name__, url_prefix="/exports")

FORMATS = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
}
SEALED = "application/octet-stream"
MONTHS_BACK = 24


@blueprint.get("")
@permit(Permission.EXPORT)
@fresh
def index() -> str:
    """Choose a month, groups and a format."""
    return _page({})


@blueprint.post("")
@permit(Permission.EXPORT)
@fresh
def make() -> AnyResponse | tuple[str, int]:
    """Give the file, or begin to make one that takes longer."""
    try:
        order = _order()
    except InvalidInput as error:
        return _page({"month": sentence(error)}), 400
    if not order.groups:
        return _page({"groups": _("Choose at least one group.")}), 400
    desk = parts().export_desk
    if desk.is_large(order):
        desk.start(order)
        parts().tasks.wake()
        flash(_("The file is being made. It can be fetched below when it is finished."), "good")
        return redirect(url_for("exports.index"))
    made = desk.export(order)
    answer = Response(made.data, mimetype=SEALED if order.encrypt else FORMATS[order.file_format])
    answer.headers.set("Content-Disposition", "attachment", filename=made.name)
    return answer


@blueprint.get("/files/<string(length=32):task_id>")
@permit(Permission.EXPORT)
@fresh
def file(task_id: str) -> Response:
    """Give a finished file to who asked for it."""
    found = parts().export_desk.fetch(task_id, actor().actor_id, actor().group_ids)
    return send_file(
        found.stream, mimetype=SEALED, as_attachment=True, download_name=found.name, max_age=None
    )


@blueprint.get("/progress")
@permit(Permission.EXPORT)
def progress() -> dict[str, object]:
    """Tell a script whether something is still being made."""
    busy = [task for task in _tasks() if task.state.is_busy]
    return {"over": not busy, "done": 0, "total": 0}


def _page(errors: dict[str, str]) -> str:
    tasks = _tasks()
    return render_template(
        "exports/index.html",
        errors=errors,
        form=request.form,
        months=_months(parts().today()),
        groups=_groups(),
        chosen=set(request.form.getlist("groups")),
        tasks=tasks,
        busy=any(task.state.is_busy for task in tasks),
        kept_days=KEPT_DAYS,
    )


def _tasks() -> list[Task]:
    return parts().export_desk.of(actor().actor_id)


def _order() -> ExportOrder:
    """Return what the form asks for.

    Raises:
        InvalidInput: it is not a month.
    """
    wanted = set(request.form.getlist("groups"))
    every = request.form.get("which") == "all" and not wanted  # ticks say more than the default
    chosen = request.form.get("format", "")
    return ExportOrder(
        month=Month.parse(request.form.get("month", "")),
        file_format=chosen if chosen in FORMATS else "pdf",
        groups=[group for group in _groups() if every or group.group_id in wanted],
        encrypt=request.form.get("encrypt") == "yes",
        user_id=actor().actor_id,
        by=actor().by,
    )


def _groups() -> list[Group]:
    """Return the groups that may be exported: one's own, or all."""
    return parts().export_desk.groups(actor().group_ids)


def _months(today: date) -> list[tuple[str, date]]:
    """Return this month and those before it, newest first."""
    newest = today.year * 12 + today.month - 1
    numbers = range(newest, newest - MONTHS_BACK, -1)
    months = [Month(number // 12, number % 12 + 1) for number in numbers]
    return [(str(month), month.first_day) for month in months]

"""A register or hours as a file: PDF, workbook or CSV, on request sealed, signed, or regularly."""

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
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as AnyResponse

from rollbook.domain.access import Permission
from rollbook.domain.files import FileLock
from rollbook.domain.month import Days, Month, Period
from rollbook.domain.report_plans import ReportPlan, Rhythm
from rollbook.domain.subjects import Group
from rollbook.domain.task_ports import Task
from rollbook.errors import InvalidInput, NotFound
from rollbook.languages.catalogs import LANGUAGES
from rollbook.services.export_jobs import KEPT_DAYS, ExportOrder
from rollbook.services.finding import find_subject
from rollbook.services.report_plans import KEPT_FOR, NewPlan
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
RHYTHMS = {
    Rhythm.DAILY: _l("Daily, of the day before"),
    Rhythm.WEEKLY: _l("Mondays, of the week before"),
    Rhythm.MONTHLY: _l("Monthly, of the month before"),
}


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
    except _Wrong as wrong:
        return _page({wrong.field: wrong.told}), 400
    if not order.groups:
        return _page({"groups": _("Choose at least one group.")}), 400
    desk = parts().export_desk
    if desk.is_large(order):
        desk.start(order)
        parts().tasks.wake()
        flash(_("The file is being made. It can be fetched below when it is finished."), "good")
        return redirect(url_for("exports.index"))
    made = desk.export(order)
    answer = Response(made.data, mimetype=_type(order))
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


@blueprint.post("/files/<string(length=32):task_id>/stop")
@permit(Permission.EXPORT)
def stop(task_id: str) -> AnyResponse:
    """Stop a file that is being made."""
    if any(task.task_id == task_id for task in _tasks()) and parts().tasks.stop(task_id):
        flash(_("Stopped. Nothing was handed out."), "good")
    else:
        flash(_("It was finished already."), "warn")
    return redirect(url_for("exports.index"))


@blueprint.get("/progress")
@permit(Permission.EXPORT)
def progress() -> dict[str, object]:
    """Tell a script whether something is still being made."""
    busy = [task for task in _tasks() if task.state.is_busy]
    done, total = sum(task.done for task in busy), sum(task.total for task in busy)
    return {"over": not busy, "done": done, "total": total}


@blueprint.post("/plans")
@permit(Permission.EXPORT)
@fresh
def plan() -> AnyResponse:
    """Let a report come again and again."""
    chosen = request.form.get("format", "")
    rhythm = request.form.get("rhythm", "")
    new = NewPlan(
        Rhythm(rhythm) if rhythm in list(Rhythm) else Rhythm.WEEKLY,
        chosen if chosen in FORMATS else "pdf",
        request.form.get("what") == "hours",
        request.form.get("group") or None,
        _language(),
    )
    parts().report_plans.add(actor().actor_id, new, actor().by)
    flash(_("The report comes from now on: the first when its days are over."), "good")
    return redirect(url_for("exports.index"))


@blueprint.post("/plans/<string(length=32):plan_id>/end")
@permit(Permission.EXPORT)
@fresh
def end_plan(plan_id: str) -> AnyResponse:
    """Let it come no more."""
    parts().report_plans.end(plan_id, actor().actor_id, actor().by)
    flash(_("The report comes no more. Files that are there already stay."), "good")
    return redirect(url_for("exports.index"))


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
        terms=_terms(),
        plans=_plans(),
        rhythms=RHYTHMS,
        report_days=KEPT_FOR.days,
        chosen_language=_language(),
    )


def _tasks() -> list[Task]:
    return parts().export_desk.of(actor().actor_id)


class _Wrong(Exception):
    """What is wrong with a field of the form."""

    def __init__(self, field: str, told: str) -> None:
        super().__init__(field)
        self.field, self.told = field, told


def _order() -> ExportOrder:
    """Return what the form asks for. Raises _Wrong."""
    wanted = set(request.form.getlist("groups"))
    every = request.form.get("which") == "all" and not wanted  # ticks say more than the default
    chosen = request.form.get("format", "")
    groups = [group for group in _groups() if every or group.group_id in wanted]
    return ExportOrder(
        month=_period(),
        file_format=chosen if chosen in FORMATS else "pdf",
        groups=groups,
        encrypt=request.form.get("encrypt") == "yes",
        user_id=actor().actor_id,
        by=actor().by,
        person_id=_person(groups),
        lock=_lock(),
        sign=request.form.get("sign") == "yes",
        hours=request.form.get("what") == "hours",
        language=_language(),
    )


def _language() -> str:
    """Return the language that is chosen for the report, else that of the page."""
    chosen = request.form.get("language") or str(get_locale())
    return chosen if chosen in LANGUAGES else ""


def _period() -> Period:
    """Return the days: those that are typed, else the term, else the month."""
    first, last = request.form.get("first_day", ""), request.form.get("last_day", "")
    try:
        if first or last:
            return Days(date.fromisoformat(first), date.fromisoformat(last))
    except InvalidInput as error:
        raise _Wrong("first_day", sentence(error)) from error
    except ValueError as error:
        raise _Wrong("first_day", _("Give the first and the last day.")) from error
    try:
        return _term(request.form.get("month", ""))
    except InvalidInput as error:
        raise _Wrong("month", sentence(error)) from error


def _term(chosen: str) -> Period:
    """Return the term with this id, or the month. Raises InvalidInput when it is neither."""
    terms = parts().calendars.read(parts().today()).terms
    held = next((term.days for term in terms if chosen == f"term {term.term_id}"), None)
    return Month.parse(chosen) if held is None else Days(held.first_day, held.last_day, held.name)


def _person(groups: list[Group]) -> str | None:
    """Return the person that is named, of one of these groups on any day; None: everybody."""
    named = request.form.get("person", "").strip()
    if not named:
        return None
    nobody = _Wrong("person", _("There is nobody called that in these groups."))
    with parts().uow() as uow:
        try:
            found = find_subject(uow, named)
        except NotFound:
            raise nobody from None
        except InvalidInput:
            raise _Wrong("person", _("Several people are meant: give the external id.")) from None
        held = uow.groups.memberships(subject_id=found.subject_id)
    if not {one.group_id for one in held} & {group.group_id for group in groups}:
        raise nobody
    return found.subject_id


def _lock() -> FileLock | None:
    """Return what seals the file for a recipient, where a passphrase is given."""
    typed = request.form.get("passphrase", "")
    if not typed:
        return None
    if typed != request.form.get("passphrase_again", ""):
        raise _Wrong("passphrase", _("The two passphrases are not the same."))
    try:
        return parts().file_sealer.new_lock(typed)
    except InvalidInput as error:
        raise _Wrong("passphrase", sentence(error)) from error


def _type(order: ExportOrder) -> str:
    if order.sign:
        return "application/zip"
    return SEALED if order.wanted.is_sealed else FORMATS[order.file_format]


def _terms() -> list[tuple[str, str]]:
    """Return the terms, newest first."""
    terms = parts().calendars.read(parts().today()).terms
    ordered = sorted(terms, key=lambda term: term.days.first_day, reverse=True)
    return [(f"term {term.term_id}", term.days.name) for term in ordered]


def _plans() -> list[tuple[ReportPlan, str]]:
    """Return one's own reports that come by themselves, with the name of their group."""
    names = {group.group_id: group.name for group in _groups()}
    found = parts().report_plans.of(actor().actor_id)
    return [(one, names.get(one.group_id or "", "")) for one in found]


def _groups() -> list[Group]:
    """Return the groups that may be exported: one's own, or all."""
    return parts().export_desk.groups(actor().group_ids)


def _months(today: date) -> list[tuple[str, date]]:
    """Return this month and those before it, newest first."""
    newest = today.year * 12 + today.month - 1
    numbers = range(newest, newest - MONTHS_BACK, -1)
    months = [Month(number // 12, number % 12 + 1) for number in numbers]
    return [(str(month), month.first_day) for month in months]

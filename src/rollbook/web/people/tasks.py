"""A task's page: how far it is, stopping, going on, and what was refused."""

from __future__ import annotations

import csv
import io
from typing import Any

from flask import Response as FlaskResponse
from flask import abort, flash, make_response, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from rollbook.domain.access import Permission
from rollbook.domain.subjects import EnrolmentRefused
from rollbook.domain.task_ports import Task, TaskLine, TaskState
from rollbook.reports.csv_file import cell
from rollbook.services.people_import import KIND
from rollbook.services.people_index import Known
from rollbook.web.access import permit
from rollbook.web.errors import sentence
from rollbook.web.parts import parts
from rollbook.web.people.area import blueprint
from rollbook.web.people.forms import Form
from rollbook.web.people.imports import preview_page
from rollbook.web.people.outcome import reason
from rollbook.web.people.view import everybody

SHOWN = 200  # refusals on the page; the file has all
RELOAD = "3"  # seconds, for browsers without scripts


@blueprint.get("/tasks/<task_id>")
@permit(Permission.PEOPLE_BULK)
def task(task_id: str) -> str | FlaskResponse:
    """The preview of a draft, else how far it is."""
    found = _task(task_id)
    if found.state is TaskState.DRAFT:
        return preview_page(found, Form({}))
    page = render_template(
        "people/task.html",
        task=found,
        lines=[(line.where, sentence_of(line), _about(line)) for line in found.lines[:SHOWN]],
        told=summary(found),
        state=state_word(found.state),
    )
    return make_response(page)


@blueprint.get("/tasks/<task_id>/state")
@permit(Permission.PEOPLE_BULK)
def task_state(task_id: str) -> dict[str, Any]:
    """How far a task is, for the page's script."""
    found = _task(task_id)
    return {
        "state": found.state.value,
        "word": state_word(found.state),
        "busy": found.state.is_busy,
        "done": found.done,
        "total": found.total,
        "refused": len(found.lines),
        "summary": summary(found),
    }


@blueprint.get("/tasks/<task_id>/refused.csv")
@permit(Permission.PEOPLE_BULK)
def task_refused(task_id: str) -> FlaskResponse:
    """What was not taken, as a table."""
    found = _task(task_id)
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([_("file or line"), _("reason")])
    for line in found.lines:
        writer.writerow([cell(line.where), cell(sentence_of(line))])
    answer = FlaskResponse(text.getvalue().encode("utf-8-sig"), mimetype="text/csv")
    answer.headers["Content-Disposition"] = 'attachment; filename="refused.csv"'
    return answer


@blueprint.post("/tasks/<task_id>/stop")
@permit(Permission.PEOPLE_BULK)
def stop_task(task_id: str) -> Response:
    """Stop after the person who is being worked on."""
    if parts().tasks.stop(task_id):
        flash(
            _("The import stops after the people it is working on. Whoever is in stays in."), "warn"
        )
    return redirect(url_for("people.task", task_id=task_id), 303)


@blueprint.post("/tasks/<task_id>/resume")
@permit(Permission.PEOPLE_BULK)
def resume_task(task_id: str) -> Response:
    """Go on where it stopped."""
    if parts().tasks.resume(task_id):
        flash(_("The import goes on."), "good")
    return redirect(url_for("people.task", task_id=task_id), 303)


@blueprint.post("/tasks/<task_id>/discard")
@permit(Permission.PEOPLE_BULK)
def discard_task(task_id: str) -> Response:
    """Delete a task that is not being worked on, with its files."""
    found = _task(task_id)
    if found.state.is_busy:
        flash(_("Stop the import first."), "warn")
        return redirect(url_for("people.task", task_id=task_id), 303)
    parts().people_import.discard(found)
    flash(_("The uploaded files were deleted. Whoever was taken in stays in."), "good")
    return redirect(url_for("people.import_page"), 303)


def summary(found: Task) -> str:
    """Return what was done so far, in sentences."""
    counts = found.counts
    told = [
        ngettext(
            "%(num)s person was added.", "%(num)s people were added.", counts.get("people", 0)
        ),
        ngettext(
            "%(num)s picture was added.", "%(num)s pictures were added.", counts.get("samples", 0)
        ),
    ]
    for name, one, many in (
        ("updated", "%(num)s person was changed.", "%(num)s people were changed."),
        ("unchanged", "%(num)s person stayed as they were.", "%(num)s people stayed as they were."),
    ):
        if counts.get(name):
            told.append(ngettext(one, many, counts[name]))
    return " ".join(told)


def state_word(state: TaskState) -> str:
    return {
        TaskState.DRAFT: _("checked"),
        TaskState.WAITING: _("waiting"),
        TaskState.RUNNING: _("running"),
        TaskState.STOPPING: _("stopping"),
        TaskState.STOPPED: _("stopped"),
        TaskState.DONE: _("done"),
        TaskState.FAILED: _("failed"),
    }[state]


def sentence_of(line: TaskLine) -> str:
    if not line.code:
        return sentence(line.sentence)
    return reason(EnrolmentRefused(line.where, line.code, line.sentence))


def _about(line: TaskLine) -> Known | None:
    """Return whom a line is about as well, when they are still here."""
    return everybody().people.get(line.subject_id) if line.subject_id else None


def _task(task_id: str) -> Task:
    """Return an import; other kinds of tasks have pages of their own."""
    with parts().uow() as uow:
        found = uow.tasks.get(task_id)
    if found.kind != KIND:
        abort(404)
    return found

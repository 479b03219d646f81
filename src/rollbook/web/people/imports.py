"""Bulk import: the upload, and the preview with the question for the consent."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from rollbook.domain.access import Permission
from rollbook.domain.task_ports import Task, TaskState
from rollbook.errors import InvalidInput, RollbookError
from rollbook.services.people_import import KIND, KeptFile
from rollbook.storage.work_files import SealedFile
from rollbook.web.access import actor, permit
from rollbook.web.errors import sentence
from rollbook.web.parts import parts
from rollbook.web.people.area import blueprint
from rollbook.web.people.forms import Form
from rollbook.web.people.view import everybody, known_texts, own_groups

PIECE = 1024 * 1024  # bytes


@blueprint.get("/import")
@permit(Permission.PEOPLE_BULK)
def import_page() -> str:
    """Where files are chosen, and the imports of the last days."""
    return _import_page(Form({}))


@blueprint.post("/import")
@permit(Permission.PEOPLE_BULK)
def upload() -> Response | tuple[str, int]:
    """Keep the files sealed, look through them, and show what they would do."""
    form = Form({})
    archive, table = _kept("archive"), _kept("table")
    if archive is None and table is None:
        form.errors["archive"] = _("Choose a ZIP archive, a table, or both.")
        return _import_page(form), 400
    who = actor()
    try:
        task = parts().people_import.draft(who.actor_id, who.by, archive, table)
    except InvalidInput as error:
        form.errors["archive" if archive is not None else "table"] = sentence(error)
        return _import_page(form), 400
    return redirect(url_for("people.task", task_id=task.task_id), 303)


def preview_page(task: Task, form: Form) -> str:
    """Return the page that shows what an import would do, and asks for the consent."""
    snapshot = everybody()
    found, problem = None, ""
    try:
        found = parts().people_import.preview(task)
    except RollbookError as error:
        problem = sentence(error)
    return render_template(
        "people/import_preview.html",
        task=task,
        found=found,
        problem=problem,
        form=form,
        texts=known_texts(snapshot),
        groups=own_groups(snapshot),
    )


@blueprint.post("/tasks/<task_id>/start")
@permit(Permission.PEOPLE_BULK)
def start_import(task_id: str) -> Response | tuple[str, int]:
    """Let the import begin."""
    with parts().uow() as uow:
        task = uow.tasks.get(task_id)
    form, imports = Form.sent(), parts().people_import
    if task.state is TaskState.DRAFT:
        by_table = imports.preview(task).by_table
        wanted = not by_table or bool(form.text("text_id") or form.text("given_by"))
        minors = not by_table and form.checked("minors")
        terms = form.terms(minor=minors) if wanted else None
        group_id = form.text("group_id") or None
        if group_id is not None and group_id not in everybody().groups:
            form.errors["group_id"] = _("Choose one of the groups.")
        if not form.errors:
            try:
                imports.start(task, terms, group_id, minors=minors)
            except InvalidInput as error:
                form.errors["retain_until"] = sentence(error)
        if form.errors:
            return preview_page(task, form), 400
        parts().tasks.wake()
        flash(_("The import has begun. It goes on when this page is closed."), "good")
    return redirect(url_for("people.task", task_id=task_id), 303)


def _import_page(form: Form) -> str:
    with parts().uow() as uow:
        found = [task for task in uow.tasks.all() if task.kind == KIND]
    return render_template("people/import.html", form=form, tasks=found[:10])


def _kept(name: str) -> KeptFile | None:
    """Return where an uploaded file lies now, or None when none was sent."""
    file = request.files.get(name)
    if file is None or not file.filename:
        return None
    sealed = file.stream if isinstance(file.stream, SealedFile) else _sealed(file)
    sealed.keep()
    kept = KeptFile(sealed.name, sealed.key)
    sealed.close()
    return kept


def _sealed(file: FileStorage) -> SealedFile:
    """Write a small upload, which lay in memory, into a sealed file."""
    sealed = parts().work_files.create()
    while piece := file.stream.read(PIECE):
        sealed.write(piece)
    return sealed

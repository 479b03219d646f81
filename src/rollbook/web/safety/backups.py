"""Where backups go, when, what became of them, and how one comes back."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from rollbook.domain.access import Permission
from rollbook.domain.backups import Destination
from rollbook.errors import AlreadyExists, InvalidInput, RollbookError, StorageError
from rollbook.services.backup_problems import PROBLEM_TEXT, Problem
from rollbook.services.escrow import last_sheet
from rollbook.web.access import actor, permit, visitor
from rollbook.web.accounts.security import fresh
from rollbook.web.errors import sentence
from rollbook.web.parts import parts
from rollbook.web.safety.area import blueprint

MOST = 1000  # characters of an address


@blueprint.get("")
@permit(Permission.KEYS)
def index() -> str:
    """Destinations, schedule and runs."""
    return page()


@blueprint.post("/destinations")
@permit(Permission.KEYS)
@fresh
def add() -> Response | tuple[str, int]:
    """Try a destination out and remember it."""
    url = request.form.get("url", "")[:MOST]
    try:
        made = parts().backups.add(url, actor().by)
    except (InvalidInput, AlreadyExists, StorageError) as error:
        return page({"url": sentence(error)}), 422
    flash(_("It can be written and read. Backups go to %(where)s.", where=made.shown), "good")
    return _back()


@blueprint.post("/destinations/<destination_id>/test")
@permit(Permission.KEYS)
def test(destination_id: str) -> Response:
    """Write, read and delete a small file there."""
    try:
        found = parts().backups.try_out(destination_id)
    except RollbookError as error:
        flash(sentence(error), "bad")
    else:
        flash(_("%(where)s can be written and read.", where=found.shown), "good")
    return _back()


@blueprint.post("/destinations/<destination_id>/remove")
@permit(Permission.KEYS)
@fresh
def remove(destination_id: str) -> Response:
    """Send no backups to a place any more; once more, and it is forgotten."""
    gone = parts().backups.remove(destination_id, actor().by)
    if gone in parts().backups.elsewhere():
        said = _(
            "Backups go to %(where)s no more. What lies there stays, and the receipt of an erasure "
            "counts it. Delete it by hand once you need it no more, then say so below.",
            where=gone.shown,
        )
    else:
        said = _("%(where)s is forgotten.", where=gone.shown)
    flash(said, "warn")
    return _back()


@blueprint.post("/schedule")
@permit(Permission.KEYS)
def schedule() -> Response | tuple[str, int]:
    """Choose when backups are made, and how many stay."""
    wall = request.form.get("wall", "").strip()[:20]
    keep = request.form.get("keep", "").strip()[:5]
    try:
        parts().backups.set_keep(int(keep) if keep.isascii() and keep.isdigit() else 0, actor().by)
    except InvalidInput as error:
        return page({"keep": sentence(error)}), 422
    try:
        parts().backups.set_schedule(wall or None, actor().by)
    except InvalidInput as error:
        return page({"wall": sentence(error)}), 422
    flash(_("Saved."), "good")
    return _back()


@blueprint.post("/backup")
@permit(Permission.KEYS)
def start() -> Response:
    """Let a backup be made now."""
    if not parts().backups.destinations():
        flash(_("Add a destination first."), "warn")
        return _back()
    who = visitor()
    parts().backups.start("" if who is None else who.actor_id, actor().by)
    parts().tasks.wake()
    return _back()


@blueprint.get("/backup/state")
@permit(Permission.KEYS)
def progress() -> dict[str, Any]:
    """How far the backup is, for the page's script."""
    task = parts().backups.latest()
    if task is None:
        return {"over": True}
    return {"over": not task.state.is_busy, "done": task.done, "total": task.total}


@blueprint.post("/backup/stop")
@permit(Permission.KEYS)
def stop() -> Response:
    """Stop it; what was begun is removed."""
    task = parts().backups.latest()
    if task is not None and parts().tasks.stop(task.task_id):
        flash(_("The backup stops. What was begun of it is removed; the former ones stay."), "warn")
    return _back()


@blueprint.post("/go-on")
@permit(Permission.KEYS)
@fresh
def go_on() -> Response:
    """Make backups again after a restore."""
    parts().backups.go_on(actor().by)
    flash(_("Backups are made again."), "good")
    return _back()


@blueprint.post("/copies/delete")
@permit(Permission.KEYS)
@fresh
def delete_copies() -> Response:
    """Delete copies of the database from upgrades and restores."""
    try:
        count = parts().backups.delete_copies(actor().by)
    except StorageError as error:
        flash(sentence(error), "bad")
    else:
        flash(ngettext("%(num)s copy was deleted.", "%(num)s copies were deleted.", count), "good")
    return _back()


def page(errors: dict[str, str] | None = None) -> str:
    """Return the page, with what was typed where something is wrong with it."""
    backups, task = parts().backups, parts().backups.latest()
    with parts().uow() as uow:
        has_sheet = last_sheet(uow) is not None
    return render_template(
        "safety/backups.html",
        destinations=_rows(backups.destinations()),
        elsewhere=backups.elsewhere(),
        problems=[(one, words(one)) for one in backups.problems(parts().clock.now())],
        wall=request.form.get("wall", backups.schedule() or ""),
        keep=request.form.get("keep", backups.keep()),
        url=request.form.get("url", ""),
        task=task,
        has_sheet=has_sheet,
        errors=errors or {},
    )


def words(problem: Problem) -> str:
    """Return what is not in order, in the language of the page."""
    why = sentence(problem.why) if problem.kind == "failed" else problem.why
    return _(PROBLEM_TEXT[problem.kind], where=problem.where, why=why)


def _rows(destinations: list[Destination]) -> list[tuple[Destination, Any, str]]:
    runs = parts().backups.runs()
    return [
        (one, run, sentence(run.failure) if run and run.failure else "")
        for one in destinations
        for run in [runs.get(one.destination_id)]
    ]


def _back() -> Response:
    return redirect(url_for("safety.index"), 303)

"""The own record: what the register says, why, what can be asked, and what one agreed to."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask import Response as FileResponse
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from rollbook.domain.access import Permission
from rollbook.domain.attendance import Status
from rollbook.domain.explanation import decisive_mark
from rollbook.domain.requests import Request
from rollbook.domain.statements import SETTABLE
from rollbook.errors import AlreadyExists, InvalidInput, NotFound
from rollbook.services.consenting import was_withdrawn
from rollbook.services.galleries import covers_face
from rollbook.services.own_record import OwnLine
from rollbook.web.access import actor, permit
from rollbook.web.archives import archive_file, archive_progress, start_archive, stop_archive
from rollbook.web.errors import sentence
from rollbook.web.me.calendar import asked_month, neighbour, weeks_of
from rollbook.web.parts import parts
from rollbook.web.words import evidence_words, mark_words, names_of_actors, who, why

blueprint = Blueprint("me", __name__, url_prefix="/me")

AHEAD = 12  # sessions shown
ID_LENGTH = 32


@blueprint.get("")
@permit(Permission.OWN_RECORD)
def index() -> str:
    """Show a month, the sessions ahead, and what was asked."""
    today = parts().today()
    month = asked_month(today)
    found = parts().own_records.month(_me(), month)
    with parts().uow() as uow:
        marks = (mark for line in found.lines for mark in line.record.marks)
        actors = names_of_actors(uow, marks)
    return render_template(
        "me/index.html",
        month=found,
        weeks=weeks_of(found, today),
        lines=[(line, why(line.record, actors)) for line in reversed(found.lines)],
        rule=_(
            "Attended = (present + late + left early) / (all sessions without excused and open "
            "ones). Only sessions on days on which you belong to the group count."
        ),
        month_url=lambda other: url_for("me.index", month=str(other)),
        session_url=lambda line: url_for("me.session", session_id=line.session.session_id),
        before=neighbour(month, -1),
        after=neighbour(month, 1) if month.last_day < today else None,
        ahead=parts().own_records.ahead(_me(), today)[:AHEAD],
        data=parts().own_records.data(_me(), today),
        open_requests=[r for r in parts().request_desk.of(_me()) if r.state.value == "open"],
        agreed=_agreed(),
    )


@blueprint.get("/sessions/<session_id>")
@permit(Permission.OWN_RECORD)
def session(session_id: str) -> str:
    return _session(session_id)


@blueprint.post("/sessions/<session_id>")
@permit(Permission.OWN_RECORD)
def dispute(session_id: str) -> Response | tuple[str, int]:
    """Ask that the register says something else."""
    line = _line(session_id)
    try:
        wanted = Status(request.form.get("wanted", ""))
    except ValueError:
        return _session(session_id, _("Choose what the register should say.")), 400
    try:
        text = request.form.get("text", "")
        parts().request_desk.dispute(_me(), line.session.session_id, wanted, text)
    except (InvalidInput, AlreadyExists) as error:
        return _session(session_id, sentence(error)), 400
    flash(_("Asked. You see the answer under “Requests”."), "good")
    return redirect(url_for("me.requests"), 303)


@blueprint.get("/requests")
@permit(Permission.OWN_RECORD)
def requests() -> str:
    return _requests()


@blueprint.post("/requests")
@permit(Permission.OWN_RECORD)
def excuse() -> Response | tuple[str, int]:
    """Ask to be excused on days, past or to come."""
    try:
        first = date.fromisoformat(request.form.get("first_day", ""))
        last = date.fromisoformat(request.form.get("last_day") or first.isoformat())
    except ValueError:
        return _requests(_("Choose the first and the last day.")), 400
    try:
        parts().request_desk.excuse_days(_me(), first, last, request.form.get("text", ""))
    except (InvalidInput, AlreadyExists) as error:
        return _requests(sentence(error)), 400
    flash(_("Asked. You see the answer here."), "good")
    return redirect(url_for("me.requests"), 303)


@blueprint.post("/requests/<request_id>/withdraw")
@permit(Permission.OWN_RECORD)
def withdraw_request(request_id: str) -> Response:
    try:
        parts().request_desk.withdraw(request_id, _me())
    except AlreadyExists:
        flash(_("It was decided meanwhile; see the answer below."), "warn")
    else:
        flash(_("Taken back."), "good")
    return redirect(url_for("me.requests"), 303)


@blueprint.get("/data")
@permit(Permission.OWN_RECORD)
def data() -> str:
    """Show what is kept, who agreed to what, and how to say no."""
    found = parts().own_records.data(_me(), parts().today())
    return render_template(
        "me/data.html",
        data=found,
        agreed=_agreed(),
        withdrawn=was_withdrawn(found.consents),
        now=parts().clock.now(),
        task=parts().subject_access.of(_me(), actor().actor_id),
    )


@blueprint.post("/data/archive")
@permit(Permission.OWN_RECORD)
def ask_archive() -> Response:
    """Begin to make the archive of all that is held about oneself."""
    start_archive(_me(), str(get_locale()))
    return redirect(url_for("me.data"), 303)


@blueprint.post("/data/archive/stop")
@permit(Permission.OWN_RECORD)
def stop_own_archive() -> Response:
    """End the work on the own archive."""
    stop_archive(_me())
    return redirect(url_for("me.data"), 303)


@blueprint.get("/data/archive")
@permit(Permission.OWN_RECORD)
def archive_state() -> dict[str, object]:
    """Tell a script how far it is."""
    return archive_progress(_me())


@blueprint.get("/data/archive/<string(length=32):task_id>")
@permit(Permission.OWN_RECORD)
def own_archive(task_id: str) -> FileResponse:
    """Give the own archive, and nobody else's."""
    return archive_file(_me(), task_id)


@blueprint.post("/data/withdraw")
@permit(Permission.OWN_RECORD)
def withdraw_consent() -> Response:
    """End the own consent; samples and crops are deleted in the same moment."""
    gone = parts().consenting.acting(actor().by).withdraw(_me())
    flash(
        ngettext(
            "Withdrawn. %(num)s picture was deleted; cameras do not know you any more.",
            "Withdrawn. %(num)s pictures were deleted; cameras do not know you any more.",
            gone.samples,
        ),
        "good",
    )
    return redirect(url_for("me.data"), 303)


@blueprint.post("/data/withdraw-pictures")
@permit(Permission.OWN_RECORD)
def withdraw_pictures() -> Response:
    """End the own consent to keep pictures; templates stay, and cameras go on."""
    try:
        gone = parts().consenting.acting(actor().by).withdraw_crops(_me())
    except NotFound as error:
        flash(sentence(error), "warn")
    else:
        flash(
            ngettext(
                "%(num)s picture was deleted. Cameras still know you.",
                "%(num)s pictures were deleted. Cameras still know you.",
                gone,
            ),
            "good",
        )
    return redirect(url_for("me.data"), 303)


def _me() -> str:
    """Return the person that the account belongs to: the only one these pages tell about."""
    subject_id = actor().subject_id
    if subject_id is None:
        abort(403)
    return subject_id


def _agreed() -> bool:
    with parts().uow() as uow:
        return covers_face(uow.consents.of(_me()), parts().clock.now())


def _line(session_id: str) -> OwnLine:
    if len(session_id) != ID_LENGTH:
        abort(404)
    return parts().own_records.line(_me(), session_id)


def _session(session_id: str, error: str = "") -> str:
    line = _line(session_id)
    record = line.record
    with parts().uow() as uow:
        actors = names_of_actors(uow, record.marks)
    said = decisive_mark(record)
    asked = [r for r in parts().request_desk.of(_me()) if r.session_id == line.session.session_id]
    waits = any(r.state.value == "open" for r in asked)
    return render_template(
        "me/session.html",
        line=line,
        record=record,
        why=why(record, actors),
        evidence=evidence_words(said.evidence) if said and said.evidence else "",
        history=[(mark, mark_words(mark, actors)) for mark in record.marks],
        wishes=[s for s in SETTABLE if s is not record.status],
        asked=[(r, _decided_by(r)) for r in asked],
        waits=waits,
        error=error,
    )


def _requests(error: str = "") -> str:
    own = parts().request_desk.of(_me())
    sessions = {}
    with parts().uow() as uow:
        for session_id in {r.session_id for r in own if r.session_id}:
            sessions[session_id] = uow.sessions.get(session_id)
    return render_template(
        "me/requests.html",
        requests=[(r, sessions.get(r.session_id), _decided_by(r)) for r in own],
        today=parts().today(),
        now=parts().clock.now(),
        form=request.form,
        error=error,
    )


def _decided_by(asked: Request) -> str:
    if not asked.decided_by:
        return ""
    with parts().uow() as uow:
        return who(uow, asked.decided_by)

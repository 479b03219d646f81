"""Everything the register says about one person in one session, and why."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from rollbook.domain.access import Permission
from rollbook.domain.attendance import AttendanceRecord, Session, SessionState, Status
from rollbook.domain.explanation import decisive_mark
from rollbook.domain.month import ERASED
from rollbook.domain.statements import SETTABLE, Change, version
from rollbook.errors import InvalidInput
from rollbook.web.access import actor, permit, require_session
from rollbook.web.attending.blueprint import blueprint, framed
from rollbook.web.errors import sentence
from rollbook.web.parts import parts
from rollbook.web.words import mark_words, names_of_actors, rule_word, why


@blueprint.get("/<session_id>/people/<subject_id>")
@permit(Permission.SESSIONS_READ)
def history(session_id: str, subject_id: str) -> str:
    return _page(session_id, subject_id)


@blueprint.post("/<session_id>/people/<subject_id>")
@permit(Permission.SESSIONS_RUN)
def correct(session_id: str, subject_id: str) -> Response | tuple[str, int]:
    """Set another status; the old one stays in the history."""
    session = require_session(session_id)
    _record(session, subject_id)
    form = request.form
    try:
        wanted = Status(form.get("status", ""))
        change = Change(subject_id, wanted, form.get("reason") or None, form.get("seen", ""))
        outcome = parts().corrections.set(session.session_id, [change], actor().by)
    except ValueError:
        return _page(session_id, subject_id, _("Choose a status.")), 400
    except InvalidInput as error:
        return _page(session_id, subject_id, sentence(error)), 400
    if outcome.outrun:
        flash(_("Somebody else changed this meanwhile. The newer entry is shown."), "warn")
    elif outcome.written:
        flash(_("Saved. The old entry stays in the history."), "good")
    else:
        flash(_("The register says so already."), "info")
    target = url_for("attending.history", session_id=session.session_id, subject_id=subject_id)
    return redirect(target, 303)


def _record(session: Session, subject_id: str) -> AttendanceRecord:
    for record in parts().register.records(session.session_id):
        if record.subject_id == subject_id:
            return record
    abort(404)


def _page(session_id: str, subject_id: str, error: str = "") -> str:
    page = framed(session_id, "register")
    session = require_session(session_id)
    record = _record(session, subject_id)
    with parts().uow() as uow:
        actors = names_of_actors(uow, record.marks)
        candidates = {s for m in record.marks if m.evidence for s, _ in m.evidence.candidates}
        people = uow.subjects.some([subject_id, *candidates])
    names = {found: person.name for found, person in people.items()}
    said = decisive_mark(record)
    return render_template(
        "attending/history.html",
        **page,
        record=record,
        name=names.get(subject_id, ERASED),
        erased=subject_id not in names,
        names=names,
        seen=version(record),
        why=why(record, actors),
        decisive=said.mark_id if said else "",
        history=[(mark, mark_words(mark, actors)) for mark in reversed(record.marks)],
        rule=rule_word,
        statuses=SETTABLE,
        closed=session.state is SessionState.CLOSED,
        error=error,
    )

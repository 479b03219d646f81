"""The register by hand: everybody present with one key, then the exceptions; and undo."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from rollbook.domain.access import Permission
from rollbook.domain.attendance import Session, SessionState, Status
from rollbook.domain.statements import SETTABLE, Change, LastChange
from rollbook.errors import InvalidInput, RollbookError
from rollbook.services.corrections import Outcome
from rollbook.web.access import actor, permit, require_session
from rollbook.web.attending.blueprint import blueprint, framed
from rollbook.web.attending.rows import RegisterList, register_list
from rollbook.web.errors import sentence
from rollbook.web.parts import parts
from rollbook.web.words import status_word


@blueprint.get("/<session_id>/register")
@permit(Permission.SESSIONS_RUN)
def register(session_id: str) -> str:
    return _page(session_id)


@blueprint.post("/<session_id>/register")
@permit(Permission.SESSIONS_RUN)
def save(session_id: str) -> Response | tuple[str, int]:
    """Write what differs in the whole form: the way without JavaScript."""
    session = require_session(session_id)
    try:
        outcome = parts().corrections.set(session.session_id, _changes(session), actor().by)
    except InvalidInput as error:
        return _page(session_id, error=sentence(error)), 400
    _tell(outcome, session)
    return _back(session)


@blueprint.post("/<session_id>/register/one")
@permit(Permission.SESSIONS_RUN)
def save_one(session_id: str) -> Any:
    """Write one change, sent by the page's script; answer with the state that is in force."""
    session = require_session(session_id)
    sent = request.get_json(silent=True)
    if not isinstance(sent, dict):
        raise InvalidInput("Send one change as JSON.")
    change = Change(
        str(sent.get("subject_id", "")),
        _status(str(sent.get("status", ""))),
        str(sent.get("reason") or "") or None,
        None if sent.get("anyway") is True else str(sent.get("seen", "")),
    )
    _require_listed(session, [change])
    outcome = parts().corrections.set(session.session_id, [change], actor().by)
    shown = register_list(session)
    row = shown.row(change.subject_id)
    if outcome.outrun:
        said = _("Somebody else changed this meanwhile. The newer entry is shown.")
    else:
        said = ""
    return jsonify(
        {
            "written": bool(outcome.written),
            "outrun": bool(outcome.outrun),
            "said": said,
            "row": asdict(row) if row else None,
            "counts": shown.as_json()["counts"],
            "undo": _undo_text(session, shown),
        }
    )


@blueprint.get("/<session_id>/register/state")
@permit(Permission.SESSIONS_RUN)
def state(session_id: str) -> Any:
    """Return all rows, for the page's script."""
    session = require_session(session_id)
    shown = register_list(session)
    return jsonify({**shown.as_json(), "undo": _undo_text(session, shown)})


@blueprint.post("/<session_id>/register/present")
@permit(Permission.SESSIONS_RUN)
def everybody_present(session_id: str) -> Any:
    session = require_session(session_id)
    reason = str(_sent("reason") or "")
    outcome = parts().corrections.everybody_present(session.session_id, actor().by, reason or None)
    count = len(outcome.written)
    said = ngettext("%(num)s person is present now.", "%(num)s people are present now.", count)
    return _answer(session, said if count else _("Nobody was left to mark."))


@blueprint.post("/<session_id>/register/undo")
@permit(Permission.SESSIONS_RUN)
def undo(session_id: str) -> Any:
    session = require_session(session_id)
    undone = parts().corrections.undo(session.session_id, actor().by)
    if not undone.written:
        return _answer(session, _("There is nothing to take back."))
    count = len(undone.written)
    said = ngettext("Taken back for %(num)s person.", "Taken back for %(num)s people.", count)
    if undone.outrun:
        left = len(undone.outrun)
        said += " " + ngettext(
            "%(num)s person was changed by somebody else since, and stays.",
            "%(num)s people were changed by somebody else since, and stay.",
            left,
        )
    return _answer(session, said)


def _page(session_id: str, error: str = "") -> str:
    page = framed(session_id, "register")
    session = page["session"]
    assert isinstance(session, Session)  # noqa: S101 - for the type checker
    shown = register_list(session)
    return render_template(
        "attending/register.html",
        **page,
        register=shown,
        statuses=SETTABLE,
        undo=_undo_text(session, shown),
        closed=session.state is SessionState.CLOSED,
        error=error,
    )


def _answer(session: Session, said: str) -> Any:
    """Answer a script with the new state, and a form with the page."""
    if request.is_json:
        shown = register_list(session)
        return jsonify({**shown.as_json(), "said": said, "undo": _undo_text(session, shown)})
    flash(said, "good")
    return _back(session)


def _back(session: Session) -> Response:
    return redirect(url_for("attending.register", session_id=session.session_id), 303)


def _sent(name: str) -> object:
    if request.is_json:
        body = request.get_json(silent=True)
        return body.get(name) if isinstance(body, dict) else None
    return request.form.get(name)


def _changes(session: Session) -> list[Change]:
    """Return what was chosen anew; whatever still says what the page said is left out."""
    form, common = request.form, request.form.get("reason", "").strip()
    changes = []
    for name in form:
        if not name.startswith("s_"):
            continue
        subject_id = name[2:]
        was, reason = form.get(f"was_{subject_id}"), form.get(f"r_{subject_id}", "").strip()
        if form[name] == was and reason == form.get(f"said_{subject_id}", "").strip():
            continue
        seen = form.get(f"seen_{subject_id}", "")
        said = reason if reason != form.get(f"said_{subject_id}", "").strip() else ""
        changes.append(Change(subject_id, _status(form[name]), said or common or None, seen))
    _require_listed(session, changes)
    return changes


def _require_listed(session: Session, changes: list[Change]) -> None:
    """Only people of the list, or who were marked, can be changed on this page."""
    shown = register_list(session)
    known = {row.subject_id for row in shown.rows if not row.erased}
    if not {change.subject_id for change in changes} <= known:
        raise InvalidInput("Only somebody of this session's list can be chosen.")


def _status(text: str) -> Status:
    try:
        return Status(text)
    except ValueError as error:
        raise InvalidInput("There is no such status.") from error


def _tell(outcome: Outcome, session: Session) -> None:
    count = len(outcome.written)
    if count:
        said = ngettext("%(num)s change was saved.", "%(num)s changes were saved.", count)
        flash(said, "good")
    if outcome.outrun:
        shown = register_list(session)
        names = [row.name for c in outcome.outrun if (row := shown.row(c.subject_id))]
        flash(
            _(
                "Somebody else changed these people meanwhile; their entry is shown: %(names)s.",
                names=", ".join(names),
            ),
            "warn",
        )
    if not count and not outcome.outrun:
        flash(_("There was nothing to save."), "info")


def _undo_text(session: Session, shown: RegisterList) -> str:
    """Return what undo would take back, in words; empty when there is nothing."""
    try:
        change = parts().corrections.undoable(session.session_id, actor().by)
    except RollbookError:
        return ""
    return "" if change is None else _change_text(change, shown)


def _change_text(change: LastChange, shown: RegisterList) -> str:
    if len(change.marks) > 1:
        return ngettext("%(num)s person", "%(num)s people", len(change.marks))
    (mark,) = change.marks
    row = shown.row(mark.subject_id)
    return f"{row.name if row else ''}: {status_word(mark.status)}"

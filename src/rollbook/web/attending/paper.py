"""Registers on paper: printed before a power cut, entered after it."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import abort, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from rollbook.domain.access import Permission
from rollbook.domain.attendance import Session, SessionState, Status
from rollbook.domain.statements import Change
from rollbook.errors import InvalidInput
from rollbook.reports.paper import PaperList, PaperWords, paper_pdf
from rollbook.web.access import actor, permit, require_session
from rollbook.web.attending.blueprint import blueprint, framed, title_of
from rollbook.web.attending.rows import register_list
from rollbook.web.errors import sentence
from rollbook.web.parts import parts
from rollbook.web.times import clock, day, moment

ENTERED = (Status.PRESENT, Status.LATE, Status.EXCUSED, Status.ABSENT, Status.LEFT_EARLY)


@blueprint.get("/<session_id>/paper")
@permit(Permission.SESSIONS_RUN)
def paper(session_id: str) -> str:
    return _page(session_id)


@blueprint.post("/<session_id>/paper")
@permit(Permission.SESSIONS_RUN)
def enter_paper(session_id: str) -> Response | tuple[str, int]:
    """Write what the printed register says; the lesson's time counts, not that of the entry."""
    session = require_session(session_id)
    try:
        changes = _changes(session)
        outcome = parts().corrections.enter_from_paper(session.session_id, changes, actor().by)
    except InvalidInput as error:
        return _page(session_id, sentence(error)), 400
    count = len(outcome.written)
    said = ngettext(
        "%(num)s entry of the paper was written.",
        "%(num)s entries of the paper were written.",
        count,
    )
    flash(said, "good")
    return redirect(url_for("attending.register", session_id=session.session_id), 303)


@blueprint.get("/<session_id>/paper.pdf")
@permit(Permission.SESSIONS_RUN)
def paper_of_session(session_id: str) -> Any:
    """Return one session's list with boxes to tick."""
    session = require_session(session_id)
    return _pdf([session], f"{session.business_date}-{session.session_id[:6]}")


@blueprint.get("/paper/<day_text>.pdf")
@permit(Permission.SESSIONS_RUN)
def paper_of_day(day_text: str) -> Any:
    """Return the lists of all own sessions of a day."""
    try:
        when = date.fromisoformat(day_text)
    except ValueError:
        abort(404)
    who = actor()
    with parts().uow() as uow:
        found = uow.sessions.all(first_day=when, last_day=when)
    sessions = [
        s for s in found if who.sees_group(s.group_id) and s.state is not SessionState.CANCELLED
    ]
    if not sessions:
        abort(404)
    return _pdf(sessions, day_text)


def _page(session_id: str, error: str = "") -> str:
    page = framed(session_id, "paper")
    session = require_session(session_id)
    return render_template(
        "attending/paper.html",
        **page,
        register=register_list(session),
        statuses=ENTERED,
        error=error,
    )


def _changes(session: Session) -> list[Change]:
    known = {row.subject_id for row in register_list(session).rows if not row.erased}
    changes = []
    for name, value in request.form.items():
        if not name.startswith("s_") or value in ("", "open"):
            continue
        if name[2:] not in known or value not in {status.value for status in ENTERED}:
            raise InvalidInput("Only somebody of this session's list can be chosen.")
        changes.append(Change(name[2:], Status(value), request.form.get("reason") or None))
    if not changes:
        raise InvalidInput("Say of at least one person what the paper says.")
    return changes


def _pdf(sessions: list[Session], name: str) -> Any:
    lists = [_list(session) for session in sessions]
    made = moment(parts().clock.now())
    words = PaperWords(
        name=_("Name"),
        present=_("present"),
        late=_("late"),
        excused=_("excused"),
        absent=_("absent"),
        left_early=_("left early"),
        remark=_("Remark"),
        signature=_("Taken by (name, signature):"),
        hint=_("Tick one box for each person. Enter it later under “Paper” of the session."),
        made=_("Rollbook · printed %(at)s", at=made),
    )
    answer = make_response(paper_pdf(lists, words, parts().clock.now()))
    answer.mimetype = "application/pdf"
    answer.headers["Content-Disposition"] = f'inline; filename="register-{name}.pdf"'
    return answer


def _list(session: Session) -> PaperList:
    rows = [row for row in register_list(session).rows if not row.erased]
    when = f"{day(session.business_date, 'full')}, {clock(session.starts_at)}–"
    return PaperList(
        title=title_of(session),
        when=when + clock(session.ends_at),
        names=tuple(row.name for row in rows),
        excused=frozenset(i for i, row in enumerate(rows) if row.status == "excused"),
    )

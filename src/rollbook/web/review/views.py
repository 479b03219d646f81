"""The queue of what waits for a person: faces that were not certain, disputes and excuses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from rollbook.domain.access import Permission, Role
from rollbook.domain.attendance import Session, Status
from rollbook.domain.ports import UnitOfWork
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.domain.requests import Request
from rollbook.domain.review import Doubtful
from rollbook.errors import AlreadyExists, InvalidInput, NotFound
from rollbook.services.request_rules import (
    APPROVERS,
    ONLY_ADMINISTRATORS,
    OVERDUE,
    only_administrators_decide,
    overdue_after,
)
from rollbook.services.requests import Waiting
from rollbook.web.access import actor, permit, require_session
from rollbook.web.attending.blueprint import title_of
from rollbook.web.errors import sentence
from rollbook.web.parts import parts
from rollbook.web.words import doubt_word, names_of_actors, why

blueprint = Blueprint("review", __name__, url_prefix="/review")

NOBODY = "nobody"
SHOWN = 60  # faces and requests on one page; the rest comes when these are decided
LONGEST_WAIT = 60  # days


@dataclass(frozen=True, slots=True)
class FaceCard:
    """One face that waits, in words."""

    face: Doubtful
    session: Session
    title: str
    doubt: str
    candidates: tuple[tuple[str, str, float, bool], ...]  # id, name, score, marked already
    others: tuple[tuple[str, str], ...]  # the rest of the list
    camera: str


@dataclass(frozen=True, slots=True)
class RequestCard:
    """One request that waits, in words."""

    request: Request
    name: str
    session: Session | None
    title: str
    now: str  # what the register says and why
    status: Status | None
    overdue: bool
    waits: timedelta


@blueprint.get("")
@permit(Permission.REVIEW)
def index() -> str:
    return _page()


@blueprint.post("/faces/<review_id>")
@permit(Permission.REVIEW)
def face(review_id: str) -> Response | tuple[str, int]:
    """Write who a face was, or that it was nobody of the list."""
    said = request.form.get("who", "")
    try:
        require_session(parts().reviewing.session_of(review_id))
        if said == NOBODY:
            parts().reviewing.it_was_nobody(review_id, actor().by)
            flash(_("Taken off the list. No mark was written."), "good")
        elif said:
            decided = parts().reviewing.it_was(review_id, said, actor().by)
            flash(_marked(len(decided.marks)), "good")
        else:
            raise InvalidInput("Choose who it was.")
    except NotFound:
        flash(_("Somebody else decided on this face meanwhile."), "warn")
    except InvalidInput as error:
        return _page(sentence(error)), 400
    return redirect(url_for("review.index"), 303)


@blueprint.post("/requests/<request_id>")
@permit(Permission.REVIEW)
def decide(request_id: str) -> Response | tuple[str, int]:
    """Grant or refuse a request."""
    if not _may_decide():
        abort(403)
    form = request.form
    if form.get("decision") not in ("grant", "refuse"):
        return _page(_("Choose whether the request is granted.")), 400
    try:
        verdict = parts().request_desk.decide(
            request_id,
            grant=form["decision"] == "grant",
            answer=form.get("answer", ""),
            by=actor().by,
            group_ids=actor().group_ids,
        )
    except (AlreadyExists, NotFound):
        flash(_("This request was decided or taken back meanwhile."), "warn")
    except InvalidInput as error:
        return _page(sentence(error)), 400
    else:
        flash(
            _granted(len(verdict.marks)) if form["decision"] == "grant" else _("Refused."), "good"
        )
    return redirect(url_for("review.index"), 303)


@blueprint.post("/settings")
@permit(Permission.SITE_EDIT)
def settings() -> Response | tuple[str, int]:
    """Say who decides on requests, and when one is overdue."""
    approvers = request.form.get("approvers", "")
    days = request.form.get("overdue", "")
    fits = days.isdecimal() and len(days) < 4 and 1 <= int(days) <= LONGEST_WAIT
    if approvers not in ("faculty", ONLY_ADMINISTRATORS) or not fits:
        return _page(_("Write a number of days from 1 to 60.")), 400
    with parts().uow() as uow:
        uow.site.set(APPROVERS, approvers)
        uow.site.set(OVERDUE, int(days))
        body = {
            "event": "request rules changed",
            "at": parts().clock.now().isoformat(),
            "by": actor().by,
            "approvers": approvers,
            "overdue_days": int(days),
        }
        uow.register.append(NewEntry(EntryKind.SETTING, body))
        uow.commit()
    flash(_("Saved."), "good")
    return redirect(url_for("review.index"), 303)


def _page(error: str = "") -> str:
    groups = actor().group_ids
    faces = [(s, one) for s, items in parts().reviewing.waiting(groups) for one in items]
    waiting = parts().request_desk.waiting(groups)
    now = parts().clock.now()
    with parts().uow() as uow:
        days = max(1, overdue_after(uow).days)
        only_administrators = only_administrators_decide(uow)
    return render_template(
        "review/index.html",
        faces=[_face_card(session, one) for session, one in faces[:SHOWN]],
        more_faces=max(0, len(faces) - SHOWN),
        requests=[_request_card(w, now) for w in sorted(waiting, key=_first)[:SHOWN]],
        more_requests=max(0, len(waiting) - SHOWN),
        may_decide=_may_decide(),
        only_administrators=only_administrators,
        overdue_days=days,
        longest=LONGEST_WAIT,
        error=error,
    )


def _first(waiting: Waiting) -> tuple[bool, datetime]:
    return (not waiting.overdue, waiting.request.asked_at)


def _face_card(session: Session, one: Doubtful) -> FaceCard:
    with parts().uow() as uow:
        roster = uow.groups.roster(session.group_id, session.business_date)
        people = uow.subjects.some([*roster, *(subject for subject, _score in one.candidates)])
        camera = _camera_name(uow, one)
    marks = {mark.subject_id for mark in parts().register.marks(session.session_id)}
    likely = [
        (subject, people[subject].name, score, subject in marks)
        for subject, score in one.candidates[:4]
        if subject in people and subject in set(roster)
    ]
    taken = {subject for subject, *_rest in likely}
    others = [(s, people[s].name) for s in roster if s in people and s not in taken]
    return FaceCard(
        face=one,
        session=session,
        title=title_of(session),
        doubt=doubt_word(one.doubt),
        candidates=tuple(likely),
        others=tuple(sorted(others, key=lambda other: other[1].casefold())),
        camera=camera,
    )


def _camera_name(uow: UnitOfWork, one: Doubtful) -> str:
    if one.source == "photo":
        if one.face is None:
            return _("class photograph")
        return _("class photograph, face %(number)s", number=one.face)
    try:
        return uow.devices.get(one.camera_id or "").name
    except NotFound:
        return one.camera_id or _("camera")


def _request_card(waiting: Waiting, now: datetime) -> RequestCard:
    asked, record = waiting.request, waiting.record
    said = ""
    if record is not None:
        with parts().uow() as uow:
            said = why(record, names_of_actors(uow, record.marks))
    session = waiting.session
    return RequestCard(
        request=asked,
        name=waiting.name,
        session=session,
        title=title_of(session) if session is not None else "",
        now=said,
        status=record.status if record is not None else None,
        overdue=waiting.overdue,
        waits=asked.waiting(now),
    )


def _may_decide() -> bool:
    if actor().role is Role.ADMINISTRATOR:
        return True
    with parts().uow() as uow:
        return not only_administrators_decide(uow)


def _marked(count: int) -> str:
    if not count:
        return _("The register said so already. The face is off the list.")
    return _("The mark was written.")


def _granted(count: int) -> str:
    if not count:
        return _("Granted. Sessions to come will be excused.")
    return ngettext(
        "Granted: %(num)s mark was corrected.", "Granted: %(num)s marks were corrected.", count
    )

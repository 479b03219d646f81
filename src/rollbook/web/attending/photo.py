"""Class photographs: sent, looked at, decided on face by face, and forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import abort, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from rollbook.domain.access import Permission
from rollbook.domain.attendance import Session, SessionState
from rollbook.domain.identification import Identified, Rejected, Unidentified
from rollbook.domain.localtime import to_utc
from rollbook.domain.review import worth_a_look
from rollbook.errors import Busy, InvalidInput, UnreadableImage
from rollbook.services.pending_photos import PendingPhotos
from rollbook.services.photo import PhotoFace
from rollbook.services.photo_marks import FaceKey, PhotoWritten
from rollbook.web.access import actor, permit, require_session
from rollbook.web.attending.blueprint import blueprint, framed
from rollbook.web.attending.rows import register_list
from rollbook.web.errors import sentence
from rollbook.web.parts import parts
from rollbook.web.times import local, zone
from rollbook.web.words import refusal_word

MEGABYTE = 1024 * 1024
MOST_BYTES, MOST_PHOTOS = 96 * MEGABYTE, 6
NOBODY, LATER = "nobody", "later"


@blueprint.url_value_preprocessor
def _take_large_photographs(endpoint: str | None, values: dict[str, Any] | None) -> None:
    if endpoint == "attending.send_photos":
        request.max_content_length = MOST_BYTES


@dataclass(frozen=True, slots=True)
class FaceOnPage:
    """One face with what is asked about it."""

    key: str  # "photo-number"
    photo: int
    number: int
    left: float
    top: float
    width: float
    height: float
    kind: str  # "named", "question", "unknown", or "unusable"
    name: str  # of whom it is taken for, or may be
    subject_id: str
    score: float | None


@blueprint.get("/<session_id>/photo")
@permit(Permission.SESSIONS_RUN)
def photo(session_id: str) -> str:
    return _form(session_id)


@blueprint.post("/<session_id>/photo")
@permit(Permission.SESSIONS_RUN)
def send_photos(session_id: str) -> Response | tuple[str, int]:
    """Look at photographs; nothing is written yet."""
    session = require_session(session_id)
    try:
        taken_at = _taken_at(session)
        files = _files()
        result, shown = parts().engines.run(lambda app: app.look_at_photos(session, files))
    except (UnreadableImage, InvalidInput) as error:
        return _form(session_id, sentence(error)), 400
    except Busy:
        busy = _("Other pictures are being looked at just now. Send yours again in a moment.")
        return _form(session_id, busy), 503
    parts().photo_marks.note_looked_at(session.session_id, len(files), actor().by)
    pending = parts().photo_shelf.put(actor().by, session.session_id, result, shown, taken_at)
    return redirect(
        url_for("attending.photo_review", session_id=session.session_id, token=pending.token), 303
    )


@blueprint.get("/<session_id>/photo/<token>")
@permit(Permission.SESSIONS_RUN)
def photo_review(session_id: str, token: str) -> str | Response:
    session = require_session(session_id)
    pending = parts().photo_shelf.get(token, actor().by, session.session_id)
    return _gone(session) if pending is None else _review(session_id, pending)


@blueprint.get("/<session_id>/photo/<token>/<int:number>.jpg")
@permit(Permission.SESSIONS_RUN)
def photo_picture(session_id: str, token: str, number: int) -> Any:
    session = require_session(session_id)
    pending = parts().photo_shelf.get(token, actor().by, session.session_id)
    if pending is None or number >= len(pending.photos):
        abort(404)
    answer = make_response(pending.photos[number].jpeg)
    answer.mimetype = "image/jpeg"
    return answer


@blueprint.post("/<session_id>/photo/<token>")
@permit(Permission.SESSIONS_RUN)
def confirm_photos(session_id: str, token: str) -> Response | tuple[str, int]:
    """Write what was decided; the photographs are forgotten then."""
    session = require_session(session_id)
    pending = parts().photo_shelf.get(token, actor().by, session.session_id)
    if pending is None:
        return _gone(session)
    if request.form.get("drop"):
        parts().photo_shelf.drop(token)
        flash(_("The photographs are deleted. Nothing was written."), "info")
        return redirect(url_for("attending.photo", session_id=session.session_id), 303)
    try:
        people, later = _decisions(pending)
        written = parts().photo_marks.write(
            session.session_id, pending.result, people, pending.taken_at, actor().by, later
        )
    except InvalidInput as error:
        return _review(session_id, pending, sentence(error)), 400
    parts().photo_shelf.drop(token)
    _tell(written, session)
    return redirect(url_for("attending.register", session_id=session.session_id), 303)


def _form(session_id: str, error: str = "") -> str:
    page = framed(session_id, "photo")
    session = require_session(session_id)
    now = parts().clock.now()
    usual = min(max(now, session.first_mark_at), session.last_mark_at)
    return render_template(
        "attending/photo.html",
        **page,
        takes=session.state is SessionState.OPEN,
        taken=local(usual).strftime("%H:%M"),
        most=MOST_PHOTOS,
        error=error,
    )


def _files() -> list[bytes]:
    sent = [file for file in request.files.getlist("photos") if file.filename]
    if not sent:
        raise InvalidInput("Choose at least one photograph.")
    if len(sent) > MOST_PHOTOS:
        raise InvalidInput("Send %(most)s photographs at most.", most=MOST_PHOTOS)
    return [file.read() for file in sent]


def _taken_at(session: Session) -> datetime:
    """Return when the photographs were taken, by the clock field of the form."""
    if session.state is not SessionState.OPEN:
        raise InvalidInput("The session takes no more marks. Correct it in the register.")
    text = request.form.get("taken", "")
    now = parts().clock.now()
    if not text:
        taken = now
    else:
        try:
            wall = datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007 - a wall-clock time
        except ValueError as error:
            raise InvalidInput("Write the time as 08:15.") from error
        taken = to_utc(session.business_date, wall, zone())
    if abs(taken - now).total_seconds() < 60:
        taken = now
    if not session.first_mark_at <= taken <= session.last_mark_at:
        raise InvalidInput("At this time the session takes no marks.")
    return taken


def _gone(session: Session) -> Response:
    flash(_("These photographs are gone: decided on, or too old. Send them again."), "warn")
    return redirect(url_for("attending.photo", session_id=session.session_id), 303)


def _review(session_id: str, pending: PendingPhotos, error: str = "") -> str:
    page = framed(session_id, "photo")
    session = require_session(session_id)
    rows = register_list(session).rows
    names = {row.subject_id: row.name for row in rows if not row.guest and not row.erased}
    faces = _faces(pending, names)
    taken_for = {face.subject_id for face in faces if face.kind == "named"}
    unfindable = [names[s] for s in pending.result.unfindable if s in names]
    missing = [names[s] for s in pending.result.missing if s in names and s not in taken_for]
    return render_template(
        "attending/photo_review.html",
        **page,
        pending=pending,
        faces=faces,
        names=sorted(names.items(), key=lambda item: item[1].casefold()),
        there={row.subject_id for row in rows if row.status in ("present", "late")},
        unfindable=sorted(unfindable, key=str.casefold),
        missing=sorted(missing, key=str.casefold),
        error=error,
        chosen=request.form if error else {},
    )


def _faces(pending: PendingPhotos, names: dict[str, str]) -> list[FaceOnPage]:
    """Return all faces; nobody is asked for whose face was found on the same photograph."""
    found = pending.result.faces
    named = {
        (face.photo, face.decision.subject_id)
        for face in found
        if isinstance(face.decision, Identified)
    }
    level = pending.result.review_level
    return [
        _face(face, {s: n for s, n in names.items() if _free(face, s, named)}, level)
        for face in found
    ]


def _free(face: PhotoFace, subject_id: str, named: set[tuple[int, str]]) -> bool:
    return isinstance(face.decision, Identified) or (face.photo, subject_id) not in named


def _face(face: PhotoFace, names: dict[str, str], level: float) -> FaceOnPage:
    kind, subject_id, score = "unknown", "", None
    match face.decision:
        case Identified(subject_id=found, score=found_score) if found in names:
            kind, subject_id, score = "named", found, found_score
        case Unidentified(candidates=candidates) if worth_a_look(face.decision, level):
            if candidates[0].subject_id in names:
                kind, subject_id = "question", candidates[0].subject_id
                score = candidates[0].score
        case Rejected():
            kind = "unusable"
    box = face.box
    return FaceOnPage(
        key=f"{face.photo}-{face.number}",
        photo=face.photo,
        number=face.number,
        left=round(box.left, 1),
        top=round(box.top, 1),
        width=round(box.right - box.left, 1),
        height=round(box.bottom - box.top, 1),
        kind=kind,
        name=names.get(subject_id, ""),
        subject_id=subject_id,
        score=score,
    )


def _decisions(pending: PendingPhotos) -> tuple[dict[FaceKey, str], frozenset[FaceKey]]:
    """Return whom each face was said to be, and which wait."""
    people: dict[FaceKey, str] = {}
    later = set()
    for face in pending.result.faces:
        said = request.form.get(f"face_{face.photo}-{face.number}", NOBODY)
        if said == LATER:
            later.add((face.photo, face.number))
        elif said not in ("", NOBODY):
            people[face.photo, face.number] = said
    return people, frozenset(later)


def _tell(written: PhotoWritten, session: Session) -> None:
    count = len(written.marks)
    flash(
        ngettext("%(num)s person was marked.", "%(num)s people were marked.", count)
        + " "
        + _("The photographs are deleted."),
        "good",
    )
    if written.ignored:
        shown = register_list(session)
        said = [
            f"{row.name} ({refusal_word(reason)})"
            for subject_id, reason in written.ignored
            if (row := shown.row(subject_id))
        ]
        flash(_("Nothing new was written for: %(names)s.", names=", ".join(said)), "info")
    if written.reviews:
        flash(
            ngettext(
                "%(num)s face waits for a decision under “Review”, without its picture.",
                "%(num)s faces wait for a decision under “Review”, without their pictures.",
                written.reviews,
            ),
            "info",
        )

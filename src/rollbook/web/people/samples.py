"""Samples: adding pictures, showing crops, deleting one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from flask import Response as FlaskResponse
from flask import abort, flash, jsonify, redirect, request, session, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from rollbook.bootstrap import App
from rollbook.domain.access import Permission
from rollbook.domain.faces import Refusal
from rollbook.domain.subjects import Enrolled, EnrolmentRefused, Reference, Subject
from rollbook.services.enrol import Enrolee
from rollbook.services.pictures import GivenPicture
from rollbook.services.samples import open_picture
from rollbook.web.access import actor, permit, require_subject, wants_json
from rollbook.web.parts import parts
from rollbook.web.people.area import MEGABYTE, blueprint
from rollbook.web.people.looks import note_look, was_noted
from rollbook.web.people.outcome import Outcome

MOST_FILES = 20
LARGEST_FILE = 40 * MEGABYTE
LONGEST_NAME = 80  # characters of a file's name that are shown

Given = GivenPicture | EnrolmentRefused


@blueprint.post("/<subject_id>/samples")
@permit(Permission.PEOPLE_EDIT)
def add_samples(subject_id: str) -> Response | FlaskResponse:
    """Enrol pictures that were uploaded, dropped, or taken by the browser's camera."""
    subject = require_subject(subject_id)
    files = list(_files())
    if not files:
        return _nothing_sent(subject_id)
    another = request.form.get("another") == "yes"
    return _answer(enrolled_from(subject, files, another=another), subject_id)


def enrolled_from(subject: Subject, files: Sequence[Given], *, another: bool) -> Outcome:
    """Enrol pictures on a thread of the engines.

    `another` says that it is somebody else than who looks the same; it counts only for who may see
    that person.

    Raises:
        ConsentMissing: they have not agreed.
        Busy: all threads have enough to do.
    """
    who = Enrolee(subject, by=actor().by)
    outcome = Outcome.of(parts().engines.run(lambda app: _enrol(app, who, files)))
    if outcome.candidate_id is not None and another:
        told = Enrolee(subject, by=actor().by, allow_duplicate=True)
        outcome = Outcome.of(parts().engines.run(lambda app: _enrol(app, told, files)))
    return outcome


@blueprint.get("/<subject_id>/samples/<reference_id>.jpg")
@permit(Permission.FACES_SEE)
def sample_image(subject_id: str, reference_id: str) -> FlaskResponse:
    """One crop. Looked at outside of a page, it is a look of its own."""
    require_subject(subject_id)
    sample = _sample(subject_id, reference_id)
    if sample.crop is None:
        abort(404)
    if not was_noted(request.args.get("view", ""), subject_id):
        note_look(subject_id, [sample])
    answer = FlaskResponse(sample.crop.jpeg, mimetype="image/jpeg")
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.post("/<subject_id>/samples/<reference_id>/delete")
@permit(Permission.PEOPLE_EDIT)
def delete_sample(subject_id: str, reference_id: str) -> Response:
    """Delete one sample with its crop."""
    require_subject(subject_id)
    sample = _sample(subject_id, reference_id)
    consenting = parts().consenting.acting(actor().by)
    consenting.delete_samples(subject_id, [sample.reference_id])
    flash(_("The picture was deleted."), "good")
    return redirect(url_for("people.person", subject_id=subject_id) + "#samples", 303)


def _sample(subject_id: str, reference_id: str) -> Reference:
    with parts().uow() as uow:
        found = uow.references.get(reference_id)
    if found.subject_id != subject_id:
        abort(404)
    return found


def _enrol(app: App, who: Enrolee, files: Sequence[Given]) -> Enrolled:
    """Enrol on a worker's thread; pictures are opened one after the other, never all at once."""
    opened = (
        file
        if isinstance(file, EnrolmentRefused)
        else open_picture(file, file.name, app.read_portrait)
        for file in files
    )
    return app.enroller.enrol(who, opened)


def _files() -> Iterator[Given]:
    sent = [file for file in request.files.getlist("files") if file.filename]
    for number, file in enumerate(sent, 1):
        what = shown_name(file.filename or "")
        if number > MOST_FILES:
            sentence = _("At most %(count)s pictures are taken at once.", count=MOST_FILES)
            yield EnrolmentRefused(what, Refusal.UNREADABLE.value, sentence)
            continue
        data = file.stream.read(LARGEST_FILE + 1)
        if len(data) > LARGEST_FILE:
            sentence = _("The file is too large. Save it as JPEG.")
            yield EnrolmentRefused(what, Refusal.UNREADABLE.value, sentence)
            continue
        yield GivenPicture(what, data)


def shown_name(sent: str) -> str:
    """Return a file's own name, without folders and control characters, cut to a length."""
    name = sent.replace("\\", "/").rpartition("/")[2]
    plain = "".join(character for character in name if character.isprintable())
    return plain if len(plain) <= LONGEST_NAME else f"{plain[:LONGEST_NAME]}…"


def _nothing_sent(subject_id: str) -> Response | FlaskResponse:
    sentence = _("No file was sent. Choose one or more pictures.")
    if wants_json():
        answer: FlaskResponse = jsonify({"status": 400, "detail": sentence})
        answer.status_code = 400
        return answer
    flash(sentence, "warn")
    return redirect(url_for("people.person", subject_id=subject_id) + "#add-pictures", 303)


def _answer(outcome: Outcome, subject_id: str) -> Response | FlaskResponse:
    """Tell a script what it has to ask; everybody else sees it on the person's page."""
    location = url_for("people.person", subject_id=subject_id) + "#outcome"
    if wants_json():
        body: dict[str, Any] = {
            "added": outcome.added,
            "summary": outcome.summary,
            "warning": outcome.warning,
            "askable": outcome.candidate_id is not None,
            "refused": [[line.what, line.sentence] for line in outcome.lines],
            "location": location,
        }
        if not outcome.duplicate:
            outcome.put(session, subject_id)
        return jsonify(body)
    outcome.put(session, subject_id)
    return redirect(location, 303)

"""Handing out to a person all that is held about them, by the office."""

from __future__ import annotations

from flask import Response, redirect, render_template, request, url_for
from flask_babel import get_locale
from werkzeug.wrappers import Response as AnyResponse

from rollbook.domain.access import Permission
from rollbook.services.people_search import Query, search
from rollbook.web.access import actor, permit, require_subject
from rollbook.web.accounts.security import fresh
from rollbook.web.archives import archive_file, archive_progress, start_archive, stop_archive
from rollbook.web.parts import parts
from rollbook.web.people.view import everybody
from rollbook.web.privacy.area import blueprint

SHOWN = 20  # people


@blueprint.get("/access")
@permit(Permission.PRIVACY)
def access() -> str:
    """Find somebody who asks what is held about them."""
    wanted = request.args.get("q", "").strip()
    found = search(everybody(), Query(text=wanted), None).people[:SHOWN] if wanted else ()
    return render_template("privacy/access.html", wanted=wanted, found=found)


@blueprint.get("/access/<subject_id>")
@permit(Permission.PRIVACY)
@fresh
def access_person(subject_id: str) -> str:
    """The archive of one person: asked for, being made, or ready."""
    return render_template(
        "privacy/access_person.html",
        person=require_subject(subject_id),
        task=parts().subject_access.of(subject_id, actor().actor_id),
        spoken=str(get_locale()),
    )


@blueprint.post("/access/<subject_id>")
@permit(Permission.PRIVACY)
@fresh
def ask_access(subject_id: str) -> AnyResponse:
    """Begin to make the archive."""
    require_subject(subject_id)
    start_archive(subject_id, request.values.get("language", str(get_locale())))
    return redirect(url_for("privacy.access_person", subject_id=subject_id), 303)


@blueprint.post("/access/<subject_id>/stop")
@permit(Permission.PRIVACY)
def stop_access(subject_id: str) -> AnyResponse:
    """End the work on the archive."""
    require_subject(subject_id)
    stop_archive(subject_id)
    return redirect(url_for("privacy.access_person", subject_id=subject_id), 303)


@blueprint.get("/access/<subject_id>/progress")
@permit(Permission.PRIVACY)
def access_progress(subject_id: str) -> dict[str, object]:
    """Tell a script how far the archive is."""
    require_subject(subject_id)
    return archive_progress(subject_id)


@blueprint.get("/access/<subject_id>/<string(length=32):task_id>")
@permit(Permission.PRIVACY)
@fresh
def access_file(subject_id: str, task_id: str) -> Response:
    """Give the finished archive to who asked for it."""
    require_subject(subject_id)
    return archive_file(subject_id, task_id)
